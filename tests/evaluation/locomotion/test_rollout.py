"""Rollouts in the full model with motions that need no training: few robots, short rows."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from mvp_real.control.locomotion.rate_limit import limit_rate
from mvp_real.control.locomotion.spaces import OBSERVATION, decode_action, limit_action
from mvp_real.errors import MvpRealError
from mvp_real.evaluation.locomotion.arena import Arena
from mvp_real.evaluation.locomotion.condition import Condition, GainDrop, Ground, Kicks, Load
from mvp_real.evaluation.locomotion.measures import trials_of
from mvp_real.evaluation.locomotion.protocol_file import Robots, load_protocol
from mvp_real.evaluation.locomotion.rollout import Filming, run_row
from mvp_real.evaluation.locomotion.subjects import OpenLoop
from mvp_real.evaluation.locomotion.trajectory import ENDS, Trajectory
from mvp_real.robots.digit import load_digit

from .synthetic import condition

PROTOCOL = load_protocol()
SEED = PROTOCOL.blocks["validation"][0]
# Robots exactly as the facts say, and sensors without noise.
NOMINAL = Robots(
    {name: (0.0, 0.0) if name in ("motor_offset", "observation_delay", "action_delay", "torso_offset") else (1.0, 1.0)
     for name in PROTOCOL.robots.ranges},
    dict.fromkeys(PROTOCOL.robots.noise, 0.0),
)  # fmt: skip


OPEN = OpenLoop()


def row(robots: int = 2, seconds: float = 0.24, **changes: Any) -> Condition:
    return condition(robots=robots, seconds=seconds, seed=SEED, commands=((0.0, 0.0, 0.0),), **changes)


def walk(made: Condition, policy: Any = None, robots: Robots = PROTOCOL.robots, **options: Any) -> Trajectory:
    return run_row(made, robots, policy or OPEN, 0.1, threads=1, **options)


@pytest.fixture(scope="module")
def open_loop() -> Trajectory:
    """The reference gait on three robots until they fall."""
    return walk(row(robots=3, seconds=8.0))


def test_the_reference_gait_falls_and_is_reported_so(open_loop: Trajectory) -> None:
    """Without feedback it steps for a while; nothing of it may look like success."""
    trials = trials_of(open_loop, row(robots=3, seconds=8.0), "p", "open", "reference_gait", "", 1.0)
    for trial in trials:
        assert not trial.success
        assert trial.category == "fell"
        assert 0.5 < trial.seconds < 6.0
        assert trial.measures["largest_tilt"] < 0.8  # it ends at the rule of the driver, not on the floor
        assert 0.1 < trial.measures["torque"] <= 1.0


def test_what_is_recorded_fits_together(open_loop: Trajectory) -> None:
    last = int(open_loop.steps.min()) - 1
    inside = slice(5, last)
    moved = np.diff(open_loop.position[:, :, :2], axis=0)[inside] / open_loop.period
    yaw = open_loop.yaw[1:][inside]
    ahead = np.cos(yaw) * moved[..., 0] + np.sin(yaw) * moved[..., 1]
    np.testing.assert_allclose(ahead, open_loop.velocity[1:][inside, :, 0], atol=0.12)
    np.testing.assert_allclose(np.linalg.norm(open_loop.gravity[inside], axis=-1), 1.0, atol=1e-9)
    assert open_loop.height[5, 0] == pytest.approx(1.03, abs=0.08)
    assert 200.0 < open_loop.force[5:20].sum(axis=-1).mean() < 800.0  # its weight is 470 N
    assert (open_loop.torque <= load_digit().torque_limit + 1e-6).all()
    standing = open_loop.standing[inside]
    assert standing.any(axis=(0, 1)).all()
    assert not standing.all(axis=-1).all()


def test_a_rollout_is_the_same_again_and_in_other_company() -> None:
    many, one = walk(row(robots=3)), walk(dataclasses.replace(row(robots=1), seed=SEED + 1))
    again = walk(row(robots=3))
    for name in ("position", "velocity", "torque", "force"):
        np.testing.assert_array_equal(getattr(many, name), getattr(again, name), err_msg=name)
        np.testing.assert_array_equal(getattr(many, name)[:, 1], getattr(one, name)[:, 0], err_msg=name)


class Watching:
    """The reference gait that keeps what it is shown."""

    def __init__(self) -> None:
        self.seen: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def __call__(self, observation: np.ndarray, previous: np.ndarray, reset: np.ndarray) -> np.ndarray:
        self.seen.append((observation.copy(), previous.copy(), reset.copy()))
        return OPEN(observation, previous, reset)


def test_a_policy_sees_what_the_node_would_show_it() -> None:
    policy = Watching()
    made = dataclasses.replace(row(seconds=0.8), commands=((0.6, 0.0, -1.0),))
    walk(made, policy, NOMINAL)
    commands = np.array([seen[0][0, OBSERVATION["command"]] for seen in policy.seen])
    # Slew-limited to 0.5 m/s^2 and 1 rad/s^2, zero below the cut-offs of 0.1 m/s and 0.26 rad/s.
    assert commands[0].tolist() == [0.0, 0.0, 0.0]
    time = 0.02 * np.arange(1, len(commands) + 1)
    ramp = np.stack([0.5 * time, 0 * time, -time], axis=1)
    told = np.where(np.abs(ramp) < np.array([0.1, 0.1, 0.26]) - 1e-9, 0.0, ramp)
    np.testing.assert_allclose(commands, told, atol=1e-9)
    clocks = np.array([seen[0][0, OBSERVATION["clock"]] for seen in policy.seen])
    np.testing.assert_allclose(clocks[:, 0], np.sin(2 * np.pi * (time - 0.02) / 0.8), atol=1e-9)
    assert policy.seen[0][2].all()
    assert not any(seen[2].any() for seen in policy.seen[1:])
    assert not policy.seen[0][1].any()
    gravity = policy.seen[0][0][0, OBSERVATION["projected_gravity"]]
    np.testing.assert_allclose(gravity, [0.0, 0.0, -1.0], atol=0.02)


def test_targets_move_no_faster_than_the_joints() -> None:
    class Jumping:
        def __init__(self) -> None:
            self.sent: list[np.ndarray] = []

        def __call__(self, observation: np.ndarray, previous: np.ndarray, reset: np.ndarray) -> np.ndarray:
            self.sent.append(previous.copy())
            return np.full((len(observation), 36), 5.0)

    policy = Jumping()
    walk(row(seconds=0.1), policy)
    wanted = limit_action(np.full((2, 36), 5.0))
    np.testing.assert_array_equal(policy.sent[1], limit_rate(wanted, np.zeros((2, 36)), load_digit()))
    change = decode_action(policy.sent[1]).position - decode_action(policy.sent[0]).position
    assert 0.05 < change.max() < (decode_action(wanted).position - load_digit().default_pose).max()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_action_that_is_no_number_ends_that_robot_only(bad: float) -> None:
    def broken(observation: np.ndarray, previous: np.ndarray, reset: np.ndarray) -> np.ndarray:
        action = OPEN(observation, previous, reset)
        action[1, 7] = bad
        return action

    found = walk(row(seconds=0.2), broken)
    assert [ENDS[end] for end in found.end] == ["time", "diverged"]
    assert found.steps.tolist() == [10, 1]


def test_actions_of_a_wrong_shape_are_named() -> None:
    with pytest.raises(MvpRealError, match=r"2 robots need \(2, 36\)"):
        walk(row(), lambda observation, previous, reset: np.zeros((2, 20)))


def test_a_kick_is_a_jump_of_the_velocity() -> None:
    made = row(robots=2, seconds=0.3, kicks=Kicks(0.5, 0.2))
    found, calm = walk(made), walk(dataclasses.replace(made, kicks=None))
    kick = np.flatnonzero(found.kicked[:, 0])
    assert kick.tolist() == [10]
    np.testing.assert_array_equal(found.velocity[:10], calm.velocity[:10])
    jump = np.linalg.norm(found.velocity[10] - calm.velocity[10], axis=-1)
    np.testing.assert_allclose(jump, 0.5, atol=0.2)  # feet on the ground take a part of it within the step


def test_a_weak_knee_gives_half_the_torque() -> None:
    """At the very step of the drop both robots are in the same state, so that the torques compare."""
    made = row(robots=1, seconds=0.4, gain_drop=GainDrop("left_knee", 0.5, 0.3))
    weak, sound = walk(made, robots=NOMINAL), walk(dataclasses.replace(made, gain_drop=None), robots=NOMINAL)
    np.testing.assert_array_equal(weak.torque[:15], sound.torque[:15])
    left, right = load_digit().motor("left_knee"), load_digit().motor("right_knee")
    assert weak.torque[15, 0, left] < 0.75 * sound.torque[15, 0, left]
    assert weak.torque[15, 0, right] == pytest.approx(sound.torque[15, 0, right], rel=0.15)


def test_loads_pull_the_robot_over() -> None:
    """A heavy load in front of the torso tilts it forwards."""
    load = Load("torso", 15.0, (0.1, 0.1, 0.1), (0.5, 0.0, 0.3))
    loaded, plain = walk(row(loads=(load,)), robots=NOMINAL), walk(row(), robots=NOMINAL)
    step = int(loaded.steps.min()) - 1
    assert loaded.gravity[step, 0, 0] > plain.gravity[step, 0, 0] + 0.02


def test_a_bag_begins_below_the_hand() -> None:
    load = Load("right_hand", 2.0, (0.05, 0.05, 0.05), cord=0.3)
    arena = Arena(row(loads=(load,)), NOMINAL, threads=1)
    backend = arena.simulation.backend
    data = backend._batch.get_data(0)
    joint, box = data.body("load_0").xpos, data.geom("load_0").xpos
    np.testing.assert_allclose(box - joint, [0.0, 0.0, -0.3], atol=1e-6)


@pytest.mark.parametrize(
    "kind", [Ground("slope", grade=0.087), Ground("slope", grade=0.087, uphill=90.0), Ground("rough", 0.03)]
)
def test_robots_begin_on_the_ground(kind: Ground) -> None:
    arena = Arena(row(robots=3, ground=kind), NOMINAL, threads=1)
    motion = arena.motion
    gap = motion.sole[..., 2] - motion.sole_ground
    assert gap.min() > -0.005
    assert gap.min(axis=1).max() < 0.03


def test_hidden_dynamics_reach_the_simulator() -> None:
    arena = Arena(row(), PROTOCOL.robots, threads=1)
    model, backend, hidden = arena.simulation.model, arena.simulation.backend, arena.draws.hidden
    shin = model.joint("left_shin").id
    np.testing.assert_allclose(
        backend.model_field("jnt_stiffness")[:, shin],
        model.jnt_stiffness[shin] * hidden.spring_stiffness[:, 0],
    )
    knee = model.jnt_dofadr[model.joint("left_knee").id]
    number = load_digit().motor("left_knee")
    np.testing.assert_allclose(
        backend.model_field("dof_armature")[:, knee], model.dof_armature[knee] * hidden.armature[:, number]
    )
    base = model.body("base").id
    np.testing.assert_allclose(
        backend.model_field("body_ipos")[:, base], model.body_ipos[base] + hidden.torso_offset
    )
    limit = backend.model_field("actuator_forcerange")
    assert (limit[..., 1] <= model.actuator_forcerange[:, 1] + 1e-9).all()
    assert (limit[..., 1] < model.actuator_forcerange[:, 1]).any()


def test_states_are_kept_for_pictures() -> None:
    filming = Filming((1,), every=5)
    walk(row(), filming=filming)
    assert {robot: len(states) for robot, states in filming.states.items()} == {1: 3}


def test_progress_ends_at_one() -> None:
    told: list[float] = []
    walk(row(seconds=0.1), tick=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
