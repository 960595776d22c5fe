"""The mapping in front of the real limiter, which must follow it and never have to clamp, refuse or stop."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("mink")

from mvp_real.errors import MvpRealError
from mvp_real.geometry import rotation_z
from mvp_real.messages import JointReading, JointTarget
from mvp_real.robots.limits import Limits
from mvp_real.robots.safety import Limiter
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState
from mvp_real.teleop.arm_mapping import ArmMapping, MappingSettings
from mvp_real.teleop.clutched_mapping import Motion
from mvp_real.teleop.hand_sample import HandSample, untracked

from .hands import sample

RATE = 72
TABLE = load_robot("xarm7")


class Arm:
    """An ideal arm behind the real limiter, and the operator's hand in front of the mapping."""

    def __init__(self, settings: MappingSettings | None = None) -> None:
        self.limits = Limits.from_table(TABLE)
        self.mapping = ArmMapping(self.limits, settings)
        self.limiter = Limiter(self.limits)
        self.position = np.array(TABLE.home)
        self.now = 1.0
        self.limiter.enable(self.reading(), self.now)
        self.mapping.joints(self.reading())
        self.feed(sample(self.now, clutch=False))

    def reading(self) -> JointReading:
        return JointReading(TABLE.joint_names, self.position, None, self.now)

    def tool(self) -> np.ndarray:
        return TABLE.chain.pose(self.position[:7].tolist(), TABLE.tool_offset)

    def feed(self, hand: HandSample) -> Motion:
        motion = self.mapping.feed(hand, self.now, self.now)
        if motion.position is not None:
            target = JointTarget(TABLE.joint_names, motion.position, hand.stamp, 0.02)
            verdict = self.limiter.command(target, self.reading(), self.now)
            assert verdict.position is not None, verdict.reason
            self.position = verdict.position
        return motion

    def step(self, position: np.ndarray | tuple[float, ...], **changes: object) -> Motion:
        self.now += 1 / RATE
        self.mapping.joints(self.reading())
        return self.feed(sample(self.now, tuple(position), **changes))

    def reach(self, position: tuple[float, float, float], seconds: float = 3.0, **changes: object) -> Motion:
        """Hold the hand there for a while."""
        motion = self.step(position, **changes)
        for _ in range(round(seconds * RATE)):
            motion = self.step(position, **changes)
        return motion


def test_taking_the_clutch_moves_nothing() -> None:
    arm = Arm()
    before = arm.position.copy()
    for _ in range(20):
        arm.step((0.0, 0.0, 1.0))
    np.testing.assert_allclose(arm.position, before, atol=2e-3)


@pytest.mark.parametrize("shift", [(0.08, 0.0, 0.0), (0.0, -0.1, 0.0), (0.0, 0.0, 0.1), (-0.06, 0.08, 0.05)])
def test_the_tool_moves_as_the_hand_does(shift: tuple[float, float, float]) -> None:
    arm = Arm()
    start = arm.tool()
    arm.step((0.0, 0.0, 1.0))
    arm.reach((shift[0], shift[1], 1.0 + shift[2]))
    np.testing.assert_allclose(arm.tool()[:3, 3] - start[:3, 3], shift, atol=2e-3)
    np.testing.assert_allclose(arm.tool()[:3, :3], start[:3, :3], atol=0.02)
    assert arm.limiter.counters["clamped"] == 0


def test_scale_and_direction() -> None:
    arm = Arm(MappingSettings(scale=0.5, facing=math.pi))
    start = arm.tool()
    arm.step((0.0, 0.0, 1.0))
    arm.reach((0.08, 0.04, 1.06))
    np.testing.assert_allclose(arm.tool()[:3, 3] - start[:3, 3], (-0.04, -0.02, 0.03), atol=2e-3)


@pytest.mark.parametrize("turning", [True, False])
def test_the_tool_turns_with_the_hand(turning: bool) -> None:
    arm = Arm(MappingSettings(turning=turning))
    start = arm.tool()
    arm.step((0.0, 0.0, 1.0))
    angle = 0.4
    quaternion = np.array([math.cos(angle / 2), 0.0, 0.0, math.sin(angle / 2)])
    arm.reach((0.0, 0.0, 1.0), quaternion=quaternion)
    wanted = (rotation_z(angle) if turning else np.eye(3)) @ start[:3, :3]
    np.testing.assert_allclose(arm.tool()[:3, :3], wanted, atol=0.02)


def test_a_second_clutch_starts_from_where_the_arm_is() -> None:
    arm = Arm()
    start = arm.tool()
    for _ in range(2):
        arm.step((0.0, 0.0, 1.0))
        arm.reach((0.05, 0.0, 1.0))
        arm.step((0.05, 0.0, 1.0), clutch=False)
        arm.reach((0.0, 0.0, 1.0), 0.2, clutch=False)
    np.testing.assert_allclose(arm.tool()[:3, 3] - start[:3, 3], (0.1, 0.0, 0.0), atol=4e-3)


