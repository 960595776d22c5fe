"""From a tracked controller (HTC Vive and others, through OpenVR) to a sample of the operator's hand.

The grip buttons are the clutch, the trigger is the gripper, menu and touchpad are the two marks. OpenVR's room is that
of WebXR, so both devices move the robot alike.
"""

from __future__ import annotations

from mvp_real.geometry import quaternion_from_rotation
from mvp_real.teleop.hand_sample import HandSample, untracked
from mvp_real.teleop.openvr_controllers import ControllerReading, NotTracked

SOURCE = "vive"


def vive_sample(reading: ControllerReading | NotTracked, side: str) -> HandSample:
    """The sample of one reading; a controller whose pose may not be used is a lost hand."""
    if isinstance(reading, NotTracked):
        return untracked(SOURCE, side, reading.stamp)
    return HandSample(
        SOURCE,
        side,
        reading.stamp,
        reading.pose[:3, 3].copy(),
        quaternion_from_rotation(reading.pose[:3, :3]),
        tracked=True,
        clutch="grip" in reading.pressed,
        grip=reading.trigger,
        primary="menu" in reading.pressed,
        secondary="touchpad" in reading.pressed,
    )
