"""Which model fields may differ between simulations in Isaac Gym, and how each gets there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.sim.isaac_gym.scene import IsaacGymScene, restitution_of
from mvp_real.sim.mujoco_backend import MujocoBackend

# Tensors of our own torque law, free to change at every step.
_GAINS = ("actuator_gainprm", "actuator_biasprm", "actuator_forcerange", "dof_damping")
# Properties of Isaac Gym's actors, set one by one.
_PROPERTIES = ("body_mass", "body_inertia", "geom_friction", "geom_solref", "dof_armature")
# Forces on bodies, because gravity is one for all there.
_WEIGHTS = ("opt.gravity", "body_gravcomp")
FIELDS = (*_GAINS, *_PROPERTIES, *_WEIGHTS)


class Variation:
    """Per-simulation numbers.

    Args:
        mirror: MuJoCo simulations whose model fields hold them.
        scene: The scene as exported.
        fixed_gains: Whether Isaac Gym's drives hold the gains, which then cannot change.
    """

    def __init__(self, mirror: MujocoBackend, scene: IsaacGymScene, fixed_gains: bool) -> None:
        self._mirror, self._model, self._scene, self._fixed_gains = mirror, mirror.model, scene, fixed_gains
        self._asked: set[str] = set()
        self._sent: dict[str, NDArray[Any]] = {}
        self._dofs = self._model.jnt_dofadr[scene.joints]
        self._xfrc, self._control = mirror.data_field("xfrc_applied"), mirror.data_field("ctrl")

    def field(self, name: str) -> NDArray[Any]:
        """Live (N, ...) values of a field."""
        self._asked.add(name)
        return self._mirror.model_field(name)

    def changed_numbers(self) -> dict[str, NDArray[Any]]:
        """What the next step needs and Isaac Gym does not know yet: controls, gains, damping, forces on bodies.

        Raises:
            MvpRealError: Gains changed that Isaac Gym's drives hold.
        """
        numbers = {"control": self._control, "external": self._body_forces()}
        if "actuator_gainprm" in self._asked:
            numbers["gain"] = self._mirror.model_field("actuator_gainprm")[:, :, 0]
        if "actuator_biasprm" in self._asked:
            numbers["bias"] = self._mirror.model_field("actuator_biasprm")[:, :, :3]
        if "actuator_forcerange" in self._asked:
            limited = self._model.actuator_forcelimited.astype(bool)[:, None]
            ranges = self._mirror.model_field("actuator_forcerange")
            numbers["limit"] = np.where(limited, ranges, (-np.inf, np.inf))
        if "dof_damping" in self._asked:
            numbers["damping"] = self._mirror.model_field("dof_damping")[:, self._dofs]
        changed = {name: values for name, values in numbers.items() if self._is_new(name, values)}
        if self._fixed_gains and not changed.keys() <= {"control", "external"}:
            names = ", ".join(sorted(changed.keys() - {"control", "external"}))
            raise MvpRealError(
                f"{names} differ from the model's: drive 'position' holds those; use drive 'effort'"
            )
        return {name: values.astype(np.float32) for name, values in changed.items()}

    def changed_properties(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Messages with properties of bodies, shapes and joints that Isaac Gym does not know yet."""
        given = {}
        if "body_mass" in self._asked or "body_inertia" in self._asked:
            given["body_factor"] = self._mass_factors()
        geoms = self._scene.shape_geoms
        if "geom_friction" in self._asked:
            given["shape_friction"] = self._mirror.model_field("geom_friction")[:, geoms, 0]
        if "geom_solref" in self._asked:
            given["shape_restitution"] = restitution_of(self._mirror.model_field("geom_solref")[:, geoms])
        if "dof_armature" in self._asked:
            given["joint_armature"] = self._mirror.model_field("dof_armature")[:, self._dofs]
        if "dof_damping" in self._asked:
            passive = np.ones(len(self._dofs))
            passive[self._scene.actuator_joints] = 0.0
            given["joint_damping"] = self._mirror.model_field("dof_damping")[:, self._dofs] * passive
        for name, values in given.items():
            known = self._sent.get(name)
            nominal = self._nominal(name)
            before = known if known is not None else np.broadcast_to(nominal, values.shape)
            rows = np.flatnonzero((values != before).any(axis=1))
            self._sent[name] = values.copy()
            if len(rows):
                yield {"rows": rows, name: values[rows].astype(np.float32)}

    def _nominal(self, name: str) -> FloatArray:
        """(columns,) the value that Isaac Gym's asset has."""
        arrays = self._scene.arrays
        if name == "body_factor":
            return np.ones(len(self._scene.bodies))
        if name == "joint_damping":
            passive = np.ones(len(self._dofs))
            passive[self._scene.actuator_joints] = 0.0
            return np.asarray(arrays[name] * passive)
        return np.asarray(arrays[name])

    def _mass_factors(self) -> FloatArray:
        bodies = self._scene.bodies
        mass = self._mirror.model_field("body_mass")[:, bodies] / self._model.body_mass[bodies]
        nominal = self._model.body_inertia[bodies]
        inertia = self._mirror.model_field("body_inertia")[:, bodies] / nominal
        if not np.allclose(inertia, mass[..., None], rtol=1e-6):
            raise MvpRealError(
                "Isaac Gym scales masses and inertias by one factor; give body_inertia that of body_mass"
            )
        return np.asarray(mass)

    def _body_forces(self) -> FloatArray:
        """(N, B, 6) forces and torques at the centres of mass: applied ones, and weight that differs from Isaac's."""
        bodies = self._scene.bodies
        wrench = self._xfrc[:, bodies].copy()
        common = self._model.opt.gravity
        gravity = self._mirror.model_field("opt.gravity") if "opt.gravity" in self._asked else common[None]
        lifted = self._model.body_gravcomp[bodies][None]
        if "body_gravcomp" in self._asked:
            lifted = self._mirror.model_field("body_gravcomp")[:, bodies]
        mass = self._scene.arrays["body_mass"][None]
        if "body_mass" in self._asked:
            mass = mass * self._mass_factors()
        missing = gravity[:, None] - common - lifted[..., None] * gravity[:, None]
        wrench[..., :3] += mass[..., None] * missing
        return np.asarray(wrench)

    def _is_new(self, name: str, values: NDArray[Any]) -> bool:
        known = self._sent.get(name)
        if known is not None and np.array_equal(known, values):
            return False
        self._sent[name] = np.array(values)
        return True
