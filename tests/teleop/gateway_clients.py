"""A gateway on the loopback interface, its robot, and clients that speak its protocol without a browser."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import numpy as np

from mvp_real.teleop.gateway.server import GatewayServer
from mvp_real.teleop.gateway.webxr_frame import Controller, WebXRFrame, encode
from mvp_real.teleop.hand_sample import HandSample

PATIENCE = 20.0  # s


class RecordedRobot:
    """What the gateway asked of its robot.

    Attributes:
        samples: Everything published, with the time of publication.
        calls: Actions in their order.
        answer: What calls are answered.
    """

    def __init__(self) -> None:
        self.samples: list[tuple[float, HandSample]] = []
        self.calls: list[str] = []
        self.answer = (True, "")

    def publish(self, samples: list[HandSample]) -> None:
        self.samples += [(time.monotonic(), sample) for sample in samples]

    async def call(self, action: str) -> tuple[bool, str]:
        self.calls.append(action)
        return self.answer

    def state(self) -> dict[str, Any]:
        return {"driver": {"state": "running"}}

    def tell(self, text: str) -> None:
        pass

    @property
    def tracked(self) -> int:
        """Samples that could have moved the robot."""
        return sum(sample.tracked for _, sample in self.samples)


class Operator:
    """A paired device's control socket, answering pings like the page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.desk: dict[str, Any] = {}
        self.answers: list[dict[str, Any]] = []
        self._sequence = 0
        self._pongs = 0
        self._reader = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        async for message in self.socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            said = json.loads(message.data)
            if said["type"] == "ping":
                await self.say({"type": "pong", "sent": said["sent"], "browser": self.clock()})
                self._pongs += 1
            elif said["type"] == "desk":
                self.desk = said
            elif said["type"] == "answer":
                self.answers.append(said)

    @staticmethod
    def clock() -> float:
        """The browser's clock, s, which has nothing to do with ours."""
        return time.monotonic() + 123.0

    async def say(self, message: Any) -> None:
        await self.socket.send_str(json.dumps(message))

    async def until(self, condition: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain; desk {self.desk}, answers {self.answers}"
            await asyncio.sleep(0.005)

    async def take(self) -> None:
        """Take the lease, and wait until the clocks are known to each other."""
        await self.say({"type": "take"})
        await self.until(lambda: self.desk.get("holds") and self._pongs)

    async def frame(
        self, position: tuple[float, float, float] = (0.0, 1.0, 0.0), squeeze: float = 0.0
    ) -> None:
        """Send one frame of a right controller."""
        self._sequence += 1
        pose = np.array([*position, 0.0, 0.0, 0.0, 1.0])
        frame = WebXRFrame(
            self._sequence, 1000 * self.clock(), True, {"right": Controller(pose, 0.0, squeeze)}
        )
        await self.socket.send_bytes(encode(frame))

    async def close(self) -> None:
        self._reader.cancel()
        await self.socket.close()


class Gateway:
    """A running gateway."""

    def __init__(self) -> None:
        self.robot = RecordedRobot()
        self.server = GatewayServer(self.robot)
        self._sessions: list[aiohttp.ClientSession] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.addresses['http']}"

    def session(self, **options: Any) -> aiohttp.ClientSession:
        """A device without cookies of another."""
        jar = aiohttp.CookieJar(unsafe=True)  # cookies of addresses without a name
        self._sessions.append(aiohttp.ClientSession(cookie_jar=jar, **options))
        return self._sessions[-1]

    async def device(self) -> aiohttp.ClientSession:
        """A paired device."""
        session = self.session()
        async with session.post(f"{self.address}/pair", json={"token": self.server.pairing.token}) as reply:
            assert reply.status == 200, await reply.text()
        return session

    async def operator(self, session: aiohttp.ClientSession | None = None) -> Operator:
        """The control socket of a device, by default of a new one."""
        session = session or await self.device()
        return Operator(await session.ws_connect(f"{self.address}/control"))

    async def close(self) -> None:
        for session in self._sessions:
            await session.close()
        await self.server.close()


@contextlib.asynccontextmanager
async def gateway() -> AsyncIterator[Gateway]:
    """A gateway on a free port, without TLS."""
    made = Gateway()
    await made.server.start("127.0.0.1", -1, 0, None)
    try:
        yield made
    finally:
        await made.close()
