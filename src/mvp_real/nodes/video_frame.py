"""One frame of the video: the scene, the wrist camera as the encoder sees it, and the commanded joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import require

INK = (232, 236, 241)
FAINT = (128, 138, 150)
GROUND = (24, 28, 34)
PANEL = (36, 42, 50)
GOOD = (104, 211, 145)
BAD = (252, 129, 129)
# One hue per joint, the gripper last; light enough for the dark ground.
LINES = (
    (99, 179, 237), (104, 211, 145), (246, 173, 85), (252, 129, 129),
    (183, 148, 244), (79, 209, 197), (246, 224, 94), (226, 232, 240),
)  # fmt: skip
NAMES = ("j1", "j2", "j3", "j4", "j5", "j6", "j7", "grip")
SHOWN_STEPS = 60


@dataclass(frozen=True)
class FrameText:
    """Captions: what is tried, what the loop does, and the tally. `good` colours the state."""

    title: str
    state: str
    tally: str
    good: bool | None = None


def compose(
    scene: NDArray[np.uint8],
    wrist: NDArray[np.uint8] | None,
    targets: NDArray[np.float64],
    text: FrameText,
) -> NDArray[np.uint8]:
    """Scene on the left, a column of half its width on the right.

    Args:
        scene: (H, W, 3) RGB, W = 4/3 H.
        wrist: (480, 640, 3) RGB, or None.
        targets: (n, 8) commanded joints since the start of the trial: rad, gripper 0..1.
        text: Captions.

    Returns:
        (H, 3/2 W, 3) RGB.
    """
    cv2 = require("cv2", "sim")
    height, width, _ = scene.shape
    column = width // 2
    unit = height / 480
    frame = np.empty((height, width + column, 3), np.uint8)
    frame[:, :width] = scene
    frame[:, width:] = GROUND
    margin = round(12 * unit)
    side = round(216 * unit)
    top = round(34 * unit)

    def write(
        label: str, x: float, y: float, size: float, colour: tuple[int, int, int], bold: int = 1
    ) -> None:
        position = (round(x), round(y))
        cv2.putText(
            frame,
            label,
            position,
            cv2.FONT_HERSHEY_SIMPLEX,
            size * unit,
            colour,
            max(1, round(bold * unit)),
            cv2.LINE_AA,
        )

    band = frame[: round(40 * unit), :width]
    band[:] = (band * 0.55).astype(np.uint8)
    write(text.title, margin, 26 * unit, 0.6, INK)
    state = INK if text.good is None else GOOD if text.good else BAD
    band = frame[-round(36 * unit) :, :width]
    band[:] = (band * 0.55).astype(np.uint8)
    write(text.state, margin, height - 12 * unit, 0.55, state)

    write("what the encoder sees", width + margin, 22 * unit, 0.45, FAINT)
    if wrist is not None:
        seen = np.ascontiguousarray(wrist[32:480, 96:544])
        frame[top : top + side, width + margin : width + margin + side] = cv2.resize(
            seen, (side, side), interpolation=cv2.INTER_AREA
        )
    else:
        frame[top : top + side, width + margin : width + margin + side] = PANEL
        write("no image", width + margin + 76 * unit, top + side / 2, 0.45, FAINT)
    if text.tally:
        write(text.tally, width + margin + side + 12 * unit, top + 20 * unit, 0.6, INK)
        write("picked", width + margin + side + 12 * unit, top + 40 * unit, 0.45, FAINT)

    plot_top = top + side + round(34 * unit)
    write("commanded joints", width + margin, plot_top - 10 * unit, 0.45, FAINT)
    _plot(
        cv2,
        frame,
        targets,
        (width + margin, plot_top, column - 2 * margin, height - plot_top - margin),
        unit,
        write,
    )
    return frame


def _plot(cv2, frame, targets, box, unit, write) -> None:  # type: ignore[no-untyped-def]
    """Eight strips, each scaled to its own range but at least 0.2 rad: a resting joint looks at rest."""
    left, top, width, height = box
    label = round(40 * unit)
    strip = height / len(NAMES)
    for k, (name, colour) in enumerate(zip(NAMES, LINES, strict=True)):
        middle = top + (k + 0.5) * strip
        write(name, left, middle + 4 * unit, 0.38, colour)
        cv2.line(
            frame,
            (left + label, round(top + (k + 1) * strip)),
            (left + width, round(top + (k + 1) * strip)),
            (48, 54, 62),
            1,
        )
        if len(targets) < 2:
            continue
        values = targets[-SHOWN_STEPS:, k]
        low, high = float(values.min()), float(values.max())
        span = max(high - low, 0.2 if k < 7 else 1.0)
        centre = 0.5 * (low + high) if k < 7 else 0.5
        x = left + label + np.arange(len(values)) * (width - label) / (SHOWN_STEPS - 1)
        y = middle - (values - centre) / span * 0.7 * strip
        points = np.stack([x, y], axis=1).round().astype(np.int32)
        cv2.polylines(frame, [points], False, colour, max(1, round(1.4 * unit)), cv2.LINE_AA)
