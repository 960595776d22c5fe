"""An emulated hand as a process of its own, and an ear on its bus."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from mvp_real.emulators.fault_socket import FaultClient, parse_address
from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.bus import MULTICAST_GROUP, Bus
from mvp_real.robots.allegro.wire import WireError

PATIENCE = 90.0  # s of wall time, for a machine that has other things to do


def free_channel() -> str:
    """A random port, so that tests side by side do not meet."""
    return f"{MULTICAST_GROUP}:{random.SystemRandom().randint(20000, 60000)}"


def wait_until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> float:
    """Wait for something; returns how long it took, s."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < patience, f"waited {patience} s in vain until {what}"
        time.sleep(0.005)
    return time.monotonic() - started


class HandProcess:
    """`mvp_real emulate allegro` on a channel of its own.

    Attributes:
        channel: Where it is.
        faults: Switches its faults.
    """

    def __init__(self, version: str = "v4", channel: str = "") -> None:
        self.channel = channel or free_channel()
        arguments = ["--version", version, "--interface", "udp_multicast", "--channel", self.channel]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mvp_real", "emulate", "allegro", *arguments, "--faults", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        ready = json.loads(self._process.stdout.readline())
        assert ready["ready"]
        assert ready["channel"] == self.channel
        self.faults = FaultClient(*parse_address(ready["faults"]))

    def close(self) -> dict[str, int]:
        """End it; what it counted."""
        self._process.send_signal(signal.SIGINT)
        assert self._process.stdout is not None
        last = self._process.stdout.readlines()[-1]
        assert self._process.wait(PATIENCE) == 0
        statistics: dict[str, int] = json.loads(last)
        return statistics


class Ear:
    """Hears what hosts send to the hand.

    Attributes:
        torques: Largest count of each set of torque frames, newest last: (time, count).
        off_at: When the motors were last told to lose their power.
    """

    def __init__(self, channel: str) -> None:
        self.torques: deque[tuple[float, int]] = deque(maxlen=4000)
        self.off_at = 0.0
        self._counts = [0] * 4
        self._bus = Bus("udp_multicast", channel)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._bus.close()

    @property
    def torque(self) -> int:
        """Largest count of the newest set; a set that nobody renews counts until a new one comes."""
        return self.torques[-1][1] if self.torques else 0

    def pulls(self) -> bool:
        """There is torque, and it is being sent now."""
        return bool(self.torque) and time.monotonic() - self.torques[-1][0] < 1.0

    def _listen(self) -> None:
        while not self._ended.is_set():
            frame = self._bus.receive(0.1)
            if frame is None:
                continue
            try:
                message = wire.decode(frame)
            except WireError:
                continue
            if isinstance(message, wire.Torque):
                self._counts[message.finger] = max(map(abs, message.counts))
                if message.finger == 3:
                    self.torques.append((time.monotonic(), max(self._counts)))
            elif isinstance(message, wire.ServoOff):
                self.off_at = time.monotonic()


def resume(pid: int) -> None:
    """Let a stopped process go on, if it is still there."""
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return
