"""Node `hand_emulator`: the emulated Allegro hand on CAN, as `mvp_real emulate allegro`, for systems.

It talks to the node `hand` over CAN frames alone. Faults are switched by the parameter `fault` or by `mvp_real fault`
at the address in its diagnostics.
"""

from __future__ import annotations

from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter

from mvp_real.emulators.allegro.hand import FAULTS
from mvp_real.emulators.allegro.server import HandServer
from mvp_real.emulators.fault_socket import FaultServer, parse_address
from mvp_real.errors import MvpRealError
from mvp_real.nodes.diagnostics import OK, WARN, Report
from mvp_real.nodes.faults import Fault
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.runner import run_node
from mvp_real.robots.allegro.bus import MULTICAST_GROUP
from mvp_real.robots.allegro.table import load_hand

_NAMES = {name: (spec.what, spec.unit.upper()) for name, spec in FAULTS.items()}


class HandEmulator(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("hand_emulator", "emulated allegro")
        self._variant = declare(self, "variant", "v4", "v4, v5 (type B) or v5a (type A).", read_only=True)
        self._side = declare(self, "side", "right", "right or left.", read_only=True)
        text = "CAN interface of python-can."
        self._interface = declare(self, "interface", "udp_multicast", text, read_only=True)
        text = "Channel of the interface, GROUP[:PORT] of udp_multicast."
        self._channel = declare(self, "channel", MULTICAST_GROUP, text, read_only=True)
        text = "Where faults are switched from other processes, HOST:PORT; port 0 takes any free one."
        self._faults = declare(self, "faults", "127.0.0.1:0", text, read_only=True)
        self._fault = declare(
            self, "fault", "", f"Fault to show, 'name' or 'name=value': {', '.join(_NAMES)}."
        )
        self._server: HandServer | None = None
        self._fault_server: FaultServer | None = None

    def configure(self) -> None:
        table = load_hand(self._variant, self._side)
        self._server = HandServer(table, self._interface, self._channel)
        self._fault_server = FaultServer(self._server.board, *parse_address(self._faults))
        self._inject(self._fault)
        self.add_on_set_parameters_callback(self._on_parameters)

    def activate(self) -> None:
        assert self._server is not None
        assert self._fault_server is not None
        self._server.start()
        where = f"{self._interface} {self._channel}, faults at {self._fault_server.address}"
        self.get_logger().info(f"emulated hand ready: {self._variant} {self._side} on {where}")

    def shut_down(self) -> None:
        super().shut_down()
        if self._fault_server is not None:
            self._fault_server.close()
        if self._server is not None:
            self._server.close()
            torque = "without" if self._server.statistics()["no torque"] else "WITH"
            self.get_logger().info(f"emulated hand ends {torque} torque")

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        """Veto what the hand cannot show, with the reason; a new fault takes effect at once."""
        try:
            for parameter in parameters:
                if parameter.name == "fault":
                    self._inject(parameter.value)
        except MvpRealError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _inject(self, text: str) -> None:
        assert self._server is not None
        fault = Fault.parse(text, _NAMES)
        self._server.board.clear()
        if fault.name:
            self._server.board.set(fault.name, fault.value)
            self.get_logger().warning(f"fault injected: {text}")

    def report(self) -> Report:
        if self._server is None or self._fault_server is None:
            return WARN, "not configured", {}
        active = self._server.board.active()
        values = {
            **self._server.statistics(),
            "faults": ", ".join(f"{name}={value:g}" for name, value in active.items()) or "none",
            "fault socket": self._fault_server.address,
        }
        return WARN if active else OK, "with faults" if active else "serves", values


def main() -> int:
    """Entry point of `lib/mvp_real/hand_emulator`."""
    return run_node(HandEmulator)
