"""`SimBackend` on Isaac Gym, the engine of both theses, for those who have it; PhysX on an NVIDIA GPU.

Physics runs in Isaac Gym's own process (`mvp_real.sim.isaac_gym`). On our side a `MujocoBackend` of the same scene
mirrors its states: it gives positions of bodies and sites, sensors and the layout of fields that tasks know, and is
never stepped. Closed loops become virtual springs, slopes and rough ground are refused.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import mujoco
import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.messages import FloatArray
from mvp_real.sim.backend import Capabilities, Environments
from mvp_real.sim.isaac_gym.mirror_state import MirrorState
from mvp_real.sim.isaac_gym.process import IsaacGymProcess
from mvp_real.sim.isaac_gym.rods import RodSprings
from mvp_real.sim.isaac_gym.scene import export_scene
from mvp_real.sim.isaac_gym.variation import FIELDS, Variation
from mvp_real.sim.model_names import check_field, sensor_slice
from mvp_real.sim.mujoco_backend import MujocoBackend

DRIVES = ("effort", "position")
_OWN_OUTPUTS = ("sensordata", "actuator_force")


class Connection(Protocol):
    """How Isaac Gym's process is called."""

    def call(
        self, name: str, content: dict[str, Any] | None = None, arrays: dict[str, NDArray[Any]] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Send a call and wait for its answer."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class IsaacGymBackend:
    """N simulations of one scene.

    Args:
        spec: Scene: trees of hinges and slides, rods on ball joints held by connects, fixed tendons, one level plane.
        num_envs: N.
        decimation: Physics steps per control step.
        dt: Physics step, s; the scene's own if None.
        device: "cpu" or "cuda:<number>".
        drive: "effort" computes torques from gains that may differ and change at every step, explicitly; "position"
            leaves the model's gains to Isaac Gym's implicit drives, which are stable at longer steps.
        springs: Numbers of the virtual springs that rods become.
        cameras: Cameras that `render` will be asked for, with width and height.
        threads: Threads of the mirror; 0 is one per core.
        python: Isaac Gym's interpreter; None for the one named by MVP_REAL_ISAAC_GYM_PYTHON.
        connection: Another way to Isaac Gym than a process of that interpreter.

    Raises:
        MvpRealError: Isaac Gym is not there, or the scene has what it cannot do; the message says what.
    """

    capabilities = Capabilities(
        closed_loops=False, gpu_tensors=True, cameras=True, per_env_params=True, body_forces=True
    )

    def __init__(
        self,
        spec: mujoco.MjSpec,
        num_envs: int,
        decimation: int = 1,
        dt: float | None = None,
        device: str = "cuda:0",
        drive: str = "effort",
        springs: RodSprings | None = None,
        cameras: Mapping[str, tuple[int, int]] | None = None,
        threads: int = 0,
        python: str | None = None,
        connection: Connection | None = None,
    ) -> None:
        if drive not in DRIVES:
            raise unknown_name("drive", drive, DRIVES)
        springs = springs or RodSprings()
        self._mirror = MujocoBackend(spec, num_envs, decimation, dt, threads, persistent=True)
        self.num_envs, self.decimation = num_envs, decimation
        self.model, self.dt, self.joint_names = self._mirror.model, self._mirror.dt, self._mirror.joint_names
        self.capabilities = replace(self.capabilities, gpu_tensors=device != "cpu")
        self._cameras = dict(cameras or {})
        with tempfile.TemporaryDirectory() as folder:
            scene = export_scene(self.model, Path(folder), springs)
            for name in self._cameras:
                if name not in (known := [camera["name"] for camera in scene.content["cameras"]]):
                    raise unknown_name("camera", name, known)
            self._connection = connection or IsaacGymProcess(python)
            settings = {
                "num_envs": num_envs,
                "dt": self.dt,
                "substeps": springs.substeps if scene.rods else 1,
                "device": device,
                "drive": drive,
                # Simulations share the place at the world's origin and see nothing of each other, but cameras do.
                "spacing": 8.0 if self._cameras else 0.0,
                "cameras": self._cameras,
            }
            content = {"settings": settings, "scene": scene.content, "folder": folder}
            self._connection.call("start", content, scene.arrays)
        self._state = MirrorState(self._mirror, scene)
        self._variation = Variation(self._mirror, scene, fixed_gains=drive == "position")
        self._outputs = {name: np.array(self._mirror.data_field(name)) for name in _OWN_OUTPUTS}
        self._touch = _touch_sensors(self.model)
        self.reset()

    @property
    def time(self) -> FloatArray:
        """(N,) s."""
        return self._mirror.time

    @property
    def joint_pos(self) -> FloatArray:
        """(N, joints) positions of all hinges and slides, in the order of `joint_names`."""
        return self._mirror.joint_pos

    @property
    def joint_vel(self) -> FloatArray:
        """(N, joints) speeds of all hinges and slides."""
        return self._mirror.joint_vel

    def reset(
        self,
        env_ids: Environments = None,
        joint_pos: FloatArray | None = None,
        body_pose: dict[str, FloatArray] | None = None,
    ) -> None:
        """Back to the initial state; servos hold `joint_pos` where an actuator drives a joint of the same
        name.
        """
        self._mirror.reset(env_ids, joint_pos, body_pose)
        self._state.failed[self._ids(env_ids)] = False
        self._take_outputs(self._ids(env_ids))

    def reset_state(self, env_ids: Environments = None) -> None:
        """Back to the initial state without computing anything, for a reset that goes on with `data_field`."""
        self._mirror.reset_state(env_ids)
        self._state.failed[self._ids(env_ids)] = False

    def set_joint_targets(self, targets: FloatArray, env_ids: Environments = None) -> None:
        """Servo set-points (n, actuators)."""
        self._mirror.set_joint_targets(targets, env_ids)

    def apply_body_forces(
        self, body: str, force: FloatArray, torque: FloatArray | None = None, env_ids: Environments = None
    ) -> None:
        """Force and torque (n, 3) in the world frame at the centre of mass, held until changed."""
        self._mirror.apply_body_forces(body, force, torque, env_ids)

    def step(self, count: int = 1) -> None:
        """Run `count` control steps; everything is current afterwards, forces are those of the last sub-step."""
        self.advance(count * self.decimation)

    def advance(self, steps: int, env_ids: Environments = None) -> None:
        """Run `steps` physics steps, a part of a control step, of some simulations; the others stand still."""
        for arrays in self._variation.changed_properties():
            self._connection.call("vary", {}, arrays)
        arrays = {**self._state.changed(), **self._variation.changed_numbers()}
        answer = self._connection.call("step", {"steps": steps}, arrays)
        ids = self._ids(env_ids)
        # All simulations moved over there. What stands here counts: those left out are set back at the next step.
        self._state.take(answer, ids, steps * self.dt)
        self._take_outputs(ids)
        for column, body in self._touch:
            force = np.linalg.norm(answer["contacts"][ids][:, self._state.body_column(body)], axis=-1)
            self._outputs["sensordata"][ids, column] = force
        self._outputs["actuator_force"][ids] = answer["forces"][ids]

    def data_field(self, name: str) -> NDArray[Any]:
        """Live (N, ...) view of an MjData field; what is written to a state field counts from the next step on."""
        return self._outputs[name] if name in self._outputs else self._mirror.data_field(name)

    def model_field(self, name: str) -> NDArray[Any]:
        """Live (N, ...) per-simulation values of an MjModel field; what is written counts from the next step on.

        Raises:
            MvpRealError: Isaac Gym cannot vary the field.
        """
        check_field(self.model, name)
        if name not in FIELDS:
            raise MvpRealError(
                f"Isaac Gym cannot vary the field '{name}' between simulations; it can: {', '.join(FIELDS)}"
            )
        return self._variation.field(name)

    def sensor(self, name: str) -> FloatArray:
        """(N, dimension) readings of a sensor; touch sensors read Isaac Gym's contact forces, the others are
        MuJoCo's for the same state.
        """
        return self._outputs["sensordata"][:, sensor_slice(self.model, name)]

    def update_constants(self, env_ids: Environments = None) -> None:
        """Derive constants again (`mj_setConst`) after model fields were written."""
        self._mirror.update_constants(env_ids)

    def forward(self, env_ids: Environments = None) -> None:
        """Make every derived field current after the state or a model field was written."""
        self._mirror.forward(env_ids)
        self._take_outputs(self._ids(env_ids))

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """States and per-simulation fields; what PhysX keeps inside from step to step is not in it."""
        return self._mirror.snapshot()

    def restore(self, snapshot: dict[str, NDArray[Any]]) -> None:
        """Go on from a snapshot of the same scene, equal but for rounding and PhysX's memory of contacts."""
        for name in snapshot:
            if name.startswith("model/"):
                self.model_field(name[6:])
        self._mirror.restore(snapshot)
        self._state.failed[:] = False
        self._take_outputs(self._ids(None))

    def body_state(self, body: str) -> tuple[FloatArray, FloatArray]:
        """Position (N, 3) and quaternion (N, 4) of a body."""
        return self._mirror.body_state(body)

    def site_position(self, site: str) -> FloatArray:
        """(N, 3) position of a site."""
        return self._mirror.site_position(site)

    def render(self, camera: str, width: int, height: int, env_ids: Environments = None) -> NDArray[np.uint8]:
        """Pictures (n, height, width, 3) by Isaac Gym, as of the last step."""
        if self._cameras.get(camera) != (width, height):
            known = ", ".join(f"{name} {size[0]}x{size[1]}" for name, size in self._cameras.items())
            raise MvpRealError(
                f"camera '{camera}' at {width}x{height}: Isaac Gym's cameras are made with the scene; this one has"
                f" {known or 'none'}; name it in `cameras`"
            )
        pictures = self._connection.call("render", {"camera": camera})["pictures"]
        return pictures[self._ids(env_ids)]

    def randomize(self, field: str, values: NDArray[np.generic], env_ids: Environments = None) -> None:
        """Give an MjModel field (`opt.gravity` for gravity) per-simulation values (n, ...). Set masses and inertias
        together.
        """
        self.model_field(field)[self._ids(env_ids)] = values
        self._mirror.update_constants()

    def diverged(self) -> NDArray[np.bool_]:
        """(N,) whether Isaac Gym gave a state that is no number since the simulation's last reset."""
        return self._state.failed.copy()

    def close(self) -> None:
        """End Isaac Gym's process; safe to call twice."""
        self._connection.close()
        self._mirror.close()

    def _take_outputs(self, ids: NDArray[np.intp]) -> None:
        for name, values in self._outputs.items():
            values[ids] = self._mirror.data_field(name)[ids]

    def _ids(self, env_ids: Environments) -> NDArray[np.intp]:
        return np.arange(self.num_envs) if env_ids is None else np.asarray(env_ids, dtype=np.intp)


def _touch_sensors(model: mujoco.MjModel) -> list[tuple[int, int]]:
    """Column in `sensordata` and number of the body of each touch sensor."""
    touch = int(mujoco.mjtSensor.mjSENS_TOUCH)
    return [
        (int(model.sensor_adr[number]), int(model.site_bodyid[model.sensor_objid[number]]))
        for number in range(model.nsensor)
        if model.sensor_type[number] == touch
    ]
