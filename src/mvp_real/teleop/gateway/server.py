"""The gateway's web server: page, pairing, and two WebSockets a client, one for control and one for the view.

The control socket carries frames and buttons, the view socket pictures and the robot's state; a slow picture never
stands in the way of a hand. Nothing is queued: each client gets the newest picture when the one before has left.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket as sockets
import ssl
import time
from typing import Any, Protocol

from aiohttp import WSCloseCode, WSMsgType, web

from mvp_real.teleop.gateway.desk import BAD_MESSAGES, Client, Desk, Wish
from mvp_real.teleop.gateway.pairing import Pairing
from mvp_real.teleop.gateway.web_pages import QUIET, add_headers, page_file, refuse_other_pages
from mvp_real.teleop.hand_sample import HandSample

COOKIE = "mvp_real_device"
KEPT = 15.0  # s that a connection without a request is kept
CONNECTIONS = 24  # open sockets of paired devices
LONGEST_MESSAGE = 4096  # bytes
WAITING = 65536  # bytes of a view that the system may keep for a slow connection
WATCH_PERIOD, DESK_PERIOD, STATE_PERIOD, PING_PERIOD = 0.02, 0.2, 0.1, 0.5  # s


class RobotLink(Protocol):
    """What the server needs of the robot."""

    def publish(self, samples: list[HandSample]) -> None:
        """Samples of the operator's hands, stamped with `time.monotonic`."""

    async def call(self, action: str) -> tuple[bool, str]:
        """Stop, enable, disable, home, clear_fault or reset: whether it was done, and what the robot says."""

    def state(self) -> dict[str, Any]:
        """What the page shows of the robot."""

    def tell(self, text: str) -> None:
        """Something happened that belongs into the log."""


