"""What an emulated Digit can be made to do wrong, and what of it happens to its datagrams."""

from __future__ import annotations

import heapq
import random

from mvp_real.emulators.fault_board import FaultBoard, FaultSpec, common_faults

WEAK_MOTOR = "left_knee"


def digit_faults() -> FaultBoard:
    """The board of one robot."""
    own = {
        "error": FaultSpec(
            "the error flag is raised, and the low-level interface ends after the shutdown delay"
        ),
        "drop": FaultSpec("the link is cut: nothing arrives and nothing is sent"),
        "packet_loss": FaultSpec("this share of the datagrams is lost, in both directions", "share"),
        "gain_drop": FaultSpec(f"the {WEAK_MOTOR} gives this share of the torque it is asked for", "share"),
        "push": FaultSpec("the base is kicked once to its left with this speed", "m/s"),
        "pull": FaultSpec("the base is kicked once to its right with this speed", "m/s"),
    }
    common = common_faults(
        "silence", "delay", "jitter", "garble", "freeze", "power_cycle", "wrong_version", "emergency_stop"
    )
    return FaultBoard({**common, **own})


class FaultyWire:
    """Outgoing datagrams under the faults of a board.

    Args:
        board: The robot's.
        seed: Of what is random.
    """

    def __init__(self, board: FaultBoard, seed: int = 0) -> None:
        self._board, self._random = board, random.Random(seed)
        self._held: list[tuple[int, int, bytes]] = []  # due in ms, number, datagram
        self._number = 0

    def loses(self) -> bool:
        """Whether a datagram gets lost."""
        share = self._board.value("packet_loss")
        return share is not None and self._random.random() < share

    def send(self, datagram: bytes, milliseconds: int) -> None:
        """Put a datagram on the wire at a time of the robot's clock."""
        board = self._board
        if board.value("silence") or board.value("drop") or self.loses():
            return
        share = board.value("garble")
        if share is not None and self._random.random() < share:
            datagram = self._garbled(datagram)
        delay = board.value("delay") or 0.0
        delay += self._random.random() * (board.value("jitter") or 0.0)
        self._number += 1
        heapq.heappush(self._held, (milliseconds + round(1000.0 * delay), self._number, datagram))

    def arriving(self, milliseconds: int) -> list[bytes]:
        """What leaves the wire by this time."""
        datagrams = []
        while self._held and self._held[0][0] <= milliseconds:
            datagrams.append(heapq.heappop(self._held)[2])
        return datagrams

    def clear(self) -> None:
        """Lose what is on the wire."""
        self._held.clear()

    def _garbled(self, datagram: bytes) -> bytes:
        damaged = bytearray(datagram)
        for _ in range(self._random.randint(1, 4)):
            damaged[self._random.randrange(len(damaged))] ^= self._random.randint(1, 255)
        if self._random.random() < 0.2:
            return bytes(damaged[: self._random.randrange(len(damaged))])
        return bytes(damaged)
