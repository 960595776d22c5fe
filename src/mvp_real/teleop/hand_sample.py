"""One sample of an operator's hand: what every input device says, and how it fits into `sensor_msgs/Joy`.

One message per hand and instant, so that pose, clutch and grip can never belong to different moments. Joy is the
standard message for "axes and buttons at a time" and holds all of it flat:

    header.stamp      capture time
    header.frame_id   "<source>/<side>", e.g. "webxr/right"
    axes              0-2 position (m), 3-6 quaternion x y z w, 7 grip 0..1; for a tracked hand 8-82 its 25 joints
    buttons           0 tracked, 1 clutch, 2 primary, 3 secondary

Positions and orientations are in the operator's frame by REP-103: x forward, y left, z up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mvp_real.messages import FloatArray

SIDES = ("left", "right")
HAND_JOINTS = 25  # of WebXR: wrist, four of the thumb, five of each finger
POSE_AXES = 8
HAND_AXES = POSE_AXES + 3 * HAND_JOINTS
BUTTONS = ("tracked", "clutch", "primary", "secondary")
UNIT_TOLERANCE = 0.01  # of a quaternion's norm; further off it is no rotation


@dataclass(frozen=True, eq=False)
class HandSample:
    """One hand of the operator.

    Attributes:
        source: Kind of device: webxr, vive, keyboard or gamepad.
        side: "left" or "right".
        stamp: Capture time, s.
        position: (3,) of the controller or the wrist in the operator's frame, m.
        quaternion: (4,) w, x, y, z.
        tracked: Whether the device vouches for the pose; without it nothing else counts.
        clutch: Held by the operator: motion is wanted.
        grip: 0 open to 1 closed.
        primary, secondary: Two more buttons (A/X and B/Y), for marks.
        fingers: (25, 3) joints of a tracked hand in the operator's frame, m, in WebXR's order; None for a controller.
    """

    source: str
    side: str
    stamp: float
    position: FloatArray = field(default_factory=lambda: np.zeros(3))
    quaternion: FloatArray = field(default_factory=lambda: np.array([1.0, 0.0, 0.0, 0.0]))
    tracked: bool = False
    clutch: bool = False
    grip: float = 0.0
    primary: bool = False
    secondary: bool = False
    fingers: FloatArray | None = None

    @property
    def frame_id(self) -> str:
        """ "<source>/<side>"."""
        return f"{self.source}/{self.side}"

    def axes(self) -> list[float]:
        """The `axes` of a Joy message."""
        w, x, y, z = self.quaternion.tolist()
        values = [*self.position.tolist(), x, y, z, w, self.grip]
        return values if self.fingers is None else values + self.fingers.ravel().tolist()

    def buttons(self) -> list[int]:
        """The `buttons` of a Joy message."""
        return [int(self.tracked), int(self.clutch), int(self.primary), int(self.secondary)]


def untracked(source: str, side: str, stamp: float) -> HandSample:
    """The sample that says: this hand is lost, hold."""
    return HandSample(source, side, stamp)


def read_sample(frame_id: str, stamp: float, axes: Sequence[float], buttons: Sequence[int]) -> HandSample:
    """The sample of a Joy message.

    Raises:
        ValueError: Another layout, a value that is not finite, or no unit quaternion; the text names what came.
    """
    source, _, side = frame_id.partition("/")
    if not source or side not in SIDES:
        raise ValueError(f"frame_id is '{frame_id}'; expected <source>/left or <source>/right")
    if len(axes) not in (POSE_AXES, HAND_AXES) or len(buttons) != len(BUTTONS):
        raise ValueError(
            f"{len(axes)} axes and {len(buttons)} buttons; expected {POSE_AXES} or {HAND_AXES} axes "
            f"and {len(BUTTONS)} buttons ({', '.join(BUTTONS)})"
        )
    if not all(map(math.isfinite, axes)):
        raise ValueError(f"axes of '{frame_id}' are not finite")
    x, y, z, w = axes[3:7]
    norm = math.sqrt(x * x + y * y + z * z + w * w)
    if abs(norm - 1.0) > UNIT_TOLERANCE:
        raise ValueError(f"quaternion of '{frame_id}' has norm {norm:.3f}; expected 1")
    tracked, clutch, primary, secondary = (bool(value) for value in buttons)
    fingers = np.array(axes[POSE_AXES:]).reshape(HAND_JOINTS, 3) if len(axes) == HAND_AXES else None
    return HandSample(
        source,
        side,
        stamp,
        np.array(axes[:3], dtype=np.float64),
        np.array([w, x, y, z]) / norm,
        tracked,
        clutch,
        min(max(float(axes[7]), 0.0), 1.0),
        primary,
        secondary,
        fingers,
    )
