"""Everything random about a row, drawn per robot from its seed, so that a robot is the same in whatever company.

Every purpose has a stream of its own: more noise does not change the dynamics, and policies that are compared meet
the same robots, the same noise and the same kicks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mvp_real.control.locomotion.spaces import MOTORS, OBSERVATION
from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.evaluation.locomotion.protocol_file import Robots
from mvp_real.messages import FloatArray
from mvp_real.tasks.digit.dynamics import LINKS, Dynamics
from mvp_real.tasks.digit.noise import MEASURED_SIZE

_PURPOSES = ("dynamics", "held_out", "noise", "delays", "kicks", "start", "history")
SPRINGS = ("left_shin", "left_heel_spring", "right_shin", "right_heel_spring")


def stream(seed: int, purpose: str) -> Generator:
    """The random numbers of one robot for one purpose."""
    return np.random.default_rng([seed, _PURPOSES.index(purpose)])


@dataclass(frozen=True, eq=False)
class HiddenDynamics:
    """What no training varies, of N robots: factors, but for the torso's offset.

    Attributes:
        spring_stiffness: (N, 4) in the order of `SPRINGS`.
        joint_friction, armature: (N, 20) of the motors.
        torso_offset: (N, 3) of the torso's centre of mass, m.
    """

    spring_stiffness: FloatArray
    joint_friction: FloatArray
    armature: FloatArray
    torso_offset: FloatArray


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws of N robots over T control steps.

    Attributes:
        dynamics: What training varies too.
        hidden: What it does not.
        noise: (T, N, 61) added to what is measured.
        late_observation, late_action: (T, N) whether a sample is one control period late.
        kicks: (T, N, 2) changes of the velocity in the world frame, m/s.
    """

    dynamics: Dynamics
    hidden: HiddenDynamics
    noise: NDArray[np.float32]
    late_observation: NDArray[np.bool_]
    late_action: NDArray[np.bool_]
    kicks: FloatArray


def draw_robots(condition: Condition, robots: Robots, period: float) -> Draws:
    """Draws of every robot of a row.

    Args:
        condition: The row.
        robots: Ranges of the dynamics and deviations of the noise.
        period: Control period, s.
    """
    steps = round(condition.seconds / period)
    seeds = list(condition.seeds)
    dynamics = [_dynamics(seed, robots, condition.friction) for seed in seeds]
    hidden = [_hidden(seed, robots) for seed in seeds]
    late = [_late(seed, steps, one) for seed, one in zip(seeds, dynamics, strict=True)]
    deviations = noise_deviations(robots)
    noise = [
        stream(seed, "noise").standard_normal((steps, MEASURED_SIZE), dtype=np.float32) * deviations
        for seed in seeds
    ]
    return Draws(
        Dynamics(
            **{name: np.concatenate([getattr(one, name) for one in dynamics]) for name in vars(dynamics[0])}
        ),
        HiddenDynamics(
            **{name: np.stack([getattr(one, name) for one in hidden]) for name in vars(hidden[0])}
        ),
        np.stack(noise, axis=1),
        np.stack([one[0] for one in late], axis=1),
        np.stack([one[1] for one in late], axis=1),
        np.stack([_kicks(seed, condition, steps, period) for seed in seeds], axis=1),
    )


def noise_deviations(robots: Robots) -> NDArray[np.float32]:
    """(61,) standard deviation of the noise of each measured entry of the observation."""
    deviations = np.zeros(MEASURED_SIZE, dtype=np.float32)
    for group, deviation in robots.noise.items():
        deviations[OBSERVATION[group]] = deviation
    return deviations


def _dynamics(seed: int, robots: Robots, friction: float) -> Dynamics:
    random, ranges = stream(seed, "dynamics"), robots.ranges

    def of(name: str, *shape: int) -> FloatArray:
        return random.uniform(*ranges[name], (1, *shape))

    # In this order for ever: a draw in between would change every robot.
    return Dynamics(
        mass=of("mass", len(LINKS)),
        friction=friction * of("friction"),
        motor_strength=of("motor_strength", MOTORS),
        motor_damping=np.exp(random.uniform(*np.log(ranges["motor_damping"]), (1, MOTORS))),
        kp_factor=of("kp_factor", MOTORS),
        kd_factor=of("kd_factor", MOTORS),
        motor_offset=of("motor_offset", MOTORS),
        observation_delay=of("observation_delay"),
        action_delay=of("action_delay"),
        gravity=np.zeros((1, 3)),
        restitution=np.zeros(1),
    )


def _hidden(seed: int, robots: Robots) -> HiddenDynamics:
    random, ranges = stream(seed, "held_out"), robots.ranges
    return HiddenDynamics(
        spring_stiffness=random.uniform(*ranges["spring_stiffness"], len(SPRINGS)),
        joint_friction=random.uniform(*ranges["joint_friction"], MOTORS),
        armature=random.uniform(*ranges["armature"], MOTORS),
        torso_offset=random.uniform(*ranges["torso_offset"], 3),
    )


def _late(seed: int, steps: int, dynamics: Dynamics) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    toss = stream(seed, "delays").random((2, steps))
    return toss[0] < dynamics.observation_delay[0], toss[1] < dynamics.action_delay[0]


def _kicks(seed: int, condition: Condition, steps: int, period: float) -> FloatArray:
    """(T, 2): a kick in a random direction at every multiple of the interval."""
    kicks = np.zeros((steps, 2))
    if condition.kicks is not None:
        times = np.arange(
            round(condition.kicks.interval / period), steps, round(condition.kicks.interval / period)
        )
        angle = stream(seed, "kicks").uniform(0.0, 2.0 * np.pi, len(times))
        kicks[times] = condition.kicks.speed * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return kicks
