"""Random scenes for pre-training images: wider than the task in poses, objects, sizes, colours and camera.

No physics runs here: bodies are placed, not simulated, so a fruit can hang between the fingers in the air.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.random import Generator

from mvp_real.messages import FloatArray
from mvp_real.sim.appearance import WRIST_CAMERA, draw_look
from mvp_real.sim.fruit import FRUITS
from mvp_real.sim.gripper import STROKE
from mvp_real.sim.inverse_kinematics import ArmInverseKinematics, downward_pose
from mvp_real.tasks.clutter import draw_clutter
from mvp_real.tasks.pick_fruit import random_setup
from mvp_real.tasks.pick_fruit_world import PickFruitWorld

POSE_COLUMNS = (
    "fruit_x", "fruit_y", "tcp_height", "fruit_id", "lateral_distance", "opening", "tcp_yaw", "scene_kind",
    "pose_kind",
)  # fmt: skip
SCENE_KINDS = ("plain", "varied", "wide")
POSE_KINDS = ("start", "above", "funnel", "grasp", "held")


@dataclass(frozen=True)
class ScenePose:
    """One arm pose in a scene: joints (7,) rad, opening fraction, index into POSE_KINDS."""

    joints: FloatArray
    opening: float
    kind: int


class SceneSampler:
    """Draws scenes and arm poses in a world.

    Args:
        world: World whose renderer will take the pictures.
    """

    def __init__(self, world: PickFruitWorld) -> None:
        self.world = world
        self._start = np.array(world.task.start_joints)
        self._kinematics = ArmInverseKinematics(self._start)

    def task_scene(self, generator: Generator, scene: str, seed: int) -> None:
        """An episode of the task with a training seed."""
        self.world.reset(random_setup(seed, scene, "training", start="random"))

    def wide_scene(self, generator: Generator, seed: int) -> None:
        """A fruit of jittered size and colour among 0 to 5 other fruits and things, under a stronger look."""
        world = self.world
        world.reset(random_setup(seed, "plain", "training"))
        world.show(draw_look(generator, strength=2.0))
        world.park_everything()
        order = [str(name) for name in generator.permutation(list(FRUITS))]
        world.target(order[0])
        count = int(generator.integers(0, 6))
        taken: list[tuple[float, float, float]] = []
        for name in order[: 1 + int(generator.integers(0, min(count, 3) + 1))]:
            scale = _jitter_fruit(world.model, name, generator)
            x, y = generator.uniform(0.30, 0.56), generator.uniform(-0.16, 0.16)
            radius = 0.5 * scale * FRUITS[name].length
            if all(np.hypot(x - a, y - b) > r + radius for a, b, r in taken):
                world.place_fruit(
                    name, x, y, scale * FRUITS[name].rest_height, generator.uniform(-np.pi, np.pi)
                )
                taken.append((x, y, radius))
            elif name == order[0]:
                world.place_fruit(name, x, y, scale * FRUITS[name].rest_height, generator.uniform(-0.6, 0.6))
        for item in draw_clutter(generator, count - len(taken) + 1, world.radii(), taken):
            world.place_distractor(item.name, item.x, item.y, item.yaw)

    def pose(self, generator: Generator, spread: float = 1.0) -> ScenePose:
        """A random arm pose for the present scene; "held" moves the fruit between the fingers.

        Args:
            generator: Source of randomness.
            spread: Scales the range of poses away from the task's (1: a little tilt, 2: more).
        """
        world = self.world
        fruit = FRUITS[world.fruit]
        kind = int(generator.choice(len(POSE_KINDS), p=(0.12, 0.30, 0.30, 0.18, 0.10)))
        name = POSE_KINDS[kind]
        if name == "start":
            noise = spread * generator.uniform(-0.07, 0.07, 7)
            return ScenePose(self._start + noise, float(generator.choice([1.0, 0.0], p=(0.9, 0.1))), kind)
        position = world.fruit_position()
        yaw = 0.0 if fruit.round else world.fruit_yaw()
        yaw = float(np.clip((yaw + np.pi / 2) % np.pi - np.pi / 2, -0.7, 0.7))
        grip = float(np.clip(fruit.width / STROKE, 0.05, 1.0))
        tilt = spread * generator.normal(0.0, 0.02, 2)
        if name == "above":
            offset, height = generator.uniform(-0.12, 0.12, 2), generator.uniform(0.03, 0.22)
            yaw = yaw * generator.random() + generator.normal(0.0, 0.12 * spread)
            opening = float(generator.choice([1.0, generator.random(), 0.0], p=(0.8, 0.1, 0.1)))
        elif name == "funnel":
            height = generator.uniform(0.02, 0.20)
            offset = generator.normal(0.0, 0.006 + 0.20 * max(height - 0.02, 0.0), 2)
            yaw, opening = yaw + generator.normal(0.0, 0.10 * spread), 1.0
        elif name == "grasp":
            height, offset = position[2] + generator.uniform(-0.004, 0.02), generator.normal(0.0, 0.008, 2)
            yaw, opening = yaw + generator.normal(0.0, 0.06 * spread), float(generator.uniform(grip, 1.0))
        else:
            height, offset, opening = generator.uniform(0.03, 0.26), generator.normal(0.0, 0.004, 2), grip
        height = max(height, 0.012)
        target = downward_pose(
            position[0] + offset[0], position[1] + offset[1], height, yaw, (tilt[0], tilt[1])
        )
        joints, _ = self._kinematics.solve(target, self._start)
        if name == "held":
            x, y, z = world.tool_position(joints)
            world.place_fruit(world.fruit, x - offset[0], y - offset[1], z + generator.normal(0, 0.004), yaw)
        return ScenePose(joints, opening, kind)

    def fruit_visible(self) -> bool:
        """Whether the fruit's centre lies well inside the lower-centre crop of the wrist camera."""
        model, data = self.world.model, self.world.data
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        camera = model.camera(WRIST_CAMERA).id
        x, y, z = data.cam_xmat[camera].reshape(3, 3).T @ (
            self.world.fruit_position() - data.cam_xpos[camera]
        )
        if z >= 0.0:  # the camera looks along its negative z axis
            return False
        # In units of half the image height: the crop spans 448 of 480 rows, centred but for the lower edge.
        half = -z * np.tan(np.radians(model.cam_fovy[camera]) / 2)
        return bool(abs(x / half) < 0.90 and -0.97 < y / half < 0.83)

    def take(self, pose: ScenePose, scene_kind: int) -> FloatArray:
        """Put the arm into a pose and return its label row (see POSE_COLUMNS); fruit xy is in the tool's
        frame, m.
        """
        self.world.set_joints(pose.joints, pose.opening)
        tool = self.world.tcp_pose()
        relative = tool[:3, :3].T @ (self.world.fruit_position() - tool[:3, 3])
        return np.array(
            [
                relative[0], relative[1], tool[2, 3], list(FRUITS).index(self.world.fruit),
                np.hypot(*(self.world.fruit_position()[:2] - tool[:2, 3])), pose.opening,
                np.arctan2(tool[1, 0], tool[0, 0]), scene_kind, pose.kind,
            ]
        )  # fmt: skip


def _jitter_fruit(model: mujoco.MjModel, name: str, generator: Generator) -> float:
    """Scale and tint a fruit in the compiled model (undone by the next look); returns the scale."""
    scale = float(generator.uniform(0.85, 1.25))
    body = model.body(f"fruit/{name}").id
    geoms = slice(model.body_geomadr[body], model.body_geomadr[body] + model.body_geomnum[body])
    model.geom_size[geoms] *= scale
    model.geom_pos[geoms] *= scale
    tint = generator.uniform(0.8, 1.2) * generator.uniform(0.85, 1.15, 3)
    model.geom_rgba[geoms, :3] = np.clip(model.geom_rgba[geoms, :3] * tint, 0, 1)
    return scale
