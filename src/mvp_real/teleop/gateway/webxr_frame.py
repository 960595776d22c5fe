"""The binary message of the page: one frame of a WebXR session, little-endian.

    u8   magic 0x4D        u8 version 1      u16 flags (bits below)
    u32  sequence          f64 browser's time of the frame, ms (performance.now)
    then, for each flag that is set and in this order
    left controller, right controller: f32 x 7 grip pose (position xyz, quaternion xyzw), f32 trigger, f32 squeeze,
                                       u32 buttons (1 primary, 2 secondary)
    left hand, right hand:             f32 x 7 x 25 joint poses in WebXR's order

NaN stands for what the headset does not know. Two hands are 1,416 bytes, a tenth of the same as JSON.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.teleop.hand_sample import HAND_JOINTS, SIDES

MAGIC, VERSION = 0x4D, 1
HEADER = struct.Struct("<BBHId")
CONTROLLER = struct.Struct("<9fI")
HAND_BYTES = HAND_JOINTS * 7 * 4
VISIBLE = 1
CONTROLLER_FLAGS = {"left": 2, "right": 4}
HAND_FLAGS = {"left": 8, "right": 16}
KNOWN_FLAGS = 31
LONGEST = HEADER.size + 2 * CONTROLLER.size + 2 * HAND_BYTES


class BadFrame(ValueError):
    """A message that is no frame; the text says why."""


@dataclass(frozen=True, eq=False)
class Controller:
    """One controller.

    Attributes:
        pose: (7,) position and quaternion x y z w in the headset's frame; NaN where unknown.
        trigger, squeeze: 0..1.
        primary, secondary: Buttons A/X and B/Y.
    """

    pose: FloatArray
    trigger: float
    squeeze: float
    primary: bool = False
    secondary: bool = False


@dataclass(frozen=True, eq=False)
class WebXRFrame:
    """One frame of the session.

    Attributes:
        sequence: Number of the frame.
        milliseconds: The browser's time of the frame.
        visible: The operator sees the session; false while a system menu is open.
        controllers: Side to controller, those that are there.
        hands: Side to (25, 7) joint poses, those that are there.
    """

    sequence: int
    milliseconds: float
    visible: bool
    controllers: dict[str, Controller] = field(default_factory=dict)
    hands: dict[str, FloatArray] = field(default_factory=dict)


def decode(data: bytes) -> WebXRFrame:
    """The frame of a message.

    Raises:
        BadFrame: Not a frame of this version, of another length than its flags say, or with a time that is no time.
    """
    if not HEADER.size <= len(data) <= LONGEST:
        raise BadFrame(f"{len(data)} bytes; a frame has {HEADER.size} to {LONGEST}")
    magic, version, flags, sequence, milliseconds = HEADER.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise BadFrame(f"begins with {magic:#04x} version {version}; expected {MAGIC:#04x} version {VERSION}")
    if flags & ~KNOWN_FLAGS:
        raise BadFrame(f"unknown flags {flags:#06x}")
    if not 0.0 <= milliseconds < 1e12:
        raise BadFrame(f"time is {milliseconds} ms")
    offset = HEADER.size
    expected = offset + sum(CONTROLLER.size for flag in CONTROLLER_FLAGS.values() if flags & flag)
    expected += sum(HAND_BYTES for flag in HAND_FLAGS.values() if flags & flag)
    if len(data) != expected:
        raise BadFrame(f"{len(data)} bytes; flags {flags:#06x} stand for {expected}")
    controllers, hands = {}, {}
    for side in SIDES:
        if flags & CONTROLLER_FLAGS[side]:
            *values, buttons = CONTROLLER.unpack_from(data, offset)
            trigger, squeeze = (min(max(v, 0.0), 1.0) if v == v else 0.0 for v in values[7:9])
            pose = np.array(values[:7])
            controllers[side] = Controller(pose, trigger, squeeze, bool(buttons & 1), bool(buttons & 2))
            offset += CONTROLLER.size
    for side in SIDES:
        if flags & HAND_FLAGS[side]:
            joints = np.frombuffer(data, "<f4", HAND_JOINTS * 7, offset).reshape(HAND_JOINTS, 7)
            hands[side] = joints.astype(np.float64)
            offset += HAND_BYTES
    return WebXRFrame(sequence, milliseconds, bool(flags & VISIBLE), controllers, hands)


def encode(frame: WebXRFrame) -> bytes:
    """The message of a frame: what the page sends, for tests and benchmarks."""
    flags = VISIBLE if frame.visible else 0
    parts = []
    for side in SIDES:
        if side in frame.controllers:
            flags |= CONTROLLER_FLAGS[side]
            item = frame.controllers[side]
            buttons = int(item.primary) | int(item.secondary) << 1
            parts.append(CONTROLLER.pack(*item.pose.tolist(), item.trigger, item.squeeze, buttons))
    for side in SIDES:
        if side in frame.hands:
            flags |= HAND_FLAGS[side]
            parts.append(frame.hands[side].astype("<f4").tobytes())
    return HEADER.pack(MAGIC, VERSION, flags, frame.sequence, frame.milliseconds) + b"".join(parts)
