"""Messages between the driver node and its servo process: a header in JSON and a vector, over a socket pair.

Neither side ever waits for the other: what does not fit into the socket's buffer is lost and counted. When one side is
gone the other one reads an end.
"""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Any

import numpy as np

from mvp_real.messages import FloatArray

Header = dict[str, Any]
_EMPTY = np.zeros(0)
_LARGEST = 1 << 16


class ChannelClosed(Exception):
    """The other side has gone."""


class Channel:
    """One end.

    Args:
        end: Of a `socket.socketpair(AF_UNIX, SOCK_SEQPACKET)`.

    Attributes:
        lost: Messages that did not fit any more.
    """

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self.lost = 0

    def send(self, header: Header, values: FloatArray = _EMPTY) -> bool:
        """Send without waiting; whether there was room.

        Raises:
            ChannelClosed: The other side has gone.
        """
        head = json.dumps(header).encode()
        packet = b"".join((len(head).to_bytes(4, "little"), head, values.astype("<f8").tobytes()))
        try:
            self.socket.send(packet, socket.MSG_DONTWAIT)
        except BlockingIOError:
            self.lost += 1
            return False
        except OSError as error:
            raise ChannelClosed from error
        return True

    def receive(self, wait: bool = False) -> tuple[Header, FloatArray] | None:
        """The next message; None if there is none.

        Args:
            wait: Block until there is one.

        Raises:
            ChannelClosed: The other side has gone.
        """
        try:
            packet = self.socket.recv(_LARGEST, 0 if wait else socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError as error:
            raise ChannelClosed from error
        if not packet:
            raise ChannelClosed
        size = int.from_bytes(packet[:4], "little")
        return json.loads(packet[4 : 4 + size]), np.frombuffer(packet[4 + size :], dtype="<f8").astype(
            np.float64
        )

    def close(self) -> None:
        """Tell the other side by leaving."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
