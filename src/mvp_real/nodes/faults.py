"""Faults that the simulator can inject, so that tests and users can see what the robot does about them."""

from __future__ import annotations

from dataclasses import dataclass

from mvp_real.errors import MvpRealError, unknown_name

# Name to what it does and whether it takes a value.
FAULTS: dict[str, tuple[str, bool]] = {
    "camera_stop": ("no images any more", False),
    "camera_freeze": ("the last image again and again, with new stamps", False),
    "camera_stuck": ("the last image again and again, with its old stamp", False),
    "image_delay": ("images arrive this many seconds late, their stamps are right", True),
    "joint_stop": ("no joint states any more", False),
    "joint_order": ("joint names in another order", False),
    "clock_jump": ("the clock jumps once by this many seconds, back if negative", True),
    "arm_stop": ("the arm's own emergency stop is pressed", False),
}


@dataclass(frozen=True)
class Fault:
    """One fault, `name` or `name=value`; an empty name is no fault."""

    name: str = ""
    value: float = 0.0

    @staticmethod
    def parse(text: str) -> Fault:
        """Read `name` or `name=value`.

        Raises:
            MvpRealError: Unknown fault, or a value that is missing, superfluous or not a number.
        """
        name, separator, value = text.strip().partition("=")
        if not name:
            return Fault()
        if name not in FAULTS:
            raise unknown_name("fault", name, FAULTS)
        what, needs_value = FAULTS[name]
        if needs_value != bool(separator):
            form = f"{name}=SECONDS" if needs_value else name
            raise MvpRealError(f"fault '{text}' ({what}) is written '{form}'")
        try:
            return Fault(name, float(value) if needs_value else 0.0)
        except ValueError as error:
            raise MvpRealError(f"fault '{text}': '{value}' is not a number of seconds") from error
