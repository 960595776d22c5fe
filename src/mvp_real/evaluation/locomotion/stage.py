"""The ground of a row and what its robots carry, added to the full model."""

from __future__ import annotations

import math

import mujoco
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mvp_real.evaluation.locomotion.condition import Condition, Load
from mvp_real.sim.mujoco_backend import MujocoBackend
from mvp_real.tasks.digit.terrain import FLOOR, Ground, Terrain

PLATEAU = 60.0  # m that the ground behind a step stays up: further than anybody walks
_HAND = (0.36, 0.0, 0.0)  # of the left hand in the frame of the elbow, m: the end of the forearm
_CORD_DAMPING = 0.05  # Nm s/rad
_COLOUR = (0.75, 0.32, 0.12, 1.0)


class Stage(Ground):
    """The same ground and the same loads for all robots of a row, as the `terrain` of a model builder.

    Args:
        condition: The row.
        count: Number of robots.
    """

    def __init__(self, condition: Condition, count: int) -> None:
        ground = condition.ground
        super().__init__(
            Terrain(
                rough_share=1.0 if ground.kind == "rough" else 0.0,
                roughness=ground.height if ground.kind == "rough" else 0.03,
                step_height=ground.height if ground.kind == "step" else 0.0,
                step_distance=ground.distance,
                step_depth=PLATEAU,
            ),
            count,
        )
        self._condition = condition
        uphill = math.radians(ground.uphill)
        self.gradient[:] = ground.grade * np.array([math.cos(uphill), math.sin(uphill)])
        self.rough[:] = ground.kind == "rough"

    def add(self, spec: mujoco.MjSpec) -> None:
        """Add ground and loads to a model with all its bodies."""
        super().add(spec)
        floor = spec.geom(FLOOR)
        if self.rough.any():
            # Nothing but the rough ground may be touched.
            floor.pos = (0.0, 0.0, -50.0)
        grade = float(np.linalg.norm(self.gradient[0]))
        if grade > 0.0:
            up = self.gradient[0] / grade
            quaternion = np.zeros(4)
            mujoco.mju_axisAngle2Quat(quaternion, np.array([up[1], -up[0], 0.0]), math.atan(grade))
            floor.quat = quaternion
        for number, load in enumerate(self._condition.loads):
            add_load(spec, load, f"load_{number}")

    def place(self, backend: MujocoBackend, ids: NDArray[np.intp], random: Generator) -> None:
        """Nothing is drawn: every robot of a row has the same ground."""


def add_load(spec: mujoco.MjSpec, load: Load, name: str) -> None:
    """Hang a box on the robot; it has weight and inertia but touches nothing.

    A load with a cord swings below the hand on a ball joint, as a bag does; `hang` lets it point down.
    """
    side = load.part.removesuffix("_hand")
    hand = (
        np.zeros(3) if load.part == "torso" else np.array(_HAND) * (1.0, 1.0 if side == "left" else -1.0, 1.0)
    )
    parent = "base" if load.part == "torso" else f"{side}_elbow"
    body = spec.body(parent).add_body(name=name, pos=hand + np.array(load.position))
    if load.cord:
        body.add_joint(name=name, type=mujoco.mjtJoint.mjJNT_BALL, damping=_CORD_DAMPING)
    body.add_geom(
        name=name, type=mujoco.mjtGeom.mjGEOM_BOX, size=load.size, pos=(0.0, 0.0, -load.cord), mass=load.mass,
        contype=0, conaffinity=0, rgba=_COLOUR, group=2,
    )  # fmt: skip


def hang(backend: MujocoBackend, condition: Condition) -> None:
    """Let the loads on cords hang straight down in the simulations' present pose."""
    qpos = backend.data_field("qpos")
    for number, load in enumerate(condition.loads):
        if load.cord:
            _, arm = backend.body_state(f"{load.part.removesuffix('_hand')}_elbow")
            first = int(backend.model.joint(f"load_{number}").qposadr[0])
            # The inverse of the arm's rotation: the box is level in the world.
            qpos[:, first : first + 4] = arm * (1.0, -1.0, -1.0, -1.0)
    if any(load.cord for load in condition.loads):
        backend.forward()
