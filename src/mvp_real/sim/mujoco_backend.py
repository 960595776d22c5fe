"""`SimBackend` on MuJoCo's `batch.Batch` (3.17): N simulations of one model on a pool of C++ threads.

`Batch` gives bit-identical results at any number of threads. Divergence is read from MuJoCo's own warning
counters: after a bad state MuJoCo resets the simulation by itself, so the values alone would look healthy
again.
"""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError, require
from mvp_real.messages import FloatArray
from mvp_real.sim import model_names
from mvp_real.sim.backend import Capabilities, Environments
from mvp_real.sim.rendering import OffscreenRenderer

_FAILURES = [
    int(kind)
    for kind in (
        mujoco.mjtWarning.mjWARN_BADQPOS,
        mujoco.mjtWarning.mjWARN_BADQVEL,
        mujoco.mjtWarning.mjWARN_BADQACC,
        mujoco.mjtWarning.mjWARN_BADCTRL,
    )
]


class MujocoBackend:
    """N simulations of one scene.

    Args:
        spec: Scene.
        num_envs: N.
        decimation: Physics steps per control step.
        dt: Physics step, s; the scene's own if None.
        threads: Worker threads; 0 is one per core.
        persistent: Keep all intermediate results of every simulation (more memory). Then velocities and sensors
            are current after a step as positions are, at no cost, because the next step goes on from there.

    Raises:
        MvpRealError: `num_envs` or `decimation` is below 1, or MuJoCo is too old for `Batch`.
    """

    capabilities = Capabilities(
        closed_loops=True, gpu_tensors=False, cameras=True, per_env_params=True, body_forces=True
    )

    def __init__(
        self,
        spec: mujoco.MjSpec,
        num_envs: int,
        decimation: int = 1,
        dt: float | None = None,
        threads: int = 0,
        persistent: bool = False,
    ) -> None:
        if num_envs < 1 or decimation < 1:
            raise MvpRealError(
                f"a backend needs at least one simulation and one step, got {num_envs} and {decimation}"
            )
        batch = require("mujoco.batch", "sim")
        if dt is not None:
            spec.option.timestep = dt
        self.num_envs, self.decimation = num_envs, decimation
        self.model = spec.compile()
        self.dt = float(self.model.opt.timestep)
        self._batch = batch.Batch(self.model, num_envs, threads, persistent)
        stage = mujoco.mjtStage.mjSTAGE_VEL if persistent else mujoco.mjtStage.mjSTAGE_POS
        self._stage = int(stage.value)
        self._varied: set[str] = set()
        self._ctrl, self._qpos, self._qvel = (self._batch.bind(name) for name in ("ctrl", "qpos", "qvel"))
        self._xfrc = self._batch.bind("xfrc_applied")
        self._xpos, self._xquat = self._batch.bind("xpos"), self._batch.bind("xquat")
        self._site_xpos = self._batch.bind("site_xpos")
        joints = model_names.moving_joints(self.model)
        self.joint_names = tuple(self.model.joint(k).name for k in joints)
        self._joint_qpos = self.model.jnt_qposadr[joints]
        self._joint_qvel = self.model.jnt_dofadr[joints]
        self._renderer: OffscreenRenderer | None = None
        self._batch.reset()

    @property
    def time(self) -> FloatArray:
        """(N,) s."""
        return self._batch.bind("time")

    @property
    def joint_pos(self) -> FloatArray:
        """(N, joints) positions of all hinges and slides, in the order of `joint_names`."""
        return self._qpos[:, self._joint_qpos]

    @property
    def joint_vel(self) -> FloatArray:
        """(N, joints) speeds of all hinges and slides."""
        return self._qvel[:, self._joint_qvel]

    def reset(
        self,
        env_ids: Environments = None,
        joint_pos: FloatArray | None = None,
        body_pose: dict[str, FloatArray] | None = None,
    ) -> None:
        """Back to the initial state; servos hold `joint_pos` where an actuator drives a joint of the same
        name.
        """
        ids = self._ids(env_ids)
        self._batch.reset(ids, stage=mujoco.mjtStage.mjSTAGE_NONE.value)
        self._batch.warning[ids] = 0
        if joint_pos is not None:
            self._qpos[np.ix_(ids, self._joint_qpos)] = joint_pos
            for actuator, joint in model_names.driven_joints(self.model).items():
                self._ctrl[ids, actuator] = self._qpos[ids, self.model.jnt_qposadr[joint]]
        for name, pose in (body_pose or {}).items():
            address = model_names.free_joint_address(self.model, name)
            self._qpos[ids, address : address + 7] = pose
        self._batch.forward(ids)

    def set_joint_targets(self, targets: FloatArray, env_ids: Environments = None) -> None:
        """Servo set-points (n, actuators)."""
        self._ctrl[self._ids(env_ids)] = targets

    def apply_body_forces(
        self, body: str, force: FloatArray, torque: FloatArray | None = None, env_ids: Environments = None
    ) -> None:
        """Force and torque (n, 3) in the world frame at the centre of mass, held until changed."""
        ids, number = self._ids(env_ids), model_names.number_of(self.model, "body", body)
        self._xfrc[ids, number, :3] = force
        self._xfrc[ids, number, 3:] = 0.0 if torque is None else torque

    def step(self, count: int = 1) -> None:
        """Run `count` control steps; body and site positions are current afterwards, forces are those of the last
        physics step.
        """
        self._batch.step(nstep=count * self.decimation, stage=self._stage)

    def advance(self, steps: int, env_ids: Environments = None) -> None:
        """Run `steps` physics steps, a part of a control step, of some simulations; the others stand still."""
        self._batch.step(None if env_ids is None else self._ids(env_ids), nstep=steps, stage=self._stage)

    def data_field(self, name: str) -> NDArray[Any]:
        """Live (N, ...) view of an MjData field; only state fields can be written.

        Bind before the first step: an output that is bound later is zero until the next call.
        """
        return self._batch.bind(name)

    def sensor(self, name: str) -> FloatArray:
        """(N, dimension) readings of a sensor; touch sensors read the last physics step, N."""
        return self._batch.bind("sensordata")[:, model_names.sensor_slice(self.model, name)]

    def model_field(self, name: str) -> NDArray[Any]:
        """Live (N, ...) per-simulation values of an MjModel field, for writing at every step.

        After writing masses or geometry call `update_constants`; gains, damping, friction and contact parameters
        count at once.
        """
        model_names.check_field(self.model, name)
        self._varied.add(name)
        return self._batch.expand(name)

    def update_constants(self, env_ids: Environments = None) -> None:
        """Derive constants again (`mj_setConst`) after model fields were written."""
        self._batch.set_const(self._ids(env_ids))

    def forward(self, env_ids: Environments = None) -> None:
        """Make every derived field current after the state or a model field was written."""
        self._batch.forward(self._ids(env_ids))

    def reset_state(self, env_ids: Environments = None) -> None:
        """Back to the initial state without computing anything, for a reset that goes on with `data_field`."""
        ids = self._ids(env_ids)
        self._batch.reset(ids, stage=mujoco.mjtStage.mjSTAGE_NONE.value)
        self._batch.warning[ids] = 0

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Everything that decides how the simulations go on: states, failure counts, per-simulation fields."""
        fields = {f"model/{name}": self._batch.expand(name).copy() for name in sorted(self._varied)}
        return {"state": self._batch.state.copy(), "warning": self._batch.warning.copy(), **fields}

    def restore(self, snapshot: dict[str, NDArray[Any]]) -> None:
        """Go on exactly from a snapshot of the same scene.

        Raises:
            MvpRealError: The snapshot is of another scene or number of simulations.
        """
        for name, values in snapshot.items():
            live = {"state": self._batch.state, "warning": self._batch.warning}.get(name)
            if live is None:
                live = self.model_field(name.removeprefix("model/"))
            if live.shape != np.shape(values):
                raise MvpRealError(
                    f"snapshot of the simulator: '{name}' has the shape {np.shape(values)}, this scene {live.shape};"
                    " restore it with the number of robots and the model it was made with"
                )
            live[:] = values
        self._batch.set_const()
        warning = self._batch.warning.copy()
        self._batch.forward(stage=self._stage)
        self._batch.warning[:] = warning

    def body_state(self, body: str) -> tuple[FloatArray, FloatArray]:
        """Position (N, 3) and quaternion (N, 4) of a body."""
        number = model_names.number_of(self.model, "body", body)
        return self._xpos[:, number], self._xquat[:, number]

    def site_position(self, site: str) -> FloatArray:
        """(N, 3) position of a site."""
        return self._site_xpos[:, model_names.number_of(self.model, "site", site)]

    def render(self, camera: str, width: int, height: int, env_ids: Environments = None) -> NDArray[np.uint8]:
        """Pictures (n, height, width, 3), one after another with one renderer; per-simulation fields are
        seen.
        """
        if self._renderer is None:
            self._scratch_model = self._batch.get_model(0)
            self._scratch_data = mujoco.MjData(self.model)
            self._renderer = OffscreenRenderer(self._scratch_model)
        pictures = []
        for number in self._ids(env_ids):
            self._batch.get_model(int(number), self._scratch_model)
            self._batch.get_data(int(number), self._scratch_data)
            mujoco.mj_forward(self._scratch_model, self._scratch_data)
            pictures.append(self._renderer.render(self._scratch_data, camera, width, height))
        return np.stack(pictures)

    def randomize(self, field: str, values: NDArray[np.generic], env_ids: Environments = None) -> None:
        """Give an MjModel field (option fields as `opt.<name>`) per-simulation values (n, ...).

        Derived constants follow (`mj_setConst`). Set masses and inertias together.
        """
        self.model_field(field)[self._ids(env_ids)] = values
        self._batch.set_const()

    def diverged(self) -> NDArray[np.bool_]:
        """(N,) whether MuJoCo counted a bad position, speed, acceleration or control since the last reset."""
        # Column 0 is the last index concerned, column 1 the count.
        failed = self._batch.warning[:, _FAILURES, 1].any(axis=1)
        return np.asarray(failed | ~np.isfinite(self._qpos).all(axis=1))

    def close(self) -> None:
        """Free the renderer; safe to call twice."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _ids(self, env_ids: Environments) -> NDArray[np.intp]:
        return np.arange(self.num_envs) if env_ids is None else np.asarray(env_ids, dtype=np.intp)
