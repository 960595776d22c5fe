"""Kinesthetic teaching: a person moves the arm itself, and keys do the rest.

What the arm is told to do is where it is: the target of a moment is the measured position, and only the gripper's part
is a command. Times are handed in; the node `teleop_kinesthetic` wires this to topics.
"""

from __future__ import annotations

import math

import numpy as np

from mvp_real.messages import FloatArray, JointReading
from mvp_real.teleop.hand_sample import HandSample
from mvp_real.teleop.keyboard import QUIT
from mvp_real.teleop.marks import MarkKeys

TEACH, GRIP = "t", "g"
HELP = "t: let the arm give way, or hold it again   g: gripper   ENTER/BACKSPACE: marks   q: leave"


class KinestheticTeacher:
    """Keys and measured joints to samples and targets.

    Args:
        open_from: Opening from which the gripper counts as open.
        max_age: Oldest measured joints that make a target, s.
        side: Hand that the samples speak of.

    Attributes:
        wanted: Whether the operator wants the arm to give way.
        left: The operator asked to leave.
    """

    def __init__(self, open_from: float = 0.85, max_age: float = 0.3, side: str = "right") -> None:
        self._open_from = open_from
        self._max_age, self._side = max_age, side
        self._marks = MarkKeys()
        self._closed: bool | None = None
        self._reading: JointReading | None = None
        self._made = -math.inf
        self.wanted = self.left = False

    def press(self, key: str) -> None:
        """Take one character from the terminal, but for the marks."""
        if key in QUIT:
            self.left, self.wanted = True, False
        elif key == TEACH:
            self.wanted = not self.wanted
        elif key == GRIP:
            self._closed = not self.closed

    def mark(self, key: str, now: float) -> bool:
        """Take a mark key; whether it was one."""
        return self._marks.press(key, now)

    def joints(self, reading: JointReading) -> None:
        """Take measured joints, gripper last; those that are not finite are no news."""
        if np.isfinite(reading.position).all():
            self._reading = reading

    @property
    def closed(self) -> bool:
        """Whether the gripper is to be closed, or is, until it is told; what keeps it from closing is held."""
        if self._closed is not None:
            return self._closed
        return self._reading is not None and bool(self._reading.position[-1] < self._open_from)

    def target(self, now: float, teaching: bool) -> tuple[FloatArray, float] | None:
        """Where the arm is, the gripper as it is until its key, and the stamp; None if there is nothing new.

        Args:
            now: On the clock of the readings' stamps.
            teaching: Whether the driver says that the arm gives way.

        Returns:
            (8,) rad and opening fraction, and s.
        """
        reading = self._reading
        if (
            not teaching
            or reading is None
            or now - reading.stamp > self._max_age
            or reading.stamp <= self._made
        ):
            return None
        self._made = reading.stamp
        position = reading.position.copy()
        if self._closed is not None:
            position[-1] = 0.0 if self._closed else 1.0
        return position, reading.stamp

    def sample(self, now: float, teaching: bool) -> HandSample:
        """What a recorder and a page see of the operator: clutch and grip; there is no pose of a hand."""
        primary, secondary = self._marks.held(now)
        return HandSample(
            "kinesthetic", self._side, now, tracked=True, clutch=teaching, grip=float(self.closed),
            primary=primary, secondary=secondary,
        )  # fmt: skip
