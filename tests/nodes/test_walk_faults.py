"""The rules of walking with the real processes: each fault leads to the documented state, and by when, by stamps of
ROS time (specification, part 11).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

for module in ("rclpy", "nav_msgs", "mujoco", "onnxruntime", "onnx"):
    pytest.importorskip(module)

from mvp_real.messages import PdCommand  # noqa: E402
from mvp_real.nodes import digit_conversions  # noqa: E402

from .walk_bringup import NAMES, TABLE, WalkBringup  # noqa: E402
from .walk_bundles import write_walk_bundles  # noqa: E402

pytestmark = [pytest.mark.nodes, pytest.mark.slow]

TICK = 0.02
SLACK = 0.05  # late ticks on a busy machine
ERROR = 2


@pytest.fixture(scope="module")
def walk_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_walk_bundles(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def digit(walk_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WalkBringup]:
    system = WalkBringup(walk_models, tmp_path_factory.mktemp("logs"))
    yield system
    system.close()


def assert_stops(digit: WalkBringup, word: str, state: str = "stopped") -> float:
    """Loop and driver are latched, the reason is named, nothing is commanded any more. Stamp of the loop's stop."""
    at, reason = digit.entered(digit.loop, "stopped", "fallen")
    assert word in reason, reason
    digit.entered(digit.driver, "stopped", "fallen")
    assert digit.state_of(digit.driver) == state
    digit.until(lambda: digit.level_of("locomotion") == ERROR, "diagnostics of the loop say ERROR")
    digit.until(lambda: digit.level_of("digit_bridge") == ERROR, "diagnostics of the driver say ERROR")
    assert digit.values_of("locomotion")["reason of the last stop"] == reason
    with pytest.raises(Exception, match="a stop is latched"):
        digit.operator.engage(timeout=0.2)
    assert not [command for command in digit.commands if command.stamp > at]
    digit.assert_within_limits()
    return at


# Rules 1 and 6: ticks, engaging.


def test_engaging_is_shadow_then_blending_then_walking(digit: WalkBringup) -> None:
    digit.walking()
    states = [state for _, state, _ in digit.loop]
    assert states == ["shadow", "engaging", "walking"]
    shadow, engaging, walking = (stamp for stamp, _, _ in digit.loop)
    assert 15 * TICK <= engaging - shadow <= 17 * TICK + SLACK
    assert 0.5 - TICK <= walking - engaging <= 0.5 + SLACK
    first = digit.commands[0]
    assert first.stamp >= engaging, "nothing is commanded in shadow"
    assert np.abs(first.position - TABLE.default_pose).max() < 0.1, "it begins where the robot is"
    digit.assert_within_limits()


def test_ticks_are_never_doubled(digit: WalkBringup) -> None:
    digit.walking()
    count = len(digit.commands)
    digit.until(lambda: len(digit.commands) > count + 100, "a hundred ticks")
    gaps = np.diff([command.stamp for command in digit.commands])
    assert gaps.min() > 0.0
    assert np.median(gaps) == pytest.approx(TICK, abs=1e-6)
    digit.until(lambda: "deadline misses" in digit.values_of("locomotion"), "diagnostics")
    values = digit.values_of("locomotion")
    assert {"tick interval, wall p99 (ms)", "policy, wall p99 (ms)", "joint state age (ms)"} <= set(values)


# Rule 2: ages.


@pytest.mark.parametrize(
    ("fault", "word"),
    [("joint_stop", "joint state is 0.0"), ("imu_stop", "IMU is 0.0"), ("odom_stop", "base velocity is 0.0")],
)
def test_measurements_that_stop(digit: WalkBringup, fault: str, word: str) -> None:
    digit.walking()
    last = digit.last_joints
    digit.inject(fault)
    # The service call takes its time; what counts is that the last joint state before the stop was no older.
    at = assert_stops(digit, word)
    if fault == "joint_stop":
        assert at - digit.last_joints <= 0.04 + TICK + SLACK
    assert at > last
    assert digit.leaves, "the driver was told at once"


def test_measurements_that_come_late_but_not_too_late(digit: WalkBringup) -> None:
    digit.walking()
    digit.inject("sensor_delay=0.015")
    before = int(digit.values_of("locomotion").get("late inputs", "0"))
    digit.until(
        lambda: int(digit.values_of("locomotion").get("late inputs", "0")) > before + 20,
        "late inputs are counted",
    )
    assert digit.state_of(digit.loop) == "walking"
    digit.assert_within_limits()


def test_measurements_that_come_too_late(digit: WalkBringup) -> None:
    digit.walking()
    digit.inject("sensor_delay=0.06")
    assert_stops(digit, "the limit is 0.040 s")


def test_a_command_that_is_not_repeated_fades(digit: WalkBringup) -> None:
    digit.walking()

    def speaks() -> bool:
        digit.velocity(0.4)
        return bool(digit.told) and digit.told[-1][1][0] >= 0.39

    digit.until(speaks, "the robot is told 0.4 m/s")
    at = digit.told[-1][0]
    digit.until(lambda: digit.told[-1][1][0] == 0.0, "the command has faded")
    # Half a second of age, then 0.3 m/s at 0.5 m/s^2 down to the cut-off; the status comes every half a second.
    assert 0.5 <= digit.told[-1][0] - at <= 0.5 + 0.8 + 0.5 + 4 * SLACK
    assert digit.state_of(digit.loop) == "walking", "it steps in place"


