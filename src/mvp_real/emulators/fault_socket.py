"""A fault board reached from another process: JSON lines over TCP on this machine.

    {"set": "silence"}   {"set": "error", "value": 31}   {"clear": "silence"}   {"clear": null}   {"list": true}

The answer is `{"ok": true, "active": {name: value}, "known": {name: {"what": ..., "unit": ...}}}` or
`{"ok": false, "error": text}`. Only addresses of this machine are served: whoever reaches the socket can make
the device misbehave.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import socket
import socketserver
import threading
from types import TracebackType
from typing import Any

from mvp_real.emulators.fault_board import FaultBoard
from mvp_real.errors import MvpRealError

__all__ = ["FaultClient", "FaultServer", "add_fault_option", "parse_address"]

LONGEST_LINE = 65536
ANSWER_WITHIN = 3.0  # s


def parse_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, `:PORT` or `PORT` as host and port; the host is 127.0.0.1 if it is left out.

    Raises:
        MvpRealError: No such form, or a port outside 0..65535.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise MvpRealError(f"'{text}' is no address; write HOST:PORT, e.g. 127.0.0.1:9000")
    return host or "127.0.0.1", int(port)


def add_fault_option(parser: argparse.ArgumentParser) -> None:
    """Add `--faults HOST:PORT`, the same on every emulator; `FaultServer(board, *parse_address(text))`."""
    parser.add_argument(
        "--faults",
        metavar="HOST:PORT",
        default="127.0.0.1:0",
        help="where faults are switched on and off (mvp_real fault); port 0 takes any free one and prints it",
    )


class FaultServer:
    """Serves one board until `close`; also a context manager.

    Args:
        board: The board.
        host: An address of this machine (127.0.0.0/8, ::1 or localhost).
        port: 0 takes any free port; see `address`.

    Raises:
        MvpRealError: The address is not local, or taken.
    """

    def __init__(self, board: FaultBoard, host: str = "127.0.0.1", port: int = 0) -> None:
        local = "127.0.0.1" if host == "localhost" else host
        try:
            loopback = ipaddress.ip_address(local).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise MvpRealError(
                f"faults cannot be served at '{host}': it is not an address of this machine; use 127.0.0.1"
            )
        try:
            self._server = _Server(local, port, board)
        except OSError as error:
            raise MvpRealError(
                f"cannot serve faults at {host}:{port}: {error.strerror or error}; use port 0 for any free one"
            ) from error
        self.host = local
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """`HOST:PORT` as `mvp_real fault` takes it."""
        return f"{self.host}:{self.port}"

    def close(self) -> None:
        """End serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> FaultServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FaultClient:
    """Changes the board behind a `FaultServer`. Each call opens its own connection.

    Raises (every call):
        MvpRealError: Nobody answers there, or the board refuses.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    def set(self, name: str, value: float | None = None) -> dict[str, float]:
        """Make a fault active; all active faults are returned."""
        request = {"set": name} if value is None else {"set": name, "value": value}
        return self._active(self._ask(request))

    def clear(self, name: str | None = None) -> dict[str, float]:
        """End one fault, or all; those still active are returned."""
        return self._active(self._ask({"clear": name}))

    def active(self) -> dict[str, float]:
        """All active faults with their values."""
        return self._active(self._ask({"list": True}))

    def known(self) -> dict[str, dict[str, str]]:
        """What the device can show: name to `what` and `unit`."""
        known: dict[str, dict[str, str]] = self._ask({"list": True})["known"]
        return known

    @staticmethod
    def _active(answer: dict[str, Any]) -> dict[str, float]:
        active: dict[str, float] = answer["active"]
        return active

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        place = f"{self._host}:{self._port}"
        try:
            with socket.create_connection((self._host, self._port), ANSWER_WITHIN) as connection:
                connection.sendall(json.dumps(request).encode() + b"\n")
                with connection.makefile("rb") as stream:
                    line = stream.readline(LONGEST_LINE)
        except OSError as error:
            raise MvpRealError(
                f"no fault socket answers at {place} ({error.strerror or error}); start the device with --faults"
            ) from error
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or "ok" not in answer:
            raise MvpRealError(f"what answers at {place} is no fault socket: {line[:80]!r}")
        if not answer["ok"]:
            raise MvpRealError(f"{place}: {answer.get('error')}")
        return answer


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, host: str, port: int, board: FaultBoard) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.board = board
        super().__init__((host, port), _Handler)


class _Handler(socketserver.StreamRequestHandler):
    # Explicit, as xarm-python-sdk changes the default of the whole process.
    timeout = 600.0
    server: _Server

    def handle(self) -> None:
        try:
            while line := self.rfile.readline(LONGEST_LINE):
                answer = _answer(self.server.board, line)
                self.wfile.write(json.dumps(answer).encode() + b"\n")
        except OSError:
            return  # the other side has gone


def _answer(board: FaultBoard, line: bytes) -> dict[str, Any]:
    try:
        _apply(board, line)
    except MvpRealError as error:
        return {"ok": False, "error": str(error)}
    known = {name: {"what": spec.what, "unit": spec.unit} for name, spec in board.specs.items()}
    return {"ok": True, "active": board.active(), "known": known}


def _apply(board: FaultBoard, line: bytes) -> None:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        request = None
    if not isinstance(request, dict):
        raise MvpRealError('expected one JSON object per line, e.g. {"set": "silence"}')
    operations = [key for key in ("set", "clear", "list") if key in request]
    unknown = request.keys() - {"set", "clear", "list", "value"}
    if len(operations) != 1 or unknown:
        raise MvpRealError(
            f"expected one of set, clear, list; got {', '.join(map(repr, request)) or 'nothing'}"
        )
    if operations == ["list"]:
        return
    name = request[operations[0]]
    if operations == ["clear"]:
        if name is not None and not isinstance(name, str):
            raise MvpRealError(f"clear needs a name or null, not {name!r}")
        board.clear(name)
        return
    value = request.get("value")
    if not isinstance(name, str):
        raise MvpRealError(f"set needs the name of a fault, not {name!r}")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise MvpRealError(f"the value of '{name}' must be a number, not {value!r}")
    board.set(name, value)
