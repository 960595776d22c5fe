"""What a client of the controller box may ask for: function number to what is done with its payload.

Cartesian moves are refused (status "invalid"): the box that stands in for the real one plans in joint space
only, and the package's driver asks for nothing else. Settings that change nothing here are accepted.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

from mvp_real.emulators.xarm7.controller_box import BOX_SERIAL, FIRMWARE, OLD_FIRMWARE, ControllerBox
from mvp_real.emulators.xarm7.motion import LARGEST_ACCELERATION, LARGEST_SPEED, JointMove
from mvp_real.emulators.xarm7.protocol import (
    ERROR_PENDING,
    INVALID,
    NOT_READY,
    WARNING_PENDING,
    Answer,
    floats,
    read_floats,
)

Handler = Callable[[ControllerBox, bytes], Answer]

TOOL_HOST = 9  # RS485 at the tool
TOOL_BAUD_RATE, BAUD_RATE_2M = 0x0A0B, 11
CARTESIAN = (21, 22, 27, 28, 30, 82, 83, 92, 93)
# Settings, from jerk to collision rebound: kept by the real box, without effect here.
SETTINGS = (31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 47, 48, 50, 51, 52, 58, 59, 60, 73, 77, 78, 79, 80, 254)


def answer(box: ControllerBox, function: int, payload: bytes, old_firmware: bool = False) -> Answer:
    """Carry out one request. Any payload is survived: one that is too short is answered as invalid.

    Args:
        box: The box; its lock is taken.
        function: Number of the function.
        payload: What follows it.
        old_firmware: Report a version that nobody supports.
    """
    with box.lock:
        if function == 1 and old_firmware:
            return _version(box, OLD_FIRMWARE)
        if function in MOTIONS and not box.ready:
            return Answer(status(box) | NOT_READY)
        handler = HANDLERS.get(function)
        try:
            result = Answer(INVALID) if handler is None else handler(box, payload)
        except (struct.error, IndexError):
            result = Answer(INVALID)
        return Answer(result.status | status(box), result.data)


def status(box: ControllerBox) -> int:
    """Status bits that every reply carries."""
    bits = (ERROR_PENDING if box.error else 0) | (WARNING_PENDING if box.warning else 0)
    return bits | (0 if box.ready else NOT_READY)


def _version(box: ControllerBox, firmware: str) -> Answer:
    text = f"7,7,{box.serial},{BOX_SERIAL},{firmware}"
    # Without a NUL at its end the vendor's client would lose the last character.
    return Answer(status(box), text.encode("ascii").ljust(40, b"\0") + b"\0")


def _serials(box: ControllerBox, payload: bytes) -> Answer:
    return Answer(0, f"{box.serial}\0{BOX_SERIAL}\0".encode("ascii").ljust(40, b"\0"))


def _enable(box: ControllerBox, payload: bytes) -> Answer:
    axis, on = payload[0], payload[1]
    if not 1 <= axis <= 8:
        return Answer(INVALID)
    box.enable_motion(axis, bool(on))
    return Answer()


def _set_state(box: ControllerBox, payload: bytes) -> Answer:
    return Answer() if box.set_state(payload[0]) else Answer(INVALID)


def _set_mode(box: ControllerBox, payload: bytes) -> Answer:
    return Answer() if box.set_mode(payload[0]) else Answer(INVALID)


def _clean_error(box: ControllerBox, payload: bytes) -> Answer:
    box.clean_error()
    return Answer()


def _clean_warning(box: ControllerBox, payload: bytes) -> Answer:
    box.clean_warning()
    return Answer()


def _move(box: ControllerBox, payload: bytes) -> Answer:
    values = read_floats(payload, 9)
    speed = min(max(abs(values[7]), 1e-3), LARGEST_SPEED) if np.isfinite(values[7]) else 0.35
    acceleration = min(max(abs(values[8]), 0.1), LARGEST_ACCELERATION) if np.isfinite(values[8]) else 8.7
    box.move(JointMove(np.array(values[:7]), speed, acceleration))
    return Answer()


def _servo(box: ControllerBox, payload: bytes) -> Answer:
    box.servo(np.array(read_floats(payload, 7)))
    return Answer()


def _drive(box: ControllerBox, payload: bytes) -> Answer:
    duration = read_floats(payload[29:], 1)[0] if len(payload) >= 33 else 0.0
    velocity = np.array(read_floats(payload, 7))
    if not np.all(np.isfinite(velocity)) or not np.isfinite(duration):
        return Answer(INVALID)
    box.drive(velocity, duration)
    return Answer()


def _joints(box: ControllerBox, payload: bytes) -> Answer:
    count = min(max(payload[0] & 0x0F, 1), 3) if payload else 1
    parts = (box.measured[:7], box.speeds, np.zeros(7))
    return Answer(0, floats([value for part in parts[:count] for value in part.tolist()]))


def _forward(box: ControllerBox, payload: bytes) -> Answer:
    joints = np.array(read_floats(payload, 7))
    return Answer(0, floats(box.pose(joints))) if np.all(np.isfinite(joints)) else Answer(INVALID)


def _beyond_limits(box: ControllerBox, payload: bytes) -> Answer:
    joints = np.array(read_floats(payload, 7))
    inside = bool(np.all((joints >= box.lower) & (joints <= box.upper)))
    return Answer(0, bytes([int(not inside)]))


def _rs485(box: ControllerBox, payload: bytes) -> Answer:
    host = payload[0]
    response = box.gripper.request(payload[1:]) if host == TOOL_HOST else None
    return Answer(INVALID) if response is None else Answer(0, bytes([host]) + response)


def _read_register(box: ControllerBox, payload: bytes) -> Answer:
    _, register = struct.unpack_from(">BH", payload)
    return Answer(0, struct.pack(">i", BAUD_RATE_2M if register == TOOL_BAUD_RATE else 0))


def _accept(box: ControllerBox, payload: bytes) -> Answer:
    return Answer()


HANDLERS: dict[int, Handler] = {
    **dict.fromkeys(SETTINGS, _accept),
    1: lambda box, payload: _version(box, FIRMWARE),
    2: _serials,
    11: _enable,
    12: _set_state,
    13: lambda box, payload: Answer(0, bytes([int(box.state)])),
    14: lambda box, payload: Answer(0, struct.pack(">H", box.motion.queued)),
    15: lambda box, payload: Answer(0, bytes([box.error, box.warning])),
    16: _clean_error,
    17: _clean_warning,
    19: _set_mode,
    23: _move,
    24: _move,
    29: _servo,
    41: lambda box, payload: Answer(0, floats(box.pose(box.measured[:7]))),
    42: _joints,
    44: _forward,
    45: _beyond_limits,
    55: lambda box, payload: Answer(0, floats([0.0] * 7)),
    81: _drive,
    124: _rs485,
    127: _accept,
    128: _read_register,
    253: lambda box, payload: Answer(0, bytes([0])),
}
MOTIONS = frozenset({23, 24, 29, 81, *CARTESIAN})
