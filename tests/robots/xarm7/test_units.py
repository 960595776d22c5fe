"""What a box says of itself, and what follows for the limits."""

from __future__ import annotations

import socket
import threading

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mvp_real.errors import MvpRealError
from mvp_real.robots.limits import Limits
from mvp_real.robots.table import load_robot
from mvp_real.robots.xarm7.client import introduce
from mvp_real.robots.xarm7.controller_errors import describe_error
from mvp_real.robots.xarm7.units import Unit


def test_a_usual_box() -> None:
    unit = Unit.parse("7,7,XI130423A01B01,AC130423C01D01,v2.7.1")
    assert (unit.serial, unit.version) == ("XI130423A01B01", "2.7.1")
    limits = Limits.from_table(load_robot("xarm7"))
    assert unit.limits(limits) is limits


@pytest.mark.parametrize("serial", ["XI130523A01B01", "XI850023A01B01", "odd"])
def test_newer_and_unknown_units_get_the_smaller_range(serial: str) -> None:
    limits = Limits.from_table(load_robot("xarm7"))
    own = Unit(7, serial, (2, 7, 1)).limits(limits)
    assert own.upper[1] == pytest.approx(2.0246 - 0.05)
    assert own.lower[3] == pytest.approx(-0.1047 + 0.05)
    assert np.array_equal(np.delete(own.upper, [1]), np.delete(limits.upper, [1]))
    assert np.all(own.lower >= limits.lower)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("6,9,XI130423A01B01,AC130423C01D01,v2.7.1", "has 6 joints"),
        ("7,7,XI130423A01B01,AC130423C01D01,v1.8.5", "firmware is 1.8.5; needs 1.8.6"),
        ("SSH-2.0-OpenSSH_9.2", "no xArm controller"),
        ("", "no xArm controller"),
    ],
)
def test_what_is_not_supported_says_why(text: str, complaint: str) -> None:
    with pytest.raises(MvpRealError, match=complaint):
        Unit.parse(text)


@given(st.text(max_size=80))
@example("7,7,,,v9.9.9")
def test_any_text_is_a_unit_or_a_readable_error(text: str) -> None:
    try:
        unit = Unit.parse(text)
    except MvpRealError:
        return
    limits = Limits.from_table(load_robot("xarm7"))
    assert np.all(unit.limits(limits).upper <= limits.upper)


@given(st.binary(max_size=60))
@example(b"\0\1\0\2\0\x2a\1\0" + b"7,7,XI130423A01B01,AC130423C01D01,v2.7.1".ljust(40, b"\0"))
@example(b"\0\1\0\2\xff\xff\1\0")
def test_whatever_answers_is_read_or_refused(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(64)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            text = introduce("127.0.0.1", server.getsockname()[1], 5.0)
        except (OSError, MvpRealError):
            text = ""
        thread.join()
    assert len(text) <= 256


def test_errors_name_their_remedy() -> None:
    assert "release it" in describe_error(1)
    assert "joint 3" in describe_error(13)
    assert describe_error(99) == "controller error 99 (see the vendor's manual)"
