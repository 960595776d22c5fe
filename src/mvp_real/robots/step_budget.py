"""How much of a wanted step may be made: largest step per control period, speed and its growth.

The allowance refills with time, one largest step per control period, and saves up to `burst` of them. So a
stream of targets moves no faster at 50 Hz than at 5 Hz, and a command that comes some milliseconds early is
not clamped.
"""

from __future__ import annotations

from collections.abc import Sequence

from mvp_real.robots.limits import Limits

SHORTEST = 1e-3  # s; commands that follow each other faster share one step


class StepBudget:
    """Allowance of one stream of commands; times are handed in."""

    def __init__(self, limits: Limits) -> None:
        # Plain floats: numpy's cost per call would eat the limiter's 50 us.
        self._max_step: list[float] = limits.max_step.tolist()
        self._acceleration: list[float] = limits.acceleration.tolist()
        self._period = limits.period
        self._burst = limits.burst
        self.restart(0.0)

    def restart(self, now: float, allowance: float = 1.0) -> None:
        """The arm is still, and this share of one whole step is free."""
        self._allowance = allowance
        self._cost = 0.0
        self._speed = [0.0] * len(self._max_step)
        self._refilled_at = now
        self._stepped_at = now - allowance * self._period

    def scale(self, delta: Sequence[float], now: float) -> float:
        """Factor 0..1 for the whole step `delta` (7,) in rad, so that its direction stays."""
        if now > self._refilled_at:
            self._allowance = min(self._burst, self._allowance + (now - self._refilled_at) / self._period)
            self._refilled_at = now
        elapsed = now - self._stepped_at
        if elapsed < SHORTEST:
            self._cost = 0.0
            return 0.0 if any(delta) else 1.0
        dt = min(elapsed, self._period)
        moving = elapsed < 1.5 * self._period
        cost, scale, square = 0.0, 1.0, dt * dt
        for d, step, acceleration, speed in zip(
            delta, self._max_step, self._acceleration, self._speed, strict=True
        ):
            size = abs(d)
            if size > cost * step:
                cost = size / step
            if scale * size > acceleration * square:
                # Only growing speed is limited: slowing down is safe, the interpolator makes it smooth.
                kept = abs(speed) * dt if moving and speed * d > 0.0 else 0.0
                scale = min(scale, (kept + acceleration * square) / size)
        bound = max(0.0, min(1.0, self._allowance))
        if cost * scale > bound:
            scale = bound / cost
        self._cost = cost * scale
        return scale

    def spend(self, step: Sequence[float], now: float) -> None:
        """Record that the step (7,) in rad, for which `scale` was just asked, is executed."""
        elapsed = now - self._stepped_at
        if elapsed < SHORTEST:
            return
        self._stepped_at = now
        self._speed = [d / elapsed for d in step]
        self._allowance -= self._cost
