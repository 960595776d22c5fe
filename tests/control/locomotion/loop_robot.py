"""A robot that stands, told to the loop tick by tick, with a policy that does what a test wants."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mvp_real.control.locomotion.loop import LocomotionLoop
from mvp_real.control.locomotion.state import LocomotionOutput, LocomotionParameters, LocomotionState
from mvp_real.messages import BaseReading, FloatArray, ImuReading, JointReading
from mvp_real.robots.digit import load_digit

from .walking_card import walking_card

TABLE = load_digit()
NAMES = (*TABLE.motors, *TABLE.joints)
STANDING = np.concatenate([TABLE.default_pose, TABLE.joint_default])
TICK = 0.02


class LoopRobot:
    """The loop, its clock and its inputs.

    Attributes:
        action: What the policy says, or a function of the window.
        seen: Copies of the windows that the policy was shown: (tokens, mask).
        age: Ages of joint state, IMU and base velocity at the ticks, s; None sends nothing.
        tilt, height: Of the base.
    """

    def __init__(self, parameters: LocomotionParameters | None = None) -> None:
        self.loop = LocomotionLoop(walking_card(), TABLE, self._policy, parameters)
        self.now = 10.0
        self.action: FloatArray | Callable[[FloatArray], FloatArray] = np.zeros(36)
        self.seen: list[tuple[np.ndarray, np.ndarray]] = []
        self.age: list[float | None] = [0.002, 0.002, 0.002]
        self.tilt, self.height = 0.0, 1.0
        self.position = STANDING.copy()
        self.effort: FloatArray | None = None
        self.frozen = False
        self.outputs: list[LocomotionOutput] = []
        self._noise = np.random.default_rng(0)

    def _policy(self, tokens: np.ndarray, mask: np.ndarray) -> FloatArray:
        self.seen.append((tokens.copy(), mask.copy()))
        return self.action(tokens) if callable(self.action) else self.action

    def speak(self) -> None:
        """Send the measurements of now."""
        joints, imu, base = self.age
        noise = np.zeros(30) if self.frozen else self._noise.normal(0.0, 1e-4, 30)
        half = 0.5 * self.tilt
        if joints is not None:
            reading = JointReading(NAMES, self.position + noise, 10 * noise, self.now - joints, self.effort)
            self.loop.measured.joints(reading)
        if imu is not None:
            orientation = np.array([np.cos(half), 0.0, np.sin(half), 0.0])
            self.loop.measured.imu(ImuReading(orientation, np.zeros(3), self.now - imu))
        if base is not None:
            self.loop.measured.base(
                BaseReading(np.array([0.0, 0.0, self.height]), np.zeros(3), self.now - base)
            )

    def tick(self, count: int = 1, period: float = TICK) -> LocomotionOutput:
        """Advance the clock, send measurements and tick, `count` times."""
        for _ in range(count):
            self.now += period
            self.speak()
            self.outputs.append(self.loop.tick(self.now))
        return self.outputs[-1]

    def walk(self) -> LoopRobot:
        """Go through shadow and blending until the policy has full authority."""
        self.speak()
        assert self.loop.engage(self.now) == ""
        for _ in range(60):
            if self.tick().state is LocomotionState.WALKING:
                return self
        raise AssertionError(f"still {self.loop.state}: {self.loop.reason}")
