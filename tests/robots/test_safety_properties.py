"""For any sequence of inputs: no output leaves the limits, and only clear_fault leaves a stop."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvp_real.messages import JointReading, JointTarget
from mvp_real.robots.safety import DriverState, Limiter, Limits
from mvp_real.robots.table import load_robot
from mvp_real.robots.workspace import Workspace

TABLE = load_robot("xarm7")
STEP = 0.08
LIMITS = Limits.from_table(TABLE, max_step=[STEP] * 7)
WORKSPACE = Workspace(TABLE)

number = st.one_of(
    st.floats(-0.2, 0.2),
    st.floats(-0.2, 0.2),
    st.floats(-8.0, 8.0),
    st.sampled_from([float("nan"), float("inf"), -1e300, 0.0]),
)
actions = st.one_of(
    st.tuples(
        st.just("command"),
        st.tuples(
            st.lists(number, min_size=7, max_size=7),
            st.sampled_from(["measured", "last", "absolute"]),
            st.floats(-0.2, 1.2),
            st.sampled_from([0.0, 0.0, 0.05, 0.39, 0.41, -1.0, 5.0]),
        ),
    ),
    st.tuples(st.just("drift"), st.lists(st.floats(-0.3, 0.3), min_size=8, max_size=8)),
    st.tuples(st.just("watch"), st.sampled_from([0.0, 0.04, 0.06, 1.0])),
    st.tuples(st.just("enable"), st.sampled_from([0.0, 0.0, 0.06])),
    st.tuples(st.just("disable"), st.none()),
    st.tuples(st.just("stop"), st.none()),
    st.tuples(st.just("clear"), st.sampled_from([0.0, 0.0, 0.06])),
)
waits = st.sampled_from([0.0, 0.001, 0.02, 0.1, 0.2, 0.2, 0.2, 0.25, 0.6, 1.0, -1.0, -0.2])


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(waits, actions), min_size=1, max_size=40))
def test_no_output_leaves_the_limits_and_no_stop_ends_by_itself(
    sequence: list[tuple[float, tuple[str, object]]],
) -> None:
    limiter = Limiter(LIMITS)
    now = 50.0
    measured = TABLE.home.copy()
    last: np.ndarray | None = None  # the last executed target since enabling
    outside = 0.0
    toggled_at = -np.inf
    limiter.enable(JointReading(TABLE.joint_names, measured, None, now), now)
    for wait, (action, value) in sequence:
        now += wait
        before = limiter.state
        if wait < 0.0:
            toggled_at = min(toggled_at, now)
        if action == "command":
            numbers, base, gripper, age = value  # type: ignore[misc]
            reference = {
                "measured": measured[:7],
                "last": measured[:7] if last is None else last[:7],
                "absolute": np.zeros(7),
            }
            target = np.append(reference[base] + np.array(numbers), gripper)
            reading = JointReading(TABLE.joint_names, measured.copy(), None, now)
            verdict = limiter.command(JointTarget(TABLE.joint_names, target, now - age, 0.2), reading, now)
            if verdict.position is not None:
                position = verdict.position
                assert verdict.state is DriverState.RUNNING
                assert np.all(np.isfinite(position))
                assert np.all(position[:7] >= LIMITS.lower - 1e-9)
                assert np.all(position[:7] <= LIMITS.upper + 1e-9)
                assert 0.0 <= position[7] <= 1.0
                start = np.clip(measured[:7], LIMITS.lower, LIMITS.upper) if last is None else last[:7]
                assert np.all(np.abs(position[:7] - start) <= STEP + 1e-9)
                if last is None:
                    outside = WORKSPACE.outside(start.tolist())
                bound = max(0.0, outside) + 1e-9
                outside = WORKSPACE.outside(position[:7].tolist())
                assert outside <= bound
                assert WORKSPACE.outside((0.5 * (position[:7] + start)).tolist()) <= bound
                if last is not None and (position[7] > 0.5) != (last[7] > 0.5):
                    assert now - toggled_at >= 1.0 - 1e-9
                    toggled_at = now
                elif last is None and (position[7] > 0.5) != (np.clip(measured[7], 0, 1) > 0.5):
                    toggled_at = now
                last = position
                measured = position.copy()
        elif action == "drift":
            # Disturbed by hand: only while nothing is commanded from here, else the start above is not known.
            if last is None and before is not DriverState.RUNNING:
                measured = measured + np.array(value)  # type: ignore[arg-type]
        else:
            age = value if isinstance(value, float) else 0.0
            reading = JointReading(TABLE.joint_names, measured.copy(), None, now - age)
            if action == "watch":
                assert limiter.watch(reading, now).position is None
            elif action == "enable":
                if limiter.enable(reading, now).state is DriverState.RUNNING:
                    last = None
            elif action == "disable":
                limiter.disable()
            elif action == "stop":
                limiter.stop("operator")
            elif action == "clear":
                limiter.clear_fault(reading, now)
                if limiter.state is DriverState.DISABLED:
                    last = None
        if before is DriverState.STOPPED and action != "clear":
            assert limiter.state is DriverState.STOPPED
        if before is DriverState.STOPPED and action == "clear":
            assert limiter.state in (DriverState.STOPPED, DriverState.DISABLED)
        if before is DriverState.DISABLED and action not in ("enable", "stop"):
            assert limiter.state is DriverState.DISABLED


@given(
    st.lists(st.tuples(st.floats(0.005, 0.3), st.floats(-0.15, 0.15)), min_size=2, max_size=60),
)
def test_the_way_in_any_stretch_of_time_is_bounded(steps: list[tuple[float, float]]) -> None:
    """However fast the commands come: no more than the saved-up motion plus one step per period."""
    limiter = Limiter(LIMITS)
    now, measured = 0.0, TABLE.home.copy()
    limiter.enable(JointReading(TABLE.joint_names, measured, None, now), now)
    path = [(now, 0.0)]
    for wait, delta in steps:
        now += wait
        target = measured.copy()
        target[0] += delta
        reading = JointReading(TABLE.joint_names, measured.copy(), None, now)
        verdict = limiter.command(JointTarget(TABLE.joint_names, target, now, 0.2), reading, now)
        if verdict.position is not None:
            path.append((now, path[-1][1] + abs(verdict.position[0] - measured[0])))
            measured = verdict.position.copy()
    for start in range(len(path)):
        for end in range(start + 1, len(path)):
            way = path[end][1] - path[start][1]
            time = path[end][0] - path[start][0]
            assert way <= STEP * (LIMITS.burst + time / LIMITS.period) + 1e-9
