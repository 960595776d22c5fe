"""Faults that the simulator can inject, so that tests and users can see what the robot does about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mvp_real.errors import MvpRealError, unknown_name

# Name to what it does and what its value is; empty: it takes none.
FAULTS: dict[str, tuple[str, str]] = {
    "camera_stop": ("no images any more", ""),
    "camera_freeze": ("the last image again and again, with new stamps", ""),
    "camera_stuck": ("the last image again and again, with its old stamp", ""),
    "image_delay": ("images arrive this many seconds late, their stamps are right", "SECONDS"),
    "joint_stop": ("no joint states any more", ""),
    "joint_order": ("joint names in another order", ""),
    "clock_jump": ("the clock jumps once by this many seconds, back if negative", "SECONDS"),
    "arm_stop": ("the arm's own emergency stop is pressed", ""),
}
DIGIT_FAULTS: dict[str, tuple[str, str]] = {
    "packet_loss": ("this share of the measurements and of the commands is lost", "SHARE"),
    "sensor_delay": ("measurements arrive this many seconds late, their stamps are right", "SECONDS"),
    "joint_stop": ("no joint states any more", ""),
    "joint_freeze": ("the last joint state again and again, with new stamps", ""),
    "joint_nan": ("joint states hold a value that is not a number", ""),
    "imu_stop": ("no IMU readings any more", ""),
    "odom_stop": ("no base velocities any more", ""),
    "nan_command": ("the driver gets commands that are not a number", ""),
    "gain_drop": ("the motor of the left knee has this share of its gains", "SHARE"),
    "push": ("the base is kicked once to its left with this speed", "METRES_PER_SECOND"),
    "emergency_stop": ("the robot's own emergency stop is pressed", ""),
}


@dataclass(frozen=True)
class Fault:
    """One fault, `name` or `name=value`; an empty name is no fault."""

    name: str = ""
    value: float = 0.0

    @staticmethod
    def parse(text: str, faults: Mapping[str, tuple[str, str]] = FAULTS) -> Fault:
        """Read `name` or `name=value`; `faults` are those that the robot can have.

        Raises:
            MvpRealError: Unknown fault, or a value that is missing, superfluous or not a number.
        """
        name, separator, value = text.strip().partition("=")
        if not name:
            return Fault()
        if name not in faults:
            raise unknown_name("fault", name, faults)
        what, unit = faults[name]
        if bool(unit) != bool(separator):
            form = f"{name}={unit}" if unit else name
            raise MvpRealError(f"fault '{text}' ({what}) is written '{form}'")
        try:
            return Fault(name, float(value) if unit else 0.0)
        except ValueError as error:
            raise MvpRealError(f"fault '{text}': '{value}' is not a number") from error
