"""Rules 2 to 6, 11 and 13: each limit triggers one millisecond after it and not one millisecond before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from mvp_real.clocks import ManualClock
from mvp_real.control.policy_loop import LoopOutput, LoopState, PolicyLoop
from mvp_real.messages import Feature, FloatArray, JointReading
from mvp_real.robots.table import RobotTable

from .loop_fixture import controller_card

PERIOD = 0.2
MS = 1e-3


class Rig:
    """A loop with a manual clock, and fresh inputs unless told otherwise."""

    def __init__(self, table: RobotTable, reference: str = "measured") -> None:
        self.table = table
        self.clock = ManualClock(50.0)
        self.position = table.home.copy()
        self.action: Callable[[], FloatArray] = lambda: np.zeros(8)
        self.states: list[FloatArray] = []
        self.images = 0
        self.loop = PolicyLoop(controller_card(table, reference), table, self._control)

    def _control(self, tokens: NDArray[np.float32], state: FloatArray) -> FloatArray:
        self.states.append(state)
        return self.action()

    def image(self, age: float = 0.0, new: bool = True, tokens: NDArray[np.float32] | None = None) -> None:
        self.images += new
        if tokens is None:
            tokens = np.full((2, 3), self.images, dtype=np.float32)
        self.loop.feature(Feature(tokens, self.clock.now() - age))

    def joints(self, age: float = 0.0, names: tuple[str, ...] | None = None) -> None:
        reading = JointReading(
            names or self.table.joint_names, self.position.copy(), None, self.clock.now() - age
        )
        self.loop.joints(reading)

    def enabled(self) -> Rig:
        self.loop.enable()
        return self

    def tick(self, inputs: bool = True, wait: float = PERIOD) -> LoopOutput:
        self.clock.advance(wait)
        if inputs:
            self.joints()
            self.image()
        return self.loop.tick(self.clock.now())


def test_good_inputs_give_a_target_with_the_stamp_of_the_image(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    rig.action = lambda: np.array([0.01, 0, 0, 0, 0, 0, -0.02, 0.0])
    rig.clock.advance(PERIOD)
    rig.joints()
    rig.image(age=0.03)
    output = rig.loop.tick(rig.clock.now())
    assert output.state is LoopState.RUNNING
    assert output.target is not None
    assert output.target.names == table.joint_names
    assert np.allclose(output.target.position, table.home + np.array([0.01, 0, 0, 0, 0, 0, -0.02, 0]))
    assert output.target.stamp == pytest.approx(rig.clock.now() - 0.03)
    assert output.target.duration == PERIOD


def test_the_controller_sees_seven_angles_and_the_open_flag(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    rig.position[-1] = 0.6  # closed around something
    rig.tick()
    assert np.array_equal(rig.states[-1], [*table.home[:7], 0.0])


def test_without_enable_nothing_is_sent(table: RobotTable) -> None:
    rig = Rig(table)
    output = rig.tick()
    assert (output.target, output.state) == (None, LoopState.DISARMED)
    assert rig.states == []


@pytest.mark.parametrize(("age", "state"), [(0.099, LoopState.RUNNING), (0.101, LoopState.HOLD)])
def test_rule_2_image_age(table: RobotTable, age: float, state: LoopState) -> None:
    rig = Rig(table).enabled()
    rig.clock.advance(PERIOD)
    rig.image(age=age)
    rig.joints(age=0.049)
    output = rig.loop.tick(rig.clock.now())
    # A joint reading of 49 ms belongs to an image of up to 99 ms, so only the image's own age decides here.
    assert output.state is state
    assert ("image is 0.101 s old" in output.reason) == (state is LoopState.HOLD)


@pytest.mark.parametrize(("age", "state"), [(0.049, LoopState.RUNNING), (0.051, LoopState.HOLD)])
def test_rule_2_joint_age(table: RobotTable, age: float, state: LoopState) -> None:
    rig = Rig(table).enabled()
    rig.clock.advance(PERIOD)
    rig.image(age=0.04)
    rig.joints(age=age)
    assert rig.loop.tick(rig.clock.now()).state is state


@pytest.mark.parametrize(("skew", "state"), [(0.049, LoopState.RUNNING), (0.051, LoopState.HOLD)])
def test_rule_2_skew(table: RobotTable, skew: float, state: LoopState) -> None:
    rig = Rig(table).enabled()
    rig.clock.advance(PERIOD)
    rig.image(age=0.01 + skew)
    rig.joints(age=0.01)
    output = rig.loop.tick(rig.clock.now())
    assert output.state is state
    assert ("apart" in output.reason) == (state is LoopState.HOLD)


def test_the_image_is_paired_with_the_joints_of_its_own_time(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    rig.action = lambda: np.array([0.01, 0, 0, 0, 0, 0, 0, 0])
    rig.clock.advance(PERIOD)
    for age in (0.06, 0.05, 0.04, 0.03, 0.02, 0.01, 0.0):
        rig.position[0] = 0.1 - age
        rig.joints(age=age)
    rig.image(age=0.04)
    output = rig.loop.tick(rig.clock.now())
    assert rig.states[-1][0] == pytest.approx(0.06)
    assert output.target is not None
    assert output.target.position[0] == pytest.approx(0.07)


def test_rule_4_hold_then_stop_then_disarm_after_two_seconds(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    rig.tick()
    assert rig.tick(inputs=False).state is LoopState.HOLD
    start = rig.clock.now()
    second = rig.tick(inputs=False)
    assert (second.target, second.state) == (None, LoopState.STOPPED)
    while rig.clock.now() - start < 1.75:
        assert rig.tick(inputs=False).state is LoopState.STOPPED
    assert rig.tick(inputs=False, wait=start + 2.0 - MS - rig.clock.now()).state is LoopState.STOPPED
    last = rig.tick(inputs=False, wait=PERIOD)
    assert last.state is LoopState.DISARMED
    assert "enable to go on" in last.reason
    assert rig.tick().target is None  # good inputs alone do not bring it back
    assert rig.enabled().tick().state is LoopState.RUNNING


@pytest.mark.parametrize(("over", "state"), [(-MS, LoopState.STOPPED), (MS, LoopState.DISARMED)])
def test_rule_4_the_two_seconds_to_the_millisecond(table: RobotTable, over: float, state: LoopState) -> None:
    rig = Rig(table).enabled()
    rig.tick()
    rig.tick(inputs=False)
    for _ in range(9):
        rig.tick(inputs=False)
    assert rig.tick(inputs=False, wait=2.0 + over - 9 * PERIOD).state is state


def test_good_inputs_before_two_seconds_go_on_from_the_measured_joints(table: RobotTable) -> None:
    rig = Rig(table, reference="commanded").enabled()
    rig.action = lambda: np.array([0.05, 0, 0, 0, 0, 0, 0, 0])
    rig.tick()
    rig.tick(inputs=False)
    rig.tick(inputs=False)
    rig.position[0] = 0.3
    output = rig.tick()
    assert output.state is LoopState.RUNNING
    assert output.target is not None
    assert output.target.position[0] == pytest.approx(0.35)


def test_rule_5_the_same_stamp_on_three_ticks(table: RobotTable) -> None:
    """With a loop slow enough that the age alone does not catch it."""
    rig = Rig(table).enabled()
    rig.loop.period = 0.03
    rig.clock.advance(0.03)
    rig.image()
    states = []
    for _ in range(3):
        rig.joints()
        output = rig.loop.tick(rig.clock.now())
        states.append(output.state)
        rig.clock.advance(0.03)
    assert states == [LoopState.RUNNING, LoopState.RUNNING, LoopState.HOLD]
    assert "same image on 3 ticks" in output.reason
    assert output.error


def frozen_states(rig: Rig, motion: float, count: int = 5) -> list[LoopState]:
    states = []
    for _ in range(count):
        rig.clock.advance(PERIOD)
        rig.joints()
        rig.image(tokens=np.ones((2, 3), dtype=np.float32))
        states.append(rig.loop.tick(rig.clock.now()).state)
        rig.position[2] += motion
    return states


def test_rule_5_the_same_content_with_new_stamps_while_the_arm_moves(table: RobotTable) -> None:
    states = frozen_states(Rig(table).enabled(), motion=0.01)
    assert states[:3] == [LoopState.RUNNING, LoopState.RUNNING, LoopState.HOLD]
    assert states[3] is LoopState.STOPPED


def test_a_still_arm_may_see_a_still_picture(table: RobotTable) -> None:
    assert set(frozen_states(Rig(table).enabled(), motion=0.0)) == {LoopState.RUNNING}


@pytest.mark.parametrize(
    "action",
    [np.full(8, np.nan), np.append(np.zeros(7), np.inf), np.zeros(7), np.zeros((1, 8))],
)
def test_rule_6_an_action_that_is_not_finite_or_has_the_wrong_length_holds(
    table: RobotTable, action: FloatArray
) -> None:
    rig = Rig(table).enabled()
    rig.action = lambda: action
    output = rig.tick()
    assert (output.target, output.state, output.error) == (None, LoopState.HOLD, True)
    assert "action" in output.reason


def test_a_controller_that_raises_holds(table: RobotTable) -> None:
    rig = Rig(table).enabled()

    def fail() -> FloatArray:
        raise RuntimeError("out of memory")

    rig.action = fail
    output = rig.tick()
    assert (output.target, output.state, output.error) == (None, LoopState.HOLD, True)
    assert "out of memory" in output.reason


@pytest.mark.parametrize("tokens", [np.full((2, 3), np.nan), np.zeros((3, 3)), np.zeros(6)])
def test_rule_6_a_feature_that_is_not_finite_or_has_the_wrong_shape_holds(
    table: RobotTable, tokens: FloatArray
) -> None:
    rig = Rig(table).enabled()
    rig.clock.advance(PERIOD)
    rig.joints()
    rig.image()
    rig.image(tokens=tokens.astype(np.float32))
    output = rig.loop.tick(rig.clock.now())
    assert (output.state, output.error) == (LoopState.HOLD, True)
    assert "feature" in output.reason
    assert rig.tick().state is LoopState.RUNNING


def test_rule_6_a_feature_from_another_encoder_holds_until_a_good_one_comes(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    rig.clock.advance(PERIOD)
    rig.joints()
    rig.image()
    rig.loop.refuse_feature("feature comes from encoder 'other'")
    output = rig.loop.tick(rig.clock.now())
    assert (output.target, output.state, output.error) == (None, LoopState.HOLD, True)
    assert "other" in output.reason
    assert rig.tick().state is LoopState.RUNNING


def test_rule_6_joint_names_in_another_order_hold(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    rig.clock.advance(PERIOD)
    rig.image()
    rig.joints()
    rig.joints(names=table.joint_names[::-1])
    output = rig.loop.tick(rig.clock.now())
    assert (output.state, output.error) == (LoopState.HOLD, True)
    assert "joint state names gripper, joint7" in output.reason


def test_joint_states_that_are_not_finite_hold(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    rig.position[3] = np.nan
    assert rig.tick().state is LoopState.HOLD


def test_before_the_first_inputs_it_holds(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    assert "no joint state yet" in rig.tick(inputs=False).reason
    rig = Rig(table).enabled()
    rig.clock.advance(PERIOD)
    rig.joints()
    assert "no image feature yet" in rig.loop.tick(rig.clock.now()).reason


def test_an_image_that_comes_late_does_not_replace_a_newer_one(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    rig.clock.advance(PERIOD)
    rig.joints()
    rig.image(age=0.02)
    rig.image(age=0.09)
    output = rig.loop.tick(rig.clock.now())
    assert output.stamp == pytest.approx(rig.clock.now() - 0.02)
    assert rig.loop.diagnostics()["messages out of order"] == "1"


def test_a_tick_that_comes_too_early_is_dropped(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    rig.tick()
    for _ in range(3):
        output = rig.tick(wait=0.01)
        assert (output.target, output.state) == (None, LoopState.RUNNING)
        assert "dropped" in output.reason
    assert len(rig.states) == 1
    assert rig.tick(wait=0.17).target is not None


def test_one_missed_tick_is_dropped_and_two_hold(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    rig.tick()
    assert rig.tick(wait=2 * PERIOD).state is LoopState.RUNNING
    output = rig.tick(wait=3 * PERIOD)
    assert (output.target, output.state) == (None, LoopState.HOLD)
    assert "2 ticks were missed" in output.reason
    assert rig.tick().state is LoopState.RUNNING


@pytest.mark.parametrize("jump", [-1.0, 1.0])
def test_a_jump_of_the_clock_holds_and_does_not_move(table: RobotTable, jump: float) -> None:
    rig = Rig(table).enabled()
    rig.tick()
    rig.clock.advance(jump)
    output = rig.tick(inputs=False)
    assert (output.target, output.state) == (None, LoopState.HOLD)
    assert rig.tick().state is LoopState.RUNNING  # with inputs of the new time it goes on


@pytest.mark.parametrize("which", ["image", "joints"])
def test_stamps_from_the_future_hold(table: RobotTable, which: str) -> None:
    rig = Rig(table).enabled()
    rig.clock.advance(PERIOD)
    rig.image(age=-1.0 if which == "image" else 0.0)
    rig.joints(age=-1.0 if which == "joints" else 0.0)
    output = rig.loop.tick(rig.clock.now())
    assert (output.target, output.state, output.error) == (None, LoopState.HOLD, True)
    assert "in the future" in output.reason


def test_rule_11_the_gripper_has_hysteresis_and_a_second_between_changes(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    predicted = iter([0.0, -0.099, -0.101, 0.2, 0.2, 0.2, 0.2, 0.2, 0.0, 0.0])
    rig.action = lambda: np.append(np.zeros(7), next(predicted))
    sent = []
    for _ in range(10):
        output = rig.tick()
        assert output.target is not None
        sent.append(output.target.position[-1])
    assert sent == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("opening", [0.3, 1.0])
def test_the_gripper_starts_as_it_is(table: RobotTable, opening: float) -> None:
    rig = Rig(table)
    rig.position[-1] = opening
    rig.enabled()
    output = rig.tick()
    assert output.target is not None
    assert output.target.position[-1] == (1.0 if opening > 0.85 else 0.0)


def test_enabling_again_takes_the_gripper_as_it_is_then_not_as_the_trial_before_left_it(
    table: RobotTable,
) -> None:
    rig = Rig(table).enabled()
    rig.action = lambda: np.array([0.0] * 7 + [-0.2])
    rig.tick()
    rig.position[-1] = 0.4
    rig.joints()  # the last thing seen of the old trial is a closed gripper
    rig.loop.disable()
    rig.loop.enable()
    rig.position[-1] = 1.0
    rig.action = lambda: np.zeros(8)
    output = rig.tick()
    assert output.target is not None
    assert output.target.position[-1] == 1.0
    rig.action = lambda: np.array([0.0] * 7 + [-0.2])
    output = rig.tick()
    assert output.target is not None
    assert output.target.position[-1] == 0.0, "a change in the trial before must not block one in this"


def test_rule_13_measured_and_commanded_references(table: RobotTable) -> None:
    for reference, expected in (("measured", 0.11), ("commanded", 0.03)):
        rig = Rig(table, reference).enabled()
        rig.action = lambda: np.array([0.01, 0, 0, 0, 0, 0, 0, 0])
        rig.tick()
        rig.tick()
        rig.position[0] = 0.1  # the arm is not where it was sent
        output = rig.tick()
        assert output.target is not None
        assert output.target.position[0] == pytest.approx(expected), reference


def test_disable_ends_it_with_a_reason(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    rig.tick()
    rig.loop.disable("the driver stopped")
    output = rig.tick()
    assert (output.target, output.state, output.reason) == (None, LoopState.DISARMED, "the driver stopped")


def test_diagnostics_show_ages_and_counts(table: RobotTable) -> None:
    rig = Rig(table).enabled()
    rig.clock.advance(PERIOD)
    rig.joints(age=0.01)
    rig.image(age=0.03)
    rig.loop.tick(rig.clock.now())
    rig.tick(inputs=False)
    shown = rig.loop.diagnostics()
    assert shown["image age (ms)"] == "30.0"
    assert shown["joint age (ms)"] == "10.0"
    assert (shown["ticks"], shown["ticks without target"], shown["state"]) == ("2", "1", "hold")
