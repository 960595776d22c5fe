"""Node `teleop_gateway`: the page for headset, phone and laptop, and what a headset's hands say on the topic
`teleop`.

The web server has a thread and an event loop of its own; ROS only sees samples, service calls, and pictures that pass
by. The log says where the page is and which token pairs the first device.
"""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
from pathlib import Path
from typing import Any

import cv2
from sensor_msgs.msg import Image, JointState, Joy
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from mvp_real.errors import MvpRealError
from mvp_real.nodes import conversions
from mvp_real.nodes.diagnostics import ERROR, OK, Report
from mvp_real.nodes.durations import Durations
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import LATCHED, SENSOR
from mvp_real.nodes.runner import run_node
from mvp_real.nodes.teleop_messages import HANDS, TOPIC, joy_message
from mvp_real.teleop.clutch import MAX_AGE
from mvp_real.teleop.gateway.certificate import default_folder, fingerprint, own_addresses, tls_context
from mvp_real.teleop.gateway.desk import Desk
from mvp_real.teleop.gateway.lease import LIFE, Lease
from mvp_real.teleop.gateway.server import GatewayServer
from mvp_real.teleop.hand_sample import HandSample

START_WITHIN = 20.0  # s
CALL_WITHIN = {"stop": 1.0}  # s; the others:
PATIENCE = 5.0
STOP_TRIES = 3