def test_the_limiter_never_has_to_act_on_a_wild_hand() -> None:
    """A hand that is everywhere within a metre, at up to 3 m/s, with irregular frames."""
    arm = Arm()
    generator = np.random.default_rng(0)
    arm.step((0.0, 0.0, 1.0))
    goal, place = np.zeros(3), np.zeros(3)
    for k in range(20 * RATE):
        if k % 30 == 0:
            goal = generator.uniform(-0.6, 0.6, 3)
        place = place + np.clip(goal - place, -0.03, 0.03)
        arm.now += float(generator.uniform(-0.006, 0.012))
        turn = generator.normal(size=4) * 0.1 + np.array([1.0, 0.0, 0.0, 0.0])
        quaternion = turn / np.linalg.norm(turn)
        motion = arm.step(place + np.array([0.0, 0.0, 1.0]), quaternion=quaternion)
        assert motion.state == "moving", motion.reason
        tool = arm.tool()[:3, 3]
        assert np.all(tool >= TABLE.workspace_lower - 1e-6)
        assert np.all(tool <= TABLE.workspace_upper + 1e-6)
    counters = arm.limiter.counters
    assert arm.limiter.state is DriverState.RUNNING
    assert counters["rejected"] == counters["stops"] == counters["clipped"] == 0
    assert counters["clamped"] < 0.02 * counters["commands"]


def test_the_tool_stops_at_the_edge_and_comes_back_at_once() -> None:
    arm = Arm()
    arm.step((0.0, 0.0, 1.0))
    for k in range(3 * RATE):
        motion = arm.step((0.0, 0.0, 1.0 - min(0.5, 0.01 * k)))
    assert 0.0 < arm.tool()[2, 3] < 0.03  # above the table
    assert motion.state == "moving"
    for k in range(2 * RATE):
        arm.step((0.0, 0.0, 0.5 + min(0.5, 0.01 * k)))
    assert arm.tool()[2, 3] == pytest.approx(0.18, abs=5e-3)


def test_the_trigger_is_the_gripper() -> None:
    arm = Arm()
    assert arm.step((0.0, 0.0, 1.0)).position[7] == 1.0  # type: ignore[index]
    assert arm.step((0.0, 0.0, 1.0), grip=1.0).position[7] == 0.0  # type: ignore[index]


@pytest.mark.parametrize("told", [True, False])
def test_the_clutch_leaves_a_gripper_alone_that_others_have_opened(told: bool) -> None:
    """The trigger closes it, Home opens it, and whoever then takes the clutch with open fingers drops nothing."""
    arm = Arm()
    arm.step((0.0, 0.0, 1.0))
    arm.step((0.0, 0.0, 1.0), grip=1.0)
    arm.step((0.0, 0.0, 1.0), grip=0.0, clutch=False)
    if told:
        arm.mapping.block("the arm is on its way home")
    arm.position[7] = 1.0
    arm.now += 5.0
    arm.step((0.0, 0.0, 1.0), clutch=False)
    arm.mapping.block("")
    arm.step((0.0, 0.0, 1.0), clutch=False)
    motion = arm.step((0.0, 0.0, 1.0))
    assert motion.state == "moving"
    assert motion.position[7] == 1.0  # type: ignore[index]


def test_a_gripper_that_is_still_closing_goes_on_when_the_clutch_is_taken_again() -> None:
    arm = Arm()
    arm.step((0.0, 0.0, 1.0))
    arm.step((0.0, 0.0, 1.0), grip=1.0)
    arm.step((0.0, 0.0, 1.0), grip=1.0, clutch=False)
    arm.position[7] = 0.97  # it has hardly begun
    assert arm.step((0.0, 0.0, 1.0), grip=1.0).position[7] == 0.0  # type: ignore[index]


def test_without_joints_nothing_moves() -> None:
    mapping = ArmMapping(Limits.from_table(TABLE))
    mapping.feed(sample(1.0, clutch=False), 1.0, 1.0)
    motion = mapping.feed(sample(1.01), 1.01, 1.01)
    assert (motion.position, motion.state) == (None, "released")
    assert motion.reason == "no joint state yet"


def test_old_joints_a_stopped_driver_and_a_lost_hand_release() -> None:
    arm = Arm()
    arm.step((0.0, 0.0, 1.0))
    assert arm.mapping.moving
    arm.mapping.block("the driver is stopped: collision")
    assert not arm.mapping.moving
    assert "collision" in arm.step((0.0, 0.0, 1.0)).reason
    arm.mapping.block("")
    arm.step((0.0, 0.0, 1.0), clutch=False)
    arm.step((0.0, 0.0, 1.0))
    assert arm.mapping.moving
    arm.now += 1 / RATE
    assert arm.feed(untracked("webxr", "right", arm.now)).reason == "tracking lost"
    arm.step((0.0, 0.0, 1.0), clutch=False)
    arm.step((0.0, 0.0, 1.0))
    assert arm.mapping.moving
    arm.now += 0.31
    assert "s old" in arm.feed(sample(arm.now)).reason
    assert not arm.mapping.moving


def test_a_robot_clock_that_jumps_back_releases() -> None:
    arm = Arm()
    arm.step((0.0, 0.0, 1.0))
    later = arm.now + 1 / RATE
    motion = arm.mapping.feed(sample(later), later, arm.now - 5.0)
    assert (motion.position, motion.reason) == (None, "the robot's clock jumped back")


def test_foreign_or_broken_joints_are_refused() -> None:
    arm = Arm()
    with pytest.raises(ValueError, match="expected joint1"):
        arm.mapping.joints(replace(arm.reading(), names=TABLE.joint_names[::-1]))
    with pytest.raises(ValueError, match="not finite"):
        arm.mapping.joints(replace(arm.reading(), position=np.full(8, np.nan)))


def test_settings_are_checked() -> None:
    with pytest.raises(MvpRealError, match="did you mean right"):
        MappingSettings(side="rigth")
    with pytest.raises(MvpRealError, match="scale is 0"):
        MappingSettings(scale=0.0)
