"""Subscriptions of the recorder: to whatever type and quality a topic turns out to have."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from mvp_real.demos import topics
from mvp_real.errors import MvpRealError
from mvp_real.nodes.recorder_definitions import definition, message_class

IMAGE_DEPTH = 30  # a second of a camera may wait for this process without a loss
DEPTH = 200

Taker = Callable[[str, str, str, bytes], None]


class RecordedTopics:
    """Looks for topics until each has a publisher, and hands on their messages as bytes.

    They belong to a node and a thread of their own: an executor looks at everything a node has for each message, and
    the recorder's services and timers would make that three times as expensive.

    Args:
        node: The recorder.
        names: Topics relative to the node's namespace.
        take: Called, in that thread, with topic, type, definition and the serialised message.
    """

    def __init__(self, node: Node, names: tuple[str, ...], take: Taker) -> None:
        self._node, self._take = node, take
        self._wanted = {topics.full_name(node.get_namespace(), name): name for name in names}
        self.refused: dict[str, str] = {}
        self._input = rclpy.create_node(
            f"{node.get_name()}_input",
            namespace=node.get_namespace(),
            use_global_arguments=False,
            start_parameter_services=False,
            enable_rosout=False,
        )
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._input)
        self._thread = threading.Thread(target=self._spin, name="input", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take nothing any more."""
        self._executor.shutdown()
        self._thread.join(5.0)

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    @property
    def missing(self) -> list[str]:
        """Topics that nobody publishes yet."""
        return list(self._wanted.values())

    def look(self) -> None:
        """Subscribe to what has appeared; to be called again and again."""
        if not self._wanted:
            return
        for full, kinds in self._node.get_topic_names_and_types():
            if full in self._wanted and self._node.count_publishers(full):
                name = self._wanted.pop(full)
                try:
                    self._subscribe(full, name, kinds[0])
                except MvpRealError as error:
                    self.refused[name] = str(error)
                    self._node.get_logger().error(f"{name} is not recorded: {error}")

    def _subscribe(self, full: str, name: str, kind: str) -> None:
        text = definition(kind)

        def take(data: bytes) -> None:
            self._take(name, kind, text, data)

        depth = IMAGE_DEPTH if kind.endswith("/Image") else DEPTH
        self._input.create_subscription(message_class(kind), full, take, self._quality(full, depth), raw=True)
        self._node.get_logger().info(f"listening to {name} ({kind})")

    def _quality(self, full: str, depth: int) -> QoSProfile:
        """The best quality that all its publishers offer."""
        offered = [info.qos_profile for info in self._node.get_publishers_info_by_topic(full)]
        reliable = all(quality.reliability == ReliabilityPolicy.RELIABLE for quality in offered)
        latched = all(quality.durability == DurabilityPolicy.TRANSIENT_LOCAL for quality in offered)
        return QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=depth,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )
