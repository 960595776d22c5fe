"""From the operator's hand to joint targets of an arm: clutch-relative motion, scaled, inside every limit.

Pure: samples, joint readings and times are handed in. There are two clocks: `now` is the operator's, on which hands
and joint readings grow old; `robot_now` is the robot's, on which speeds are limited. They differ where simulated time
does not run like real time. The node `teleop_mapping` wires all of it to topics.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.geometry import rotation_from_quaternion, rotation_z
from mvp_real.messages import FloatArray
from mvp_real.robots.limits import Limits
from mvp_real.robots.table import RobotTable
from mvp_real.teleop.arm_follower import ArmFollower, FollowerSettings
from mvp_real.teleop.clutch import ClutchSettings
from mvp_real.teleop.clutched_mapping import ClutchedMapping, Motion
from mvp_real.teleop.grip import GripLatch
from mvp_real.teleop.hand_sample import SIDES, HandSample

SAME_PLACE = 0.06  # rad; a command that close to the measured joints is still where the arm is going
GRIPPER_TIME = 2.0  # s in which the gripper has done what it was told
SHORT = 0.06  # m between hand and tool that the operator is told of


@dataclass(frozen=True)
class MappingSettings:
    """How the hand moves the arm.

    Attributes:
        side: Which hand: "left" or "right".
        scale: Metres of the tool per metre of the hand.
        turning: Whether the tool also turns with the hand.
        facing: Direction in which the operator looks, seen from the robot, rad: 0 along its x axis, pi towards it.
        follower: Speeds of the tool.
        clutch: What makes a pose doubtful.
    """

    side: str = "right"
    scale: float = 1.0
    turning: bool = True
    facing: float = 0.0
    follower: FollowerSettings = field(default_factory=FollowerSettings)
    clutch: ClutchSettings = field(default_factory=ClutchSettings)

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise unknown_name("side", self.side, SIDES)
        if not 0.05 <= self.scale <= 5.0:
            raise MvpRealError(f"scale is {self.scale}; needs 0.05 to 5 metres per metre")


class ArmMapping(ClutchedMapping):
    """Joint targets of one arm from one hand.

    Args:
        limits: What the driver's limiter enforces.
        settings: How the hand moves the arm.

    Attributes:
        settings: May be replaced while the clutch is released.
        short: Distance between hand and tool at the last sample, m.
    """

    def __init__(self, limits: Limits, settings: MappingSettings | None = None) -> None:
        assert isinstance(limits.table, RobotTable)
        self.settings = settings or MappingSettings()
        super().__init__(limits.table.joint_names, self.settings.clutch)
        self._table = limits.table
        self._follower = ArmFollower(limits, self.settings.follower)
        self._grip = GripLatch()
        self._opening = 1.0
        self._commanded: FloatArray | None = None  # last target that was sent, and when
        self._commanded_at = 0.0
        self._hand_position = np.zeros(3)
        self._hand_rotation = np.eye(3)
        self._tool = np.eye(4)
        self.short = 0.0

    @property
    def side(self) -> str:
        """Which of the operator's hands counts."""
        return self.settings.side

    def facts(self) -> dict[str, Any]:
        """What a status shows."""
        return {
            "tool": [round(v, 4) for v in self.tool().tolist()],
            "behind": round(self.short if self.clutch.engaged else 0.0, 4),
        }

    def block(self, reason: str) -> None:
        super().block(reason)
        if reason:
            self._commanded = None  # on the way home, or by hand, the arm and its gripper go elsewhere

    def feed(self, sample: HandSample, now: float, robot_now: float) -> Motion:
        """Take a sample of the operator's hand and say where the arm goes."""
        if sample.side != self.settings.side:
            return self._answer(None, f"the {self.settings.side} hand moves the arm")
        began, idle = self._take(sample, now, robot_now)
        if idle is not None:
            return idle
        if began:
            self._begin(sample, robot_now)
        step = self._follower.step(self._wanted(sample), robot_now)
        closed = self._grip.feed(sample.grip)
        opening = float(not closed) if self._grip.told else self._opening
        position = np.append(step.joints, opening)
        self._commanded, self._commanded_at = position, robot_now
        self.short = step.short
        behind = f"the tool is {100 * step.short:.0f} cm behind the hand" if step.short > SHORT else ""
        return self._answer(position, step.held or behind)

    def tool(self) -> FloatArray:
        """(3,) where the tool centre point is told to be, or is, while the hand does not move it; m."""
        if self.clutch.engaged or self._reading is None:
            position: FloatArray = self._follower.tool()[:3, 3]
            return position
        joints = self._reading.position[:7].tolist()
        return self._table.chain.pose(joints, self._table.tool_offset)[:3, 3]

    def _begin(self, sample: HandSample, robot_now: float) -> None:
        """Poses of this moment are the references: nothing moves until the hand does."""
        assert self._reading is not None
        measured = self._reading.position
        last = self._commanded
        # Where the arm was told to be, not where gravity lets it be: else each clutch would let it sink a little.
        same = last is not None and float(np.max(np.abs(last[:7] - measured[:7]))) < SAME_PLACE
        start = last if last is not None and same else measured
        self._follower.start(start[:7], robot_now)
        # As far as it was told to open, or does: what the fingers hold stays held.
        opening = float(measured[7])
        if last is not None and same and not self._moved_by_others(opening, robot_now):
            opening = float(last[7])
        self._opening = opening
        self._grip.start(opening < self._table.gripper_open_threshold)
        self._tool = self._follower.tool()
        self._hand_position = sample.position
        self._hand_rotation = rotation_from_quaternion(sample.quaternion)

    def _moved_by_others(self, opening: float, robot_now: float) -> bool:
        """Whether the gripper had the time to do what the hand said last, and is not there."""
        assert self._commanded is not None
        threshold = self._table.gripper_open_threshold
        elsewhere = (opening < threshold) != (self._commanded[7] < threshold)
        return elsewhere and not 0.0 <= robot_now - self._commanded_at <= GRIPPER_TIME

    def _wanted(self, sample: HandSample) -> FloatArray:
        to_base = rotation_z(self.settings.facing)
        wanted: FloatArray = self._tool.copy()
        wanted[:3, 3] += self.settings.scale * to_base @ (sample.position - self._hand_position)
        if self.settings.turning:
            turn = rotation_from_quaternion(sample.quaternion) @ self._hand_rotation.T
            wanted[:3, :3] = to_base @ turn @ to_base.T @ wanted[:3, :3]
        return wanted
