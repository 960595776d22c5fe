"""Each check of the limiter: what triggers it, what does not, and which grade of answer it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mvp_real.messages import FloatArray, JointReading, JointTarget
from mvp_real.robots.safety import DriverState, Limiter, Limits, Verdict
from mvp_real.robots.table import load_robot

TABLE = load_robot("xarm7")
PERIOD = 0.2
MS = 1e-3


class Bench:
    """A limiter with an arm that follows perfectly unless told otherwise."""

    def __init__(self, limits: Limits | None = None, deadman: Callable[[], bool] | None = None) -> None:
        self.limiter = Limiter(limits or Limits.from_table(TABLE), deadman)
        self.now = 100.0
        self.measured = TABLE.home.copy()
        self.follow = True

    def reading(self, age: float = 0.0) -> JointReading:
        return JointReading(TABLE.joint_names, self.measured.copy(), None, self.now - age)

    def enable(self) -> Bench:
        assert self.limiter.enable(self.reading(), self.now).state is DriverState.RUNNING
        return self

    def send(
        self, position: FloatArray, age: float = 0.0, reading_age: float = 0.0, wait: float = PERIOD
    ) -> Verdict:
        self.now += wait
        target = JointTarget(TABLE.joint_names, np.asarray(position), self.now - age, PERIOD)
        verdict = self.limiter.command(target, self.reading(reading_age), self.now)
        if self.follow and verdict.position is not None:
            self.measured = verdict.position.copy()
        return verdict

    def move(self, **joints: float) -> Verdict:
        """Send the measured position plus the given deltas; `gripper` is absolute."""
        position = self.measured.copy()
        for name, value in joints.items():
            index = TABLE.joint_names.index(name)
            position[index] = value if name == "gripper" else position[index] + value
        return self.send(position)

    def watch(self, after: float, reading_age: float = 0.0) -> Verdict:
        self.now += after
        return self.limiter.watch(self.reading(reading_age), self.now)


def test_a_good_command_passes_unchanged() -> None:
    bench = Bench().enable()
    wanted = TABLE.home + np.array([0.1, 0, 0, 0, 0, 0, -0.1, 0])
    verdict = bench.send(wanted)
    assert verdict.position is not None
    assert np.array_equal(verdict.position, wanted)
    assert (verdict.state, verdict.clamped, verdict.reason) == (DriverState.RUNNING, False, "")


def test_without_enable_nothing_moves() -> None:
    verdict = Bench().send(TABLE.home)
    assert verdict.position is None
    assert verdict.state is DriverState.DISABLED


def test_disable_ends_motion_and_enable_goes_on() -> None:
    bench = Bench().enable()
    bench.limiter.disable()
    assert bench.move(joint1=0.01).state is DriverState.DISABLED
    assert bench.enable().move(joint1=0.01).state is DriverState.RUNNING


@pytest.mark.parametrize(
    ("position", "names", "message"),
    [
        (np.append(np.full(7, np.nan), 1.0), TABLE.joint_names, "not finite"),
        (np.append(np.zeros(7), np.inf), TABLE.joint_names, "not finite"),
        (np.zeros(7), TABLE.joint_names, "shape"),
        (TABLE.home, TABLE.joint_names[::-1], "expected joint1, joint2"),
    ],
)
def test_a_malformed_command_is_rejected_and_holds(
    position: FloatArray, names: tuple[str, ...], message: str
) -> None:
    bench = Bench().enable()
    bench.now += PERIOD
    target = JointTarget(names, position, bench.now, PERIOD)
    verdict = bench.limiter.command(target, bench.reading(), bench.now)
    assert verdict.position is None
    assert verdict.state is DriverState.HOLD
    assert message in verdict.reason
    assert bench.move(joint1=0.01).state is DriverState.RUNNING  # a hold ends with the next good command


def test_the_age_limit_of_a_command_is_two_periods_to_the_millisecond() -> None:
    assert Bench().enable().send(TABLE.home, age=2 * PERIOD - MS).state is DriverState.RUNNING
    verdict = Bench().enable().send(TABLE.home, age=2 * PERIOD + MS)
    assert verdict.state is DriverState.HOLD
    assert "command comes from 0.401 s ago" in verdict.reason


def test_the_age_limit_of_the_joint_state_is_fifty_milliseconds_to_the_millisecond() -> None:
    assert Bench().enable().send(TABLE.home, reading_age=0.049).state is DriverState.RUNNING
    assert Bench().enable().send(TABLE.home, reading_age=0.051).state is DriverState.HOLD


def test_a_stamp_from_the_future_is_rejected() -> None:
    assert Bench().enable().send(TABLE.home, age=-1.0).state is DriverState.HOLD
    assert Bench().enable().send(TABLE.home, reading_age=-1.0).state is DriverState.HOLD


def test_letting_go_of_the_deadman_switch_holds() -> None:
    held = True
    bench = Bench(deadman=lambda: held).enable()
    assert bench.move(joint1=0.01).state is DriverState.RUNNING
    held = False
    verdict = bench.move(joint1=0.01)
    assert (verdict.position, verdict.state) == (None, DriverState.HOLD)
    assert "deadman" in verdict.reason


def near_limit(bench: Bench) -> None:
    """Put the arm 0.02 rad before the shrunk upper limit of joint 7, which moves nothing else."""
    bench.measured[6] = bench.limiter.limits.upper[6] - 0.02


def test_a_target_outside_the_range_is_clipped_and_five_pushes_stop() -> None:
    bench = Bench()
    near_limit(bench)
    bench.enable()
    for push in range(4):
        verdict = bench.move(joint7=0.1)
        assert verdict.position is not None, push
        assert verdict.position[6] == pytest.approx(TABLE.upper[6] - 0.05)
        assert verdict.clamped
    verdict = bench.move(joint7=0.1)
    assert (verdict.position, verdict.state) == (None, DriverState.STOPPED)
    assert "joint7 pushed against its upper limit for 5 ticks" in verdict.reason


def test_a_tick_without_pushing_starts_the_count_anew() -> None:
    bench = Bench()
    near_limit(bench)
    bench.enable()
    for delta in (0.1, 0.1, 0.1, 0.1, -0.01, 0.1, 0.1, 0.1, 0.1):
        assert bench.move(joint7=delta).state is DriverState.RUNNING


def test_a_step_that_is_too_long_is_scaled_as_a_whole() -> None:
    bench = Bench().enable()
    bench.move(joint1=0.0)
    verdict = bench.move(joint1=0.20, joint7=-0.10)
    assert verdict.position is not None
    assert verdict.clamped
    assert verdict.position[0] == pytest.approx(TABLE.home[0] + 0.15)
    assert verdict.position[6] == pytest.approx(TABLE.home[6] - 0.075)


def test_the_step_limit_of_the_card_is_the_smaller_one() -> None:
    bench = Bench(Limits.from_table(TABLE, max_step=[0.02] * 7)).enable()
    verdict = bench.move(joint1=0.04)
    assert verdict.position is not None
    assert verdict.position[0] == pytest.approx(TABLE.home[0] + 0.02)


def test_more_than_three_clamped_ticks_in_a_row_stop() -> None:
    bench = Bench().enable()
    bench.move(joint1=0.0)
    for _ in range(3):
        assert bench.move(joint1=0.2).state is DriverState.RUNNING
    verdict = bench.move(joint1=0.2)
    assert (verdict.position, verdict.state) == (None, DriverState.STOPPED)
    assert "clamped" in verdict.reason


def test_a_fast_stream_of_commands_moves_no_faster_than_the_policy_may() -> None:
    """Full steps at 50 Hz instead of 5 Hz: without the budget this would be 7.5 rad/s."""
    bench = Bench().enable()
    start = bench.measured[0]
    for _ in range(15):
        verdict = bench.send(bench.measured + np.array([0.15, 0, 0, 0, 0, 0, 0, 0]), wait=0.02)
        if verdict.state is DriverState.STOPPED:
            break
    assert bench.measured[0] - start <= 0.15 * (1.5 + 15 * 0.02 / PERIOD) + 1e-9
    assert bench.limiter.counters["clamped"] > 0


def test_commands_with_jitter_are_not_clamped() -> None:
    bench = Bench().enable()
    for wait in (0.2, 0.28, 0.12, 0.21, 0.19, 0.25, 0.15):
        verdict = bench.send(bench.measured + np.array([0.02, 0, 0, 0, 0, 0, 0.149, 0]), wait=wait)
        assert not verdict.clamped


def test_the_first_target_must_start_from_where_the_arm_is() -> None:
    bench = Bench().enable()
    verdict = bench.move(joint1=0.301)
    assert (verdict.position, verdict.state) == (None, DriverState.HOLD)
    assert "first target of joint1" in verdict.reason
    assert bench.move(joint1=0.299).state is DriverState.RUNNING
    assert bench.measured[0] == pytest.approx(TABLE.home[0] + 0.15), "and even then it moves one step only"


def test_after_a_hold_the_first_target_rule_applies_again() -> None:
    bench = Bench().enable()
    bench.move(joint1=0.1)
    assert bench.watch(0.6).state is DriverState.HOLD
    assert "first target" in bench.move(joint1=0.31).reason


def posed(x: float, z: float) -> FloatArray:
    """Pose with the tool pointing down at (x, 0, z) m, by Newton steps on joints 2, 4 and 6 from home."""
    position = TABLE.home.copy()
    free = [1, 3, 5]

    def error() -> FloatArray:
        pose = TABLE.tool_pose(position)
        return np.array([pose[0, 3] - x, pose[2, 3] - z, pose[0, 2]])

    for _ in range(30):
        now = error()
        jacobian = np.empty((3, 3))
        for column, joint in enumerate(free):
            position[joint] += 1e-6
            jacobian[:, column] = (error() - now) / 1e-6
            position[joint] -= 1e-6
        position[free] -= np.linalg.solve(jacobian, now)
    return position


def lowered(height: float) -> FloatArray:
    """Pose of home with the tool at another height, m."""
    return posed(0.41, height)


def test_the_tool_may_come_to_the_table_and_not_into_it() -> None:
    bench = Bench()
    bench.measured = lowered(0.030)
    bench.enable()
    assert bench.send(lowered(0.006)).state is DriverState.RUNNING
    verdict = bench.send(lowered(0.004))
    assert (verdict.position, verdict.state) == (None, DriverState.HOLD)
    assert "workspace: tool z = 0.004 m" in verdict.reason


def test_the_middle_of_the_path_is_checked_too() -> None:
    """Turning the arm past the edge of the box: both ends are inside, the middle of the arc is not."""
    table = replace(TABLE, workspace_upper=np.array([0.58, 0.4, 0.7]))
    bench = Bench(replace(Limits.from_table(table), max_step=np.full(7, 1.0), first_command_gap=1.0))
    start, goal = posed(0.59, 0.30), posed(0.59, 0.30)
    start[0], goal[0] = -0.25, 0.25
    assert TABLE.tool_pose(start)[0, 3] < 0.58
    bench.measured = start
    bench.enable()
    verdict = bench.send(goal)
    assert (verdict.position, verdict.state) == (None, DriverState.HOLD)
    assert "workspace: tool x = 0.590 m" in verdict.reason
    near = start.copy()
    near[0] -= 0.2
    assert bench.send(near).state is DriverState.RUNNING


def test_from_outside_the_workspace_only_the_way_back_is_open() -> None:
    bench = Bench()
    bench.measured = lowered(0.002)  # lowered by hand while the arm was stopped
    bench.enable()
    assert bench.send(lowered(0.001)).state is DriverState.HOLD
    assert bench.send(lowered(0.004)).state is DriverState.RUNNING
    assert bench.send(lowered(0.02)).state is DriverState.RUNNING
    assert bench.send(lowered(0.003)).state is DriverState.HOLD


def test_a_target_outside_the_workspace_does_not_make_the_next_one_a_first_command() -> None:
    bench = Bench()
    bench.measured = lowered(0.02)
    bench.enable()
    assert bench.send(lowered(0.02)).state is DriverState.RUNNING
    assert bench.send(lowered(0.001)).state is DriverState.HOLD
    verdict = bench.move(joint7=0.35)  # more than the first command may differ: scaled like any other step
    assert verdict.state is DriverState.RUNNING
    assert verdict.clamped
    assert abs(bench.measured[6] - lowered(0.02)[6]) <= 0.15 + 1e-9


def test_the_wrist_keeps_its_own_distance_from_the_table() -> None:
    """A table that leaves the flange less room than the tool."""
    bench = Bench(Limits.from_table(replace(TABLE, link_clearance=0.30)))
    bench.measured = lowered(0.15)
    bench.enable()
    assert bench.send(lowered(0.13)).state is DriverState.RUNNING
    verdict = bench.send(lowered(0.12))
    assert verdict.state is DriverState.HOLD
    assert "workspace: link 7 at z = 0.292 m is below 0.300 m" in verdict.reason


def test_a_blocked_arm_stops_after_three_ticks() -> None:
    bench = Bench().enable()
    bench.follow = False
    states = []
    target = bench.measured.copy()
    for _ in range(5):
        target[0] += 0.08
        states.append(bench.send(target).state)
    # The gap at the ticks is 0, 0.08, 0.16, 0.24 and 0.32 rad: the third one above 0.15 stops.
    assert states == [DriverState.RUNNING] * 4 + [DriverState.STOPPED]
    assert "joint1 is 0.320 rad from its target" in bench.limiter.reason


def test_a_gap_just_below_the_limit_is_tolerated() -> None:
    bench = Bench().enable()
    bench.send(bench.measured + np.array([0.149, 0, 0, 0, 0, 0, 0, 0]))
    bench.measured[0] = TABLE.home[0]
    for _ in range(6):
        assert bench.watch(0.11).state is not DriverState.STOPPED
    bench.measured[0] -= 0.002
    states = [bench.watch(0.11).state for _ in range(4)]
    assert states[-1] is DriverState.STOPPED


def test_silence_of_the_controller_holds_after_half_a_second_to_the_millisecond() -> None:
    bench = Bench().enable()
    bench.move(joint1=0.01)
    assert bench.watch(0.5 - MS).state is DriverState.RUNNING
    verdict = bench.watch(2 * MS)
    assert (verdict.position, verdict.state) == (None, DriverState.HOLD)
    assert "no command for 0.5 s" in verdict.reason


def test_lost_joint_states_hold_at_once_and_stop_after_half_a_second() -> None:
    bench = Bench().enable()
    assert bench.watch(0.01, reading_age=0.051).state is DriverState.HOLD
    assert bench.watch(0.5 - MS, reading_age=0.5).state is DriverState.HOLD
    verdict = bench.watch(2 * MS, reading_age=0.5)
    assert verdict.state is DriverState.STOPPED
    assert "joint state lost" in verdict.reason


@pytest.mark.parametrize("jump", [-1.0, 1.0])
def test_a_jump_of_the_clock_holds_and_does_not_move(jump: float) -> None:
    bench = Bench().enable()
    bench.move(joint1=0.01)
    stamp = bench.now
    bench.now += jump
    reading = JointReading(TABLE.joint_names, bench.measured, None, stamp)
    verdict = bench.limiter.watch(reading, bench.now)
    assert (verdict.position, verdict.state) == (None, DriverState.HOLD)
    target = JointTarget(TABLE.joint_names, bench.measured + 0.01, stamp, PERIOD)
    assert bench.limiter.command(target, reading, bench.now).position is None
    assert bench.move(joint1=0.01).state is DriverState.RUNNING  # with stamps of the new time it goes on


def test_the_gripper_changes_at_most_once_a_second_to_the_millisecond() -> None:
    bench = Bench().enable()
    closed, opened = TABLE.home.copy(), TABLE.home.copy()
    closed[-1] = 0.0
    bench.send(opened)
    first = bench.send(closed)
    assert first.position is not None
    assert first.position[-1] == 0.0
    too_early = bench.send(opened, wait=1.0 - MS)
    assert too_early.position is not None
    assert too_early.position[-1] == 0.0
    in_time = bench.send(opened, wait=2 * MS)
    assert in_time.position is not None
    assert in_time.position[-1] == 1.0
    assert bench.limiter.counters["gripper changes refused"] == 1


def test_enabling_again_does_not_shorten_the_gripper_interval() -> None:
    bench = Bench().enable()
    bench.move(gripper=0.0)
    bench.limiter.disable()
    bench.enable()
    verdict = bench.move(gripper=1.0)
    assert verdict.position is not None
    assert verdict.position[-1] == 0.0


def test_a_stop_latches_names_itself_and_only_clear_fault_releases_it() -> None:
    bench = Bench().enable()
    bench.limiter.stop("emergency button")
    bench.limiter.stop("something else")  # the first reason is the one to see
    bench.limiter.disable()
    for verdict in (
        bench.move(joint1=0.01),
        bench.watch(0.01),
        bench.limiter.enable(bench.reading(), bench.now),
    ):
        assert (verdict.position, verdict.state) == (None, DriverState.STOPPED)
        assert verdict.reason == "emergency button"
    assert bench.limiter.diagnostics()["last stop"] == "emergency button"
    assert bench.limiter.clear_fault(bench.reading(), bench.now).state is DriverState.DISABLED
    assert bench.enable().move(joint1=0.01).state is DriverState.RUNNING
    assert bench.limiter.diagnostics()["last stop"] == "emergency button"
    assert bench.limiter.diagnostics()["stops"] == "1"


def test_a_fault_cannot_be_cleared_blindly() -> None:
    bench = Bench().enable()
    bench.limiter.stop("emergency button")
    verdict = bench.limiter.clear_fault(bench.reading(age=1.0), bench.now)
    assert verdict.state is DriverState.STOPPED
    assert "cannot be cleared: joint state is 1.000 s old" in verdict.reason


def test_clear_fault_without_a_fault_changes_nothing() -> None:
    bench = Bench().enable()
    assert bench.limiter.clear_fault(bench.reading(), bench.now).state is DriverState.RUNNING


def test_an_arm_outside_its_range_or_without_fresh_joints_is_not_enabled() -> None:
    bench = Bench()
    assert "joint state is 0.100 s old" in bench.limiter.enable(bench.reading(age=0.1), bench.now).reason
    bench.measured[1] = TABLE.upper[1] + 0.01
    verdict = bench.limiter.enable(bench.reading(), bench.now)
    assert verdict.state is DriverState.DISABLED
    assert "joint2 is at 2.104 rad" in verdict.reason


def test_diagnostics_count_what_happened() -> None:
    bench = Bench().enable()
    bench.move(joint1=0.01)
    bench.move(joint1=0.2)
    bench.send(TABLE.home, age=1.0)
    shown = bench.limiter.diagnostics()
    assert (shown["commands"], shown["accepted"], shown["clamped"], shown["rejected"]) == ("3", "2", "1", "1")
    assert shown["state"] == "hold"


def test_a_target_outside_the_workspace_and_then_a_break_makes_the_next_command_a_first_one() -> None:
    """The break is what counts, also when it comes while the arm holds already."""
    bench = Bench()
    bench.measured = lowered(0.02)
    bench.enable()
    assert bench.send(lowered(0.02)).state is DriverState.RUNNING
    assert bench.send(lowered(0.001)).state is DriverState.HOLD
    assert bench.send(lowered(0.02), age=5.0).state is DriverState.HOLD  # an old image
    assert "first target of joint7" in bench.move(joint7=0.35).reason


def test_after_silence_the_first_target_rule_applies_even_if_nobody_watched() -> None:
    bench = Bench().enable()
    bench.move(joint1=0.0)
    target = bench.measured + np.array([0.0, 0, 0, 0, 0, 0, 0.35, 0])
    assert "first target of joint7" in bench.send(target, wait=0.501).reason


def test_commands_at_the_same_time_share_one_step() -> None:
    bench = Bench().enable()
    bench.move(joint7=0.05)
    verdict = bench.send(bench.measured + np.array([0, 0, 0, 0, 0, 0, 0.05, 0]), wait=0.0)
    assert verdict.position is not None
    assert verdict.clamped
    assert verdict.position[6] == pytest.approx(TABLE.home[6] + 0.05)
    assert bench.move(joint7=0.05).position is not None
    assert bench.measured[6] == pytest.approx(TABLE.home[6] + 0.10)


def test_a_clock_that_jumped_back_pays_for_no_step() -> None:
    bench = Bench().enable()
    bench.move(joint7=0.05)
    assert bench.move(joint7=0.05).state is DriverState.RUNNING
    at = bench.measured[6]
    assert bench.send(bench.measured + 0.01, wait=-1.0).state is DriverState.HOLD
    verdict = bench.send(bench.measured + np.array([0, 0, 0, 0, 0, 0, 0.15, 0]), wait=0.02)
    assert verdict.position is not None
    assert verdict.position[6] - at <= 0.15 * 0.02 / PERIOD + 1e-9


@pytest.mark.parametrize("clock", [float("nan"), float("inf"), -float("inf")])
def test_a_clock_that_is_no_number_holds(clock: float) -> None:
    bench = Bench().enable()
    target = JointTarget(TABLE.joint_names, TABLE.home, bench.now, PERIOD)
    verdict = bench.limiter.command(target, bench.reading(), clock)
    assert (verdict.position, verdict.state) == (None, DriverState.HOLD)
    assert "the clock reads" in verdict.reason
    assert bench.limiter.watch(bench.reading(), clock).state is DriverState.HOLD
    assert bench.move(joint1=0.01).state is DriverState.RUNNING
