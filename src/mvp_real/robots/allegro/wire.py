"""Frames of the Allegro hand on CAN, generations V4 and V5: pure functions between bytes and messages.

A frame has a standard 11-bit identifier, `message id << 2`; the low two bits are reserved for a device id.
Data is little-endian. Hosts ask for data by remote frames. V5 adds the fingertip frames; the older
generations V1 to V3 speak another, big-endian format. Source: the vendor's public drivers.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from mvp_real.errors import MvpRealError

SERVO_ON, SERVO_OFF, SET_PERIOD, CONFIG = 0x40, 0x41, 0x81, 0x68
TORQUE, POSE_TARGET = 0x60, 0xE0  # and the three after: index, middle, ring, thumb
POSE, TEMPERATURE = 0x20, 0x38  # likewise
ORIENTATION, HAND_INFO, SERIAL = 0x30, 0x80, 0x88
FINGERTIPS = (0xF0, 0xF2)  # of index and middle, of ring and thumb
REQUESTABLE = frozenset(
    [*range(POSE, POSE + 4), ORIENTATION, *range(TEMPERATURE, TEMPERATURE + 4), HAND_INFO, SERIAL]
)
LARGEST_ID = 0x7FF


class WireError(MvpRealError):
    """Bytes that are no frame of this protocol; the message says which and why."""


class Frame(NamedTuple):
    """One CAN frame with a standard identifier.

    Attributes:
        identifier: 0 to 0x7FF.
        data: Up to 8 bytes.
        remote: The frame asks for data instead of carrying it.
    """

    identifier: int
    data: bytes = b""
    remote: bool = False


Counts: TypeAlias = "tuple[int, int, int, int]"


@dataclass(frozen=True)
class ServoOn:
    """Power the motors."""


@dataclass(frozen=True)
class ServoOff:
    """Cut the motors' power."""


@dataclass(frozen=True)
class SetPeriod:
    """How often the hand reports, ms; 0 is never."""

    position: int
    orientation: int
    temperature: int


@dataclass(frozen=True)
class Config:
    """Device id and baud rate, as raw bytes: nothing here sets them."""

    data: bytes


@dataclass(frozen=True)
class Torque:
    """Motor commands of one finger, in counts (`scales`)."""

    finger: int
    counts: Counts


@dataclass(frozen=True)
class PoseTarget:
    """Joint targets of one finger, in counts. Defined, but V4 and V5 do not act on it."""

    finger: int
    counts: Counts


@dataclass(frozen=True)
class Pose:
    """Measured joint angles of one finger, in counts (`scales`)."""

    finger: int
    counts: Counts


@dataclass(frozen=True)
class Temperature:
    """Temperatures of one finger's motors, degrees Celsius."""

    finger: int
    celsius: Counts


@dataclass(frozen=True)
class Orientation:
    """Roll, pitch and yaw of the hand's inertial unit, raw."""

    roll: int
    pitch: int
    yaw: int


@dataclass(frozen=True)
class HandInfo:
    """What the main board says of itself.

    Attributes:
        hardware, firmware: Version numbers, two bytes each.
        left: A left hand.
        temperature: Of the board, degrees Celsius.
        status: Bit 0 servo on, bit 1 too hot, bit 2 fault of the internal communication.
    """

    hardware: int
    firmware: int
    left: bool
    temperature: int
    status: int

    @property
    def servo_on(self) -> bool:
        """The motors have power."""
        return bool(self.status & 1)

    @property
    def fault(self) -> str:
        """What the board complains about; empty if nothing."""
        names = ["too hot"] * bool(self.status & 2) + ["internal communication fault"] * bool(self.status & 4)
        return " and ".join(names)


@dataclass(frozen=True)
class Serial:
    """Serial number: 8 characters; the third is the type (A, B), the fourth the side (L, R)."""

    text: str

    @property
    def hand_type(self) -> str:
        """A or B."""
        return self.text[2:3]

    @property
    def side(self) -> str:
        """ "right" or "left"."""
        return "right" if self.text[3:4] == "R" else "left"


@dataclass(frozen=True)
class Fingertips:
    """Pressures at two fingertips (V5), raw.

    Attributes:
        first: 0 for index and middle, 2 for ring and thumb.
    """

    first: int
    values: tuple[int, int]


@dataclass(frozen=True)
class Request:
    """A remote frame: send me this message."""

    message_id: int


Message: TypeAlias = (
    "ServoOn | ServoOff | SetPeriod | Config | Torque | PoseTarget | Pose | Temperature | Orientation"
    " | HandInfo | Serial | Fingertips | Request"
)

_FOUR = struct.Struct("<4h")
_THREE = struct.Struct("<3H")
_TWO = struct.Struct("<2i")
_INFO = struct.Struct("<HHBBB")


