"""States between the MuJoCo mirror and Isaac Gym: what to set there, what comes back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.messages import FloatArray
from mvp_real.sim.isaac_gym.conventions import rotate, velocity_of_center, velocity_of_origin
from mvp_real.sim.isaac_gym.rods import ball_quaternions
from mvp_real.sim.isaac_gym.scene import IsaacGymScene
from mvp_real.sim.mujoco_backend import MujocoBackend

_BACKWARDS = np.array([1.0, -1.0, -1.0, -1.0])


class MirrorState:
    """The states of N simulations.

    Args:
        mirror: MuJoCo simulations that hold them.
        scene: The scene as exported.

    Attributes:
        failed: (N,) whether Isaac Gym gave a state that is no number.
    """

    def __init__(self, mirror: MujocoBackend, scene: IsaacGymScene) -> None:
        model = mirror.model
        self._mirror, self._model, self._scene = mirror, model, scene
        self._qpos, self._qvel = mirror.data_field("qpos"), mirror.data_field("qvel")
        self._time = mirror.data_field("time")
        self._xpos, self._xquat = mirror.data_field("xpos"), mirror.data_field("xquat")
        self._joint_place = model.jnt_qposadr[scene.joints]
        self._joint_dof = model.jnt_dofadr[scene.joints]
        roots = [actor["name"] for actor in scene.content["actors"] if not actor["fixed"]]
        numbers = np.array([model.body(name).id for name in roots], dtype=np.intp)
        free = model.body_jntadr[numbers]
        self._root_place, self._root_dof = model.jnt_qposadr[free], model.jnt_dofadr[free]
        columns = [scene.content["bodies"].index(name) for name in roots]
        self._root_center = scene.arrays["body_center"][columns]
        self._known: tuple[FloatArray, FloatArray] | None = None
        self._columns = {int(body): index for index, body in enumerate(scene.bodies)}
        self.failed = np.zeros(mirror.num_envs, dtype=bool)

    def body_column(self, body: int) -> int:
        """Where a body of the model stands among those of the scene."""
        return self._columns[body]

    def changed(self) -> dict[str, NDArray[Any]]:
        """`rows` whose state was written since it came from Isaac Gym, with their `roots`, `positions`, `velocities`;
        empty if there are none.
        """
        if self._known is None:
            rows = np.arange(len(self._qpos))
        else:
            same = (self._qpos == self._known[0]).all(axis=1) & (self._qvel == self._known[1]).all(axis=1)
            rows = np.flatnonzero(~same)
        if not len(rows):
            return {}
        qpos, qvel = self._qpos[rows], self._qvel[rows]
        place = qpos[:, self._root_place[:, None] + np.arange(7)]
        speed = qvel[:, self._root_dof[:, None] + np.arange(6)]
        turn = place[..., 3:]
        angular = rotate(turn, speed[..., 3:])  # MuJoCo's is in the body's frame, Isaac Gym's in the world's
        center = velocity_of_center(speed[..., :3], angular, turn, self._root_center)
        return {
            "rows": rows,
            "roots": np.concatenate([place, center, angular], axis=-1),
            "positions": qpos[:, self._joint_place],
            "velocities": qvel[:, self._joint_dof],
        }

    def take(self, answer: dict[str, NDArray[Any]], ids: NDArray[np.intp], duration: float) -> None:
        """Put Isaac Gym's answer into the mirror.

        Args:
            answer: Of `IsaacGymSimulation.step`.
            ids: Simulations that count; the others stay as they are here.
            duration: How long they ran, s.
        """
        new = {name: answer[name].astype(np.float64) for name in ("roots", "positions", "velocities")}
        bad = ~np.all(
            [np.isfinite(values).reshape(len(values), -1).all(axis=1) for values in new.values()], axis=0
        )
        self.failed[ids] |= bad[ids]
        good = ids[~bad[ids]]
        roots = new["roots"][good]
        turn = roots[..., 3:7] / np.linalg.norm(roots[..., 3:7], axis=-1, keepdims=True)
        angular = roots[..., 10:]
        place = np.concatenate([roots[..., :3], turn], axis=-1)
        linear = velocity_of_origin(roots[..., 7:10], angular, turn, self._root_center)
        speed = np.concatenate([linear, rotate(turn * _BACKWARDS, angular)], axis=-1)
        rows = good[:, None, None]
        self._qpos[rows, self._root_place[:, None] + np.arange(7)] = place
        self._qvel[rows, self._root_dof[:, None] + np.arange(6)] = speed
        self._qpos[good[:, None], self._joint_place] = new["positions"][good]
        self._qvel[good[:, None], self._joint_dof] = new["velocities"][good]
        self._time[ids] += duration
        self._mirror.forward(ids)
        if self._scene.rods:
            self._point_rods(good)
        if self._known is None:
            self._known = np.full_like(self._qpos, np.nan), np.full_like(self._qvel, np.nan)
        self._known[0][:], self._known[1][:] = np.nan, np.nan
        self._known[0][good], self._known[1][good] = self._qpos[good], self._qvel[good]

    def _point_rods(self, rows: NDArray[np.intp]) -> None:
        """Turn the rods, which Isaac Gym does not have, from foot to tip, so that pictures and readings are right."""
        for rod in self._scene.rods:
            turn = ball_quaternions(self._model, rod, self._xpos[rows], self._xquat[rows])
            place = int(self._model.jnt_qposadr[int(self._model.body_jntadr[rod.body])])
            self._qpos[rows, place : place + 4] = turn
        self._mirror.forward(rows)
