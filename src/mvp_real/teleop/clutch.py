"""When the operator's hand moves the robot: only while the clutch is held, on poses that can be trusted.

Whatever makes a pose doubtful releases the clutch, and it then takes a new press to move again: the robot never
follows a hand that came back somewhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mvp_real.teleop.hand_sample import HandSample

MAX_AGE = 0.1  # s; an older pose is no pose (specs: tracker age above 100 ms acts as a release)
MAX_JUMP = 0.12  # m between two samples
LET_GO = "; let the clutch go, then press it"
MAX_SPEED = 6.0  # m/s; no hand at work is that fast, so tracking has jumped


@dataclass(frozen=True)
class ClutchSettings:
    """What makes a pose doubtful.

    Attributes:
        max_age: Oldest sample that may move the robot, s.
        max_jump: Largest distance between two samples, m; and only if it is also faster than `max_speed`, m/s.
    """

    max_age: float = MAX_AGE
    max_jump: float = MAX_JUMP
    max_speed: float = MAX_SPEED


class Clutch:
    """State of the clutch of one device.

    Attributes:
        engaged: The hand moves the robot.
        reason: Why it does not; empty while it does.
        releases: How often each reason ended a motion.
    """

    def __init__(self, settings: ClutchSettings | None = None) -> None:
        self.settings = settings or ClutchSettings()
        self.engaged = False
        self.reason = "clutch not pressed yet"
        self.releases: dict[str, int] = {}
        self._armed = False  # seen released since the last doubt
        self._owner = ""
        self._last: HandSample | None = None

    @property
    def owner(self) -> str:
        """`<source>/<side>` of the hand that moves the robot, empty for none."""
        return self._owner if self.engaged else ""

    def feed(self, sample: HandSample, now: float) -> bool:
        """Take a sample whose stamp is on the same clock as `now`, s.

        Returns:
            Whether the clutch was just engaged: the poses of now are the references of the motion.
        """
        if self.engaged and sample.frame_id != self._owner:
            return False  # somebody else's hand: the one that holds the robot goes on
        last = self._last if self._last is not None and self._last.frame_id == sample.frame_id else None
        if last is None and not self.engaged:
            self._armed = False  # another device: its clutch must be seen released first
        self._last = sample
        doubt = self._doubt(sample, last, now)
        if doubt:
            self.release(doubt)
            return False
        if not sample.clutch:
            self.release("clutch released", doubtful=False)
            return False
        if self.engaged:
            return False
        if not self._armed:
            if not self.reason.endswith(LET_GO):
                self.reason += LET_GO
            return False
        self.engaged, self._armed, self._owner, self.reason = True, False, sample.frame_id, ""
        return True

    def watch(self, now: float) -> None:
        """Release when samples stay out; call it more often than `max_age`."""
        silent = self._last is not None and now - self._last.stamp > self.settings.max_age
        if silent and (self.engaged or self._armed):
            self.release(f"no pose for {1000 * self.settings.max_age:.0f} ms")

    def release(self, reason: str, doubtful: bool = True) -> None:
        """End the motion.

        Args:
            reason: For the operator.
            doubtful: The clutch must be seen released before it engages again.
        """
        if self.engaged:
            self.releases[reason] = self.releases.get(reason, 0) + 1
        if self.engaged or doubtful or not self._armed:
            self.reason = reason
        self.engaged = False
        self._armed = not doubtful

    def _doubt(self, sample: HandSample, last: HandSample | None, now: float) -> str:
        if not sample.tracked:
            return "tracking lost"
        if now - sample.stamp > self.settings.max_age:
            return "pose too old"
        if last is None or not last.tracked:
            return ""
        elapsed = sample.stamp - last.stamp
        if elapsed < 0.0:
            return "pose out of order"
        distance = float(np.linalg.norm(sample.position - last.position))
        if distance > self.settings.max_jump and distance > self.settings.max_speed * elapsed:
            return "pose jumped"
        return ""
