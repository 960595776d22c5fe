"""Processes of a rig: an emulator that says when it is ready, a driver node with its log."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PATIENCE = 60.0  # s for anything that only starts up


class Emulator:
    """`mvp_real emulate DEVICE`.

    Attributes:
        ready: The addresses that it printed.
        said: What it printed after that.
    """

    def __init__(self, device: str, options: list[str], logs: Path, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "mvp_real", "emulate", device, *options]
        with (logs / f"emulator_{device}.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                env=dict(environment),
                text=True,
                start_new_session=True,
            )
        self.said: list[dict[str, Any]] = []
        self.ready = self._wait_until_ready()

    def _wait_until_ready(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        timer = threading.Timer(PATIENCE, self.process.kill)
        timer.start()
        try:
            for line in self.process.stdout:
                if line.startswith("{") and json.loads(line).get("ready"):
                    threading.Thread(target=self._read, daemon=True).start()
                    ready: dict[str, Any] = json.loads(line)
                    return ready
        finally:
            timer.cancel()
        raise AssertionError(
            f"the emulator ended with {self.process.wait()} before it was ready; see its log"
        )

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                self.said.append(json.loads(line))

    def close(self) -> None:
        end(self.process)


def end(process: subprocess.Popen[Any]) -> int:
    """Interrupt a process and wait; kill it if it does not end."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        return process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def children(pid: int) -> list[int]:
    """Process ids of the direct children."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Any, within: float, what: str = "", pause: float = 0.005) -> bool:
    """Look at a condition again and again; with `what`, not holding in time is an error."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            assert not what, f"waited {within:.0f} s in vain until {what}"
            return False
        time.sleep(pause)
    return True
