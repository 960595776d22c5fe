"""The vendor's client does not change the process around it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import pytest

pytest.importorskip("xarm")
pytest.importorskip("mujoco")

from mvp_real.robots.xarm7.sdk import open_api

from ...emulators.xarm7.running import PORT, running, until

SILENT = """
import sys, mvp_real.robots.xarm7.sdk as sdk
assert "xarm" not in sys.modules
sdk.load_sdk()
assert "xarm" in sys.modules
"""


def test_importing_says_nothing_on_standard_output() -> None:
    result = subprocess.run(
        [sys.executable, "-c", SILENT], capture_output=True, text=True, env=dict(os.environ)
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""


def test_sockets_of_the_process_keep_their_patience(capfd: pytest.CaptureFixture[str]) -> None:
    with running() as box:
        before = socket.getdefaulttimeout()
        arm = open_api(box.host, PORT, 0.3, reports=True)
        assert socket.getdefaulttimeout() == before
        box.board.set("drop")
        until(lambda: not arm.connected, "the client sees that it is cut off")
        box.board.clear()
        arm.connect()
        assert arm.connected
        assert socket.getdefaulttimeout() == before
        arm.disconnect()
    assert capfd.readouterr().out == ""


def test_a_silent_box_is_given_up_soon() -> None:
    with running() as box:
        arm = open_api(box.host, PORT, 0.3, reports=True)
        box.board.set("silence")
        started = time.monotonic()
        assert arm.get_state()[0] == 3
        assert time.monotonic() - started < 2.0
        arm.disconnect()
