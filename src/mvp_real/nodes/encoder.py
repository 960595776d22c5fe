"""Node `encoder`: the frozen encoder, from `wrist_camera/image` to `wrist_camera/features`.

The feature keeps the stamp of its image; its frame_id names the encoder by digest, so that a controller can
refuse features that it was not trained on. For a controller on simulator state ("oracle") the node has
nothing to do.
"""

from __future__ import annotations

import time

from sensor_msgs.msg import Image

from mvp_real.bundle import ORACLE, BundleError, load_card
from mvp_real.inference.latency import StartupLatency
from mvp_real.inference.session import EncoderSession
from mvp_real.messages import Feature
from mvp_real.nodes import conversions
from mvp_real.nodes.diagnostics import ERROR, OK, STALE, Report
from mvp_real.nodes.durations import Durations
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.pace import Pace, refuse_slow_start
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import sensor_quality
from mvp_real.nodes.runner import run_node
from mvp_real.resources import model_directory


def encoder_frame_id(sha256: str) -> str:
    """frame_id of a feature: the camera and the first digits of the encoder's SHA-256."""
    return f"wrist_camera#{sha256[:16]}"


class Encoder(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("encoder", "policy")
        declare(
            self,
            "bundle",
            "pick_fruit",
            "Controller bundle whose encoder runs; a comma list starts with the first.",
        )
        self._provider = declare(
            self, "provider", "cpu", "ONNX Runtime: cpu, cuda or tensorrt.", read_only=True
        )
        self._threads = declare(self, "threads", 1, "Threads inside one operation.", (1, 64), read_only=True)
        speed = declare(self, "speed", "1", "'lockstep' makes the topics reliable.", read_only=True)
        self._limit = declare(
            self,
            "latency_limit",
            0.09,
            "Largest start-up latency (p95) with which the node starts, s.",
            (0.001, 10.0),
        )
        self._pace = Pace.parse(speed)
        self._quality = sensor_quality(self._pace.lockstep)
        self._session: EncoderSession | None = None
        self._name = ""
        self._startup: StartupLatency | None = None
        self._subscription = None
        self._encode = Durations()
        self._age = Durations()
        self._images = self._refused = 0
        self._fault = ""
        self._received = 0.0
        self._features = self.create_publisher(Image, "wrist_camera/features", self._quality)

    def configure(self) -> None:
        bundle = str(self.get_parameter("bundle").value).split(",")[0]
        card = load_card(model_directory(bundle))
        if card.encoder is None:
            raise BundleError(
                f"bundle '{bundle}' is of kind '{card.kind}'; name the controller, its card names the encoder"
            )
        self._session, self._name, self._fault = None, card.encoder.name, ""
        if card.encoder.name != ORACLE:
            self._session = EncoderSession(
                model_directory(card.encoder.name), threads=self._threads, provider=self._provider
            )
            if self._session.card.model.sha256 != card.encoder.sha256:
                raise BundleError(
                    f"controller '{card.name}' was trained on encoder {card.encoder.sha256[:12]}, but "
                    f"'{card.encoder.name}' is {self._session.card.model.sha256[:12]}; "
                    "restore it or train again"
                )
            self._startup = self._session.warm_up()
            refuse_slow_start(self._startup, self._limit, self._pace)
            self._frame_id = encoder_frame_id(self._session.card.model.sha256)
            self._subscription = self.create_subscription(
                Image, "wrist_camera/image", self._on_image, self._quality
            )
        self.get_logger().info(
            f"encoder '{self._name}' ready" + (f"; {self._startup}" if self._startup else "")
        )

    def clean_up(self) -> None:
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None
        self._session = self._startup = None

    def _on_image(self, message: Image) -> None:
        if not self.active or self._session is None:
            return
        self._received = time.monotonic()
        try:
            frame = conversions.frame(message, self._images)
            tokens = self._session(frame.image)
        except ValueError as error:
            self._refused += 1
            self._fault = str(error)
            self.get_logger().error(self._fault, throttle_duration_sec=5.0)
            return
        self._features.publish(conversions.feature_message(Feature(tokens, frame.stamp), self._frame_id))
        self._images += 1
        self._fault = ""
        self._encode.add(time.monotonic() - self._received)
        self._age.add(self.get_clock().now().nanoseconds * 1e-9 - frame.stamp)

    def report(self) -> Report:
        values = {
            "encoder": self._name,
            "images": self._images,
            "refused": self._refused,
            "startup": str(self._startup or ""),
            **self._encode.report("encode, wall"),
            **self._age.report("capture to feature, ROS time"),
        }
        if self._fault:
            return ERROR, self._fault, values
        if self._session is None:
            return (
                OK,
                "the simulator publishes the feature" if self._name == ORACLE else "not configured",
                values,
            )
        if time.monotonic() - self._received > 2.0:
            return STALE, "no image for 2 s", values
        return OK, "encoding", values


def main() -> int:
    """Entry point of `lib/mvp_real/encoder`."""
    return run_node(Encoder)
