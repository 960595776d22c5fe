"""The emulated controller box as a whole: ports, room and faults."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mvp_real.emulators.fault_board import FaultBoard
from mvp_real.emulators.frame_stream import FrameServer
from mvp_real.emulators.xarm7.controller_box import SERIAL
from mvp_real.emulators.xarm7.faults import FAULTS
from mvp_real.emulators.xarm7.functions import answer
from mvp_real.emulators.xarm7.protocol import Answer, Request
from mvp_real.emulators.xarm7.reports import BUILDERS, RATES
from mvp_real.emulators.xarm7.wire import ControlPort, ReportPort, WireFaults
from mvp_real.emulators.xarm7.world import EmulatedWorld

BOOT = 2.0  # s that a restart takes here; the real box takes about half a minute


class XArm7Emulator:
    """Serves one arm until `close`.

    Args:
        host: Address to listen at; several arms on one computer take several of 127.0.0.0/8.
        port: Of the control protocol; 0 takes any free one.
        report_base: Report ports are this + 1 to + 3; 0 takes any free ones.
        scene: See `EmulatedWorld`.
        frames: Where pictures of the wrist camera go, if anywhere.
        camera_rate: Pictures per second.
        serial: Serial number of the arm.

    Attributes:
        board: Its faults.
        world: Its room.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 502,
        report_base: int = 30000,
        scene: str = "pick_fruit",
        frames: FrameServer | None = None,
        camera_rate: float = 20.0,
        serial: str = SERIAL,
    ) -> None:
        self.board = FaultBoard(FAULTS)
        self.world = EmulatedWorld(scene, self.board, serial)
        self.box = self.world.box
        self._faults = WireFaults(self.board)
        self._control = ControlPort(host, port, self._answer, self._faults)
        self._ports = [
            ReportPort(host, report_base and report_base + offset, rate, self._builder(kind), self._faults)
            for offset, (kind, rate) in RATES.items()
        ]
        self._listeners = [self._control.listener, *(port.listener for port in self._ports)]
        self.host, self.port = host, self._control.listener.port
        self.report_ports = {
            kind: port.listener.port for (kind, _), port in zip(RATES.values(), self._ports, strict=True)
        }
        self._boot: threading.Timer | None = None
        self.board.subscribe(self._on_fault)
        self.world.start(frames, camera_rate)

    def close(self) -> None:
        """End serving."""
        if self._boot is not None:
            self._boot.cancel()
        for listener in self._listeners:
            listener.close()
        self.world.close()

    def _answer(self, request: Request) -> Answer:
        old = self.board.value("wrong_version") is not None
        return answer(self.box, request.function, request.payload, old_firmware=old)

    def _builder(self, kind: str) -> Callable[[], bytes]:
        build = BUILDERS[kind]

        def newest() -> bytes:
            with self.box.lock:
                report = self.box.report()
            return build(report)

        return newest

    def _on_fault(self, name: str, value: float | None) -> None:
        if name == "error" and value is not None:
            with self.box.lock:
                self.box.raise_error(int(value))
        elif name == "gripper_error":
            with self.box.lock:
                self.box.gripper.error = int(value or 0)
        elif name == "emergency_stop":
            with self.box.lock:
                self.box.press_stop(value is not None)
        elif name == "power_cycle" and value is not None:
            self._close_ports()
            with self.box.lock:
                self.box.power_on(self.box.measured)
            self._boot = threading.Timer(BOOT, self.board.clear, ["power_cycle"])
            self._boot.daemon = True
            self._boot.start()
        elif name == "drop" and value is not None:
            self._close_ports()
        elif name in ("drop", "power_cycle") and not self._faults.closed:
            for listener in self._listeners:
                listener.open()

    def _close_ports(self) -> None:
        for listener in self._listeners:
            listener.close()
