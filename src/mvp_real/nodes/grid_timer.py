"""A timer that fires on a grid of ROS time, however time runs."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node

from mvp_real.control.schedule import TickSchedule

NANOSECONDS = 1_000_000_000


class GridTimer:
    """Calls back at each grid point that is due, once; aims at the next one, also after a jump of the clock.

    Args:
        node: Owner of the timer.
        schedule: The grid; it also keeps the statistics.
        callback: Called with the time of the call, s.
    """

    def __init__(self, node: Node, schedule: TickSchedule, callback: Callable[[float], None]) -> None:
        self._node, self._schedule, self._callback = node, schedule, callback
        self._timer = node.create_timer(schedule.period, self._on_timer)
        self._aim()
        threshold = JumpThreshold(
            min_forward=Duration(seconds=schedule.period),
            min_backward=Duration(nanoseconds=-1),
            on_clock_change=True,
        )
        self._jump = node.get_clock().create_jump_callback(threshold, post_callback=lambda jump: self._aim())

    def close(self) -> None:
        """Stop firing."""
        self._jump.unregister()
        self._node.destroy_timer(self._timer)

    def _on_timer(self) -> None:
        now = self._node.get_clock().now().nanoseconds / NANOSECONDS
        if self._schedule.due(now) is not None:
            self._callback(now)
        self._aim()

    def _aim(self) -> None:
        now = self._node.get_clock().now().nanoseconds / NANOSECONDS
        wait = self._schedule.next(now) - now
        self._timer.timer_period_ns = max(1, round(wait * NANOSECONDS))
        self._timer.reset()
