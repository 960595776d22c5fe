"""The walking loop rule by rule (specification, part 11), with a clock moved by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mvp_real.control.locomotion.spaces import OBSERVATION, decode_action, limit_action
from mvp_real.control.locomotion.state import LocomotionParameters, LocomotionState

from .loop_robot import STANDING, TABLE, TICK, LoopRobot

IDLE, SHADOW, ENGAGING, WALKING, FALLEN, STOPPED = LocomotionState
CLOCK = OBSERVATION["clock"]


def phase_of(robot: LoopRobot) -> float:
    """Gait phase in the newest token."""
    sine, cosine = robot.seen[-1][0][-1, CLOCK]
    return float(np.arctan2(sine, cosine) / (2 * np.pi) % 1.0)


# Engaging (rule 6).


def test_idle_gives_nothing_and_asks_nothing() -> None:
    robot = LoopRobot()
    assert robot.tick(5).command is None
    assert robot.loop.state is IDLE
    assert robot.seen == []


def test_sixteen_ticks_of_shadow_then_half_a_second_of_blending_then_walking() -> None:
    robot = LoopRobot()
    robot.action = np.full(36, 0.1)
    robot.walk()
    states = [output.state for output in robot.outputs]
    assert states.count(SHADOW) == 15, "the sixteenth opens the way"
    assert [output.command is None for output in robot.outputs] == [True] * 16 + [False] * 25
    assert states[15:-1] == [ENGAGING] * 25
    first, last = robot.outputs[16].command, robot.outputs[-1].command
    assert first is not None
    assert last is not None
    np.testing.assert_allclose(first.position, TABLE.default_pose, atol=0.02)
    knee, gain = TABLE.motor("left_knee"), TABLE.gain_indices[0]
    steps = [o.command.position[knee] for o in robot.outputs[16:] if o.command is not None]
    assert np.all(np.diff(steps) > 0)
    assert np.abs(np.diff(steps)).max() < 0.01, "no jump anywhere on the way"
    np.testing.assert_allclose(last.position, decode_action(limit_action(np.full(36, 0.1))).position)
    assert last.kp[gain] == pytest.approx(1.05 * TABLE.kp[gain])


def test_in_shadow_the_window_fills_with_real_observations() -> None:
    robot = LoopRobot().walk()
    for k in range(16):
        tokens, mask = robot.seen[k]
        assert mask.tolist() == [0.0] * (15 - k) + [1.0] * (k + 1)
        assert np.all(tokens[: 15 - k] == 0.0)
        assert np.abs(tokens[-1, OBSERVATION["joint_position"]]).max() > 0.0
    assert np.all(robot.seen[16][1] == 1.0)


def test_in_shadow_the_previous_action_is_what_the_vendors_controller_amounts_to() -> None:
    robot = LoopRobot()
    robot.effort = np.zeros(30)
    robot.effort[TABLE.motor("left_knee")] = 14.0  # Nm at 140 Nm/rad: a target 0.1 rad ahead
    robot.action = np.full(36, 0.3)
    robot.walk()
    previous = robot.seen[8][0][-1, 66:]
    assert previous[TABLE.motor("left_knee")] == pytest.approx(0.1 / TABLE.target_scale, abs=5e-3)
    assert np.abs(np.delete(previous, TABLE.motor("left_knee"))).max() < 5e-3
    first = robot.outputs[16].command
    assert first is not None
    held = STANDING[TABLE.motor("left_knee")] + 0.1
    assert first.position[TABLE.motor("left_knee")] == pytest.approx(held, abs=0.01), (
        "torque goes on unchanged"
    )


def test_the_previous_action_is_the_one_sent_not_the_one_wished() -> None:
    robot = LoopRobot().walk()
    robot.action = np.full(36, 9.0)
    robot.tick(3)
    sent = robot.outputs[-2].record
    assert sent is not None
    np.testing.assert_allclose(robot.seen[-1][0][-1, 66:], sent.sent, rtol=1e-6)
    assert np.all(sent.sent <= limit_action(np.full(36, 9.0)) + 1e-12)
    assert robot.loop.counters["actions clipped"] == 3
    assert robot.loop.counters["targets slowed"] == 3


def test_targets_move_no_faster_than_the_table_says() -> None:
    robot = LoopRobot().walk()
    robot.action = np.full(36, -9.0)
    before = robot.outputs[-1].command
    for _ in range(30):
        after = robot.tick().command
        assert before is not None
        assert after is not None
        assert np.all(np.abs(after.position - before.position) <= TABLE.target_speed * TICK + 1e-9)
        before = after


def test_trouble_in_shadow_is_no_stop_but_leads_back_to_idle() -> None:
    robot = LoopRobot()
    robot.speak()
    robot.loop.engage(robot.now)
    robot.tick(5)
    robot.age[0] = None
    robot.tick(3)
    assert robot.loop.state is IDLE
    assert "joint state is 0.042 s old" in robot.loop.reason
    robot.age[0] = 0.002
    robot.walk()


def test_engaging_is_refused_without_measurements_on_the_ground_or_latched() -> None:
    robot = LoopRobot()
    assert robot.loop.engage(robot.now) == "no joint state and no IMU and no base velocity yet"
    robot.height = 0.4
    robot.speak()
    assert "0.40 m high" in robot.loop.engage(robot.now)
    robot.height = 1.0
    robot.walk()
    robot.loop.disengage("for the test")
    assert "a stop is latched (for the test)" in robot.loop.engage(robot.now)


def test_the_window_is_cleared_whenever_the_policy_loses_or_gets_the_robot() -> None:
    robot = LoopRobot().walk()
    robot.loop.disengage("for the test")
    assert robot.loop.diagnostics()["tokens in the window"] == "0"
    robot.loop.clear_fault()
    robot.seen.clear()
    robot.walk()
    assert robot.seen[0][1].sum() == 1.0
    assert phase_of(robot) == pytest.approx(40 * TICK / 0.8 % 1.0, abs=1e-4), "the gait begins anew"
    robot.loop.driver(running=False, stopped="")
    assert robot.loop.state is IDLE
    assert robot.loop.diagnostics()["tokens in the window"] == "0"


# Ages (rule 2).


def assert_stopped(robot: LoopRobot, word: str, state: LocomotionState = STOPPED) -> None:
    """Latched, named, without a command, and only the operator leads out."""
    assert robot.loop.state is state
    assert word in robot.loop.reason
    robot.age, robot.tilt, robot.height, robot.frozen = [0.002] * 3, 0.0, 1.0, False
    robot.action = np.zeros(36)
    reason = robot.loop.reason
    assert robot.tick(200).command is None
    assert robot.loop.state is state
    assert robot.loop.reason == robot.loop.diagnostics()["reason of the last stop"] == reason
    robot.loop.clear_fault()
    assert robot.loop.state is IDLE
    robot.walk()


@pytest.mark.parametrize(("source", "name"), [(0, "joint state"), (1, "IMU"), (2, "base velocity")])
def test_old_measurements_leave_the_policy(source: int, name: str) -> None:
    robot = LoopRobot().walk()
    robot.age[source] = 0.039
    robot.tick(10)
    assert robot.loop.state is WALKING
    assert robot.loop.counters["late inputs"] == 10
    robot.age[source] = 0.041
    output = robot.tick(2)  # the first message with this age is older than the newest that came
    assert output.command is None
    assert_stopped(robot, f"{name} is 0.0")


@pytest.mark.parametrize(("source", "limit"), [(0, 0.010), (1, 0.010), (2, 0.020)])
def test_late_measurements_are_counted_only(source: int, limit: float) -> None:
    robot = LoopRobot().walk()
    robot.age[source] = limit - 0.001
    robot.tick(5)
    assert robot.loop.counters["late inputs"] == 0
    robot.age[source] = limit + 0.001
    robot.tick(5)
    assert robot.loop.counters["late inputs"] == 5
    assert robot.loop.state is WALKING


@pytest.mark.parametrize("source", [0, 1, 2])
def test_silence_leaves_the_policy_on_the_third_tick(source: int) -> None:
    robot = LoopRobot().walk()
    robot.age[source] = None
    assert robot.tick().command is not None, "22 ms old"
    assert robot.tick().command is None, "42 ms old"
    assert robot.loop.state is STOPPED


def test_one_lost_message_is_no_stop() -> None:
    robot = LoopRobot().walk()
    for _ in range(50):
        robot.age = [None, None, None]
        robot.tick()
        robot.age = [0.002, 0.002, 0.002]
        assert robot.tick().command is not None
    assert robot.loop.counters["late inputs"] == 50


def test_frozen_encoders_with_new_stamps() -> None:
    robot = LoopRobot().walk()
    robot.frozen = True
    robot.tick(2)
    assert robot.loop.state is WALKING
    robot.tick()
    assert_stopped(robot, "the same joint state on 3 ticks: the encoders are frozen")


def test_stamps_in_the_future() -> None:
    robot = LoopRobot().walk()
    robot.age[1] = -0.02
    robot.tick()
    assert_stopped(robot, "stamp of the IMU lies 0.020 s in the future")


def test_an_old_command_fades_and_the_robot_steps_in_place() -> None:
    robot = LoopRobot().walk()
    for _ in range(150):
        robot.loop.velocity_command.take(np.array([0.4, 0.0, 0.0]), robot.now)
        robot.tick()
    told = [float(tokens[-1, OBSERVATION["command"]][0]) for tokens, _ in robot.seen]
    assert told[-1] == pytest.approx(0.4)
    assert np.all(np.array(told[:42]) == 0.0), "while engaging and at first below the cut-off"
    robot.seen.clear()
    robot.tick(75)
    told = [float(tokens[-1, OBSERVATION["command"]][0]) for tokens, _ in robot.seen]
    assert told[23] == pytest.approx(0.4), "half a second, counted from the last command"
    assert told[33] == pytest.approx(0.4 - 10 * TICK * 0.5, abs=0.02)
    assert told[-1] == 0.0
    assert robot.loop.state is WALKING


# Falls (rule 4).


def test_a_tilt_is_a_fall() -> None:
    robot = LoopRobot().walk()
    robot.tilt = 0.64
    robot.tick(3)
    assert robot.loop.state is WALKING
    robot.tilt = 0.65
    assert robot.tick().command is None
    assert_stopped(robot, "tilted", FALLEN)


def test_a_low_base_is_a_fall() -> None:
    robot = LoopRobot().walk()
    robot.height = 0.70
    robot.tick(3)
    assert robot.loop.state is WALKING
    robot.height = 0.69
    robot.tick()
    assert_stopped(robot, "0.69 m high", FALLEN)


# Ticks (rule 1).


def test_a_late_tick_is_skipped_and_never_doubled() -> None:
    robot = LoopRobot().walk()
    count, phase = robot.loop.counters["ticks"], phase_of(robot)
    robot.now += 2 * TICK  # two grid points pass without a call
    robot.tick()
    assert robot.loop.counters["ticks"] == count + 1
    assert robot.loop.counters["ticks missed"] == 2
    assert (phase_of(robot) - phase) % 1.0 == pytest.approx(3 * TICK / 0.8, abs=1e-4), (
        "the gait stays in time"
    )
    output = robot.tick(period=0.004)
    assert output.command is None
    assert output.reason.startswith("tick dropped")
    assert robot.loop.counters["ticks dropped"] == 1
    assert robot.tick(period=0.016).command is not None


def test_jitter_does_not_move_the_gait() -> None:
    robot = LoopRobot().walk()
    phase = phase_of(robot)
    for period in (0.012, 0.028) * 20:
        robot.tick(period=period)
    assert (phase_of(robot) - phase) % 1.0 == pytest.approx(40 * TICK / 0.8 % 1.0, abs=1e-4)


def test_many_missed_ticks_end_walking() -> None:
    robot = LoopRobot().walk()
    robot.now += 5 * TICK
    robot.tick()
    assert_stopped(robot, "5 ticks were missed in a row")


def test_a_clock_that_goes_back_ends_walking() -> None:
    robot = LoopRobot().walk()
    robot.tick(period=-0.5)
    assert robot.loop.state is STOPPED
    assert "the clock jumped back by 0.500 s" in robot.loop.reason


# The network.


@pytest.mark.parametrize(
    ("action", "word"),
    [
        (np.where(np.arange(36) == 5, np.nan, 0.0), "action is not finite at entry 5"),
        (np.full(36, np.inf), "action is not finite at entry 0"),
        (np.zeros(20), "action has shape (20,); expected (36,)"),
    ],
)
def test_a_network_gone_wrong_leaves_the_robot(action: np.ndarray, word: str) -> None:
    robot = LoopRobot().walk()
    robot.action = action
    assert robot.tick().command is None
    assert_stopped(robot, word)


def test_a_network_that_throws_is_named() -> None:
    robot = LoopRobot().walk()
    robot.action = lambda tokens: tokens[99]
    robot.tick()
    assert_stopped(robot, "the walking policy failed: index 99 is out of bounds")


# Dead-man switch and driver (rule 6).


def test_letting_go_of_the_deadman_switch_leaves_at_once() -> None:
    robot = LoopRobot(LocomotionParameters(deadman_age=0.5))
    robot.speak()
    assert robot.loop.engage(robot.now) == "the dead-man switch is not held"
    robot.loop.deadman(True, robot.now)
    robot.loop.engage(robot.now)
    for _ in range(60):
        robot.loop.deadman(True, robot.now)
        robot.tick()
    assert robot.loop.state is WALKING
    robot.loop.deadman(False, robot.now)
    assert robot.tick().command is None
    assert robot.loop.state is STOPPED
    assert robot.loop.reason == "the dead-man switch is not held"


def test_a_deadman_switch_that_falls_silent_counts_as_released() -> None:
    robot = LoopRobot(LocomotionParameters(deadman_age=0.5))
    robot.speak()
    robot.loop.deadman(True, robot.now)
    robot.loop.engage(robot.now)
    robot.tick(25)
    assert robot.loop.engaged
    robot.tick()
    assert robot.loop.state is STOPPED


def test_a_driver_that_stops_takes_the_loop_along() -> None:
    robot = LoopRobot().walk()
    robot.loop.driver(running=True, stopped="")
    assert robot.loop.state is WALKING
    robot.loop.driver(running=False, stopped="no command for 0.10 s")
    assert_stopped(robot, "the driver stopped: no command for 0.10 s")


def test_a_driver_that_takes_the_robot_back_is_no_stop() -> None:
    robot = LoopRobot().walk()
    robot.loop.driver(running=False, stopped="")
    assert robot.loop.state is IDLE
    assert robot.loop.counters["stops"] == 0
    assert robot.tick().command is None
    robot.walk()
