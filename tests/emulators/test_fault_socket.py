"""The fault socket: what a client sets is on the board, and nothing that is sent breaks the server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvp_real.emulators.fault_board import FaultBoard, common_faults
from mvp_real.emulators.fault_socket import FaultClient, FaultServer, parse_address
from mvp_real.errors import MvpRealError


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    board = FaultBoard(common_faults("silence", "delay", "error"))
    with FaultServer(board, "127.0.0.1", 0) as running:
        running.test_board = board  # type: ignore[attr-defined]
        yield running


@pytest.fixture
def board(server: FaultServer) -> FaultBoard:
    known: FaultBoard = server.test_board  # type: ignore[attr-defined]
    known.clear()
    return known


def exchange(server: FaultServer, line: bytes) -> dict[str, object]:
    with socket.create_connection((server.host, server.port), 5.0) as connection:
        connection.sendall(line + b"\n")
        answer: dict[str, object] = json.loads(connection.makefile("rb").readline())
        return answer


def test_set_clear_and_list_over_the_socket(server: FaultServer, board: FaultBoard) -> None:
    client = FaultClient(server.host, server.port)
    assert client.set("silence") == {"silence": 1.0}
    assert client.set("error", 31) == {"silence": 1.0, "error": 31.0}
    assert board.value("error") == 31.0
    assert client.clear("silence") == {"error": 31.0} == client.active()
    assert client.clear() == {}
    assert client.known()["delay"] == {"what": board.specs["delay"].what, "unit": "s"}


def test_one_connection_takes_several_lines(server: FaultServer, board: FaultBoard) -> None:
    with socket.create_connection((server.host, server.port), 5.0) as connection:
        stream = connection.makefile("rwb")
        for request in ({"set": "delay", "value": 0.5}, {"clear": None}, {"list": True}):
            stream.write(json.dumps(request).encode() + b"\n")
        stream.flush()
        answers = [json.loads(stream.readline()) for _ in range(3)]
    assert [answer["active"] for answer in answers] == [{"delay": 0.5}, {}, {}]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", "one JSON object"),
        (b"{", "one JSON object"),
        (b"[" * 5000, "one JSON object"),
        (b"\xff\xfe", "one JSON object"),
        (b"{}", "expected one of set, clear, list"),
        (b'{"set": "silence", "clear": null}', "expected one of"),
        (b'{"list": true, "speed": 1}', "expected one of"),
        (b'{"set": 3}', "needs the name"),
        (b'{"set": "delay", "value": "long"}', "must be a number"),
        (b'{"set": "delay", "value": NaN}', "finite"),
        (b'{"set": "delay", "value": true}', "must be a number"),
        (b'{"clear": 3}', "a name or null"),
        (b'{"set": "silenc"}', "did you mean silence"),
    ],
)
def test_a_wrong_line_is_answered_and_changes_nothing(
    server: FaultServer, board: FaultBoard, line: bytes, message: str
) -> None:
    answer = exchange(server, line)
    assert answer["ok"] is False
    assert message in str(answer["error"])
    assert board.active() == {}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=60),
        st.dictionaries(
            st.sampled_from(["set", "clear", "list", "value", "x"]),
            st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=5), st.just("delay")),
            max_size=3,
        ).map(lambda request: json.dumps(request).encode()),
    ).filter(lambda line: b"\n" not in line)
)
def test_whatever_comes_is_answered_in_the_same_form(server: FaultServer, line: bytes) -> None:
    answer = exchange(server, line)
    assert answer["ok"] in (True, False)
    assert ("active" in answer) == answer["ok"]
    assert ("error" in answer) != answer["ok"]


def test_the_client_names_the_address_and_the_remedy() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(MvpRealError, match=f"no fault socket answers at 127.0.0.1:{port}"):
        FaultClient("127.0.0.1", port).active()


def test_the_client_passes_on_what_the_board_refuses(server: FaultServer, board: FaultBoard) -> None:
    with pytest.raises(MvpRealError, match="fault 'delay' needs a value in s"):
        FaultClient(server.host, server.port).set("delay")


def test_only_this_machine_may_set_faults() -> None:
    with pytest.raises(MvpRealError, match="not an address of this machine"):
        FaultServer(FaultBoard({}), "0.0.0.0", 0)


def test_a_taken_port_is_named(server: FaultServer) -> None:
    with pytest.raises(MvpRealError, match=f"127.0.0.1:{server.port}"):
        FaultServer(FaultBoard({}), "127.0.0.1", server.port)


def test_a_closed_server_frees_its_port() -> None:
    first = FaultServer(FaultBoard({}), "127.0.0.1", 0)
    first.close()
    FaultServer(FaultBoard({}), "127.0.0.1", first.port).close()


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:90", ("127.0.0.1", 90)), (":0", ("127.0.0.1", 0)), ("7", ("127.0.0.1", 7))],
)
def test_addresses_are_read(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "host", "host:", "host:70000", "host:-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(MvpRealError, match="is no address"):
        parse_address(text)
