"""The emulated robot in real time: UDP in, a millisecond of physics, UDP out, a thousand times a second.

On a computer that cannot keep up the robot's clock goes slower than the wall's, and says so. No more than a few
milliseconds are made up for in a row, because commands would then arrive too late by the robot's clock.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys
import threading
import time
from collections.abc import Callable

from mvp_real.emulators.digit.robot import EmulatedDigit
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.robots.digit_link.chunks import LARGEST

STEP = 0.001  # s of the robot's clock
MADE_UP = 0.003  # s of delay that are made up for; more is lost time
PACE_PERIOD = 5.0  # s of wall time between two looks at the pace
SLOW = 0.97  # of the asked pace, below which it is said aloud
SCENE_EVERY = 40  # ms between two pictures of the state
Scene = tuple[int, float, FloatArray, FloatArray]


class DigitServer:
    """Serves one robot.

    Args:
        robot: The robot.
        host: Address to listen at.
        port: UDP port for commands; 0 takes any free one.
        reply_port: Port of the client that observations are sent to; 0: where its commands come from.
        speed: Seconds of the robot per second of wall time; below 1 for busy computers.
        say: Told when the pace cannot be held.

    Attributes:
        port: The port that is served.
        pace: Robot's seconds per second of wall time in the last few seconds, of the asked speed.
        lost: s of wall time that could not be held.
        scene: Episode, time in s, forces on the soles (2,) and generalised positions, replaced every 40 ms.

    Raises:
        MvpRealError: The address or port cannot be used.
    """

    def __init__(
        self,
        robot: EmulatedDigit,
        host: str,
        port: int,
        reply_port: int = 0,
        speed: float = 1.0,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.robot, self._reply_port, self._speed = robot, reply_port, speed
        self._say = say or (lambda text: print(text, file=sys.stderr, flush=True))
        self.pace, self.lost = 1.0, 0.0
        self.scene: Scene | None = None
        self._closing = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise MvpRealError(
                f"UDP {host}:{port} cannot be used ({error.strerror or error}); is another emulator running? "
                "--port 0 takes any free port"
            ) from error
        self.port = int(self._socket.getsockname()[1])

    def close(self) -> None:
        """Let `run` end; from any thread."""
        self._closing.set()

    def run(self) -> None:
        """Serve until `close`."""
        period = STEP / self._speed
        due = looked_at = time.monotonic()
        steps = 0
        while not self._closing.is_set():
            self._listen(due)
            now = time.monotonic()
            if now - due > MADE_UP:
                self.lost += now - due - MADE_UP
                due = now - MADE_UP
            due += period
            self._send(self.robot.step())
            steps += 1
            if self.robot.body.milliseconds % SCENE_EVERY == 0:
                self._picture()
            if now - looked_at > PACE_PERIOD:
                self.pace = steps * period / (now - looked_at)
                steps, looked_at = 0, now
                if self.pace < SLOW:
                    self._say(
                        json.dumps(
                            {"warning": "slower than asked", "pace": round(self.pace, 3), "of": self._speed}
                        )
                    )
        self._socket.close()

    def _listen(self, until: float) -> None:
        """Hand what arrives to the robot until a time."""
        while True:
            with contextlib.suppress(BlockingIOError):
                while True:
                    try:
                        datagram, sender = self._socket.recvfrom(LARGEST)
                    except ConnectionError:
                        continue  # an ICMP answer to something sent before: the client has gone
                    self.robot.receive(datagram, (sender[0], sender[1]))
            left = until - time.monotonic()
            if left <= 0.0:
                return
            select.select((self._socket,), (), (), left)

    def _send(self, datagrams: list[bytes]) -> None:
        client = self.robot.client
        if client is None:
            return
        address = (client[0], self._reply_port or client[1])
        for datagram in datagrams:
            with contextlib.suppress(OSError):
                self._socket.sendto(datagram, address)

    def _picture(self) -> None:
        body = self.robot.body
        self.scene = (body.episode, body.now, body.contact_forces(), body.data.qpos.copy())
