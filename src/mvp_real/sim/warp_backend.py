"""`SimBackend` on MuJoCo Warp: the same models as `MujocoBackend`, thousands of copies on one NVIDIA GPU.

The host keeps float64 copies of what is read and written; a step sends states, controls and varied model fields to
the device and fetches what was asked for. So tasks written for `MujocoBackend` run unchanged, and one transfer a
control step is small beside the physics. On a CPU it gives the same motion, slowly: enough to check that a scene
works before a GPU is rented.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError, require
from mvp_real.messages import FloatArray
from mvp_real.sim.backend import Capabilities, Environments
from mvp_real.sim.model_names import (
    check_field,
    driven_joints,
    free_joint_address,
    moving_joints,
    number_of,
    sensor_slice,
)
from mvp_real.sim.warp_fields import WarpData, WarpModel
from mvp_real.sim.warp_renderer import WarpRenderer

STATE = ("time", "qpos", "qvel", "act", "ctrl", "xfrc_applied", "mocap_pos", "mocap_quat", "qacc_warmstart")
# Beyond this MuJoCo itself calls a state bad (mjMAXVAL).
_LARGEST = 1e10


class WarpBackend:
    """N simulations of one scene.

    Args:
        spec: Scene.
        num_envs: N.
        decimation: Physics steps per control step.
        dt: Physics step, s; the scene's own if None.
        device: "cpu", "cuda" or "cuda:<number>".
        contacts: Largest number of contacts per simulation, on average over all; Warp's own guess if None.
        constraints: Largest number of constraint rows in one simulation; Warp's own guess if None.

    Raises:
        MvpRealError: `mujoco_warp` is not installed, the device does not exist, `num_envs` or `decimation` is below
            1, or the scene uses what MuJoCo Warp cannot do.
    """

    capabilities = Capabilities(
        closed_loops=True, gpu_tensors=True, cameras=True, per_env_params=True, body_forces=True
    )

    def __init__(
        self,
        spec: mujoco.MjSpec,
        num_envs: int,
        decimation: int = 1,
        dt: float | None = None,
        device: str = "cpu",
        contacts: int | None = None,
        constraints: int | None = None,
    ) -> None:
        if num_envs < 1 or decimation < 1:
            raise MvpRealError(
                f"a backend needs at least one simulation and one step, got {num_envs} and {decimation}"
            )
        self._warp = require("warp", "warp")
        self._warp.config.log_level = self._warp.LOG_WARNING  # else a line for each of its hundred kernels
        self._engine = require("mujoco_warp", "warp")
        if dt is not None:
            spec.option.timestep = dt
        self.num_envs, self.decimation = num_envs, decimation
        self.model = spec.compile()
        self.dt = float(self.model.opt.timestep)
        self._device = _device(self._warp, device)
        self.capabilities = replace(self.capabilities, gpu_tensors=bool(self._device.is_cuda))
        with self._scope():
            try:
                device_model = self._engine.put_model(self.model)
            except NotImplementedError as error:
                raise MvpRealError(
                    f"MuJoCo Warp cannot run this scene ({error}); use the engine 'mujoco' or change the scene"
                ) from error
            device_data = self._engine.make_data(self.model, num_envs, nconmax=contacts, njmax=constraints)
        self._model = WarpModel(self._warp, self._engine, self.model, device_model, device_data)
        self._data = WarpData(self._warp, self.model, device_data)
        joints = moving_joints(self.model)
        self.joint_names = tuple(self.model.joint(int(k)).name for k in joints)
        self._joint_qpos, self._joint_qvel = self.model.jnt_qposadr[joints], self.model.jnt_dofadr[joints]
        # Captured runs of physics steps, by their number.
        self._graphs: dict[int, Any] = {}
        self._renderer: WarpRenderer | None = None
        for name in (*STATE, "xpos", "xquat", "site_xpos"):
            self._data.field(name)
        self.reset()

    @property
    def time(self) -> FloatArray:
        """(N,) s."""
        return self._data.field("time")

    @property
    def joint_pos(self) -> FloatArray:
        """(N, joints) positions of all hinges and slides, in the order of `joint_names`."""
        return self._data.field("qpos")[:, self._joint_qpos]

    @property
    def joint_vel(self) -> FloatArray:
        """(N, joints) speeds of all hinges and slides."""
        return self._data.field("qvel")[:, self._joint_qvel]

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
        self.reset_state(ids)
        qpos, ctrl = self._data.field("qpos"), self._data.field("ctrl")
        if joint_pos is not None:
            qpos[np.ix_(ids, self._joint_qpos)] = joint_pos
            for actuator, joint in driven_joints(self.model).items():
                ctrl[ids, actuator] = qpos[ids, self.model.jnt_qposadr[joint]]
        for name, pose in (body_pose or {}).items():
            address = free_joint_address(self.model, name)
            qpos[ids, address : address + 7] = pose
        self.forward(ids)

    def reset_state(self, env_ids: Environments = None) -> None:
        """Back to the initial state without computing anything, for a reset that goes on with `data_field`."""
        ids = self._ids(env_ids)
        chosen = np.zeros(self.num_envs, dtype=bool)
        chosen[ids] = True
        with self._scope():
            mask = self._warp.array(chosen, dtype=bool)
            self._engine.reset_data(self._model.device, self._data.device, reset=mask)
        self._data.fetch(ids)

    def set_joint_targets(self, targets: FloatArray, env_ids: Environments = None) -> None:
        """Servo set-points (n, actuators)."""
        self._data.field("ctrl")[self._ids(env_ids)] = targets

    def apply_body_forces(
        self, body: str, force: FloatArray, torque: FloatArray | None = None, env_ids: Environments = None
    ) -> None:
        """Force and torque (n, 3) in the world frame at the centre of mass, held until changed."""
        ids, number = self._ids(env_ids), number_of(self.model, "body", body)
        forces = self._data.field("xfrc_applied")
        forces[ids, number, :3] = force
        forces[ids, number, 3:] = 0.0 if torque is None else torque

    def step(self, count: int = 1) -> None:
        """Run `count` control steps; body and site positions are current afterwards, forces and sensors are those of
        the last physics step.
        """
        self._run([self.decimation] * count)
        self._data.fetch()

    def advance(self, steps: int, env_ids: Environments = None) -> None:
        """Run `steps` physics steps, a part of a control step, of some simulations; the others stand still."""
        self._run([steps])
        # All simulations moved on the device. The host's copies are what counts: those of the others stay.
        self._data.fetch(self._ids(env_ids))

    def data_field(self, name: str) -> NDArray[Any]:
        """Live (N, ...) host copy of an MjData field; what is written to a state field counts from the next step on."""
        return self._data.field(name)

    def model_field(self, name: str) -> NDArray[Any]:
        """Live (N, ...) per-simulation values of an MjModel field; what is written counts from the next step on.

        After writing masses or geometry call `update_constants`.

        Raises:
            MvpRealError: There is no such field, or MuJoCo Warp shares it among all simulations.
        """
        check_field(self.model, name)
        return self._model.field(name)

    def sensor(self, name: str) -> FloatArray:
        """(N, dimension) readings of a sensor at the last physics step."""
        return self._data.field("sensordata")[:, sensor_slice(self.model, name)]

    def update_constants(self, env_ids: Environments = None) -> None:
        """Derive constants again (`mj_setConst`) after model fields were written; always of all simulations."""
        with self._scope():
            self._model.update_constants()
        self._graphs.clear()

    def forward(self, env_ids: Environments = None) -> None:
        """Make every derived field of the chosen simulations current after the state or a model field was written."""
        with self._scope():
            self._send()
            self._engine.forward(self._model.device, self._data.device)
        self._data.fetch(self._ids(env_ids))

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Everything that decides how the simulations go on: states and per-simulation fields."""
        states = {name: self._data.field(name).copy() for name in STATE}
        fields = {f"model/{name}": values.copy() for name, values in self._model.varied.items()}
        return {**states, **fields}

    def restore(self, snapshot: dict[str, NDArray[Any]]) -> None:
        """Go on from a snapshot of the same scene.

        Raises:
            MvpRealError: The snapshot is of another scene or number of simulations.
        """
        for name, values in snapshot.items():
            of_model = name.startswith("model/")
            live = self.model_field(name[6:]) if of_model else self._data.field(name)
            if live.shape != np.shape(values):
                raise MvpRealError(
                    f"snapshot of the simulator: '{name}' has the shape {np.shape(values)}, this scene {live.shape};"
                    " restore it with the number of robots and the model it was made with"
                )
            live[:] = values
        if self._model.varied:
            self.update_constants()
        self.forward()

    def body_state(self, body: str) -> tuple[FloatArray, FloatArray]:
        """Position (N, 3) and quaternion (N, 4) of a body."""
        number = number_of(self.model, "body", body)
        return self._data.field("xpos")[:, number], self._data.field("xquat")[:, number]

    def site_position(self, site: str) -> FloatArray:
        """(N, 3) position of a site."""
        return self._data.field("site_xpos")[:, number_of(self.model, "site", site)]

    def render(self, camera: str, width: int, height: int, env_ids: Environments = None) -> NDArray[np.uint8]:
        """Pictures (n, height, width, 3) by Warp's ray tracer, all simulations at once; darker than OpenGL's."""
        with self._scope():
            if self._renderer is None or self._renderer.size != (width, height):
                self._renderer = WarpRenderer(
                    self._warp, self._engine, self.model, self.num_envs, (width, height)
                )
            self._data.send(STATE)
            pictures = self._renderer.render(self._model.device, self._data.device, camera)
        return pictures[self._ids(env_ids)]

    def randomize(self, field: str, values: NDArray[np.generic], env_ids: Environments = None) -> None:
        """Give an MjModel field (option fields as `opt.<name>`) per-simulation values (n, ...).

        Derived constants follow. Set masses and inertias together.
        """
        self.model_field(field)[self._ids(env_ids)] = values
        self.update_constants()

    def diverged(self) -> NDArray[np.bool_]:
        """(N,) whether a position or speed is not finite or beyond 1e10; MuJoCo Warp leaves it so until a reset."""
        states = (self._data.field("qpos"), self._data.field("qvel"))
        # Written so that NaN counts as bad.
        return np.asarray(~np.all([(np.abs(state) < _LARGEST).all(axis=1) for state in states], axis=0))

    def close(self) -> None:
        """Free the renderer and the captured step; safe to call twice."""
        self._renderer = None
        self._graphs.clear()

    def _send(self) -> None:
        if self._model.send():
            self._graphs.clear()  # a captured run would go on reading the arrays of before
        self._data.send(STATE)

    def _run(self, runs: list[int]) -> None:
        with self._scope():
            self._send()
            for steps in runs:
                if steps in self._graphs:
                    self._warp.capture_launch(self._graphs[steps])
                    continue
                self._physics(steps)
                if (
                    self._device.is_cuda
                ):  # after the first run, because kernels must be loaded before a capture
                    with self._warp.ScopedCapture() as capture:
                        self._physics(steps)
                    self._graphs[steps] = capture.graph

    def _physics(self, steps: int) -> None:
        for _ in range(steps):
            self._engine.step(self._model.device, self._data.device)
        # The step ends with the integration; positions of bodies and sites are still those before it.
        self._engine.kinematics(self._model.device, self._data.device)

    def _scope(self) -> Any:
        return self._warp.ScopedDevice(self._device)

    def _ids(self, env_ids: Environments) -> NDArray[np.intp]:
        return np.arange(self.num_envs) if env_ids is None else np.asarray(env_ids, dtype=np.intp)


def _device(warp: Any, name: str) -> Any:
    try:
        return warp.get_device(name)
    except Exception as error:  # Warp raises several kinds: unknown name, no driver, no such number
        known = ", ".join(str(device) for device in warp.get_devices())
        raise MvpRealError(f"MuJoCo Warp has no device '{name}' here; there is: {known}") from error
