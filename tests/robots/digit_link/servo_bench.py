"""A servo without a network, and a robot that measures whatever it is told to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mvp_real.messages import PdCommand
from mvp_real.robots.digit_link.command import MotorCommand, OperationMode
from mvp_real.robots.digit_link.measurement import Measuring
from mvp_real.robots.digit_link.servo import DigitServo
from mvp_real.robots.verdict import DriverState

from .samples import LIMITS, TABLE, standing

MEASURING = Measuring(TABLE)


class Bench:
    """One servo; a millisecond is one step."""

    def __init__(self, shadow: bool = False, idle_commands: bool = False) -> None:
        self.servo = DigitServo(shadow=shadow, idle_commands=idle_commands)
        self.now = 10.0
        self.seen = standing(self.now)
        self.servo.connected(LIMITS)
        self.tick()

    def tick(self, milliseconds: int = 1, silence: float = 0.0, **changes: object) -> MotorCommand | None:
        self.seen = replace(self.seen, **changes)  # type: ignore[arg-type]
        sent = None
        for _ in range(milliseconds):
            self.now += 0.001
            if silence == 0.0:
                self.servo.observe(MEASURING.measure(self.seen, self.now), self.seen.error)
            sent = self.servo.step(self.now, silence)
        return sent

    def command(self, shift: float = 0.0) -> None:
        command = PdCommand(TABLE.default_pose + shift, TABLE.kp.copy(), TABLE.kd.copy(), self.now)
        self.servo.command(command, self.now)

    def walk(self) -> None:
        assert self.servo.enable(self.now).state is DriverState.RUNNING
        self.command()
        assert self.tick() is not None

    @property
    def state(self) -> DriverState:
        return self.servo.limiter.state

    @property
    def reason(self) -> str:
        return self.servo.limiter.reason


def assert_damps(sent: MotorCommand | None) -> None:
    assert sent is not None
    assert sent.apply
    assert sent.fallback is OperationMode.DAMPING
    np.testing.assert_array_equal(sent.torque, 0.0)
    np.testing.assert_array_equal(sent.damping, TABLE.kd)
