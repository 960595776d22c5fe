"""For any sequence of inputs: no output leaves the limits, and only clear_fault leaves a stop."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvp_real.messages import PdCommand
from mvp_real.robots.digit import load_digit
from mvp_real.robots.digit_limiter import DigitLimiter, Posture
from mvp_real.robots.digit_limits import DigitLimits
from mvp_real.robots.verdict import LATCHED, DriverState

TABLE = load_digit()
LIMITS = DigitLimits()
LEG = np.setdiff1d(np.arange(20), TABLE.toe_indices)
TOES = TABLE.toe_indices

number = st.one_of(
    st.floats(-0.3, 0.3), st.floats(-4.0, 4.0), st.sampled_from([float("nan"), float("inf"), -1e300, 0.0])
)
vector = st.one_of(
    st.floats(-0.4, 0.4).map(lambda x: np.full(20, x)),
    st.lists(number, min_size=20, max_size=20).map(np.array),
    st.sampled_from([np.zeros(19), np.zeros((20, 1)), np.full(20, np.nan)]),
)
gain = st.one_of(st.floats(0.0, 3.0), st.sampled_from([float("nan"), -1.0, 1e300]))
measured = st.one_of(
    st.just((0.0, 1.0, 0.0)),
    st.tuples(st.floats(-4.0, 4.0), st.floats(0.0, 1.2), st.sampled_from([0.0, 0.03, 0.05, -1.0])),
    st.just((float("nan"), 1.0, 0.0)),
)
actions = st.one_of(
    st.tuples(
        st.just("command"),
        st.tuples(vector, gain, gain, st.sampled_from([0.0, 0.0, 0.0, 0.05, 0.07, -1.0, float("nan")])),
    ),
    st.tuples(st.sampled_from(["watch", "enable", "clear", "disable", "leave", "stop", "refuse"]), st.none()),
)
waits = st.sampled_from([0.0, 0.001, 0.02, 0.02, 0.02, 0.02, 0.04, 0.09, 0.2, -0.005, -1.0])


def check(output: PdCommand, latched: bool) -> None:
    assert np.all(output.position >= LIMITS.lower - 1e-9)
    assert np.all(output.position <= LIMITS.upper + 1e-9)
    np.testing.assert_array_equal(output.position[TOES], TABLE.default_pose[TOES])
    np.testing.assert_array_equal(output.kd[TOES], TABLE.kd[TOES])
    if latched:
        np.testing.assert_array_equal(output.kp, 0.0)
        np.testing.assert_array_equal(output.kd, TABLE.kd)
    else:
        np.testing.assert_array_equal(output.kp[TOES], TABLE.kp[TOES])
        for values, nominal in ((output.kp, TABLE.kp), (output.kd, TABLE.kd)):
            assert np.all(values[LEG] >= 0.5 * nominal[LEG] - 1e-9)
            assert np.all(values[LEG] <= 1.5 * nominal[LEG] + 1e-9)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(waits, measured, actions), min_size=1, max_size=40))
def test_no_output_leaves_the_limits_and_no_stop_ends_by_itself(
    sequence: list[tuple[float, tuple[float, float, float], tuple[str, object]]],
) -> None:
    limiter = DigitLimiter()
    now = 50.0
    limiter.enable(Posture(TABLE.default_pose, np.array([0.0, 0.0, -1.0]), 1.0, now), now)
    limiter.command(PdCommand(TABLE.default_pose, TABLE.kp, TABLE.kd, now), _standing(now), now)
    for wait, (tilt, height, age), (action, value) in sequence:
        now += wait
        posture = Posture(TABLE.default_pose, np.array([np.sin(tilt), 0.0, -np.cos(tilt)]), height, now - age)
        before, output = limiter.state, limiter.output
        if action == "command":
            position, kp, kd, old = value  # type: ignore[misc]
            shift = position if position.shape != (20,) else TABLE.default_pose + position
            limiter.command(PdCommand(shift, kp * TABLE.kp, kd * TABLE.kd, now - old), posture, now)
        elif action in ("watch", "enable"):
            getattr(limiter, action)(posture, now)
        elif action == "clear":
            limiter.clear_fault(posture, now)
        elif action in ("stop", "refuse"):
            getattr(limiter, action)("for the test")
        else:
            getattr(limiter, action)()
        state = limiter.state
        if limiter.output is not None:
            check(limiter.output, state in LATCHED)
            for torque in (limiter.torque(np.full(20, x), np.full(20, -x)) for x in (-50.0, 0.0, 50.0)):
                assert np.all(np.abs(torque) <= TABLE.torque_limit)
            if output is not None and state not in LATCHED:
                step = np.abs(limiter.output.position - output.position)
                assert np.all(step <= 1.5 * 0.02 * TABLE.target_speed + 1e-9)
        if before in LATCHED:
            allowed = (before, DriverState.DISABLED) if action == "clear" else (before,)
            assert state in allowed
        if state in LATCHED:
            assert limiter.reason
        if before is DriverState.DISABLED and action not in ("enable", "stop"):
            assert state is DriverState.DISABLED


@given(st.lists(st.tuples(st.floats(0.0, 0.09), st.floats(-1.0, 1.0)), min_size=2, max_size=60))
def test_the_way_in_any_stretch_of_time_is_bounded(steps: list[tuple[float, float]]) -> None:
    """However fast the commands come: no more than the saved-up motion plus what the joint may do in that time."""
    limiter = DigitLimiter()
    now = 0.0
    limiter.enable(_standing(now), now)
    limiter.command(PdCommand(TABLE.default_pose, TABLE.kp, TABLE.kd, now), _standing(now), now)
    path = [(now, 0.0)]
    for wait, delta in steps:
        now += wait
        before = limiter.output
        assert before is not None
        limiter.command(PdCommand(before.position + delta, TABLE.kp, TABLE.kd, now), _standing(now), now)
        assert limiter.output is not None
        path.append((now, path[-1][1] + abs(limiter.output.position[0] - before.position[0])))
    for start in range(len(path)):
        for end in range(start + 1, len(path)):
            time, way = path[end][0] - path[start][0], path[end][1] - path[start][1]
            assert way <= TABLE.target_speed[0] * (1.5 * 0.02 + time) + 1e-9


def _standing(now: float) -> Posture:
    return Posture(TABLE.default_pose, np.array([0.0, 0.0, -1.0]), 1.0, now)
