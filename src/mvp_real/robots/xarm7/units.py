"""What differs between units of the arm: firmware and, by serial number, the range of two joints."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.robots.limits import Limits

# From 1.8.6 on the box keeps a connection alive by itself; servo points at 250 Hz are taken since 1.4.0.
OLDEST_FIRMWARE = (1, 8, 6)
NARROWER_FROM = 1305
# Joint index: range in rad of units with such a serial number, where it is smaller than the table's.
NARROWER: dict[int, tuple[float, float]] = {1: (-2.0420, 2.0246), 3: (-0.1047, 3.9270)}

_VERSION = re.compile(r"(\d+),(\d+),([^,]*),([^,]*),[vV]?(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class Unit:
    """One arm and its box.

    Attributes:
        axes: Number of joints.
        serial: Of the arm.
        firmware: Of the box.
    """

    axes: int
    serial: str
    firmware: tuple[int, int, int]

    @staticmethod
    def parse(version: str) -> Unit:
        """Read the text with which a box introduces itself.

        Raises:
            MvpRealError: Not such a text, another arm than one with seven joints, or too old a firmware.
        """
        match = _VERSION.match(version)
        if match is None:
            raise MvpRealError(f"what answers there is no xArm controller: it says {version[:60]!r}")
        axes, serial = int(match[1]), match[3]
        firmware = (int(match[5]), int(match[6]), int(match[7]))
        if axes != 7:
            raise MvpRealError(f"the arm there has {axes} joints, this driver is for the xArm7")
        if firmware < OLDEST_FIRMWARE:
            raise MvpRealError(
                f"the controller's firmware is {_dotted(firmware)}; needs {_dotted(OLDEST_FIRMWARE)} or newer: "
                "update it in UFACTORY Studio"
            )
        return Unit(axes, serial, firmware)

    @property
    def version(self) -> str:
        """Firmware as people write it."""
        return _dotted(self.firmware)

    def limits(self, limits: Limits) -> Limits:
        """The limits, with the joint range of this unit where it is smaller."""
        digits = self.serial[2:6]
        # Whoever cannot be told apart gets the smaller range.
        if digits.isdigit() and int(digits) < NARROWER_FROM:
            return limits
        lower, upper, margin = limits.lower.copy(), limits.upper.copy(), limits.table.position_margin
        for joint, (low, high) in NARROWER.items():
            lower[joint] = max(lower[joint], low + margin)
            upper[joint] = min(upper[joint], high - margin)
        return replace(limits, lower=np.array(lower), upper=np.array(upper))


def _dotted(numbers: tuple[int, int, int]) -> str:
    return ".".join(map(str, numbers))