class GatewayServer:
    """Serves one robot to the devices of its operators.

    Args:
        link: The robot.
        desk: Lease, stop and frames; a new one if None.

    Attributes:
        desk: Lease, stop and frames.
        pairing: Tokens and devices.
        addresses: (port) of each listening socket by "http" and "https", once started.
        viewers: Number of open view sockets.
    """

    def __init__(self, link: RobotLink, desk: Desk | None = None) -> None:
        self.link = link
        self.desk = desk or Desk()
        self.pairing = Pairing()
        self.addresses: dict[str, int] = {}
        self.viewers = 0
        self._sockets: set[web.WebSocketResponse] = set()
        self._picture: tuple[int, bytes] = (0, b"")
        self._news: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runner: web.AppRunner | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._clients = 0

    # Life.

    async def start(self, bind: str, https_port: int, http_port: int, context: ssl.SSLContext | None) -> None:
        """Listen over TLS on `bind` and without TLS on the loopback address; port 0 is any free one, -1 none.

        Raises:
            OSError: A port is taken.
        """
        self._loop = asyncio.get_running_loop()
        app = web.Application(client_max_size=LONGEST_MESSAGE)
        app.router.add_get("/", self._page)
        app.router.add_get("/page/{name}", self._page)
        app.router.add_post("/pair", self._pair)
        app.router.add_get("/device", self._device)
        app.router.add_get("/control", self._control)
        app.router.add_get("/view", self._view)
        app.on_response_prepare.append(add_headers)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=1.0,
            logger=QUIET,
            keepalive_timeout=KEPT,
        )
        await self._runner.setup()
        if https_port >= 0 and context is not None:
            await self._listen("https", bind, https_port, context)
        if http_port >= 0:
            await self._listen("http", "127.0.0.1", http_port, None)
        self._spawn(self._watch())

    async def close(self) -> None:
        """Close every connection."""
        for task in list(self._tasks):
            task.cancel()
        for socket in list(self._sockets):
            with contextlib.suppress(Exception):
                await asyncio.wait_for(socket.close(code=WSCloseCode.GOING_AWAY), 0.5)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _listen(self, scheme: str, host: str, port: int, context: ssl.SSLContext | None) -> None:
        assert self._runner is not None
        site = web.TCPSite(self._runner, host, port, ssl_context=context)
        await site.start()
        server = site._server
        assert isinstance(server, asyncio.Server)
        self.addresses[scheme] = int(server.sockets[0].getsockname()[1])

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def show(self, picture: bytes) -> None:
        """A new JPEG picture for every viewer; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._show, picture)

    def _show(self, picture: bytes) -> None:
        self._picture = (self._picture[0] + 1, picture)
        for event in self._news:
            event.set()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_PERIOD)
            samples = self.desk.watch(time.monotonic())
            if samples:
                self.link.publish(samples)

    # Pages.

    async def _page(self, request: web.Request) -> web.Response:
        return page_file(request.match_info.get("name", "index.html"))

    async def _pair(self, request: web.Request) -> web.Response:
        refuse_other_pages(request)
        try:
            body = await request.json()
            token = body["token"]
            secret = self.pairing.pair(token) if isinstance(token, str) else None
        except (ValueError, LookupError, TypeError, RecursionError):
            self.desk.counts["wrong tokens"] += 1
            raise web.HTTPBadRequest(text='expected {"token": ...}') from None
        if secret is None:
            self.desk.counts["wrong tokens"] += 1
            raise web.HTTPForbidden(text="this token is not valid (any more)")
        self.link.tell(
            f"{self.pairing.name(secret)} paired from {request.remote}; next token {self.pairing.token}"
        )
        response = web.json_response({"device": self.pairing.name(secret)})
        response.set_cookie(COOKIE, secret, httponly=True, samesite="Strict", secure=request.secure, path="/")
        return response

    async def _device(self, request: web.Request) -> web.Response:
        """Who you are; to those who are paired, also the token for the next device."""
        name = self.pairing.name(request.cookies.get(COOKIE))
        return web.json_response({"device": name, "token": self.pairing.token if name else None})

    # Sockets.

    async def _open(self, request: web.Request) -> tuple[str, web.WebSocketResponse]:
        """The device's name and its socket.

        Raises:
            web.HTTPException: Not paired, from another page, or too many.
        """
        refuse_other_pages(request)
        name = self.pairing.name(request.cookies.get(COOKIE))
        if name is None:
            self.desk.counts["strangers"] += 1
            raise web.HTTPForbidden(text="pair this device first")
        if len(self._sockets) >= CONNECTIONS:
            self.desk.counts["connections too many"] += 1
            raise web.HTTPServiceUnavailable(text="too many connections")
        socket = web.WebSocketResponse(max_msg_size=LONGEST_MESSAGE, heartbeat=5.0, compress=False)
        await socket.prepare(request)
        self._sockets.add(socket)
        return name, socket

    async def _control(self, request: web.Request) -> web.WebSocketResponse:
        device, socket = await self._open(request)
        self._clients += 1
        client = Client(f"{device} #{self._clients}", device)
        speaker = asyncio.ensure_future(self._speak(client, socket))
        try:
            async for message in socket:
                now = time.monotonic()
                if message.type is WSMsgType.BINARY:
                    samples = self.desk.frame(client, message.data, now)
                    if samples:
                        self.link.publish(samples)
                elif message.type is WSMsgType.TEXT:
                    await self._heard(client, socket, message.data, now)
                if client.bad > BAD_MESSAGES:
                    await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too many bad messages")
        finally:
            speaker.cancel()
            self._sockets.discard(socket)
            self.desk.gone(client)
            self.link.publish(self.desk.watch(time.monotonic()))
        return socket

    async def _heard(self, client: Client, socket: web.WebSocketResponse, text: str, now: float) -> None:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            client.bad += 1
            self.desk.counts["bad texts"] += 1
            return
        wish = self.desk.text(client, message, now)
        if wish is not None:
            # In a task of its own: the robot's answer must not keep the next frame waiting.
            self._spawn(self._act(client, socket, wish))
        kind = message.get("type") if isinstance(message, dict) else None
        if kind not in ("pong", "alive"):
            await self._send(socket, {"type": "desk", **self.desk.view(client)})

    async def _act(self, client: Client, socket: web.WebSocketResponse, wish: Wish) -> None:
        if wish.action == "stop":
            self.link.publish(self.desk.lose(time.monotonic()))
        self.link.tell(f"{client.device} asks for {wish.action}")
        done, said = await self.link.call(wish.action)
        if wish.action == "clear_fault" and done:
            self.desk.cleared()
        await self._send(socket, {"type": "answer", "action": wish.action, "done": done, "said": said})
        await self._send(socket, {"type": "desk", **self.desk.view(client)})

    async def _speak(self, client: Client, socket: web.WebSocketResponse) -> None:
        """Pings and the state of the desk, again and again."""
        pinged = 0.0
        while not socket.closed:
            now = time.monotonic()
            # Quickly at first: no frame counts before the browser's clock is known.
            if now - pinged >= PING_PERIOD or not client.offset.known:
                pinged = now
                await self._send(socket, {"type": "ping", "sent": now})
            await self._send(socket, {"type": "desk", **self.desk.view(client)})
            await asyncio.sleep(DESK_PERIOD)

    async def _view(self, request: web.Request) -> web.WebSocketResponse:
        _, socket = await self._open(request)
        _keep_little_waiting(request)
        news = asyncio.Event()
        self._news.add(news)
        self.viewers += 1
        reader = asyncio.ensure_future(_drain(socket))
        try:
            sent, told = 0, 0.0
            while not socket.closed:
                if time.monotonic() - told >= STATE_PERIOD:
                    told = time.monotonic()
                    await self._send(socket, {"type": "state", "sent": told, **self.link.state()})
                number, picture = self._picture
                if number > sent:
                    sent = number
                    await socket.send_bytes(picture)
                news.clear()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(news.wait(), STATE_PERIOD)
        except ConnectionError:
            pass
        finally:
            reader.cancel()
            self.viewers -= 1
            self._news.discard(news)
            self._sockets.discard(socket)
        return socket

    @staticmethod
    async def _send(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        if not socket.closed:
            with contextlib.suppress(ConnectionError, RuntimeError):
                await socket.send_str(json.dumps(message))


def _keep_little_waiting(request: web.Request) -> None:
    """Let a slow connection hold back the next picture instead of seconds of them."""
    if request.transport is not None:
        request.transport.set_write_buffer_limits(high=0)
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, WAITING)


async def _drain(socket: web.WebSocketResponse) -> None:
    """A view socket says nothing; reading lets aiohttp answer pings and notice the end."""
    async for _ in socket:
        pass
