"""Rule by rule: what Digit's driver lets through, what it refuses, and what stops the robot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mvp_real.messages import PdCommand
from mvp_real.robots.digit import load_digit
from mvp_real.robots.digit_limiter import DigitLimiter, Posture
from mvp_real.robots.digit_limits import DigitLimits
from mvp_real.robots.verdict import DriverState

TABLE = load_digit()
LIMITS = DigitLimits()
TICK = 0.02
TOES = TABLE.toe_indices
KNEE = TABLE.motor("left_knee")


def posture(now: float, tilt: float = 0.0, height: float = 1.0) -> Posture:
    gravity = np.array([np.sin(tilt), 0.0, -np.cos(tilt)])
    return Posture(TABLE.default_pose.copy(), gravity, height, now)


def command(now: float, **changes: np.ndarray) -> PdCommand:
    values = {"position": TABLE.default_pose.copy(), "kp": TABLE.kp.copy(), "kd": TABLE.kd.copy()}
    return PdCommand(**(values | changes), stamp=now)


def running(now: float = 0.0) -> DigitLimiter:
    """Enabled, with a first command at the default pose."""
    limiter = DigitLimiter()
    assert limiter.enable(posture(now), now).state is DriverState.RUNNING
    assert limiter.output is None, "the vendor has the robot until the first command"
    limiter.command(command(now), posture(now), now)
    assert limiter.output is not None
    return limiter


def moved(joint: int, by: float) -> np.ndarray:
    position = TABLE.default_pose.copy()
    position[joint] += by
    return position


def test_a_good_command_passes_unchanged() -> None:
    limiter = running()
    wanted = command(TICK, position=moved(KNEE, 0.1), kp=1.2 * TABLE.kp, kd=0.8 * TABLE.kd)
    verdict = limiter.command(wanted, posture(TICK), TICK)
    assert (verdict.state, verdict.clamped, verdict.reason) == (DriverState.RUNNING, False, "")
    leg = np.setdiff1d(np.arange(20), TOES)
    assert limiter.output is not None
    np.testing.assert_array_equal(limiter.output.position, wanted.position)
    np.testing.assert_array_equal(limiter.output.kp[leg], wanted.kp[leg])
    np.testing.assert_array_equal(limiter.output.kp[TOES], TABLE.kp[TOES])


def test_targets_stop_where_the_table_says() -> None:
    limiter = running()
    for k in range(1, 40):
        verdict = limiter.command(command(k * TICK, position=moved(KNEE, 9.0)), posture(k * TICK), k * TICK)
    assert "targets clipped" in verdict.reason
    assert limiter.output is not None
    assert limiter.output.position[KNEE] == pytest.approx(1.0193 + 0.5)


def test_a_motor_at_the_end_of_its_range_is_not_pushed_into_its_stop() -> None:
    limits, gains = DigitLimits(), np.zeros(20)
    wanted = moved(KNEE, 1.0)
    inside, _, _ = limits.nearest_command(wanted, gains, gains, motors=moved(KNEE, 0.62))
    assert inside[KNEE] == pytest.approx(1.0193 - 0.05)
    inside, _, _ = limits.nearest_command(wanted, gains, gains, motors=moved(KNEE, 0.5))
    assert inside[KNEE] == pytest.approx(wanted[KNEE])


def test_gains_stay_between_half_and_one_and_a_half() -> None:
    limiter = running()
    verdict = limiter.command(command(TICK, kp=9 * TABLE.kp, kd=0 * TABLE.kd), posture(TICK), TICK)
    assert "gains clipped" in verdict.reason
    assert limiter.output is not None
    leg = np.setdiff1d(np.arange(20), TOES)
    np.testing.assert_allclose(limiter.output.kp[leg], 1.5 * TABLE.kp[leg])
    np.testing.assert_allclose(limiter.output.kd[leg], 0.5 * TABLE.kd[leg])


def test_toes_keep_pose_and_gains_whatever_they_are_told() -> None:
    limiter = running()
    position = TABLE.default_pose.copy()
    position[TOES] = 0.7
    limiter.command(command(TICK, position=position, kp=2 * TABLE.kp), posture(TICK), TICK)
    assert limiter.output is not None
    np.testing.assert_array_equal(limiter.output.position[TOES], TABLE.default_pose[TOES])
    np.testing.assert_array_equal(limiter.output.kp[TOES], TABLE.kp[TOES])


def test_a_target_moves_no_faster_than_the_joint_may() -> None:
    limiter = running()
    now = 0.0
    for _ in range(20):  # the saved-up motion is used, and then one period's worth follows per period
        now += TICK
        before = limiter.output
        verdict = limiter.command(command(now, position=moved(KNEE, -1.5)), posture(now), now)
        assert before is not None
        assert limiter.output is not None
        step = before.position[KNEE] - limiter.output.position[KNEE]
        assert step <= 1.5 * TICK * LIMITS.target_speed[KNEE] + 1e-9
        if verdict.clamped:
            assert verdict.reason == "targets slowed"
    travelled = TABLE.default_pose[KNEE] - limiter.output.position[KNEE]
    assert travelled == pytest.approx(min(1.5, (20 + 0.5) * TICK * LIMITS.target_speed[KNEE]))


def test_torque_is_clipped_at_the_motors_limits() -> None:
    limiter = running()
    far = TABLE.default_pose - 5.0
    np.testing.assert_array_equal(limiter.torque(far, np.zeros(20)), TABLE.torque_limit)
    near = limiter.torque(TABLE.default_pose - 0.1, np.full(20, 0.2))
    np.testing.assert_allclose(near, 0.1 * TABLE.kp - 0.2 * TABLE.kd)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (command(TICK, position=np.full(20, np.nan)), "targets are not finite at left_hip_roll"),
        (command(TICK, kp=np.where(np.arange(20) == 3, np.inf, TABLE.kp)), "kp are not finite at left_knee"),
        (command(TICK, kd=TABLE.kd[:19]), r"kd have shape (19,); expected (20,)"),
        (command(TICK - 0.07), "command comes from 0.070 s ago"),
        (command(TICK + 0.02), "command comes from -0.020 s ago"),
        (command(float("nan")), "command comes from nan s ago"),
    ],
)
def test_a_command_that_cannot_be_used_is_refused_and_the_last_targets_stay(
    wrong: PdCommand, reason: str
) -> None:
    limiter = running()
    before = limiter.output
    verdict = limiter.command(wrong, posture(TICK), TICK)
    assert verdict.state is DriverState.HOLD
    assert reason in verdict.reason
    assert limiter.output is before
    assert limiter.command(command(2 * TICK), posture(2 * TICK), 2 * TICK).state is DriverState.RUNNING


def test_refused_commands_only_become_a_stop_that_names_them() -> None:
    limiter = running()
    for k in range(1, 6):
        now = k * TICK
        limiter.command(command(now, position=np.full(20, np.nan)), posture(now), now)
    assert limiter.watch(posture(0.11), 0.11).state is DriverState.STOPPED
    assert limiter.reason == "no command for 0.10 s: targets are not finite at left_hip_roll"


def test_a_first_command_far_from_the_robot_is_refused() -> None:
    limiter = DigitLimiter()
    limiter.enable(posture(0.0), 0.0)
    verdict = limiter.command(command(0.0, position=moved(KNEE, -0.6)), posture(0.0), 0.0)
    assert verdict.state is DriverState.HOLD
    assert "first target of left_knee is -0.239 rad, but it is at 0.361; start there" in verdict.reason
    assert limiter.output is None


def stopped_by(limiter: DigitLimiter, state: DriverState, word: str, now: float) -> None:
    """The stop is latched, names itself, and damps."""
    assert limiter.state is state
    assert word in limiter.reason
    assert limiter.diagnostics()["last stop"] == limiter.reason
    assert limiter.output is not None
    np.testing.assert_array_equal(limiter.output.kp, 0.0)
    np.testing.assert_array_equal(limiter.output.kd, TABLE.kd)
    np.testing.assert_allclose(limiter.torque(TABLE.default_pose - 1.0, np.full(20, 0.3)), -0.3 * TABLE.kd)
    output = limiter.output
    later = now + 1.0
    limiter.command(command(later), posture(later), later)
    limiter.enable(posture(later), later)
    limiter.disable()
    limiter.stop("another reason")
    assert limiter.state is state
    assert limiter.output is output
    assert limiter.clear_fault(posture(later - 0.1), later).state is state, "not without fresh measurements"
    assert limiter.clear_fault(posture(later), later).state is DriverState.DISABLED
    assert limiter.output is None


def test_silence_stops() -> None:
    limiter = running()
    assert limiter.watch(posture(0.1), 0.1).state is DriverState.RUNNING
    limiter.watch(posture(0.101), 0.101)
    stopped_by(limiter, DriverState.STOPPED, "no command for 0.10 s", 0.101)


def test_before_the_first_command_silence_is_no_fault() -> None:
    limiter = DigitLimiter()
    limiter.enable(posture(0.0), 0.0)
    assert limiter.watch(posture(10.0), 10.0).state is DriverState.RUNNING
    assert limiter.leave().state is DriverState.RUNNING


def test_lost_measurements_stop() -> None:
    limiter = running()
    limiter.watch(posture(0.05), 0.095)
    stopped_by(limiter, DriverState.STOPPED, "measurements are 0.045 s old", 0.095)


def test_measurements_that_are_not_finite_stop() -> None:
    limiter = running()
    limiter.watch(replace(posture(TICK), height=float("nan")), TICK)
    stopped_by(limiter, DriverState.STOPPED, "not finite", TICK)


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (posture(TICK, tilt=0.65), "horizontal gravity 0.61, the limit is 0.60"),
        (posture(TICK, height=0.69), "the base is 0.69 m high"),
        (posture(TICK, tilt=np.pi), "tilted"),
    ],
)
def test_a_fall_stops(state: Posture, word: str) -> None:
    limiter = running()
    limiter.command(command(TICK), state, TICK)
    stopped_by(limiter, DriverState.FALLEN, word, TICK)
    assert limiter.counters["falls"] == 1


def test_just_within_the_limits_is_no_fall() -> None:
    limiter = running()
    assert limiter.watch(posture(TICK, tilt=0.64, height=0.70), TICK).state is DriverState.RUNNING


def test_a_policy_that_leaves_stops_the_robot() -> None:
    limiter = running()
    limiter.leave()
    stopped_by(limiter, DriverState.STOPPED, "the walking controller has left the robot", 0.0)


def test_a_clock_that_goes_back_stops() -> None:
    limiter = running(now=5.0)
    limiter.watch(posture(4.0), 4.0)
    stopped_by(limiter, DriverState.STOPPED, "the clock jumped back by 1.000 s", 5.0)


def test_a_robot_that_does_not_stand_is_not_enabled() -> None:
    limiter = DigitLimiter()
    verdict = limiter.enable(posture(0.0, height=0.3), 0.0)
    assert (verdict.state, verdict.reason) == (
        DriverState.DISABLED,
        "the base is 0.30 m high; the limit is 0.70 m",
    )
    assert "old" in limiter.enable(posture(0.0), 1.0).reason


def test_disabling_hands_the_robot_back() -> None:
    limiter = running()
    limiter.disable()
    assert limiter.state is DriverState.DISABLED
    assert limiter.output is None
    np.testing.assert_array_equal(limiter.torque(TABLE.default_pose - 1.0, np.zeros(20)), 0.0)
