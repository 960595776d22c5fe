"""What the environment remembers of N running episodes, as arrays that can be saved."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mvp_real.control.locomotion.spaces import ACTION_SIZE, MOTORS
from mvp_real.messages import FloatArray
from mvp_real.tasks.digit.motion import Motion
from mvp_real.tasks.digit.noise import MEASURED_SIZE


@dataclass
class Episodes:
    """Arrays of N robots.

    Attributes:
        steps: (N,) control steps since the episode began.
        limit: (N,) steps after which it is cut.
        phase: (N,) of the gait.
        command: (N, 3) forward and sideways in m/s, turn in rad/s.
        action: (N, 36) last prediction of the policy.
        sent: (N, 36) the same inside its limits.
        action_difference: (N, 36) what was applied less what was sent.
        action_late: (N,) whether the last action came late.
        gains: (N, 40) Kp and Kd that act, as shares of the nominal ones.
        target, target_before: (N, 20) last joint targets and those before them, rad.
        motor_velocity: (N, 20) of the step before, rad/s.
        velocity: (N, 3) of the base in the world frame in the step before, m/s.
        acceleration: (N, 3) of the base in the base frame, m/s^2.
        sole: (N, 2, 3) of the step before, world frame, m.
        sole_velocity: (N, 2, 3) in the heading's frame, m/s.
        mean_velocity: (N, 3) forward, sideways and turn, averaged over about a gait period.
        push: (N, 6) change of velocity by a push in this step.
        measured: (N, 61) sample of the step before.
        gain: (N,) reward so far.
    """

    steps: NDArray[np.int64]
    limit: NDArray[np.int64]
    phase: FloatArray
    command: FloatArray
    action: FloatArray
    sent: FloatArray
    action_difference: FloatArray
    action_late: NDArray[np.bool_]
    gains: FloatArray
    target: FloatArray
    target_before: FloatArray
    motor_velocity: FloatArray
    velocity: FloatArray
    acceleration: FloatArray
    sole: FloatArray
    sole_velocity: FloatArray
    mean_velocity: FloatArray
    push: FloatArray
    measured: FloatArray
    gain: FloatArray

    @staticmethod
    def new(count: int) -> Episodes:
        """Zeros for `count` robots."""
        shapes: dict[str, tuple[int, ...]] = {
            "command": (3,), "action": (ACTION_SIZE,), "sent": (ACTION_SIZE,), "action_difference": (ACTION_SIZE,),
            "gains": (2 * MOTORS,), "target": (MOTORS,), "target_before": (MOTORS,), "motor_velocity": (MOTORS,),
            "velocity": (3,), "acceleration": (3,), "sole": (2, 3), "sole_velocity": (2, 3), "mean_velocity": (3,),
            "push": (6,), "measured": (MEASURED_SIZE,),
        }  # fmt: skip
        kinds = {"steps": np.int64, "limit": np.int64, "action_late": np.bool_}
        return Episodes(
            **{
                item.name: np.zeros((count, *shapes.get(item.name, ())), kinds.get(item.name, np.float64))
                for item in fields(Episodes)
            }
        )

    def clear(self, rows: NDArray[np.intp]) -> None:
        """Zero everything of the chosen robots."""
        for item in fields(self):
            getattr(self, item.name)[rows] = 0

    def begin(self, rows: NDArray[np.intp], motion: Motion) -> None:
        """Take the motion of the chosen robots as that of the step before the first."""
        self.motor_velocity[rows] = motion.motor_velocity
        self.velocity[rows] = np.einsum("nij,nj->ni", motion.rotation, motion.linear_velocity)
        self.sole[rows] = motion.sole

    def average(self, motion: Motion, share: float) -> None:
        """Take a step of all robots into the mean velocity, with the given share."""
        self.mean_velocity += share * (motion.planar_velocity() - self.mean_velocity)

    def remember(
        self,
        motion: Motion,
        action: FloatArray,
        sent: FloatArray,
        target: FloatArray,
        period: float,
    ) -> None:
        """Take note of a step of all robots.

        Args:
            motion: What they did.
            action, sent: (N, 36) prediction of the policy and what was sent.
            target: (N, 20) joint targets that were sent, rad.
            period: s of a control step.
        """
        velocity = np.einsum("nij,nj->ni", motion.rotation, motion.linear_velocity)
        self.acceleration = np.einsum("nij,ni->nj", motion.rotation, (velocity - self.velocity) / period)
        moved = (motion.sole - self.sole) / period
        cosine, sine = motion.heading[:, 0, None], motion.heading[:, 1, None]
        self.sole_velocity[..., 0] = cosine * moved[..., 0] + sine * moved[..., 1]
        self.sole_velocity[..., 1] = cosine * moved[..., 1] - sine * moved[..., 0]
        self.sole_velocity[..., 2] = moved[..., 2]
        self.motor_velocity, self.velocity, self.sole = motion.motor_velocity, velocity, motion.sole
        self.action, self.sent = action, sent
        self.target, self.target_before = target, self.target
