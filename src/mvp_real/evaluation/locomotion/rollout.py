"""A row with one policy: N robots in the full model at 50 Hz, under the rules of the node.

What the node does, this does with the same code: the command is clipped, cut off and slew-limited, the clock runs
with the ticks, actions stay inside the joints' ranges and change no faster than the joints can, and the window holds
what was sent. What it has not is the vendor's controller to start from: robots begin in the default pose and the
policy has them from the first tick.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mvp_real.control.locomotion.command import CommandLimits, VelocityCommand
from mvp_real.control.locomotion.gait_clock import GAIT_PERIOD, GaitClock
from mvp_real.control.locomotion.rate_limit import limit_rate
from mvp_real.control.locomotion.spaces import ACTION_SIZE, decode_action, limit_action
from mvp_real.errors import MvpRealError
from mvp_real.evaluation.locomotion.arena import Arena
from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.evaluation.locomotion.policies import WalkPolicy
from mvp_real.evaluation.locomotion.protocol_file import Robots
from mvp_real.evaluation.locomotion.trajectory import ENDS, Trajectory
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import load_digit
from mvp_real.robots.digit_limits import FALL_HEIGHT, FALL_TILT


@dataclass
class Filming:
    """Which robots to keep for pictures, and what is kept of them.

    Attributes:
        robots: Their indices.
        every: Control steps between two pictures.
        states: Positions (nq,) of each robot's pictures.
    """

    robots: tuple[int, ...]
    every: int = 2
    states: dict[int, list[FloatArray]] = field(default_factory=dict)


def run_row(
    condition: Condition,
    robots: Robots,
    policy: WalkPolicy,
    settling: float,
    gait_period: float = GAIT_PERIOD,
    threads: int = 0,
    filming: Filming | None = None,
    tick: Callable[[float], None] = lambda share: None,
) -> Trajectory:
    """Run every robot of a row until its end or its fall.

    Args:
        condition: The row.
        robots: How robots differ.
        policy: What walks.
        settling: Time that measures of steady walking leave out, s.
        gait_period: s of the policy's clock.
        threads: Threads of the simulator; 0 is one per core.
        filming: Keeps states for pictures.
        tick: Called with the share that is done, at last with 1.

    Raises:
        MvpRealError: The policy gave an array of the wrong shape.
    """
    table = load_digit()
    arena = Arena(condition, robots, threads)
    count, period = condition.robots, table.control_period
    steps = round(condition.seconds / period)
    asked = condition.command_array()
    commands = [VelocityCommand(limits_for(asked)) for _ in range(count)]
    clock = GaitClock(gait_period)
    record = _Recorder(steps, count, len(table.motors))
    sent = np.zeros((count, ACTION_SIZE))
    end = np.full(count, ENDS.index("time"))
    lasted = np.full(count, steps)
    alive = np.arange(count)
    for step in range(steps):
        now = step * period
        for command, wanted in zip(commands, asked, strict=True):
            command.take(wanted, now)
        told = np.stack([command.advance(period, now) for command in commands])
        observation = np.concatenate(
            [arena.measure(), np.tile(clock.observation(), (count, 1)), told], axis=1
        )
        action = _checked(policy(observation, sent, np.full(count, step == 0)), count)
        wild = ~np.isfinite(action).all(axis=1)
        action[wild] = sent[wild]
        sent = limit_rate(limit_action(action), sent, table)
        arena.step(decode_action(sent, table), alive)
        clock.advance(period)
        record.take(step, arena, told)
        if filming is not None and step % filming.every == 0:
            for robot in set(filming.robots) & set(alive.tolist()):
                filming.states.setdefault(robot, []).append(arena.state(robot))
        for reason, gone in (
            ("diverged", wild | arena.motion.diverged),
            ("fell", fallen(record.height[step], arena)),
        ):
            lost = np.intersect1d(alive, np.flatnonzero(gone))
            end[lost], lasted[lost] = ENDS.index(reason), step + 1
            alive = np.setdiff1d(alive, lost)
        if not len(alive):
            break
        tick((step + 1) / steps)
    tick(1.0)
    arena.simulation.backend.close()
    return record.trajectory(period, gait_period, settling, condition, asked, arena.draws.kicks, lasted, end)


def limits_for(asked: FloatArray) -> CommandLimits:
    """The node's limits of the command, widened where a row asks for more: to see how fast is too fast."""
    limits = CommandLimits()
    lower, upper = np.minimum(limits.lower, asked.min(axis=0)), np.maximum(limits.upper, asked.max(axis=0))
    return replace(
        limits,
        lower=(float(lower[0]), float(lower[1]), float(lower[2])),
        upper=(float(upper[0]), float(upper[1]), float(upper[2])),
    )


