"""One frame of the walking video: the robot on the left, curves of the last eight seconds on the right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import require
from mvp_real.messages import FloatArray
from mvp_real.nodes.video_frame import BAD, FAINT, GOOD, GROUND, INK, LINES, PANEL, FrameText

SHOWN_FRAMES = 200  # eight seconds
RULE = (48, 54, 62)
# Title, unit and half range of each velocity strip.
VELOCITIES = (("forward", "m/s", 1.1), ("sideways", "m/s", 0.5), ("turn", "rad/s", 1.2))
LARGEST_TILT = 0.6  # rad


@dataclass(frozen=True)
class WalkCurves:
    """The last n frames, oldest first.

    Attributes:
        command, velocity: (n, 3) forward and sideways in m/s, turn in rad/s.
        contact: (n, 2) whether the left and the right foot carry.
        tilt: (n,) rad.
    """

    command: FloatArray
    velocity: FloatArray
    contact: NDArray[np.bool_]
    tilt: FloatArray


def compose_walk(scene: NDArray[np.uint8], curves: WalkCurves, text: FrameText) -> NDArray[np.uint8]:
    """Scene on the left, a column of half its width on the right.

    Args:
        scene: (H, W, 3) RGB, W = 4/3 H.
        curves: What to plot.
        text: Captions.

    Returns:
        (H, 3/2 W, 3) RGB.
    """
    height, width, _ = scene.shape
    frame = np.empty((height, width + width // 2, 3), np.uint8)
    frame[:, :width] = scene
    frame[:, width:] = GROUND
    sheet = _Sheet(require("cv2", "sim"), frame, height / 480)
    unit = sheet.unit
    for band in (frame[: round(40 * unit), :width], frame[-round(36 * unit) :, :width]):
        band[:] = (band * 0.55).astype(np.uint8)
    sheet.write(text.title, 12, 26, 0.6, INK)
    state = INK if text.good is None else GOOD if text.good else BAD
    sheet.write(text.state, 12, 468, 0.55, state)
    if text.tally:
        sheet.write(text.tally, 460, 26, 0.6, INK)
    left, right = width / unit + 12, width / unit + 308
    for axis, (name, label, half) in enumerate(VELOCITIES):
        top = 14 + 112 * axis
        now = f"{curves.velocity[-1, axis]:+.2f} of {curves.command[-1, axis]:+.2f} {label}"
        sheet.strip(name, now, top, left, right, 76)
        sheet.curve(curves.command[:, axis], half, top, left, right, 76, FAINT)
        sheet.curve(curves.velocity[:, axis], half, top, left, right, 76, LINES[axis])
    sheet.write("contact", left, 364, 0.45, FAINT)
    for foot, name in enumerate(("L", "R")):
        sheet.bars(name, curves.contact[:, foot], 372 + 16 * foot, left, right)
    tilt = np.degrees(curves.tilt)
    sheet.strip("tilt", f"{tilt[-1]:.1f} deg", 408, left, right, 44)
    sheet.curve(2.0 * curves.tilt / LARGEST_TILT - 1.0, 1.0, 408, left, right, 44, LINES[3])
    return frame


class _Sheet:
    """A frame to draw on; places in units of a frame 480 high."""

    def __init__(self, cv2: Any, frame: NDArray[np.uint8], unit: float) -> None:
        self._cv2, self._frame, self.unit = cv2, frame, unit

    def write(self, label: str, x: float, y: float, size: float, colour: tuple[int, int, int]) -> None:
        cv2, unit = self._cv2, self.unit
        place = (round(x * unit), round(y * unit))
        thickness = max(1, round(unit))
        cv2.putText(
            self._frame, label, place, cv2.FONT_HERSHEY_SIMPLEX, size * unit, colour, thickness, cv2.LINE_AA
        )

    def strip(self, name: str, now: str, top: float, left: float, right: float, height: float) -> None:
        """Title, newest value, and ground with a zero line of a plot whose title stands above `top` + 16."""
        self.write(name, left, top + 10, 0.45, FAINT)
        self.write(now, left + 120, top + 10, 0.45, INK)
        low, high = (round((top + 16 + y) * self.unit) for y in (0.0, height))
        self._frame[low:high, round(left * self.unit) : round(right * self.unit)] = PANEL
        middle = round((top + 16 + height / 2) * self.unit)
        self._frame[middle, round(left * self.unit) : round(right * self.unit)] = RULE

    def curve(
        self,
        values: FloatArray,
        half: float,
        top: float,
        left: float,
        right: float,
        height: float,
        colour: tuple[int, int, int],
    ) -> None:
        """A line of values between -half and half, the newest at the right end."""
        if len(values) < 2:
            return
        x = right - (right - left) * np.arange(len(values))[::-1] / (SHOWN_FRAMES - 1)
        y = top + 16 + height * (0.5 - 0.5 * np.clip(values / half, -1.0, 1.0))
        points = (np.stack([x, y], axis=1) * self.unit).round().astype(np.int32)
        self._cv2.polylines(
            self._frame, [points], False, colour, max(1, round(1.4 * self.unit)), self._cv2.LINE_AA
        )

    def bars(self, name: str, on: NDArray[np.bool_], top: float, left: float, right: float) -> None:
        """A row that is filled while `on`."""
        self.write(name, left, top + 10, 0.4, FAINT)
        first = left + 16
        low, high = round(top * self.unit), round((top + 11) * self.unit)
        self._frame[low:high, round(first * self.unit) : round(right * self.unit)] = PANEL
        step = (right - first) / SHOWN_FRAMES
        for k, filled in enumerate(on[::-1]):
            if filled:
                end = right - k * step
                self._frame[low:high, round((end - step) * self.unit) : round(end * self.unit)] = LINES[1]
