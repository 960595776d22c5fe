"""How far a pose lies outside the space that the arm may use: a box for the tool, a plane for every link."""

from __future__ import annotations

from collections.abc import Sequence

from mvp_real.robots.kinematics import SHOULDER_LINKS
from mvp_real.robots.table import RobotTable


class Workspace:
    """Box of the tool centre point and the plane of the table, checked by forward kinematics."""

    def __init__(self, table: RobotTable) -> None:
        self._chain = table.chain
        self._tool = table.tool_offset
        self._lower: list[float] = table.workspace_lower.tolist()
        self._upper: list[float] = table.workspace_upper.tolist()
        self._lower[2] = max(self._lower[2], table.table_height + table.tool_clearance)
        self._link_floor = table.table_height + table.link_clearance

    def outside(self, angles: Sequence[float]) -> float:
        """Distance by which a pose breaks the limits, m; zero or negative when it keeps them.

        Args:
            angles: (7,) joint angles, rad.
        """
        (px, py, pz), lowest = self._chain.tool_and_lowest(angles, self._tool)
        lower, upper = self._lower, self._upper
        return max(
            lower[0] - px, px - upper[0], lower[1] - py, py - upper[1], lower[2] - pz, pz - upper[2],
            self._link_floor - lowest,
        )  # fmt: skip

    def describe(self, angles: Sequence[float]) -> str:
        """Which limit a pose breaks and by how much, for a message."""
        origins, (_, _, z) = self._chain.frames(angles)
        point = [origins[-1][k] + self._tool * z[k] for k in range(3)]
        for axis, value, low, high in zip("xyz", point, self._lower, self._upper, strict=True):
            if not low <= value <= high:
                return f"tool {axis} = {value:.3f} m is outside {low:.3f} to {high:.3f} m"
        lowest = min(range(SHOULDER_LINKS, len(origins)), key=lambda k: origins[k][2])
        return f"link {lowest + 1} at z = {origins[lowest][2]:.3f} m is below {self._link_floor:.3f} m"