def encode(message: Message, device: int = 0) -> Frame:
    """The frame of a message.

    Args:
        message: What to say.
        device: Low two bits of the identifier.

    Raises:
        WireError: A value does not fit its field.
    """
    try:
        message_id, data = _payload(message)
    except struct.error as error:
        raise WireError(f"{message} does not fit a frame: {error}") from error
    if not 0 <= device <= 3:
        raise WireError(f"device id is {device}; needs 0 to 3")
    return Frame(message_id << 2 | device, data, isinstance(message, Request))


def _payload(message: Message) -> tuple[int, bytes]:
    match message:
        case Torque(finger, counts):
            return TORQUE + _finger(finger), _FOUR.pack(*counts)
        case Pose(finger, counts):
            return POSE + _finger(finger), _FOUR.pack(*counts)
        case PoseTarget(finger, counts):
            return POSE_TARGET + _finger(finger), _FOUR.pack(*counts)
        case ServoOn():
            return SERVO_ON, b""
        case ServoOff():
            return SERVO_OFF, b""
        case SetPeriod(position, orientation, temperature):
            return SET_PERIOD, _THREE.pack(position, orientation, temperature)
        case Config(data):
            if len(data) > 8:
                raise WireError(f"configuration has {len(data)} bytes; a frame holds 8")
            return CONFIG, data
        case Temperature(finger, celsius):
            return TEMPERATURE + _finger(finger), struct.pack("<4B", *celsius)
        case Orientation(roll, pitch, yaw):
            return ORIENTATION, _THREE.pack(roll, pitch, yaw)
        case HandInfo(hardware, firmware, left, temperature, status):
            return HAND_INFO, _INFO.pack(hardware, firmware, left, temperature, status)
        case Serial(text):
            data = text.encode("ascii", "replace")
            if len(data) != 8:
                raise WireError(f"serial number '{text}' has {len(data)} characters; needs 8")
            return SERIAL, data
        case Fingertips(first, values):
            if first not in (0, 2):
                raise WireError(f"fingertips begin at finger {first}; needs 0 or 2")
            return FINGERTIPS[first // 2], _TWO.pack(*values)
        case Request(message_id):
            if message_id not in REQUESTABLE:
                raise WireError(f"message 0x{message_id:02X} cannot be asked for")
            return message_id, b""


def _finger(finger: int) -> int:
    if not 0 <= finger <= 3:
        raise WireError(f"finger {finger} does not exist; 0 index, 1 middle, 2 ring, 3 thumb")
    return finger


def decode(frame: Frame) -> Message:
    """The message of a frame.

    Raises:
        WireError: No message has this identifier, or its data have another length.
    """
    identifier, data, remote = frame
    if not 0 <= identifier <= LARGEST_ID:
        raise WireError(f"identifier 0x{identifier:X} is not a standard one")
    message_id = identifier >> 2
    if remote:
        if message_id in REQUESTABLE:
            return Request(message_id)
        raise WireError(f"remote frame for 0x{message_id:02X}, which cannot be asked for")
    entry = _DECODERS.get(message_id)
    if entry is None:
        raise WireError(f"unknown message id 0x{message_id:02X}")
    length, build = entry
    if length is not None and len(data) != length:
        raise WireError(f"message 0x{message_id:02X} has {len(data)} bytes; expected {length}")
    return build(bytes(data))


def _info(data: bytes) -> HandInfo:
    hardware, firmware, hand, temperature, status = _INFO.unpack(data)
    return HandInfo(hardware, firmware, hand != 0, temperature, status)


def _serial(data: bytes) -> Serial:
    if not data.isascii():
        raise WireError(f"serial number {data!r} is not ASCII")
    return Serial(data.decode("ascii"))


_Decoder: TypeAlias = "tuple[int | None, Callable[[bytes], Message]]"
_DECODERS: dict[int, _Decoder] = {
    SERVO_ON: (0, lambda data: ServoOn()),
    SERVO_OFF: (0, lambda data: ServoOff()),
    SET_PERIOD: (6, lambda data: SetPeriod(*_THREE.unpack(data))),
    CONFIG: (None, Config),
    ORIENTATION: (6, lambda data: Orientation(*_THREE.unpack(data))),
    HAND_INFO: (7, _info),
    SERIAL: (8, _serial),
    FINGERTIPS[0]: (8, lambda data: Fingertips(0, _TWO.unpack(data))),
    FINGERTIPS[1]: (8, lambda data: Fingertips(2, _TWO.unpack(data))),
}
for _k in range(4):
    _DECODERS[TORQUE + _k] = (8, lambda data, k=_k: Torque(k, _FOUR.unpack(data)))  # type: ignore[misc]
    _DECODERS[POSE + _k] = (8, lambda data, k=_k: Pose(k, _FOUR.unpack(data)))  # type: ignore[misc]
    _DECODERS[POSE_TARGET + _k] = (8, lambda data, k=_k: PoseTarget(k, _FOUR.unpack(data)))  # type: ignore[misc]
    _DECODERS[TEMPERATURE + _k] = (4, lambda data, k=_k: Temperature(k, tuple(data)))  # type: ignore[misc]
