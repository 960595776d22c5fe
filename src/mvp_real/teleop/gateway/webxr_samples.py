"""From a frame of a WebXR session to samples of the operator's hands.

Controllers: squeeze is the clutch, trigger the gripper. Bare hands have no buttons: the pinch of one hand is its
gripper, and the pinch of the OTHER hand is its clutch, so that closing the gripper never lets the arm go.

A clutch that is already held when a hand appears, or comes back, is none: it has to be seen released first.
"""

from __future__ import annotations

import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.teleop.frames import positions_from_headset, quaternion_from_headset
from mvp_real.teleop.gateway.webxr_frame import Controller, WebXRFrame
from mvp_real.teleop.hand_sample import SIDES, UNIT_TOLERANCE, HandSample, untracked

SOURCE = "webxr"
SQUEEZED, LET_GO = 0.6, 0.4
WRIST, THUMB_TIP, INDEX_TIP = 0, 4, 9
PINCH_OPEN, PINCH_CLOSED = 0.07, 0.02  # m between the tips of thumb and index finger
OTHER = {"left": "right", "right": "left"}


class WebXRSamples:
    """Samples of both hands, with the hysteresis of squeeze and pinch."""

    def __init__(self) -> None:
        self._held = dict.fromkeys(SIDES, False)
        self._armed = dict.fromkeys(SIDES, False)
        self._seen: set[str] = set()

    def feed(self, frame: WebXRFrame, stamp: float) -> list[HandSample]:
        """One sample for each side that has ever been there; a side that is gone is untracked.

        Args:
            frame: What the page sent.
            stamp: Its capture time on this computer's clock, s.
        """
        if not frame.visible:
            return self.lost(stamp)
        pinches = {side: _pinch(joints) for side, joints in frame.hands.items() if _known(joints)}
        samples = []
        for side in SIDES:
            sample: HandSample | None = None
            if side in frame.controllers:
                sample = self._controller(side, frame.controllers[side], stamp)
            elif side in pinches:
                sample = self._hand(side, frame.hands[side], pinches, stamp)
            if sample is None:
                self._held[side] = self._armed[side] = False
                if side not in self._seen:
                    continue
                sample = untracked(SOURCE, side, stamp)
            self._seen.add(side)
            samples.append(sample)
        return samples

    def lost(self, stamp: float) -> list[HandSample]:
        """Nothing is known any more: every side that has been there is untracked."""
        self._held = dict.fromkeys(SIDES, False)
        self._armed = dict.fromkeys(SIDES, False)
        return [untracked(SOURCE, side, stamp) for side in SIDES if side in self._seen]

    def _controller(self, side: str, item: Controller, stamp: float) -> HandSample | None:
        if not _rigid(item.pose):
            return None
        position, quaternion = _operator_pose(item.pose)
        clutch = self._clutch(side, item.squeeze)
        return HandSample(
            SOURCE,
            side,
            stamp,
            position,
            quaternion,
            True,
            clutch,
            item.trigger,
            item.primary,
            item.secondary,
        )

    def _hand(
        self, side: str, joints: FloatArray, pinches: dict[str, float], stamp: float
    ) -> HandSample | None:
        if not _rigid(joints[WRIST]):
            return None
        position, quaternion = _operator_pose(joints[WRIST])
        clutch = self._clutch(side, pinches.get(OTHER[side]))
        fingers = positions_from_headset(joints[:, :3])
        return HandSample(
            SOURCE, side, stamp, position, quaternion, True, clutch, pinches[side], fingers=fingers
        )

    def _clutch(self, side: str, value: float | None) -> bool:
        if value is None:  # a hand out of sight has let go of nothing: it must be seen open
            self._held[side] = self._armed[side] = False
            return False
        self._held[side] = value > (LET_GO if self._held[side] else SQUEEZED)
        self._armed[side] = self._armed[side] or not self._held[side]
        return self._held[side] and self._armed[side]


def _operator_pose(pose: FloatArray) -> tuple[FloatArray, FloatArray]:
    x, y, z, w = pose[3:7] / np.linalg.norm(pose[3:7])
    return positions_from_headset(pose[:3]), quaternion_from_headset(np.array([w, x, y, z]))


def _rigid(pose: FloatArray) -> bool:
    """Finite, within a room, and a rotation."""
    if not np.all(np.isfinite(pose)) or float(np.max(np.abs(pose[:3]))) > 20.0:
        return False
    return abs(float(np.linalg.norm(pose[3:7])) - 1.0) <= UNIT_TOLERANCE


def _known(joints: FloatArray) -> bool:
    return bool(np.all(np.isfinite(joints[:, :3]))) and float(np.max(np.abs(joints[:, :3]))) <= 20.0


def _pinch(joints: FloatArray) -> float:
    """0 open to 1 closed."""
    distance = float(np.linalg.norm(joints[THUMB_TIP, :3] - joints[INDEX_TIP, :3]))
    return min(max((PINCH_OPEN - distance) / (PINCH_OPEN - PINCH_CLOSED), 0.0), 1.0)
