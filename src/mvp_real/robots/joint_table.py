"""What the limiter and the interpolator need to know of a robot, be it an arm with a gripper or a hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mvp_real.messages import FloatArray


class Region(Protocol):
    """Space that the robot may use."""

    def outside(self, angles: Sequence[float]) -> float:
        """Distance by which a pose breaks the limits, m; zero or negative when it keeps them."""
        ...

    def describe(self, angles: Sequence[float]) -> str:
        """Which limit a pose breaks and by how much, for a message."""
        ...


class Anywhere:
    """The region of a robot that is limited by its joints alone."""

    def outside(self, angles: Sequence[float]) -> float:
        """Never outside."""
        return -1.0

    def describe(self, angles: Sequence[float]) -> str:
        """Nothing is broken."""
        return "no limit"


class JointTable(Protocol):
    """Facts about the joints of one robot.

    The first `arm_joints` names are position-controlled joints. An arm has one name more, the gripper, given
    as its opening fraction.
    """

    @property
    def joint_names(self) -> tuple[str, ...]:
        """(n,) names, the order of every vector and of every message."""
        ...

    @property
    def arm_joints(self) -> int:
        """Number of joints without the gripper."""
        ...

    @property
    def lower(self) -> FloatArray:
        """(n,) lower limits of the device, rad."""
        ...

    @property
    def upper(self) -> FloatArray:
        """(n,) upper limits of the device, rad."""
        ...

    @property
    def home(self) -> FloatArray:
        """(n,) start pose, rad."""
        ...

    @property
    def position_margin(self) -> float:
        """Distance that targets keep from the limits, rad."""
        ...

    @property
    def velocity_limit(self) -> FloatArray:
        """(arm_joints,) rad/s."""
        ...

    @property
    def acceleration_limit(self) -> FloatArray:
        """(arm_joints,) rad/s^2."""
        ...

    @property
    def max_step(self) -> float:
        """Largest change of a joint in one control period, rad."""
        ...

    @property
    def control_period(self) -> float:
        """Time between two targets, s."""
        ...

    @property
    def reach_fraction(self) -> float:
        """Share of the control period after which the interpolator has reached the target."""
        ...
