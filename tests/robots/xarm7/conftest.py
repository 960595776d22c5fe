"""One emulated box and one driver for the tests of a module; each test starts disabled, without fault, at home."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("xarm")
pytest.importorskip("mujoco")

from mvp_real.emulators.xarm7.emulator import XArm7Emulator
from mvp_real.messages import FloatArray, JointReading, JointTarget
from mvp_real.robots.limits import Limits
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState, Verdict
from mvp_real.robots.xarm7 import XArm7Driver

from ...emulators.xarm7.running import PORT, running, until

TABLE = load_robot("xarm7")
# The machine of a test may stall for longer than a good robot computer; what is tested is not that.
LIMITS = Limits.from_table(TABLE)
PATIENT = replace(LIMITS, reading_age=0.5, reading_lost=1.0, command_age=2.0)


class Rig:
    """Driver and box.

    Attributes:
        readings: Every reading that the driver published.
        changes: Number of changes of state that nobody asked for.
    """

    def __init__(self, box: XArm7Emulator) -> None:
        self.box = box
        self.readings: list[JointReading] = []
        self.changes = 0
        self.driver = XArm7Driver(
            box.host,
            PATIENT,
            port=PORT,
            reply_within=1.0,
            on_reading=self.readings.append,
            on_change=self._changed,
        )

    def _changed(self) -> None:
        self.changes += 1

    def reset(self) -> None:
        """Disabled, without fault, at home."""
        self.box.board.clear()
        driver = self.driver
        driver.disable()
        if driver.state is DriverState.STOPPED:
            until(lambda: driver.clear_fault().state is DriverState.DISABLED, "the fault is cleared")
        until(lambda: driver.idle, "the arm has come to rest")
        with self.box.box.lock:
            self.box.box.set_state(4)
            self.box.box.carry_to(TABLE.home)
        until(lambda: np.max(np.abs(self.true - TABLE.home)) < 0.01, "the arm is at home")
        until(lambda: np.max(np.abs(driver.read().position - TABLE.home)) < 0.01, "the driver sees it")
        self.readings.clear()
        self.changes = 0

    @property
    def true(self) -> FloatArray:
        """(8,) where the arm really is."""
        return self.box.world.joints()

    def target(self, position: FloatArray) -> JointTarget:
        return JointTarget(TABLE.joint_names, position, time.monotonic(), 0.2)

    def enable(self) -> None:
        verdict = self.driver.enable()
        assert verdict.state is DriverState.RUNNING, verdict.reason

    def command(self, joint: int, by: float) -> Verdict:
        """One target, `by` rad from where the arm is measured."""
        position = self.driver.read().position.copy()
        position[joint] += by
        return self.driver.command(self.target(position))

    def keep_moving(self) -> threading.Event:
        """A policy that turns the first joint; set the event to end it."""
        ended = threading.Event()

        def work() -> None:
            way = 0.05
            while not ended.wait(0.2):
                if abs(self.true[0]) > 0.4:
                    way = -np.sign(self.true[0]) * 0.05
                self.command(0, way)

        threading.Thread(target=work, daemon=True).start()
        until(lambda: abs(self.true[0]) > 0.02, "the arm moves")
        return ended

    def stopped(self) -> str:
        """Wait for a latched stop; its reason."""
        until(lambda: self.driver.state is DriverState.STOPPED, f"it stops; {self.driver.state}")
        return self.driver.reason


@pytest.fixture(scope="module")
def open_rig() -> Iterator[Rig]:
    with running() as box:
        rig = Rig(box)
        rig.driver.open()
        yield rig
        rig.driver.close()


@pytest.fixture
def rig(open_rig: Rig) -> Rig:
    open_rig.reset()
    return open_rig
