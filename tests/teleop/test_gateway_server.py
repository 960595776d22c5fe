"""The web server with real sockets, its robot recorded. With ROS and a browser: tests/nodes and tests/browser."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import stat
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("cryptography")

import aiohttp

from mvp_real.errors import MvpRealError
from mvp_real.teleop.gateway.certificate import fingerprint, tls_context
from mvp_real.teleop.gateway.server import CONNECTIONS, GatewayServer

from .gateway_clients import Gateway, RecordedRobot, gateway
from .intruders import intrude


def play(scene: Callable[[Gateway], Awaitable[None]]) -> None:
    async def run() -> None:
        async with gateway() as made:
            await scene(made)

    asyncio.run(run())


def test_the_page_is_served_to_everybody_and_brings_all_of_its_parts() -> None:
    async def scene(made: Gateway) -> None:
        session = made.session()
        async with session.get(made.address) as reply:
            text = await reply.text()
            assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
        assert "http://" not in text
        assert "https://" not in text
        for name in ("app.js", "headset.js", "panel.js", "protocol.js", "sockets.js", "style.css"):
            async with session.get(f"{made.address}/page/{name}") as reply:
                assert reply.status == 200, name
        for name in ("../server.py", "server.py", "..%2fserver.py", "index.txt"):
            async with session.get(f"{made.address}/page/{name}") as reply:
                assert reply.status == 404, name

    play(scene)


def test_pairing_gives_a_cookie_that_scripts_cannot_read() -> None:
    async def scene(made: Gateway) -> None:
        token = made.server.pairing.token
        session = made.session()
        async with session.post(f"{made.address}/pair", json={"token": token}) as reply:
            cookie = reply.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        async with session.post(f"{made.address}/pair", json={"token": token}) as reply:
            assert reply.status == 403  # used up
        async with session.get(f"{made.address}/device") as reply:
            assert await reply.json() == {"device": "device 1", "token": made.server.pairing.token}
        async with made.session().get(f"{made.address}/device") as reply:
            assert await reply.json() == {"device": None, "token": None}

    play(scene)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"[" * 4000, {}, 400),
        (b'{"token": "\\ud800"}', {}, 400),
        (b'{"token": [1]}', {}, 403),
        (b'{"token": "A"}', {"Origin": "http://["}, 403),
        (b"\xff\xfe", {}, 400),
    ],
)
def test_what_strangers_send_is_answered_without_a_traceback(
    body: bytes, headers: dict[str, str], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(made: Gateway) -> None:
        async with made.session().post(f"{made.address}/pair", data=body, headers=headers) as reply:
            assert reply.status == status

    play(scene)
    assert "Traceback" not in caplog.text


def test_frames_of_the_holder_become_samples_at_once() -> None:
    async def scene(made: Gateway) -> None:
        operator = await made.operator()
        await operator.take()
        for k in range(30):
            await operator.frame((0.0, 1.0, -0.001 * k), squeeze=float(k > 5))
            await asyncio.sleep(0.01)
        await operator.until(lambda: made.robot.tracked >= 30)
        at, sample = made.robot.samples[-1]
        assert sample.clutch
        assert -0.01 < at - sample.stamp < 0.1
        await operator.close()
        await asyncio.sleep(0.2)
        assert not made.robot.samples[-1][1].tracked  # a closed connection is a lost hand
        assert made.server.desk.lease.holder == ""

    play(scene)


def test_two_operators() -> None:
    async def scene(made: Gateway) -> None:
        first, second = await made.operator(), await made.operator()
        await first.take()
        await second.say({"type": "take"})
        await second.until(lambda: second.desk.get("asking"))
        await second.frame(squeeze=1.0)
        await second.say({"type": "action", "name": "enable"})
        await first.until(lambda: first.desk.get("asked"))
        assert made.robot.calls == []
        assert made.robot.tracked == 0
        await first.say({"type": "give"})
        await second.until(lambda: second.desk.get("holds"))
        await first.until(lambda: not first.desk.get("holds"))
        await second.say({"type": "action", "name": "enable"})
        await second.until(lambda: second.answers)
        assert made.robot.calls == ["enable"]

    play(scene)


def test_anybody_paired_stops_and_the_holder_clears() -> None:
    async def scene(made: Gateway) -> None:
        holder, viewer = await made.operator(), await made.operator()
        await holder.take()
        await holder.frame()
        await viewer.say({"type": "stop"})
        await viewer.until(lambda: viewer.answers)
        assert made.robot.calls == ["stop"]
        before = made.robot.tracked
        await holder.frame(squeeze=1.0)
        await holder.until(lambda: holder.desk.get("stopped"))
        assert made.robot.tracked == before
        made.robot.answer = (False, "cannot be cleared: no joint state")
        await holder.say({"type": "action", "name": "clear_fault"})
        await holder.until(lambda: len(holder.answers) == 1)
        assert holder.answers[0]["said"] == "cannot be cleared: no joint state"
        assert made.server.desk.stopped
        made.robot.answer = (True, "")
        await holder.say({"type": "action", "name": "clear_fault"})
        await holder.until(lambda: not holder.desk.get("stopped"))
        assert made.robot.calls == ["stop", "clear_fault", "clear_fault"]

    play(scene)


def test_a_viewer_gets_the_newest_picture_and_the_state() -> None:
    async def scene(made: Gateway) -> None:
        device = await made.device()
        async with device.ws_connect(f"{made.address}/view") as view:
            state = json.loads((await view.receive(5.0)).data)
            assert 0.0 <= time.monotonic() - state.pop("sent") < 5.0
            assert state == {"type": "state", "driver": {"state": "running"}}
            for k in range(200):  # faster than anybody can read
                made.server.show(bytes([k]) * 10)
            pictures = []
            while not pictures or pictures[-1][0] != 199:
                message = await view.receive(5.0)
                if message.type is aiohttp.WSMsgType.BINARY:
                    pictures.append(message.data)
            assert len(pictures) < 200

    play(scene)


def test_too_many_connections_are_refused() -> None:
    async def scene(made: Gateway) -> None:
        device = await made.device()
        sockets = [await device.ws_connect(f"{made.address}/view") for _ in range(CONNECTIONS)]
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await device.ws_connect(f"{made.address}/control")
        for socket in sockets:
            await socket.close()
        for _ in range(200):  # the server notices a moment later
            with contextlib.suppress(aiohttp.WSServerHandshakeError):
                await (await made.operator(device)).close()
                return
            await asyncio.sleep(0.02)
        pytest.fail("a closed connection keeps its place")

    play(scene)


def test_intruders_move_nothing_and_end_no_session() -> None:
    """The benchmark makes a thousand tries of the same kinds."""

    async def scene(made: Gateway) -> None:
        operator = await made.operator()
        await operator.take()
        device = await made.device()
        working = True

        async def work() -> None:
            while working:
                await operator.frame()
                await asyncio.sleep(0.02)

        worker = asyncio.ensure_future(work())
        assert await intrude(made, device, 140) == 140
        working = False
        await worker
        assert made.server.desk.lease.holder.startswith("device 1")
        assert made.robot.calls == []
        assert not any(sample.clutch for _, sample in made.robot.samples)
        await operator.frame(squeeze=0.0)
        before = made.robot.tracked
        await operator.frame(squeeze=1.0)
        await operator.until(lambda: made.robot.tracked > before)
        assert made.robot.samples[-1][1].clutch  # the session goes on as if nothing had been
        assert {"strangers", "wrong tokens", "frames without the lease"} <= set(made.server.desk.counts)

    play(scene)


def test_tls_with_a_certificate_of_our_own(tmp_path: Path) -> None:
    async def run() -> None:
        server = GatewayServer(RecordedRobot())
        await server.start("127.0.0.1", 0, -1, tls_context(tmp_path))
        try:
            trusting = ssl.create_default_context(cafile=tmp_path / "teleop.crt")
            address = f"https://localhost:{server.addresses['https']}"
            async with aiohttp.ClientSession() as session, session.get(address, ssl=trusting) as reply:
                assert reply.status == 200
                assert "Robot operator" in await reply.text()
        finally:
            await server.close()

    asyncio.run(run())
    assert stat.S_IMODE((tmp_path / "teleop.key").stat().st_mode) == 0o600
    before = fingerprint(tmp_path)
    tls_context(tmp_path)
    assert fingerprint(tmp_path) == before  # accepted once by hand, it stays


def test_an_unusable_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "teleop.crt").write_text("no certificate")
    (tmp_path / "teleop.key").write_text("no key")
    with pytest.raises(MvpRealError, match="delete both"):
        tls_context(tmp_path)


def test_a_silent_holder_loses_the_hand_within_a_tenth_of_a_second() -> None:
    async def scene(made: Gateway) -> None:
        operator = await made.operator()
        await operator.take()
        await operator.frame()
        await operator.until(lambda: made.robot.tracked)
        began = time.monotonic()
        await operator.until(lambda: not made.robot.samples[-1][1].tracked)
        assert time.monotonic() - began < 2.0  # 0.12 s on an idle machine

    play(scene)