class TeleopGateway(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("teleop_gateway", "operator's page")

        def fixed(name: str, default: Any, what: str, bounds: tuple[float, float] | None = None) -> Any:
            return declare(self, name, default, what, bounds, read_only=True)

        self._driver = fixed("driver", "arm", "Name of the driver's node.")
        self._reset = fixed(
            "reset", "arm", "Name of the node with the service ~/reset; only a simulation has one."
        )
        self._bind = fixed("bind", "0.0.0.0", "Address of the page over HTTPS.")
        self._https = fixed("https_port", 8443, "Port over HTTPS; 0 is any free one, -1 none.", (-1, 65535))
        text = "Port on the loopback address without TLS; 0 is any free one, -1 none."
        self._http = fixed("http_port", 8442, text, (-1, 65535))
        self._folder = fixed(
            "folder", "", "Folder of certificate and key; empty is the user's configuration folder."
        )
        self._view_rate = fixed("view_rate", 15.0, "Pictures per second shown at most.", (1.0, 60.0))
        self._quality = fixed("view_quality", 75, "Quality of the JPEG pictures.", (10, 95))
        age = fixed("max_age", MAX_AGE, "Oldest frame of a headset that may move the robot, s.", (0.02, 0.5))
        life = fixed("lease_life", LIFE, "Silence that ends the operator's lease, s.", (0.5, 60.0))
        self._server = GatewayServer(self, Desk(Lease(life), age))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._problem: Exception | None = None
        self._encode = Durations()
        self._shown_at = self._pictured_at = 0.0
        self._state: dict[str, Any] = {"joints": None, "driver": None, "mapping": None}
        self._heard_at: dict[str, float] = {}
        self._published = 0
        self._callers: dict[str, Any] = {}

    # Life cycle.

    def configure(self) -> None:
        self._samples = self.create_publisher(Joy, TOPIC, HANDS)
        for action in ("stop", "home", "clear_fault"):
            self._callers[action] = self.create_client(Trigger, f"{self._driver}/{action}")
        self._callers["enable"] = self._callers["disable"] = self.create_client(
            SetBool, f"{self._driver}/enable"
        )
        self._callers["reset"] = self.create_client(Trigger, f"{self._reset}/reset")
        self.create_subscription(
            String, f"{self._driver}/status", lambda m: self._on_status("driver", m), LATCHED
        )
        self.create_subscription(
            String, "teleop_mapping/status", lambda m: self._on_status("mapping", m), LATCHED
        )
        self.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        self.create_subscription(Image, "wrist_camera/image", self._on_image, SENSOR)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._thread.start()
        if not self._started.wait(START_WITHIN) or self._problem is not None:
            raise MvpRealError(
                f"the page could not be served: {self._problem or 'the web server did not start'}"
            )
        token = self._server.pairing.token
        for address in self._addresses():
            self.get_logger().info(f"page: {address}/#{token}")
        if "https" in self._server.addresses:
            self.get_logger().info(f"certificate SHA-256 {fingerprint(self._where())}")
        self.get_logger().info("gateway ready")

    def deactivate(self) -> None:
        # From here on `publish` lets nothing pass.
        for sample in self._server.desk.lose(time.monotonic()):
            self._samples.publish(joy_message(sample))

    def shut_down(self) -> None:
        super().shut_down()
        if self._loop is not None and self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join(5.0)

    def _where(self) -> Path:
        return Path(self._folder) if self._folder else default_folder()

    def _addresses(self) -> list[str]:
        found = []
        ports = self._server.addresses
        if "https" in ports:
            hosts = own_addresses() if self._bind in ("0.0.0.0", "") else [self._bind]
            found += [f"https://{host}:{ports['https']}" for host in hosts or ["localhost"]]
        if "http" in ports:
            found.append(f"http://127.0.0.1:{ports['http']}")
        return found

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        try:
            context = tls_context(self._where()) if self._https >= 0 else None
            await self._server.start(self._bind, self._https, self._http, context)
        except OSError as error:
            self._problem = MvpRealError(f"{error.strerror or error}; choose https_port:= and http_port:=")
            return
        except MvpRealError as error:
            self._problem = error
            return
        finally:
            self._started.set()
        await self._ending.wait()
        await self._server.close()

    # What the web server asks of the robot; it calls from its own thread.

    def publish(self, samples: list[HandSample]) -> None:
        """Publish samples, unless the node was deactivated."""
        if self.active:
            self._published += len(samples)
            for sample in samples:
                self._samples.publish(joy_message(sample))

    async def call(self, action: str) -> tuple[bool, str]:
        """Call the driver's service; a stop is tried again when no answer comes."""
        for _ in range(STOP_TRIES if action == "stop" else 1):
            try:
                response = await asyncio.wait_for(self._ask(action), CALL_WITHIN.get(action, PATIENCE))
                return bool(response.success), str(response.message)
            except asyncio.TimeoutError:
                self.get_logger().error(f"'{self._driver}/{action}' gave no answer")
        return False, f"no answer from the driver '{self._driver}'; use the robot's own stop button"

    async def _ask(self, action: str) -> Any:
        client = self._callers[action]
        while not client.service_is_ready():
            await asyncio.sleep(0.02)
        request = (
            Trigger.Request() if client.srv_type is Trigger else SetBool.Request(data=action == "enable")
        )
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def done(future: Any) -> None:
            loop.call_soon_threadsafe(lambda: answer.done() or answer.set_result(future.result()))

        client.call_async(request).add_done_callback(done)
        return await answer

    def state(self) -> dict[str, Any]:
        """Joints, driver, mapping, and how old each of them is."""
        now = time.monotonic()
        ages = {name: round(now - at, 2) for name, at in self._heard_at.items()}
        return {**self._state, "ages": ages, "simulated": self._callers["reset"].service_is_ready()}

    def tell(self, text: str) -> None:
        """Into the log."""
        self.get_logger().info(text)

    # What the robot says.

    def _on_status(self, name: str, message: String) -> None:
        self._heard_at[name] = time.monotonic()
        status = json.loads(message.data)
        keys = ("state", "reason", "homing", "owner", "tool", "behind", "outcome")
        self._state[name] = {key: status[key] for key in keys if key in status}

    def _on_joints(self, message: JointState) -> None:
        self._heard_at["joints"] = time.monotonic()
        if self._server.viewers and all(map(math.isfinite, message.position)):
            self._state["joints"] = {
                "names": list(message.name),
                "position": [round(q, 4) for q in message.position],
            }

    def _on_image(self, message: Image) -> None:
        now = time.monotonic()
        self._heard_at["camera"] = now
        if not self._server.viewers or now - self._shown_at < 1.0 / self._view_rate:
            return
        self._shown_at = now
        try:
            image = conversions.frame(message, 0).image
        except ValueError as error:
            self.get_logger().warning(f"picture not shown: {error}", throttle_duration_sec=5.0)
            return
        quality = [cv2.IMWRITE_JPEG_QUALITY, self._quality]
        encoded, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)
        if encoded:
            self._server.show(data.tobytes())
            self._encode.add(time.monotonic() - now)

    def report(self) -> Report:
        desk = self._server.desk
        values = {
            "holder of the lease": desk.lease.holder or "nobody",
            "viewers": self._server.viewers,
            "samples": self._published,
            **desk.counts,
            **self._encode.report("picture, wall"),
        }
        if desk.stopped:
            return ERROR, f"stopped: {desk.stopped}", values
        return OK, f"held by {desk.lease.holder}" if desk.lease.holder else "nobody holds the lease", values


def main() -> int:
    """Entry point of `lib/mvp_real/teleop_gateway`."""
    return run_node(TeleopGateway)
