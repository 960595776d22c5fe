"""The xArm gripper's registers behind the tool's RS485 line, as Modbus RTU without the checksum.

Device 8, function 0x10 writes and 0x03 reads. Positions are pulses, 0 closed to 850 open.
"""

from __future__ import annotations

import struct

DEVICE = 8
OPEN = 850  # pulses
STATUS, CURRENT, TEMPERATURE, ERROR, ENABLE, MODE, CLEAR_ERROR = (
    0x0000, 0x0001, 0x000E, 0x000F, 0x0100, 0x0101, 0x0109,
)  # fmt: skip
SPEED, TARGET, POSITION, VERSION = 0x0303, 0x0700, 0x0702, 0x0801
WRITE, READ = 0x10, 0x03
FIRMWARE = (3, 4, 3)  # from here on STATUS is kept
CLOSE_ENOUGH = 4  # pulses


class GripperRegisters:
    """State of the gripper's own electronics.

    Attributes:
        enabled: Whether it follows its target.
        error: Its error number, 0 for none.
        target: Pulses that it was last told to go to.
        position: Measured pulses.
    """

    def __init__(self, position: int) -> None:
        self.power_on(position)

    def power_on(self, position: int) -> None:
        """Everything as after switching on."""
        self.enabled = False
        self.error = 0
        self.position = self.target = position
        self._speed = 1500
        self._mode = 0
        self._moving = False

    @property
    def opening(self) -> float:
        """Opening fraction that the fingers are told to take."""
        return self.target / OPEN

    def measure(self, opening: float) -> None:
        """Take the measured opening fraction."""
        position = round(opening * OPEN)
        self._moving = abs(position - self.position) > 1 and abs(position - self.target) > CLOSE_ENOUGH
        self.position = position

    def request(self, data: bytes) -> bytes | None:
        """Answer one RTU request; None for one that the device does not answer."""
        if len(data) < 6 or data[0] != DEVICE:
            return None
        function, address, count = struct.unpack_from(">BHH", data, 1)
        if function == READ and 1 <= count <= 8:
            values = b"".join(struct.pack(">H", self._read(address + k) & 0xFFFF) for k in range(count))
            return bytes([DEVICE, READ, 2 * count]) + values
        if function == WRITE and len(data) >= 7 and len(data) - 7 >= data[6] == 2 * count:
            self._write(address, data[7 : 7 + 2 * count])
            return data[:6]
        return None

    def _read(self, address: int) -> int:
        if VERSION <= address < VERSION + len(FIRMWARE):
            return FIRMWARE[address - VERSION]
        return {
            STATUS: int(self._moving),
            TEMPERATURE: 30,
            ERROR: self.error,
            ENABLE: int(self.enabled),
            MODE: self._mode,
            SPEED: self._speed,
            TARGET: self.target >> 16,
            TARGET + 1: self.target,
            POSITION: self.position >> 16,
            POSITION + 1: self.position,
        }.get(address, 0)

    def _write(self, address: int, values: bytes) -> None:
        if address == TARGET and len(values) == 4:
            if self.enabled and not self.error:
                self.target = min(max(struct.unpack(">i", values)[0], 0), OPEN)
            return
        value = int.from_bytes(values[:2], "big")
        if address == ENABLE:
            self.enabled = bool(value)
        elif address == MODE:
            self._mode = value
        elif address == SPEED:
            self._speed = value
        elif address == CLEAR_ERROR:
            self.error = 0
