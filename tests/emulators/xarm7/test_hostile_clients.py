"""Clients that send nonsense, or stop reading, harm nobody but themselves."""

from __future__ import annotations

import json
import random
import socket
import struct
from collections.abc import Iterator

import pytest

pytest.importorskip("mujoco")

from mvp_real.emulators.xarm7.emulator import XArm7Emulator
from mvp_real.emulators.xarm7.world_socket import WorldClient, WorldServer
from mvp_real.errors import MvpRealError
from mvp_real.tasks.pick_fruit import evaluation_setups, setup_to_dict

from .running import PORT, running, until

GET_STATE = struct.pack(">HHHB", 1, 2, 1, 13)


@pytest.fixture(scope="module")
def box() -> Iterator[XArm7Emulator]:
    with running() as emulator:
        yield emulator


def connect(box: XArm7Emulator, port: int = PORT) -> socket.socket:
    connection = socket.create_connection((box.host, port), 5.0)
    connection.settimeout(5.0)
    return connection


def lives(box: XArm7Emulator) -> bool:
    with connect(box) as client:
        client.sendall(GET_STATE)
        return client.recv(64)[:7] == struct.pack(">HHHB", 1, 2, 3, 13)


def test_random_bytes_end_at_most_their_own_connection(box: XArm7Emulator) -> None:
    generator = random.Random(7)
    before = box.world.joints()
    with connect(box) as witness:
        for _ in range(60):
            with connect(box) as client:
                client.sendall(generator.randbytes(generator.randint(1, 300)))
            # And a valid header with a random function and payload.
            payload = generator.randbytes(generator.randint(0, 60))
            header = struct.pack(">HHHB", 3, 2, 1 + len(payload), generator.randrange(256))
            with connect(box) as client:
                client.sendall(header + payload)
                assert len(client.recv(1024)) >= 8
        witness.sendall(GET_STATE)
        assert len(witness.recv(64)) == 9
    assert lives(box)
    assert abs(box.world.joints() - before).max() < 1e-3  # nothing was enabled in the right order


def test_a_request_in_pieces_is_answered(box: XArm7Emulator) -> None:
    with connect(box) as client:
        for byte in GET_STATE:
            client.sendall(bytes([byte]))
        assert client.recv(64)[6] == 13


def test_a_reader_that_does_not_read_is_dropped_and_the_others_are_served(box: XArm7Emulator) -> None:
    lazy = connect(box, box.report_ports["real"])
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    with connect(box, box.report_ports["real"]) as client:
        for _ in range(20):
            assert len(client.recv(135, socket.MSG_WAITALL)) == 135
    lazy.close()
    assert lives(box)


def test_the_world_socket_survives_nonsense(box: XArm7Emulator) -> None:
    server = WorldServer(box.world)
    try:
        address = (server.listener.host, server.listener.port)
        with socket.create_connection(address, 5.0) as client, client.makefile("rb") as stream:
            lines = (b"\n", b"[]\n", b"{}\n", b'{"reset": 3}\n', b'{"jump": 1}\n', b"\xff\xfe\n")
            for line in (*lines, b"[" * 3000 + b"\n", b'{"reset": {"scene": "plain"}}\n'):
                client.sendall(line)
                answer = json.loads(stream.readline())
                assert answer["ok"] is False
                assert answer["error"]
        client = WorldClient(*address)
        assert client.state()["episode"] == 0
        with pytest.raises(MvpRealError, match="nothing to reset"):
            client.reset(setup_to_dict(evaluation_setups("plain")[0]))
        client.close()
    finally:
        server.close()
    with pytest.raises(MvpRealError, match="no emulated world"):
        WorldClient(*address)


def test_a_taken_address_is_an_error_with_a_remedy(box: XArm7Emulator) -> None:
    with pytest.raises(MvpRealError, match="cannot listen"):
        XArm7Emulator(box.host, PORT, scene="empty")
    until(lambda: lives(box), "the first one still answers")
