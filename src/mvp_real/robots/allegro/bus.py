"""A CAN bus for the hand: any interface of python-can, frames as plain tuples.

`socketcan` is a lab's; `udp_multicast` carries frames between processes of machines without CAN hardware;
`virtual` connects buses within one process.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from types import TracebackType
from typing import Any

from mvp_real.errors import MvpRealError, require
from mvp_real.robots.allegro.wire import Frame

BITRATE = 1_000_000
MULTICAST_GROUP = "239.74.163.2"  # python-can's own IPv4 group
RECEIVE_BUFFER = 1 << 20  # bytes, so that a late process finds its frames
INTERFACES = ("socketcan", "udp_multicast", "virtual")


class Bus:
    """One end of a CAN bus.

    Args:
        interface: Name of a python-can interface.
        channel: Its channel, `can0` for socketcan; for udp_multicast `GROUP` or `GROUP:PORT` (IPv4).
        deaf: Send only; nothing piles up that is never read.

    Raises:
        MvpRealError: python-can is not installed, or the bus cannot be opened.
    """

    def __init__(self, interface: str, channel: str, deaf: bool = False) -> None:
        self._can = require("can", "can")
        # Without CAN hardware python-can warns about each way it could not get exact time stamps.
        logging.getLogger("can").setLevel(logging.ERROR)
        options: dict[str, Any] = {"channel": channel}
        if interface == "udp_multicast":
            group, _, port = channel.partition(":")
            # Hop limit 0: an emulated hand must not move one on another computer.
            options |= {"channel": group or MULTICAST_GROUP, "hop_limit": 0}
            if port:
                options["port"] = _port(port, channel)
        elif interface == "socketcan":
            options["receive_own_messages"] = False
        else:
            options["bitrate"] = BITRATE
        if deaf and interface == "socketcan":
            # The kernel then keeps everything away that is not this one, which nobody sends.
            options["can_filters"] = [{"can_id": 0x7FF, "can_mask": 0x7FF, "extended": False}]
        try:
            self._bus: Any = self._can.Bus(interface=interface, **options)
        except Exception as error:  # each interface has errors of its own
            raise MvpRealError(
                f"cannot open CAN interface '{interface}' on channel '{channel}': {error}; "
                + _remedy(interface, channel)
            ) from error
        if interface == "udp_multicast":
            self._enlarge_buffer()

    def send(self, frame: Frame) -> bool:
        """Send without waiting; False if the bus did not take it (full queue, cable off, bus off)."""
        identifier, data, remote = frame
        message = self._can.Message(
            arbitration_id=identifier, data=data, is_remote_frame=remote, is_extended_id=False
        )
        try:
            self._bus.send(message)
        except (self._can.CanError, OSError):
            return False
        return True

    def receive(self, timeout: float) -> Frame | None:
        """The next frame with a standard identifier, or None after `timeout` s.

        A frame that cannot be read (garbage on the UDP group, an error frame) counts as none.
        """
        try:
            message = self._bus.recv(max(timeout, 0.0))
        except (self._can.CanError, OSError, ValueError):
            return None
        if message is None or message.is_extended_id or message.is_error_frame:
            return None
        return Frame(message.arbitration_id, bytes(message.data), bool(message.is_remote_frame))

    def close(self) -> None:
        """Give the bus back."""
        with contextlib.suppress(Exception):
            self._bus.shutdown()

    def __enter__(self) -> Bus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _enlarge_buffer(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            own = socket.socket(fileno=socket.dup(self._bus.fileno()))
            with own:
                own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def _port(text: str, channel: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise MvpRealError(
            f"channel '{channel}' ends in '{text}'; write GROUP:PORT, e.g. {MULTICAST_GROUP}:43113"
        )
    return int(text)


def _remedy(interface: str, channel: str) -> str:
    if interface == "socketcan":
        return (
            f"bring the interface up with: sudo ip link set {channel} up type can bitrate {BITRATE} "
            "(and load the driver of the adapter), or use interface udp_multicast with the emulator"
        )
    if interface == "udp_multicast":
        return f"the channel is an IPv4 multicast group such as {MULTICAST_GROUP}, with :PORT if needed"
    return f"known to work here: {', '.join(INTERFACES)}"
