"""The real xArm7 with its gripper, through the vendor's own client (`pip install mvp_real[xarm]`)."""

from mvp_real.robots.xarm7.client import ControllerFault
from mvp_real.robots.xarm7.driver import XArm7Driver

__all__ = ["ControllerFault", "XArm7Driver"]