# Rule 3: the driver's filter.


def test_commands_that_are_not_a_number(digit: WalkBringup) -> None:
    digit.walking()
    digit.inject("nan_command")
    held, reason = digit.entered(digit.driver, "hold")
    assert "targets are not finite at left_hip_roll" in reason
    at, reason = digit.entered(digit.driver, "stopped")
    assert reason == "no command for 0.10 s: targets are not finite at left_hip_roll"
    assert at - held <= 0.1 + SLACK
    assert_stops(digit, "the driver stopped: no command for 0.10 s")


@pytest.mark.parametrize("kind", ["order", "short", "wild"])
def test_a_stranger_on_the_command_topic(digit: WalkBringup, kind: str) -> None:
    """Refused or limited; the policy goes on."""
    digit.walking()
    message = digit_conversions.joint_command_message(
        PdCommand(TABLE.default_pose, TABLE.kp, TABLE.kd, digit.last_joints), list(NAMES)
    )
    if kind == "order":
        message.name = message.name[::-1]
    elif kind == "short":
        message.name, message.position = message.name[:59], message.position[:59]
    else:
        message.position = [50.0] * 60
    key = "targets clipped" if kind == "wild" else "malformed"
    before = int(digit.values_of("digit_bridge").get(key, "0"))

    def speaks() -> bool:
        message.header.stamp = digit_conversions.time_message(digit.last_joints)
        digit.command_publisher.publish(message)
        return int(digit.values_of("digit_bridge").get(key, "0")) > before

    digit.until(speaks, f"the driver counts it as {key}")
    digit.until(lambda: digit.state_of(digit.driver) == "running", "the policy goes on")
    assert digit.torques <= 1.0 + 1e-9
    assert digit.state_of(digit.loop) == "walking"


# Rule 5: command limits.


def test_commands_are_clipped_and_slewed(digit: WalkBringup) -> None:
    digit.walking()
    start = digit.told[-1][0]

    def speaks() -> bool:
        digit.velocity(9.0, -9.0, 0.1)
        return digit.told[-1][1][0] >= 0.999

    digit.until(speaks, "the robot is told the largest speed")
    at, told = digit.told[-1]
    assert told == [1.0, -0.3, 0.0]
    assert at - start >= 2.0 - SLACK, "1 m/s at 0.5 m/s^2"


# Rule 8: faults of the robot.


def test_lost_packets_are_survived(digit: WalkBringup) -> None:
    digit.walking()
    digit.inject("packet_loss=0.2")
    count = len(digit.commands)
    digit.until(lambda: len(digit.commands) > count + 150, "it goes on for three seconds")
    assert digit.state_of(digit.loop) == "walking"
    assert int(digit.values_of("digit_bridge")["messages lost on purpose"]) > 50
    digit.assert_within_limits()


def test_all_packets_lost(digit: WalkBringup) -> None:
    digit.walking()
    digit.inject("packet_loss=1.0")
    at, _ = digit.entered(digit.loop, "stopped")
    stopped, reason = digit.entered(digit.driver, "stopped")
    assert reason == "no command for 0.10 s"
    assert stopped - at <= 0.1 + SLACK
    digit.assert_within_limits()


def test_frozen_encoders(digit: WalkBringup) -> None:
    digit.walking()
    digit.inject("joint_freeze")
    assert_stops(digit, "the encoders are frozen")


def test_joint_states_that_are_not_a_number(digit: WalkBringup) -> None:
    digit.walking()
    digit.inject("joint_nan")
    assert_stops(digit, "joint state is not finite")


@pytest.mark.parametrize("fault", ["gain_drop=0.5", "push=0.5"])
def test_a_weak_knee_and_a_push_are_the_policys_business(digit: WalkBringup, fault: str) -> None:
    digit.walking()
    digit.inject(fault)
    count = len(digit.commands)
    digit.until(lambda: len(digit.commands) > count + 100, "it goes on for two seconds")
    assert digit.state_of(digit.loop) == "walking"
    digit.assert_within_limits()


def test_the_robots_own_emergency_stop(digit: WalkBringup) -> None:
    digit.walking()
    digit.inject("emergency_stop")
    assert_stops(digit, "the driver stopped: emergency stop of the robot")


def test_disengaging_while_walking_damps_and_latches(digit: WalkBringup) -> None:
    digit.walking()
    digit.operator.disengage()
    assert_stops(digit, "disengaged by the operator")
    assert digit.state_of(digit.driver) == "stopped"


def test_giving_the_robot_back_in_good_order_is_no_stop(digit: WalkBringup) -> None:
    digit.walking()
    digit.operator.enable_robot(False)
    digit.until(lambda: digit.state_of(digit.loop) == "idle", "the loop is idle")
    assert digit.state_of(digit.driver) == "disabled"
    assert "stopped" not in [state for _, state, _ in digit.loop]


def test_a_killed_policy(digit: WalkBringup) -> None:
    digit.walking()
    digit.processes["locomotion"].kill()
    digit.processes["locomotion"].wait()
    last = digit.commands[-1].stamp
    at, reason = digit.entered(digit.driver, "stopped")
    assert reason == "no command for 0.10 s"
    assert at - last <= 0.1 + 2 * TICK + SLACK
    before = digit.log("locomotion").count(" ready")
    digit.start("locomotion")
    digit.until(lambda: digit.log("locomotion").count(" ready") > before, "the policy is there again")
