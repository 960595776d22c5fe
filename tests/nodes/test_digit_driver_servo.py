"""The node's side of Digit's servo process: a stop is certain even where the process does not answer."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from mvp_real.nodes.digit_driver_servo import STOP_TIMEOUT, ServoProcess
from mvp_real.robots.digit_link.servo_loop import ServoSettings
from mvp_real.robots.verdict import DriverState

from .live_graph import wait_until


class Servo:
    """A servo process without a robot, and what it called back."""

    def __init__(self) -> None:
        self.changes: list[DriverState] = []
        self.ends: list[str] = []
        self.process = ServoProcess(
            ServoSettings(host="127.0.0.1", port=0, listen_port=0),
            lambda seen: None,
            self.changes.append,
            self.ends.append,
        )
        self.process.start()


@pytest.fixture
def servo() -> Iterator[Servo]:
    made = Servo()
    yield made
    made.process.close()


def test_a_stop_is_confirmed(servo: Servo) -> None:
    servo.process.stop("stopped by the operator")
    assert (servo.process.state, servo.process.reason) == (DriverState.STOPPED, "stopped by the operator")
    assert servo.ends == []


@pytest.mark.parametrize("buffer_full", [False, True])
def test_a_process_that_does_not_confirm_a_stop_is_killed(servo: Servo, buffer_full: bool) -> None:
    os.kill(servo.process.pid, signal.SIGSTOP)
    if buffer_full:
        while not servo.process._channel.lost:
            servo.process.refuse("one message more")
    began = time.monotonic()
    servo.process.stop("stopped by the operator")
    assert time.monotonic() - began < STOP_TIMEOUT + 1.0
    assert servo.process.state is DriverState.STOPPED
    expected = "stopped by the operator; the servo process did not confirm it and was killed"
    assert servo.process.reason == expected
    wait_until(lambda: servo.ends == [expected], "the node is told")
    with pytest.raises(ProcessLookupError):
        os.kill(servo.process.pid, 0)


def test_a_node_that_is_gone_before_the_process_has_begun_is_no_error() -> None:
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    mine.close()
    settings = json.dumps(asdict(ServoSettings(host="127.0.0.1", port=0, listen_port=0)))
    module = "mvp_real.robots.digit_link.servo_process"
    done = subprocess.run(
        [sys.executable, "-m", module, str(theirs.fileno()), settings],
        pass_fds=[theirs.fileno()],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
