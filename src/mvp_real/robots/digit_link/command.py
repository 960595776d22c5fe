"""The command message: what Digit's motors are told, and what the robot does when it is told nothing any more.

Law of a motor on the robot: torque + damping (velocity - measured velocity), clamped to its limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.robots.digit_link.chunks import ArtlError
from mvp_real.robots.digit_link.description import BOOL, U32, Description, Enumeration, Field
from mvp_real.robots.digit_link.layout import Layout

PARTS = ("torque", "velocity", "damping")
_MODE_TYPE = 256


class OperationMode(IntEnum):
    """What the robot does while nobody's commands are applied."""

    DISABLED = 0
    DAMPING = 1
    LOCOMOTION = 2


@dataclass(frozen=True, eq=False)
class MotorCommand:
    """One command.

    Attributes:
        torque: (n,) Nm.
        velocity: (n,) rad/s that the damping pulls to.
        damping: (n,) Nm s/rad.
        fallback: What the robot goes to when commands are not applied or stop coming.
        apply: Whether the motors shall follow.
    """

    torque: FloatArray
    velocity: FloatArray
    damping: FloatArray
    fallback: OperationMode
    apply: bool


def command_description(motors: tuple[str, ...]) -> Description:
    """What the client describes: three numbers per motor, the fallback mode, the flag; 485 bytes for 20 motors."""
    fields = [Field(f"{motor}.{part}") for motor in motors for part in PARTS]
    fields += [Field("fallback_opmode", _MODE_TYPE), Field("apply_command", BOOL)]
    labels = tuple((int(mode), mode.name.capitalize()) for mode in OperationMode)
    return Description(tuple(fields), (Enumeration(_MODE_TYPE, U32, labels),))


class CommandWriter:
    """Packs commands.

    Args:
        motors: Names in the order of the vectors.
    """

    def __init__(self, motors: tuple[str, ...]) -> None:
        self.description = command_description(motors)
        self._layout = Layout(self.description, self.description.fields)

    def pack(self, command: MotorCommand) -> bytes:
        """The message of a command."""
        rows = np.stack([command.torque, command.velocity, command.damping], axis=1)
        return self._layout.pack([*rows.reshape(-1).tolist(), int(command.fallback), int(command.apply)])


class CommandReader:
    """Reads commands by the description that a client sent, as the robot does.

    Args:
        description: The client's.
        motors: Names in the order of the vectors.

    Raises:
        ArtlError: A field is missing.
    """

    def __init__(self, description: Description, motors: tuple[str, ...]) -> None:
        self._layout = Layout(description, description.fields)
        self._parts = [self._layout.find_all([f"{motor}.{part}" for motor in motors]) for part in PARTS]
        self._fallback = int(self._layout.find("fallback_opmode")[0])
        self._apply = int(self._layout.find("apply_command")[0])

    def read(self, message: bytes) -> MotorCommand:
        """A command.

        Raises:
            ArtlError: Wrong size, a value that is not finite, an unknown mode, or a flag that is neither 0 nor 1.
        """
        values = self._layout.unpack(message)
        if not np.isfinite(values).all():
            raise ArtlError("command holds a value that is not finite")
        mode, flag = values[self._fallback], values[self._apply]
        if mode not in (0.0, 1.0, 2.0) or flag not in (0.0, 1.0):
            raise ArtlError(f"command has fallback mode {mode:g} and apply flag {flag:g}")
        torque, velocity, damping = (values[part] for part in self._parts)
        return MotorCommand(torque, velocity, damping, OperationMode(int(mode)), flag == 1.0)
