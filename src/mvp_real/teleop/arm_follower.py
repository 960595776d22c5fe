"""The arm follows a pose: one step of inverse kinematics at a time, inside the limits of joints, speeds and
workspace.

The limiter below enforces the same limits; here they are kept so that it never has to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mvp_real.errors import require
from mvp_real.messages import FloatArray
from mvp_real.robots.limits import Limits
from mvp_real.robots.step_budget import StepBudget
from mvp_real.robots.table import RobotTable
from mvp_real.robots.workspace import Workspace
from mvp_real.sim.scene import xarm7_spec

mink = require("mink", "sim")

TOOL = "teleop_tool"
# Of the limiter's speed. The arm lags behind a stream of targets by about 0.17 s, so that at full speed it would be as
# far behind as the limiter's tracking check allows; and jitter of the times shall never be clamped.
SHARE = 0.6
JOINT_MARGIN = 0.01  # rad inside the limiter's range
BOX_MARGIN = 0.005  # m inside the limiter's workspace
LONGEST_STEP = 0.05  # s; after a pause the arm does not catch up
ROTATION_COST = 0.3  # against 1 per metre: a tenth of a radian weighs as much as 3 cm
POSTURE_COST = 3e-3


@dataclass(frozen=True)
class FollowerSettings:
    """Speeds of the tool centre point: `speed` in m/s, `turn` in rad/s."""

    speed: float = 0.35
    turn: float = 1.5


@dataclass(frozen=True, eq=False)
class Step:
    """One step.

    Attributes:
        joints: (7,) rad, what to send.
        short: Distance between where the tool is told to be and where it should be, m.
        held: Why the arm did not follow; empty when it did.
    """

    joints: FloatArray
    short: float
    held: str


class ArmFollower:
    """Joint targets of an xArm7 whose tool centre point follows a pose.

    Args:
        limits: What the driver's limiter enforces.
        settings: Speeds.
    """

    def __init__(self, limits: Limits, settings: FollowerSettings | None = None) -> None:
        assert isinstance(limits.table, RobotTable)
        self.settings = settings or FollowerSettings()
        self._table = limits.table
        spec = xarm7_spec()
        spec.body("link7").add_site(name=TOOL, pos=(0.0, 0.0, limits.table.tool_offset))
        model = spec.compile()
        self._lower, self._upper = limits.lower + JOINT_MARGIN, limits.upper - JOINT_MARGIN
        model.jnt_range[:] = np.stack([self._lower, self._upper], axis=1)
        speeds = SHARE * limits.max_step / limits.period
        self._configuration = mink.Configuration(model)
        self._frame = mink.FrameTask(TOOL, "site", position_cost=1.0, orientation_cost=ROTATION_COST)
        self._posture = mink.PostureTask(model, cost=POSTURE_COST)
        self._posture.set_target(np.clip(limits.table.home[:7], self._lower, self._upper))
        names = limits.table.joint_names[:7]
        self._limits = [
            mink.ConfigurationLimit(model),
            mink.VelocityLimit(model, dict(zip(names, speeds.tolist(), strict=True))),
        ]
        self._budget = StepBudget(limits)
        self._workspace = Workspace(limits.table)
        self._box = limits.table.workspace_lower + BOX_MARGIN, limits.table.workspace_upper - BOX_MARGIN
        self._box[0][2] = max(
            self._box[0][2], limits.table.table_height + limits.table.tool_clearance + BOX_MARGIN
        )
        self._stepped_at = 0.0
        self._outside = 0.0

    @property
    def joints(self) -> FloatArray:
        """(7,) the last joint targets, rad."""
        return np.array(self._configuration.q[:7])

    def tool(self) -> FloatArray:
        """(4, 4) pose of the tool centre point at the last joint targets, m."""
        pose: FloatArray = self._configuration.get_transform_frame_to_world(TOOL, "site").as_matrix()
        return pose

    def start(self, joints: FloatArray, now: float) -> None:
        """Begin at these joint angles (7,), rad, at rest."""
        self._configuration.update(np.clip(joints, self._lower, self._upper))
        self._budget.restart(now, allowance=0.0)
        self._stepped_at = now
        self._outside = self._workspace.outside(self.joints.tolist())

    def step(self, wanted: FloatArray, now: float) -> Step:
        """Go towards a pose (4, 4) of the tool centre point in the base frame, for the time since the last step."""
        elapsed = min(now - self._stepped_at, LONGEST_STEP)
        if elapsed <= 1e-3:
            return Step(self.joints, 0.0, "")
        self._stepped_at = now
        goal = self._inside(wanted)
        before = self.tool()
        self._frame.set_target(mink.SE3.from_matrix(self._leashed(before, goal, elapsed)))
        try:
            velocity = mink.solve_ik(
                self._configuration,
                [self._frame, self._posture],
                elapsed,
                "daqp",
                damping=1e-4,
                limits=self._limits,
            )
        except mink.MinkError as error:
            return Step(self.joints, _distance(before, goal), f"inverse kinematics: {error}")
        if not np.all(np.isfinite(velocity)):
            return Step(self.joints, _distance(before, goal), "inverse kinematics: no solution")
        old = self.joints
        change = velocity * elapsed
        change *= self._budget.scale(change.tolist(), now)
        joints = np.clip(old + change, self._lower, self._upper)
        outside = self._workspace.outside(joints.tolist())
        # From outside (after a stop, by hand) only the way back is open; the limiter sees it the same way.
        if outside > max(0.0, self._outside):
            return Step(
                old, _distance(before, goal), "workspace: " + self._workspace.describe(joints.tolist())
            )
        self._outside = outside
        self._budget.spend((joints - old).tolist(), now)
        self._configuration.update(joints)
        return Step(joints, _distance(self.tool(), goal), "")

    def _inside(self, wanted: FloatArray) -> FloatArray:
        goal: FloatArray = wanted.copy()
        goal[:3, 3] = np.clip(goal[:3, 3], *self._box)
        return goal

    def _leashed(self, before: FloatArray, goal: FloatArray, elapsed: float) -> FloatArray:
        """The pose on the straight way to the goal that the tool may reach in this step."""
        pose: FloatArray = goal.copy()
        way = goal[:3, 3] - before[:3, 3]
        distance, longest = float(np.linalg.norm(way)), self.settings.speed * elapsed
        if distance > longest:
            pose[:3, 3] = before[:3, 3] + way * (longest / distance)
        turn = mink.SO3.from_matrix(before[:3, :3].T @ goal[:3, :3]).log()
        angle, largest = float(np.linalg.norm(turn)), self.settings.turn * elapsed
        if angle > largest:
            pose[:3, :3] = before[:3, :3] @ mink.SO3.exp(turn * (largest / angle)).as_matrix()
        return pose


def _distance(a: FloatArray, b: FloatArray) -> float:
    return float(np.linalg.norm(a[:3, 3] - b[:3, 3]))
