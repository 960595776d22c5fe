"""Poses and buttons of tracked controllers (HTC Vive and others) through OpenVR.

Controllers are chosen by serial number: the index of a device and its role change whenever one is switched on.
Poses are those of the standing universe, turned into ROS axes: x forward, y left, z up, both of the room and of the
controller. A pose that is not plainly valid is not given out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mvp_real.clocks import Clock
from mvp_real.errors import MvpRealError, require
from mvp_real.messages import FloatArray

# Rows: the ROS axes x forward, y left, z up, in OpenVR's x right, y up, z backward.
FROM_OPENVR: FloatArray = np.array([[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
ROTATION_ERROR = 1e-3  # largest deviation from a rotation matrix; OpenVR's are float32
TOUCHPAD_AXIS, TRIGGER_AXIS = 0, 1


@dataclass(frozen=True, eq=False)
class ControllerReading:
    """A controller that is tracked.

    Attributes:
        pose: (4, 4) from the controller's frame to the room's, m.
        linear_velocity: (3,) m/s in the room's frame.
        angular_velocity: (3,) rad/s in the room's frame.
        trigger: How far it is pulled, 0 to 1.
        touchpad: (2,) where it is touched: right and up, -1 to 1; (0, 0) when it is not.
        pressed: Of "system", "menu", "grip", "touchpad", "trigger".
        stamp: When it was read, s.
    """

    pose: FloatArray
    linear_velocity: FloatArray
    angular_velocity: FloatArray
    trigger: float
    touchpad: FloatArray
    pressed: frozenset[str]
    stamp: float


@dataclass(frozen=True)
class NotTracked:
    """A controller without a pose that may be used.

    Attributes:
        reason: Why, in words for the operator.
        stamp: When it was read, s.
    """

    reason: str
    stamp: float


class OpenVrControllers:
    """Connection to SteamVR. There is one per process, as OpenVR is global.

    Args:
        serials: Serial numbers of the controllers.
        clock: Gives the stamps.

    Raises:
        MvpRealError: OpenVR is not installed, or SteamVR cannot be reached.
    """

    def __init__(self, serials: Sequence[str], clock: Clock) -> None:
        self._serials, self._clock = tuple(serials), clock
        self._openvr: Any = require("openvr", "vr")
        try:
            # In the background: SteamVR must run already, and no headset has to show anything.
            self._system: Any = self._openvr.init(self._openvr.VRApplication_Background)
        except self._openvr.error_code.OpenVRError as error:
            name = type(error).__name__.replace("_", " ")
            raise MvpRealError(
                f"OpenVR cannot be started ({name}); start SteamVR, or for a try-out without it: "
                "mvp_real emulate vive, and export what it prints"
            ) from error
        vr = self._openvr
        self._buttons = {
            "system": 1 << vr.k_EButton_System,
            "menu": 1 << vr.k_EButton_ApplicationMenu,
            "grip": 1 << vr.k_EButton_Grip,
            "touchpad": 1 << vr.k_EButton_SteamVR_Touchpad,
            "trigger": 1 << vr.k_EButton_SteamVR_Trigger,
        }
        self._poses: Any = (vr.TrackedDevicePose_t * vr.k_unMaxTrackedDeviceCount)()
        self._event: Any = vr.VREvent_t()
        self._index: dict[str, int] = {}
        self._quit = False

    def read(self) -> dict[str, ControllerReading | NotTracked]:
        """Every controller now, by serial number.

        Raises:
            MvpRealError: SteamVR is ending.
        """
        self._take_events()
        vr = self._openvr
        self._system.getDeviceToAbsoluteTrackingPose(vr.TrackingUniverseStanding, 0.0, self._poses)
        stamp = self._clock.now()
        return {serial: self._read(serial, stamp) for serial in self._serials}

    def devices(self) -> dict[str, str]:
        """What is connected: serial number to "controller", "headset", "base station", "tracker" or "other"."""
        vr = self._openvr
        kinds = {
            vr.TrackedDeviceClass_HMD: "headset",
            vr.TrackedDeviceClass_Controller: "controller",
            vr.TrackedDeviceClass_GenericTracker: "tracker",
            vr.TrackedDeviceClass_TrackingReference: "base station",
        }
        found: dict[str, str] = {}
        for index in range(vr.k_unMaxTrackedDeviceCount):
            if self._system.isTrackedDeviceConnected(index):
                kind = self._system.getTrackedDeviceClass(index)
                found[self._serial_of(index)] = kinds.get(kind, "other")
        return found

    def pulse(self, serial: str, microseconds: int) -> None:
        """Let a controller buzz shortly, if it is there.

        Args:
            serial: Its serial number.
            microseconds: Length of the pulse, below 4000; OpenVR ends longer ones.
        """
        index = self._find(serial)
        if index is not None:
            self._system.triggerHapticPulse(index, 0, microseconds)

    def close(self) -> None:
        """Let go of OpenVR."""
        if self._system is not None:
            self._system = None
            self._openvr.shutdown()

    def _take_events(self) -> None:
        while self._system.pollNextEvent(self._event):
            if self._event.eventType == self._openvr.VREvent_Quit and not self._quit:
                self._quit = True
                self._system.acknowledgeQuit_Exiting()
        if self._quit:
            raise MvpRealError("SteamVR is ending; start it again, then this program")

    def _read(self, serial: str, stamp: float) -> ControllerReading | NotTracked:
        index = self._find(serial)
        if index is None:
            listed = ", ".join(s for s, kind in self.devices().items() if kind == "controller") or "none"
            return NotTracked(f"controller '{serial}' is not connected; connected: {listed}", stamp)
        pose = self._poses[index]
        if not pose.bDeviceIsConnected:
            return NotTracked(f"controller '{serial}' is not connected", stamp)
        if not pose.bPoseIsValid or pose.eTrackingResult != self._openvr.TrackingResult_Running_OK:
            return NotTracked(
                f"controller '{serial}' is not tracked (OpenVR's result {pose.eTrackingResult}); "
                "is it in sight of a base station?",
                stamp,
            )
        matrix = np.array([list(row) for row in pose.mDeviceToAbsoluteTracking.m], dtype=np.float64)
        velocity = np.array(list(pose.vVelocity.v), dtype=np.float64)
        angular_velocity = np.array(list(pose.vAngularVelocity.v), dtype=np.float64)
        if not sound(matrix, velocity, angular_velocity):
            return NotTracked(f"controller '{serial}' has a pose that is none", stamp)
        known, state = self._system.getControllerState(index)
        if not known:
            return NotTracked(f"controller '{serial}' says nothing of its buttons", stamp)
        pad = state.rAxis[TOUCHPAD_AXIS]
        return ControllerReading(
            in_ros_axes(matrix),
            FROM_OPENVR @ velocity,
            FROM_OPENVR @ angular_velocity,
            float(state.rAxis[TRIGGER_AXIS].x),
            np.array([pad.x, pad.y], dtype=np.float64),
            frozenset(name for name, mask in self._buttons.items() if state.ulButtonPressed & mask),
            stamp,
        )

    def _find(self, serial: str) -> int | None:
        """Index of the device with this serial number; looked for anew when it is no longer where it was."""
        index = self._index.get(serial)
        if index is not None and self._serial_of(index) == serial:
            return index
        for index in range(self._openvr.k_unMaxTrackedDeviceCount):
            if self._system.isTrackedDeviceConnected(index) and self._serial_of(index) == serial:
                self._index[serial] = index
                return index
        return None

    def _serial_of(self, index: int) -> str:
        vr = self._openvr
        try:
            return str(self._system.getStringTrackedDeviceProperty(index, vr.Prop_SerialNumber_String))
        except vr.error_code.OpenVRError:
            return ""


def in_ros_axes(matrix: FloatArray) -> FloatArray:
    """(4, 4) pose in ROS axes of a (3, 4) pose in OpenVR's, for the room and for the device."""
    pose = np.eye(4)
    pose[:3, :3] = FROM_OPENVR @ matrix[:, :3] @ FROM_OPENVR.T
    pose[:3, 3] = FROM_OPENVR @ matrix[:, 3]
    return pose


def sound(matrix: FloatArray, velocity: FloatArray, angular_velocity: FloatArray) -> bool:
    """Whether a (3, 4) pose is finite with a proper rotation, and the velocities are finite."""
    rotation = matrix[:, :3]
    if not all(np.isfinite(values).all() for values in (matrix, velocity, angular_velocity)):
        return False
    # Anything that large would overflow in the next line, and is no rotation.
    if np.abs(rotation).max() > 2.0:
        return False
    error = np.abs(rotation @ rotation.T - np.eye(3)).max()
    return bool(error < ROTATION_ERROR and np.linalg.det(rotation) > 0.0)
