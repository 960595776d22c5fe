"""What the counts on the wire stand for, per generation of the hand.

V4 takes a duty cycle, -1200 to 1200 at 12 V, and gives angles as 333.3 degrees / 65536. V5 takes a current in
mA, cut at 240 by the vendor's driver, and gives angles in steps of 0.088 degrees. On V5 type B the first
flexion joints of the fingers have twice the torque per current. Source: the vendor's public drivers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mvp_real.errors import unknown_name

WORD = 32767  # largest count of a 16-bit field


@dataclass(frozen=True)
class Scale:
    """Conversion of one hand's counts.

    Attributes:
        angle: rad per count.
        torque: (16,) counts per Nm.
        largest: Counts at which commands are cut.
    """

    angle: float
    torque: tuple[float, ...]
    largest: int

    def angles(self, counts: Sequence[int]) -> list[float]:
        """Joint angles, rad."""
        angle = self.angle
        return [angle * count for count in counts]

    def angle_counts(self, angles: Sequence[float]) -> list[int]:
        """Counts of joint angles in rad, cut at what the field holds."""
        return [max(-WORD, min(WORD, round(q / self.angle))) for q in angles]

    def torque_counts(self, torques: Sequence[float]) -> list[int]:
        """(16,) commands of torques in Nm, cut at `largest`."""
        largest = self.largest
        return [max(-largest, min(largest, round(t * k))) for t, k in zip(torques, self.torque, strict=True)]

    def torques(self, counts: Sequence[int]) -> list[float]:
        """(16,) torques in Nm of commands; the hand itself cuts them at `largest`."""
        largest = self.largest
        return [max(-largest, min(largest, c)) / k for c, k in zip(counts, self.torque, strict=True)]


_V4_TORQUE = 1200.0 / 0.7  # full duty cycle for the vendor's largest joint torque of 0.7 Nm
_V5_TORQUE = 1430.0  # mA per Nm
_FIRST_FLEXION = (1, 5, 9)
_V5_B = tuple(0.5 * _V5_TORQUE if joint in _FIRST_FLEXION else _V5_TORQUE for joint in range(16))

SCALES: dict[str, Scale] = {
    "v4": Scale(math.radians(333.3 / 65536.0), (_V4_TORQUE,) * 16, 1200),
    "v5": Scale(math.radians(0.088), _V5_B, 240),
    "v5a": Scale(math.radians(0.088), (_V5_TORQUE,) * 16, 240),
}


def scale_of(wire: str) -> Scale:
    """The scale of a wire format; an unknown name suggests the near ones."""
    if wire not in SCALES:
        raise unknown_name("wire format of the Allegro hand", wire, SCALES)
    return SCALES[wire]
