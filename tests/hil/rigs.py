"""The rig of each device."""

from __future__ import annotations

import importlib.util

from .allegro_rig import AllegroRig
from .digit_rig import DigitRig
from .realsense_rig import RealSenseRig
from .rig import Rig
from .xarm7_rig import XArm7Rig

RIGS: dict[str, type[Rig]] = {
    "xarm7": XArm7Rig,
    "realsense": RealSenseRig,
    "allegro": AllegroRig,
    "digit": DigitRig,
}
PACKAGES = {
    "xarm7": ("xarm", "mujoco"),
    "realsense": ("pyrealsense2",),
    "allegro": ("can", "msgpack", "mujoco"),
    "digit": ("mujoco",),
}


def missing_packages(device: str) -> list[str]:
    """Packages that this device's driver or emulator needs and that are not installed."""
    return [name for name in PACKAGES[device] if importlib.util.find_spec(name) is None]
