"""What the emulator tells the stand-in runtime: one datagram with the state of every device.

Little-endian: `u32 magic "MVPV" | u32 version | u32 sequence | u32 count | u32 quit | f32 seated height`, then
8 devices of `u32 class | u32 role | u32 connected | u32 valid | u32 result | f32[12] pose | f32[3] velocity |
f32[3] angular velocity | u64 pressed | u64 touched | f32[10] axes | char[32] serial`; vrclient.cpp reads the same.
Frames are OpenVR's: x right, y up, z backward, metres, the standing universe.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.messages import FloatArray

MAGIC, VERSION, DEVICES = b"MVPV", 1, 8
HEAD = struct.Struct("<4sIIIIf")
DEVICE = struct.Struct("<5I12f3f3f2Q10f32s")
SIZE = HEAD.size + DEVICES * DEVICE.size
# OpenVR's numbers.
HMD, CONTROLLER, BASE_STATION = 1, 2, 4
NO_ROLE, LEFT, RIGHT = 0, 1, 2
TRACKED, OUT_OF_RANGE = 200, 201
BUTTONS = {"system": 0, "menu": 1, "grip": 2, "touchpad": 32, "trigger": 33}
SEATED_HEIGHT = 1.2  # m; origin of the seated universe above the standing one


@dataclass(frozen=True)
class DeviceState:
    """One tracked device.

    Attributes:
        serial: Serial number, at most 31 characters.
        device_class: HMD, CONTROLLER or BASE_STATION.
        role: NO_ROLE, LEFT or RIGHT.
        pose: (4, 4) in OpenVR's standing universe.
        velocity, angular_velocity: (3,) m/s and rad/s in the same frame.
        trigger: 0 to 1; the button of the same name is pressed at 1.
        touchpad: (x, y), each -1 to 1; (0, 0) is not touched.
        buttons: Names of `BUTTONS` that are pressed.
        connected, valid, result: As OpenVR's TrackedDevicePose has them.
    """

    serial: str
    device_class: int = CONTROLLER
    role: int = NO_ROLE
    pose: FloatArray = field(default_factory=lambda: np.eye(4))
    velocity: FloatArray = field(default_factory=lambda: np.zeros(3))
    angular_velocity: FloatArray = field(default_factory=lambda: np.zeros(3))
    trigger: float = 0.0
    touchpad: tuple[float, float] = (0.0, 0.0)
    buttons: frozenset[str] = frozenset()
    connected: bool = True
    valid: bool = True
    result: int = TRACKED

    def pack(self) -> bytes:
        """The device's part of a datagram.

        Raises:
            MvpRealError: An unknown button, or a serial number that is too long.
        """
        serial = self.serial.encode()
        if len(serial) > 31:
            raise MvpRealError(f"serial number '{self.serial}' has more than 31 bytes")
        pressed = 0
        for name in self.buttons | ({"trigger"} if self.trigger >= 1.0 else set()):
            if name not in BUTTONS:
                raise unknown_name("button", name, BUTTONS)
            pressed |= 1 << BUTTONS[name]
        touched = pressed
        touched |= (1 << BUTTONS["trigger"]) * (self.trigger > 0.0)
        touched |= (1 << BUTTONS["touchpad"]) * (self.touchpad != (0.0, 0.0))
        axes = [*self.touchpad, self.trigger, 0.0, *[0.0] * 6]
        return DEVICE.pack(
            self.device_class,
            self.role,
            self.connected,
            self.valid,
            self.result,
            *np.asarray(self.pose)[:3].ravel(),
            *self.velocity,
            *self.angular_velocity,
            pressed,
            touched,
            *axes,
            serial,
        )


def datagram(devices: Sequence[DeviceState], sequence: int, quitting: bool = False) -> bytes:
    """The datagram that describes all devices, in the order of their indices.

    Raises:
        MvpRealError: More than 8 devices.
    """
    if len(devices) > DEVICES:
        raise MvpRealError(f"{len(devices)} devices; the stand-in runtime takes {DEVICES}")
    head = HEAD.pack(MAGIC, VERSION, sequence & 0xFFFFFFFF, len(devices), quitting, SEATED_HEIGHT)
    return (head + b"".join(device.pack() for device in devices)).ljust(SIZE, b"\0")
