"""One device with its driver node, and a test that plays controller and operator over ROS.

What a subclass adds: how the device is started or reached, what its controller sends, and what its states are.
"""

from __future__ import annotations

import abc
import contextlib
import json
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from mvp_real.emulators.fault_socket import FaultClient, parse_address
from mvp_real.nodes.quality import LATCHED
from mvp_real.systems.process import executable_path

from ..own_domain import OwnDomain
from .processes import PATIENCE, Emulator, end, wait_until

LATCHED_STATES = ("stopped", "fallen")
ATTEMPTS = 6
SEEN_WITHIN = 5.0  # s in which a robot that is told to move is seen to move
REST_WITHIN = (
    2.0  # s in which a robot that was stopped, or holds, is seen to stand; braking and delays included
)


@dataclass(frozen=True)
class Reach:
    """How the device is reached.

    Attributes:
        real: The device itself, not its emulator.
        ip, serial, interface, channel: Where it is; empty for emulators.
    """

    real: bool = False
    ip: str = ""
    serial: str = ""
    interface: str = ""
    channel: str = ""


@dataclass(frozen=True)
class Seen:
    """A state and when the test heard of it, on the monotonic clock."""

    at: float
    state: str
    reason: str


class Rig(abc.ABC):
    """See the module.

    Attributes:
        device: Name of the device.
        node_name, namespace: Of the driver.
        history: States of the driver in order of arrival.
        identity: Serial numbers and versions, for the result.
    """

    device = ""
    node_name = ""
    namespace = ""
    controller_period = 0.2
    has_services = True

    def __init__(self, reach: Reach, logs: Path) -> None:
        self.reach, self.logs = reach, logs
        self.history: list[Seen] = []
        self.identity: dict[str, str] = {}
        self.emulator: Emulator | None = None
        self.driver: subprocess.Popen[bytes] | None = None
        self._stamp_offset = 0.0
        self._streaming = False
        self._sent = 0  # commands of the controller since it began
        self._closing = threading.Event()
        supervised = {"MVP_REAL_SUPERVISED": "1"}  # nothing outlives the tests
        self._domain = OwnDomain("hil", self.namespace, supervised)
        self.environment, self.node = self._domain.environment, self._domain.node

    # To be given by a device.

    @abc.abstractmethod
    def start_emulator(self) -> Emulator:
        """Start the device's stand-in."""

    @abc.abstractmethod
    def parameters(self) -> dict[str, Any]:
        """Parameters of the driver node."""

    @abc.abstractmethod
    def connect_topics(self) -> None:
        """Subscriptions and publishers of this device."""

    def send(self, stamp_offset: float) -> bool:
        """Send one command that hardly moves the robot, stamps shifted by the offset, s; whether it was possible."""
        return False

    def moving(self) -> None:
        """Bring the device to the state in which a cell begins.

        On a computer that others keep busy this may take several attempts: the driver is right to stop when its
        measurements come late.
        """
        for _ in range(ATTEMPTS):
            self.recover()
            if not wait_until(lambda: self.call("enable", True), 15.0, pause=0.5):
                continue
            self._sent = 0
            self._streaming = True
            if wait_until(lambda: self._sent >= 5 and self.state in ("running", *LATCHED_STATES), 20.0) and (
                self.state == "running"
            ):
                seen = wait_until(self.moves, SEEN_WITHIN)  # a swinging joint stands for a moment at each end
                if self.state == "running":
                    assert seen, f"{self.device} runs and is not seen to move"
                    return
            self._streaming = False
        self.call("enable", False)
        raise AssertionError(f"{self.device} does not run in {ATTEMPTS} attempts; {self.history[-6:]}")

    def moves(self) -> bool:
        """Whether the robot is seen to do what it is told, beside what its driver says."""
        return True

    def rests(self) -> bool:
        """Whether the robot is seen to stand or is limp, or cannot be seen, because its link is what was broken."""
        return True

    # Life.

    def open(self) -> None:
        """Start everything and wait for the driver."""
        if not self.reach.real:
            self.emulator = self.start_emulator()
        if self.has_services:
            self.services: dict[str, Any] = {
                "enable": self.node.create_client(SetBool, f"{self.node_name}/enable"),
                **{
                    name: self.node.create_client(Trigger, f"{self.node_name}/{name}")
                    for name in ("stop", "clear_fault", "home")
                },
            }
            self.node.create_subscription(String, f"{self.node_name}/status", self._on_status, LATCHED)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self.connect_topics()
        self._domain.listen()
        self.start_driver()
        threading.Thread(target=self._control, daemon=True).start()

    def close(self) -> None:
        """End all processes."""
        self._closing.set()
        self._streaming = False
        if self.driver is not None:
            end(self.driver)
        if self.emulator is not None:
            self.emulator.close()
        self._domain.close()

    def start_driver(self) -> None:
        """Start the driver node and wait until it says how it is."""
        self.history.clear()
        arguments = ["--ros-args", "-r", f"__node:={self.node_name}", "-r", f"__ns:=/{self.namespace}"]
        for name, value in self.parameters().items():
            arguments += ["-p", f"{name}:={json.dumps(value)}"]
        command = [str(executable_path(self.node_name)), *arguments]
        self.driver = self._domain.launch(command, self.logs / f"{self.device}_driver.log")
        wait_until(lambda: self.history or self.driver.poll() is not None, PATIENCE)
        assert self.history, f"{self.node_name} does not tell its state; its log is in {self.logs}"

    # What cells do. Each returns when it has begun.

    @property
    def state(self) -> str:
        """Newest state; empty before the first."""
        return self.history[-1].state if self.history else ""

    def act(self, action: str, value: float | None) -> None:
        """Do what a cell names."""
        if action.startswith("fault "):
            self.faults().set(action.removeprefix("fault "), value)
        elif action in ("clock_back", "clock_ahead"):
            self._stamp_offset = (value or 0.0) * (-1.0 if action == "clock_back" else 1.0)
        elif action != "wait":
            getattr(self, action)()

    def undo(self) -> None:
        """End whatever cells do."""
        self._stamp_offset = 0.0
        self._streaming = False
        if not self.reach.real:
            self.faults().clear()
        if self.driver is None or self.driver.poll() is not None:
            self.start_driver()

    def kill_driver(self) -> None:
        """The driver's process dies at once."""
        assert self.driver is not None
        self.driver.kill()
        self.driver.wait()

    def pause_controller(self) -> None:
        """The controller's process is gone: no command any more."""
        self._streaming = False

    def stop(self) -> None:
        """An operator presses stop."""
        self.call("stop")

    def recover(self) -> None:
        """What an operator does: look, clear the fault until it is accepted, leave the robot disabled."""
        if not self.has_services:
            return
        wait_until(lambda: self.call("clear_fault"), PATIENCE, f"the fault is cleared; {self.history[-4:]}")
        self.call("enable", False)
        wait_until(
            lambda: self.state == "disabled", PATIENCE, f"{self.device} is disabled; {self.history[-4:]}"
        )

    def faults(self) -> FaultClient:
        """The emulator's fault socket."""
        assert self.emulator is not None
        return FaultClient(*parse_address(str(self.emulator.ready["faults"])))

    # Inside.

    def look(self, values: dict[str, str], text: str) -> None:
        """Take the driver's diagnostics."""
        self.identity |= {
            name: value
            for name, value in values.items()
            if any(word in name for word in ("serial", "firmware", "hardware version")) and value
        }

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.endswith(f"/{self.node_name}"):
                self.look({value.key: value.value for value in status.values}, status.message)

    def call(self, service: str, on: bool | None = None) -> bool:
        """Call one of the driver's services; whether it agreed."""
        client = self.services[service]
        wait_until(client.service_is_ready, PATIENCE, f"service {service} is there")
        request = Trigger.Request() if on is None else SetBool.Request(data=on)
        replies: list[Any] = []
        deadline = time.monotonic() + PATIENCE
        while not replies and time.monotonic() < deadline:
            # A request sent before both sides have met is lost.
            client.call_async(request).add_done_callback(lambda future: replies.append(future.result()))
            wait_until(lambda: bool(replies), 15.0)
        assert replies, f"{service} gave no answer"
        return bool(replies[0].success)

    def _on_status(self, message: String) -> None:
        status = json.loads(message.data)
        self.note(status["state"], status["reason"])

    def note(self, state: str, reason: str) -> None:
        """Remember a state if it is new."""
        if not self.history or (self.history[-1].state, self.history[-1].reason) != (state, reason):
            self.history.append(Seen(time.monotonic(), state, reason))

    def _control(self) -> None:
        while not self._closing.wait(self.controller_period):
            if self._streaming:
                with contextlib.suppress(Exception) if self._closing.is_set() else contextlib.nullcontext():
                    self._sent += self.send(self._stamp_offset)