def fallen(height: FloatArray, arena: Arena) -> NDArray[np.bool_]:
    """(N,) where the driver would have stopped: tilted, or the base too low above the ground."""
    gravity = arena.motion.gravity
    upright = (np.hypot(gravity[:, 0], gravity[:, 1]) <= FALL_TILT) & (gravity[:, 2] < 0.0)
    return ~(upright & (height >= FALL_HEIGHT))


def _checked(action: FloatArray, count: int) -> FloatArray:
    action = np.array(action, dtype=np.float64)
    if action.shape != (count, ACTION_SIZE):
        raise MvpRealError(
            f"the policy gave actions {action.shape}; {count} robots need ({count}, {ACTION_SIZE})"
        )
    return action


class _Recorder:
    """Fills the arrays of a trajectory step by step."""

    def __init__(self, steps: int, count: int, motors: int) -> None:
        self.command = np.zeros((steps, count, 3))
        self.position = np.zeros((steps, count, 3))
        self.yaw = np.zeros((steps, count))
        self.velocity = np.zeros((steps, count, 2))
        self.turn = np.zeros((steps, count))
        self.gravity = np.zeros((steps, count, 3))
        self.height = np.zeros((steps, count))
        self.sole = np.zeros((steps, count, 2, 3))
        self.force = np.zeros((steps, count, 2))
        self.motor_position = np.zeros((steps, count, motors))
        self.motor_speed = np.zeros((steps, count, motors))
        self.torque = np.zeros((steps, count, motors))

    def take(self, step: int, arena: Arena, told: FloatArray) -> None:
        motion = arena.motion
        cosine, sine = motion.heading.T
        world = np.einsum("nij,nj->ni", motion.rotation, motion.linear_velocity)
        self.command[step] = told
        self.position[step] = motion.place
        self.yaw[step] = np.arctan2(sine, cosine)
        self.velocity[step, :, 0] = cosine * world[:, 0] + sine * world[:, 1]
        self.velocity[step, :, 1] = cosine * world[:, 1] - sine * world[:, 0]
        self.turn[step] = np.einsum("nj,nj->n", motion.rotation[:, 2], motion.angular_velocity)
        self.gravity[step] = motion.gravity
        # On a step the ground under the base jumps before the robot is up: then the lower sole counts.
        lowest = np.minimum(motion.ground, motion.sole[..., 2].min(axis=1))
        self.height[step] = motion.place[:, 2] - lowest
        self.sole[step] = motion.sole
        self.force[step] = motion.foot_force
        self.motor_position[step] = motion.motor_position
        self.motor_speed[step], self.torque[step] = arena.speed, arena.torque

    def trajectory(
        self,
        period: float,
        cycle: float,
        settling: float,
        condition: Condition,
        asked: FloatArray,
        kicks: FloatArray,
        lasted: NDArray[np.int64],
        end: NDArray[np.int64],
    ) -> Trajectory:
        self.yaw = np.unwrap(self.yaw, axis=0)
        return Trajectory(
            period=period,
            cycle=cycle,
            settling=settling,
            seeds=np.array(condition.seeds),
            asked=asked,
            kicked=np.abs(kicks).any(axis=-1),
            steps=lasted,
            end=end,
            **vars(self),
        )
