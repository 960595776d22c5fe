"""Tracked controllers that the stand-in runtime shows to an OpenVR application, with the faults of a board."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mvp_real.emulators.fault_board import FaultBoard, FaultSpec, common_faults
from mvp_real.emulators.vive.wire import (
    BASE_STATION,
    CONTROLLER,
    HMD,
    LEFT,
    OUT_OF_RANGE,
    RIGHT,
    DeviceState,
    datagram,
)
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray

RATE = 90.0  # Hz, of SteamVR's tracking
FORGOTTEN = 2.0  # s after which an application that no longer asks gets nothing
LEFT_SERIAL, RIGHT_SERIAL = "LHR-EMULATED-L", "LHR-EMULATED-R"
FAULTS: dict[str, FaultSpec] = {
    **common_faults("silence", "drop", "delay", "freeze"),
    "silence": FaultSpec("the tracking server stops answering: no device is connected any more"),
    "drop": FaultSpec("the controllers are switched off"),
    "freeze": FaultSpec("poses stay valid, but stop changing"),
    "occlusion": FaultSpec("no base station sees the controllers: their poses are invalid and stand still"),
    "jump": FaultSpec("controllers are this far to the right of the truth, as after a bad calibration", "m"),
    "quit": FaultSpec("SteamVR asks the applications to end"),
}
Motion = Callable[[float], Sequence[DeviceState]]


def circles(seconds: float) -> tuple[DeviceState, ...]:
    """A headset, two controllers on circles of 0.1 m every 4 s before it, and a base station.

    Every 4 s the trigger of the right one is pulled and let go, and its grip held for the second half.
    """
    angle = math.tau * seconds / 4.0
    circle = 0.1 * np.array([math.cos(angle), math.sin(angle), 0.0])
    speed = math.tau / 4.0 * 0.1 * np.array([-math.sin(angle), math.cos(angle), 0.0])
    phase = seconds % 4.0 / 4.0
    return (
        DeviceState("EMULATED-HEADSET", HMD, pose=_at(0.0, 1.6, 0.0)),
        DeviceState(LEFT_SERIAL, CONTROLLER, LEFT, _at(-0.2, 1.1, -0.4) + _moved(circle), speed),
        DeviceState(
            RIGHT_SERIAL,
            CONTROLLER,
            RIGHT,
            _at(0.2, 1.1, -0.4) + _moved(circle),
            speed,
            trigger=1.0 - abs(2.0 * phase - 1.0),
            buttons=frozenset({"grip"} if phase >= 0.5 else ()),
        ),
        DeviceState("EMULATED-BASE", BASE_STATION, pose=_at(1.5, 2.3, -1.5)),
    )


class EmulatedVive:
    """Sends the state of all devices 90 times a second to whoever has asked for it lately.

    Args:
        motion: State of all devices by the time since the start, s.
        board: Made with `FAULTS`.
        port: UDP port on 127.0.0.1; 0 takes a free one.

    Attributes:
        port: Where it listens.
        haptics: Pulses that applications asked for: index of the device and duration in microseconds.

    Raises:
        MvpRealError: The port is taken.
    """

    def __init__(self, motion: Motion, board: FaultBoard, port: int = 0) -> None:
        self._motion, self._board = motion, board
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind(("127.0.0.1", port))
        except OSError as error:
            self._socket.close()
            raise MvpRealError(f"cannot listen at 127.0.0.1:{port}: {error}; choose another port") from error
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self.haptics: deque[tuple[int, int]] = deque(maxlen=1000)
        self._clients: dict[tuple[str, int], float] = {}
        self._start = time.monotonic()
        self._frozen: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="emulated vive", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; applications see their devices vanish within half a second."""
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def devices(self, now: float) -> list[DeviceState]:
        """What applications shall see at a time since the start, s: the motion and the faults."""
        value = self._board.value
        frozen = value("freeze") is not None or value("occlusion") is not None
        if not frozen:
            self._frozen = None
        elif self._frozen is None:
            self._frozen = now
        seen = now if self._frozen is None else self._frozen
        return [self._faulty(device) for device in self._motion(seen - (value("delay") or 0.0))]

    def _faulty(self, device: DeviceState) -> DeviceState:
        value = self._board.value
        if device.device_class != CONTROLLER:
            return device
        if value("drop") is not None:
            return replace(device, connected=False, valid=False)
        if value("occlusion") is not None:
            device = replace(device, valid=False, result=OUT_OF_RANGE)
        if value("freeze") is not None or value("occlusion") is not None:
            device = replace(device, velocity=np.zeros(3), angular_velocity=np.zeros(3))
        jump = value("jump")
        return (
            device if jump is None else replace(device, pose=device.pose + _moved(np.array([jump, 0.0, 0.0])))
        )

    def _run(self) -> None:
        tick = 0
        while not self._stop.wait(max(0.0, self._start + tick / RATE - time.monotonic())):
            now = time.monotonic() - self._start
            # After a pause of the computer ticks are left out.
            tick = max(tick + 1, int(now * RATE))
            self._listen()
            message = datagram(self.devices(now), tick, self._board.value("quit") is not None)
            if self._board.value("silence") is None:
                self._send(message)

    def _listen(self) -> None:
        now = time.monotonic()
        while True:
            try:
                data, client = self._socket.recvfrom(256)
            except OSError:  # nothing there, or a client that has gone
                break
            self._clients[client] = now
            words = data.split()
            if words[:1] == [b"haptic"] and len(words) == 4 and all(word.isdigit() for word in words[1:]):
                self.haptics.append((int(words[1]), int(words[3])))
        self._clients = {client: at for client, at in self._clients.items() if now - at < FORGOTTEN}

    def _send(self, message: bytes) -> None:
        for client in self._clients:
            try:
                self._socket.sendto(message, client)
            except OSError:
                continue  # it left; its next question brings it back


def _at(x: float, y: float, z: float) -> FloatArray:
    pose = np.eye(4)
    pose[:3, 3] = x, y, z
    return pose


def _moved(by: FloatArray) -> FloatArray:
    """What to add to a pose so that it is moved."""
    change = np.zeros((4, 4))
    change[:3, 3] = by
    return change
