"""What came from the hand, and whether it can be believed: the loop's side of the wire."""

from __future__ import annotations

from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.scales import scale_of
from mvp_real.robots.allegro.table import FINGERS, JOINTS, JOINTS_PER_FINGER, HandTable
from mvp_real.robots.allegro.wire import Frame, WireError

ALL_FINGERS = (1 << len(FINGERS)) - 1
BEYOND = 0.5  # rad outside the resting range at which an angle cannot be true
JUMP = 0.05  # rad that a joint may move between two frames on top of its speed limit
SPEED_SLACK = 1.5
_FROM_HOST = frozenset(
    [wire.SERVO_ON, wire.SERVO_OFF, wire.SET_PERIOD, wire.CONFIG, *range(wire.TORQUE, wire.TORQUE + 4)]
)


class Inbox:
    """Newest angles, temperatures and answers of one hand; times are handed in.

    Attributes:
        frames: Frames of joint angles taken.
        refused: Frames that could not be read or believed.
        fresh: Bit per finger whose angles came since `begin_cycle`.
        angles: (16,) rad.
        heard: Time of the last believed angles per finger, s; 0 is never.
        changed_at: Time at which any raw angle changed, s.
        temperature: (16,) degrees Celsius.
        info, serial: Last answers, None before the first.
        info_at: When `info` came, s.
    """

    def __init__(self, table: HandTable) -> None:
        self._scale = scale_of(table.wire)
        self._lower = [low - BEYOND for low in table.lower.tolist()]
        self._upper = [high + BEYOND for high in table.upper.tolist()]
        self._speed = [SPEED_SLACK * speed for speed in table.velocity_limit.tolist()]
        self._period = table.servo_period
        self.frames = self.refused = 0
        self.temperature = [0] * JOINTS
        self.reset()

    def reset(self) -> None:
        """Believe the next angles whatever they are: the hand has started anew."""
        self.fresh = 0
        self.angles = [0.0] * JOINTS
        self.heard = [0.0] * len(FINGERS)
        self.changed_at = 0.0
        self.info: wire.HandInfo | None = None
        self.info_at = 0.0
        self.serial: wire.Serial | None = None
        self._raw: list[wire.Counts | None] = [None] * len(FINGERS)

    @property
    def complete(self) -> bool:
        """Angles of all fingers came since `begin_cycle`."""
        return self.fresh == ALL_FINGERS

    def begin_cycle(self) -> None:
        """Wait for the next angles of every finger."""
        self.fresh = 0

    def silent_finger(self, now: float, age: float) -> str:
        """Name of a finger without believed angles for `age` s; empty if there is none."""
        for finger, heard in zip(FINGERS, self.heard, strict=True):
            if now - heard > age:
                return finger
        return ""

    def take(self, frame: Frame, now: float) -> None:
        """Read one frame."""
        if frame.identifier >> 2 in _FROM_HOST or frame.remote:
            return  # our own, as UDP gives them back, or another host's
        try:
            message = wire.decode(frame)
        except WireError:
            self.refused += 1
            return
        match message:
            case wire.Pose(finger, counts):
                self._take_angles(finger, counts, now)
            case wire.Temperature(finger, celsius):
                first = JOINTS_PER_FINGER * finger
                self.temperature[first : first + JOINTS_PER_FINGER] = celsius
            case wire.HandInfo():
                self.info, self.info_at = message, now
            case wire.Serial():
                self.serial = message
            case _:
                pass

    def _take_angles(self, finger: int, counts: wire.Counts, now: float) -> None:
        first = JOINTS_PER_FINGER * finger
        angles = self._scale.angles(counts)
        heard = self.heard[finger]
        elapsed = max(now - heard, self._period)
        for k, q in enumerate(angles, first):
            jumped = heard > 0.0 and abs(q - self.angles[k]) > self._speed[k] * elapsed + JUMP
            if jumped or not self._lower[k] <= q <= self._upper[k]:
                self.refused += 1
                return
        self.frames += 1
        self.angles[first : first + JOINTS_PER_FINGER] = angles
        if counts != self._raw[finger]:
            self._raw[finger] = counts
            self.changed_at = now
        self.heard[finger] = now
        self.fresh |= 1 << finger
