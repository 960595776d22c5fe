"""How simulated time follows the wall clock."""

from __future__ import annotations

from mvp_real.errors import MvpRealError
from mvp_real.inference.latency import StartupLatency, TooSlowError, refuse_when_slow

LOCKSTEP = "lockstep"
# After a slow image time catches up at this pace, so that the others are not flooded.
CATCH_UP = 1.5
FORGIVEN = 0.5  # s; a longer backlog is forgotten, simulated time then lags for good


class Pace:
    """Real time, N times real time, or lock-step.

    Args:
        speed: Simulated seconds per second; 0 for lock-step.
    """

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._origin = 0.0
        self._done = 0.0
        self._first: tuple[float, float] | None = None

    @staticmethod
    def parse(text: str) -> Pace:
        """Read a speed such as "1", "2.5" or "lockstep".

        Raises:
            MvpRealError: Neither, or not within 0.1 to 20.
        """
        if text == LOCKSTEP:
            return Pace(0.0)
        try:
            speed = float(text)
        except ValueError as error:
            raise MvpRealError(f"speed is a number or '{LOCKSTEP}', got '{text}'") from error
        if not 0.1 <= speed <= 20:
            raise MvpRealError(f"speed {speed} is out of range; use 0.1 to 20, or '{LOCKSTEP}'")
        return Pace(speed)

    @property
    def lockstep(self) -> bool:
        """Whether time waits for the policy."""
        return self.speed == 0.0

    def start(self, wall: float) -> None:
        """Begin to count at the wall time `wall`, s."""
        self._origin, self._done, self._first = wall, 0.0, None

    def timer_period(self, step: float) -> float:
        """Wall time between two calls of `due`, s, for steps of `step` simulated seconds."""
        return step / self.speed / CATCH_UP

    def due(self, wall: float, step: float) -> bool:
        """Whether a step of `step` simulated seconds shall run at the wall time `wall`; True counts it."""
        behind = self.speed * (wall - self._origin) - self._done
        if behind > FORGIVEN:
            self._origin += (behind - step) / self.speed
            behind = step
        if behind < step - 1e-6:
            return False
        self._done += step
        return True

    def factor(self, wall: float, simulated: float) -> float:
        """Simulated per wall seconds since the last call; 0 on the first one."""
        before, self._first = self._first, (wall, simulated)
        if before is None or wall <= before[0]:
            return 0.0
        return (simulated - before[1]) / (wall - before[0])


def refuse_slow_start(latency: StartupLatency, limit: float, pace: Pace) -> None:
    """Refuse to start a model that is too slow for the pace; in lock-step none is.

    Args:
        latency: Measured at the start.
        limit: Largest 95th percentile in simulated time, s: half the wall time at `speed:=2`.
        pace: How time runs.

    Raises:
        TooSlowError: The message also names the way out that only a simulation has.
    """
    if pace.lockstep:
        return
    try:
        refuse_when_slow(latency, limit=limit / pace.speed)
    except TooSlowError as error:
        remedy = "a simulation can also wait for it: speed:=lockstep or speed:=0.5"
        raise TooSlowError(f"{error}; {remedy}") from error
