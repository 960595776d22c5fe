"""Emulated boxes for tests, each at a loopback address of its own, and patience."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mvp_real.emulators.xarm7.emulator import XArm7Emulator

PORT = 15502
PATIENCE = 20.0  # s of wall time; what is asserted does not depend on how busy the machine is


def free_address() -> str:
    """A random loopback address: report ports cannot be chosen, so runs side by side differ in this."""
    pick = random.SystemRandom().randint
    return f"127.{pick(1, 254)}.{pick(1, 254)}.{pick(2, 254)}"


@contextmanager
def running(scene: str = "empty", **options: object) -> Iterator[XArm7Emulator]:
    """An emulator in this process."""
    emulator = XArm7Emulator(free_address(), PORT, scene=scene, **options)  # type: ignore[arg-type]
    try:
        yield emulator
    finally:
        emulator.close()


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait until something holds; what did not is in the message."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience} s in vain until {what}"
        time.sleep(0.01)
