"""Clients that the gateway must survive: strangers, liars and noise, one kind after another."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
from collections.abc import Awaitable, Callable

import aiohttp
import numpy as np

from mvp_real.teleop.gateway.webxr_frame import Controller, WebXRFrame, encode

from .gateway_clients import Gateway

PULL = encode(WebXRFrame(1, 1.0, True, {"right": Controller(np.array([0, 1, 0, 0, 0, 0, 1.0]), 1.0, 1.0)}))
TEXTS = [
    "",
    "{",
    "[]",
    "null",
    '{"type": 1}',
    '{"type": "stop"',
    "[" * 3000,
    '{"type":"pong","sent":true,"browser":[]}',
]
EXPECTED = (aiohttp.ClientError, ConnectionError, asyncio.TimeoutError, ValueError)


async def wrong_token(gateway: Gateway, generator: random.Random) -> None:
    body = generator.choice([{"token": "AAAAA-AAAAA"}, {"token": 7}, {}, [], "x", {"token": "é" * 900}])
    async with gateway.session().post(f"{gateway.address}/pair", json=body) as reply:
        assert reply.status in (400, 403, 413)


async def no_cookie(gateway: Gateway, generator: random.Random) -> None:
    path = generator.choice(["control", "view"])
    async with gateway.session().ws_connect(f"{gateway.address}/{path}"):
        raise AssertionError("a stranger was let in")


async def forged_cookie(gateway: Gateway, generator: random.Random) -> None:
    headers = {"Cookie": f"mvp_real_device={generator.randbytes(16).hex()}"}
    async with gateway.session().ws_connect(f"{gateway.address}/control", headers=headers):
        raise AssertionError("a forged cookie was accepted")


async def foreign_page(gateway: Gateway, device: aiohttp.ClientSession) -> None:
    async with device.ws_connect(f"{gateway.address}/control", headers={"Origin": "https://evil.example"}):
        raise AssertionError("another page's origin was accepted")


async def noise(gateway: Gateway, generator: random.Random) -> None:
    """Bytes that are no HTTP."""
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.server.addresses["http"])
    writer.write(
        generator.choice(
            [os.urandom(200), b"GET / HTTP/9.9\r\n\r\n", b"GET /../../etc HTTP/1.1\r\n\r\n", b""]
        )
    )
    with contextlib.suppress(ConnectionError):
        await writer.drain()
    writer.close()


async def paired_nonsense(gateway: Gateway, device: aiohttp.ClientSession, generator: random.Random) -> None:
    """A paired device that does not hold the lease, saying all it should not."""
    async with device.ws_connect(f"{gateway.address}/control") as socket:
        for _ in range(30):
            kind = generator.randrange(5)
            if kind == 0:
                await socket.send_bytes(PULL)
            elif kind == 1:
                await socket.send_bytes(generator.randbytes(generator.randrange(1500)))
            elif kind == 2:
                await socket.send_str(generator.choice(TEXTS))
            elif kind == 3:
                action = generator.choice(["enable", "home", "reset", "clear_fault", "give", "hack"])
                await socket.send_str(json.dumps({"type": "action", "name": action}))
            else:
                await socket.send_str(
                    json.dumps({"type": generator.choice(["give", "leave", "take", "session"])})
                )


async def too_long(gateway: Gateway, device: aiohttp.ClientSession) -> None:
    async with device.ws_connect(f"{gateway.address}/control") as socket:
        await socket.send_bytes(b"M" * 5000)
        async for _ in socket:  # what it says until it hangs up
            pass
        assert socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def intrude(gateway: Gateway, device: aiohttp.ClientSession, tries: int, seed: int = 0) -> int:
    """Make so many tries, eight at a time; the number of tries.

    Args:
        gateway: What to attack.
        device: A paired device, without the lease.
        tries: How many.
        seed: Of what each of them does.

    Raises:
        AssertionError: Somebody was let in.
    """
    generator = random.Random(seed)
    kinds: list[Callable[[], Awaitable[None]]] = [
        lambda: wrong_token(gateway, generator),
        lambda: no_cookie(gateway, generator),
        lambda: forged_cookie(gateway, generator),
        lambda: foreign_page(gateway, device),
        lambda: noise(gateway, generator),
        lambda: paired_nonsense(gateway, device, generator),
        lambda: too_long(gateway, device),
    ]
    done = 0

    async def one(kind: Callable[[], Awaitable[None]]) -> None:
        nonlocal done
        with contextlib.suppress(*EXPECTED):
            await kind()
        done += 1

    for first in range(0, tries, 8):
        await asyncio.gather(*(one(kinds[k % len(kinds)]) for k in range(first, min(first + 8, tries))))
    return done
