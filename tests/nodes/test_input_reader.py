"""Keys from a terminal that only the test has."""

from __future__ import annotations

import io
import os
import pty
import termios
from collections.abc import Iterator

import pytest

from mvp_real.errors import MvpRealError
from mvp_real.nodes.input_reader import TERMINAL_VARIABLE, read_gamepad, read_keys

from .live_graph import wait_until


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The end at which somebody types; the other one is what `read_keys` finds."""
    typing, terminal = pty.openpty()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setenv(TERMINAL_VARIABLE, os.ttyname(terminal))
    yield typing
    os.close(terminal)
    os.close(typing)


def test_keys_come_at_once_and_the_terminal_is_left_as_it_was(keyboard: int) -> None:
    path = os.environ[TERMINAL_VARIABLE]
    watch = os.open(path, os.O_RDONLY | os.O_NOCTTY)
    before = termios.tcgetattr(watch)
    got = bytearray()
    reader = read_keys("a command", got.extend, lambda: None)
    assert not termios.tcgetattr(watch)[3] & termios.ECHO
    os.write(keyboard, b"s")
    wait_until(lambda: bytes(got) == b"s", "the key arrives without a new line")
    reader.close()
    assert termios.tcgetattr(watch) == before
    other = os.open(os.devnull, os.O_RDONLY)  # takes the number of a closed descriptor
    reader.close()  # once more changes nothing
    os.fstat(other)
    os.close(other)
    os.close(watch)


def test_without_a_terminal_the_command_for_a_second_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.delenv(TERMINAL_VARIABLE, raising=False)
    with pytest.raises(MvpRealError, match="run in a second one: ros2 run this"):
        read_keys("ros2 run this", lambda data: None, lambda: None)


def test_the_end_of_a_gamepad_is_told_and_a_missing_one_named(tmp_path: os.PathLike[str]) -> None:
    path = os.path.join(tmp_path, "js0")
    with pytest.raises(MvpRealError, match="js0' cannot be read"):
        read_gamepad(path, lambda data: None, lambda: None)
    with open(path, "wb") as stream:
        stream.write(b"12345678")
    got, ends = bytearray(), []
    reader = read_gamepad(path, got.extend, lambda: ends.append(True))
    wait_until(lambda: ends == [True], "the end is told")
    assert bytes(got) == b"12345678"
    reader.close()
