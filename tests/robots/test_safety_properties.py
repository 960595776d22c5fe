"""For any sequence of inputs: no output leaves the limits, and only clear_fault leaves a stop."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvp_real.messages import FloatArray, JointReading, JointTarget
from mvp_real.robots.safety import DriverState, Limiter, Limits
from mvp_real.robots.table import load_robot
from mvp_real.robots.workspace import Workspace

from .limiter_model import Judge

TABLE = load_robot("xarm7")
TIGHT = Limits.from_table(TABLE, max_step=[0.08] * 7)  # a policy's card
WIDE = Limits.from_table(TABLE)
NAMES = TABLE.joint_names

RANDOM = np.random.default_rng(4)
# Directions of a push: single joints both ways, and mixtures.
DIRECTIONS = [*np.eye(7), *-np.eye(7), *RANDOM.uniform(-1.0, 1.0, (6, 7))]


def start_poses() -> list[FloatArray]:
    """Home and poses within a few steps of a limit: of the joints, of the box, of the table; some beyond it."""
    workspace = Workspace(TABLE)
    joints = RANDOM.uniform(TIGHT.lower - 0.04, TIGHT.upper + 0.04, (5_000, 7))
    joints[:, [0, 2, 4]] *= 0.2
    near = [q for q in joints if -0.06 < workspace.outside(q.tolist()) < 0.01][:20]
    for k, q in enumerate(near):  # the last joint turns the tool about itself: free to stand at its own limit
        q[6] = TIGHT.upper[6] - 0.1 * (k % 3)
    return [TABLE.home, *(np.append(q, 1.0) for q in near)]


STARTS = start_poses()
number = st.one_of(
    st.floats(-0.2, 0.2),
    st.floats(-8.0, 8.0),
    st.sampled_from([float("nan"), float("inf"), -1e300, 0.0]),
)
push = st.builds(
    lambda direction, size: (size * DIRECTIONS[direction]).tolist(),
    st.integers(0, len(DIRECTIONS) - 1),
    st.sampled_from([0.0, 0.01, 0.05, 0.1, 0.15, 0.3]),
)


@dataclass(frozen=True)
class Command:
    """A target: numbers on top of a reference, from an image of this age, with a reading that may be bad."""

    numbers: list[float]
    reference: str
    gripper: float
    age: float
    names: tuple[str, ...]
    reading: str
    held: bool


@dataclass(frozen=True)
class Other:
    """Any other call."""

    name: str
    reading: str


good_command = st.builds(
    lambda numbers, gripper: Command(numbers, "last", gripper, 0.0, NAMES, "good", True),
    push,
    st.sampled_from([0.0, 1.0]),
)
bad_command = st.builds(
    Command,
    numbers=st.one_of(push, push, st.lists(number, min_size=7, max_size=7), st.lists(number, max_size=9)),
    reference=st.sampled_from(["last", "measured", "zero"]),
    gripper=st.one_of(st.floats(-0.2, 1.2), st.just(float("nan"))),
    age=st.sampled_from([0.0, 0.0, 0.05, 0.39, 0.41, -1.0, 5.0, float("nan")]),
    names=st.sampled_from([NAMES, NAMES, NAMES, NAMES[::-1], NAMES[:3], ()]),
    reading=st.sampled_from(["good", "good", "good", "old", "future", "nan", "short", "renamed"]),
    held=st.sampled_from([True, True, False]),
)
other = st.builds(
    Other,
    name=st.sampled_from(["watch", "enable", "enable", "disable", "stop", "clear", "clear", "drift"]),
    reading=st.sampled_from(["good", "good", "good", "old", "nan", "short"]),
)
waits = st.sampled_from([0.0, 0.0005, 0.001, 0.004, 0.02, 0.05, 0.1, *[0.2] * 8, 0.25, 0.6])
jumps = st.sampled_from(
    [-0.005, -0.2, -1.0, -1e9, 1e9, 30.0, float("nan"), float("inf"), -float("inf")],
)
# Mostly what a policy or a teleoperator does, as only a running arm can leave a limit.
kinds = st.sampled_from(["good"] * 12 + ["bad", "other", "other", "jump"])
steps = st.lists(
    kinds.flatmap(
        lambda kind: {
            "good": st.tuples(waits, good_command),
            "bad": st.tuples(waits, bad_command),
            "other": st.tuples(waits, other),
            "jump": st.tuples(jumps, st.one_of(good_command, other)),
        }[kind]
    ),
    min_size=15,
    max_size=40,
)
streams = st.lists(st.tuples(waits, good_command), min_size=15, max_size=40)


@dataclass
class Arm:
    """A limiter whose arm goes where it is told, and the judge of what it is told."""

    limits: Limits
    now: float = 50.0
    held: bool = True
    measured: FloatArray = field(default_factory=TABLE.home.copy)
    enabled: bool = False

    def __post_init__(self) -> None:
        self.limiter = Limiter(self.limits, lambda: self.held)
        self.judge = Judge(self.limits, TABLE)

    def reading(self, kind: str) -> JointReading:
        position, stamp, names = self.measured.copy(), self.now, NAMES
        if kind == "old":
            stamp -= 0.06
        elif kind == "future":
            stamp += 1.0
        elif kind == "nan":
            position[2] = np.nan
        elif kind == "short":
            position = position[:5]
        elif kind == "renamed":
            names = NAMES[::-1]
        return JointReading(names, position, None, stamp)

    def do(self, wait: float, action: Command | Other) -> None:
        if np.isfinite(wait):
            self.now += wait
            self._act(action)
        else:
            self._act_with_broken_clock(wait, action)

    def _act_with_broken_clock(self, now: float, action: Command | Other) -> None:
        before = self.limiter.state
        reading = self.reading("good")
        if isinstance(action, Command):
            target = JointTarget(NAMES, self.measured + 0.01, self.now, 0.2)
            verdict = self.limiter.command(target, reading, now)
        else:
            verdict = self.limiter.watch(reading, now)
        assert verdict.position is None
        self._check_latches(before, "broken clock")

    def _act(self, action: Command | Other) -> None:
        before = self.limiter.state
        name = "command" if isinstance(action, Command) else action.name
        if self.enabled and name in ("command", "watch"):
            # Disabled or stopped, the limiter does not look at the clock either; `start` comes anew then.
            self.judge.tick(self.now)
        if isinstance(action, Command):
            self._command(action)
        elif name == "watch":
            assert self.limiter.watch(self.reading(action.reading), self.now).position is None
        elif name == "enable":
            if self.limiter.enable(self.reading(action.reading), self.now).state is DriverState.RUNNING:
                self.judge.start(self.measured, self.now)
                self.judge.toggled_at = min(self.judge.toggled_at, self.now)
        elif name == "disable":
            self.limiter.disable()
        elif name == "stop":
            self.limiter.stop("operator")
        elif name == "clear":
            self.limiter.clear_fault(self.reading(action.reading), self.now)
        elif name == "drift" and before in (DriverState.DISABLED, DriverState.STOPPED):
            self.measured = self.measured + 0.05 * np.sin(np.arange(8) + self.now)  # moved by hand
        self.enabled = self.limiter.state in (DriverState.RUNNING, DriverState.HOLD)
        self._check_latches(before, name)

    def _command(self, command: Command) -> None:
        base = {"last": self.measured, "measured": self.measured, "zero": np.zeros(8)}[command.reference]
        if command.reference == "last" and self.enabled:
            base = np.append(self.judge.last, self.measured[7])
        wanted = np.array([*command.numbers, command.gripper])
        if len(wanted) == 8:
            wanted[:7] += base[:7]
        self.held = command.held
        target = JointTarget(command.names, wanted, self.now - command.age, 0.2)
        verdict = self.limiter.command(target, self.reading(command.reading), self.now)
        self.held = True
        if verdict.position is not None:
            assert verdict.state is DriverState.RUNNING
            assert command.held
            assert command.reading == "good"
            assert command.names == NAMES
            assert 0.0 <= command.age <= self.limits.command_age
            self.judge.executed(verdict.position)
            self.measured = verdict.position.copy()
        else:
            assert verdict.state is not DriverState.RUNNING
            assert verdict.reason

    def _check_latches(self, before: DriverState, name: str) -> None:
        after = self.limiter.state
        if before is DriverState.STOPPED:
            allowed = (
                (DriverState.STOPPED, DriverState.DISABLED) if name == "clear" else (DriverState.STOPPED,)
            )
            assert after in allowed, f"{name} left a stop"
        if before is DriverState.DISABLED and name not in ("enable", "stop"):
            assert after is DriverState.DISABLED, f"{name} enabled the arm"
        assert (after is DriverState.RUNNING) == (self.limiter.reason == "")


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.sampled_from(STARTS), st.sampled_from([TIGHT, WIDE]))
def test_no_output_leaves_the_limits_and_no_stop_ends_by_itself(
    sequence: list[tuple[float, Command | Other]], start: FloatArray, limits: Limits
) -> None:
    arm = Arm(limits, measured=start.copy())
    arm.do(0.0, Other("enable", "good"))
    for wait, action in sequence:
        arm.do(wait, action)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(streams, st.sampled_from(STARTS), st.sampled_from([TIGHT, WIDE]))
def test_a_stream_of_targets_at_any_rate_stays_inside_the_limits(
    stream: list[tuple[float, Command]], start: FloatArray, limits: Limits
) -> None:
    arm = Arm(limits, measured=start.copy())
    arm.do(0.0, Other("enable", "good"))
    for wait, action in stream:
        arm.do(wait, action)
    counters = arm.limiter.counters
    assert counters["accepted"] or counters["rejected"], "the stream reaches the checks"


@pytest.mark.parametrize("direction", range(len(DIRECTIONS)))
@pytest.mark.parametrize("limits", [TIGHT, WIDE], ids=["tight", "wide"])
def test_pushing_in_one_direction_ends_at_a_limit_and_not_beyond(direction: int, limits: Limits) -> None:
    """From every start, with small steps that nothing clamps, until the limiter lets no more through."""
    for start in STARTS:
        arm = Arm(limits, measured=start.copy())
        arm.do(0.0, Other("enable", "good"))
        step = 0.07 * DIRECTIONS[direction]
        for _ in range(25):
            arm.do(0.2, Command(step.tolist(), "last", 1.0, 0.0, NAMES, "good", True))


@given(st.lists(st.sampled_from([0.02, -0.02, 0.011, -0.011, 0.2]), min_size=5, max_size=60))
def test_a_clock_that_swings_to_and_fro_pays_for_no_motion(waits: list[float]) -> None:
    """Every jump back makes a hold, and the time before it is not counted twice."""
    arm = Arm(WIDE)
    arm.do(0.0, Other("enable", "good"))
    start = arm.measured[6]
    turn = Command([0.0] * 6 + [0.15], "last", 1.0, 0.0, NAMES, "good", True)
    for wait in waits:
        if arm.limiter.state is DriverState.STOPPED:
            break
        arm.do(wait, turn)
    forward = sum(wait for wait in waits if wait > 0.0)
    assert arm.measured[6] - start <= 0.15 * (1.0 + forward / WIDE.period) + 1e-9


@pytest.mark.parametrize("limits", [TIGHT, WIDE], ids=["tight", "wide"])
def test_a_clock_that_ran_back_a_little_pays_for_nothing(limits: Limits) -> None:
    """Found by the search above, rarely: neither motion nor a change of the gripper out of jitter of the clock."""

    def good(joint1: float, gripper: float = 0.0) -> Command:
        return Command([joint1, *[0.0] * 6], "last", gripper, 0.0, NAMES, "good", True)

    arm = Arm(limits, measured=STARTS[0].copy())
    arm.do(0.0, Other("enable", "good"))
    arm.do(0.0, good(0.0))
    arm.do(0.004, Command([0.0] * 7, "last", float("nan"), 0.0, NAMES, "old", True))
    arm.do(-0.005, good(0.0))
    arm.do(0.004, good(0.01))
    arm = Arm(limits, measured=STARTS[0].copy())
    arm.do(0.0, Other("enable", "good"))
    arm.do(-0.005, Other("watch", "good"))
    for wait, gripper in ((0.0, 0.0), (0.2, 0.0), (0.6, 0.0), (0.2, 1.0)):
        arm.do(wait, good(0.0, gripper))
