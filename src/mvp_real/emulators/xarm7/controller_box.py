"""The controller box's rules: modes, states, brakes, errors, and what moves the arm when.

No sockets and no physics here. The world calls `tick` every 4 ms for the set-points and `measure` with what
became of them; clients come in through `functions.py`. All of it under `lock`.
"""

from __future__ import annotations

import math
import threading
from enum import IntEnum

import numpy as np

from mvp_real.emulators.xarm7.gripper import GripperRegisters
from mvp_real.emulators.xarm7.motion import TICK, JointMove, Motion
from mvp_real.emulators.xarm7.reports import BoxReport
from mvp_real.messages import FloatArray
from mvp_real.robots.kinematics import forward_kinematics

FIRMWARE, OLD_FIRMWARE = "v2.7.1", "v1.2.0"
# The digits after the letters tell the hardware; from 1305 on two joints reach less far.
SERIAL, BOX_SERIAL = "XI130423A01B01", "AC130423C01D01"
SERIAL_1305 = 1305
LOWER = (-2 * math.pi, -2.0595, -2 * math.pi, -0.1920, -2 * math.pi, -1.6930, -2 * math.pi)
UPPER = (2 * math.pi, 2.0944, 2 * math.pi, 3.9270, 2 * math.pi, math.pi, 2 * math.pi)
LOWER_1305 = (*LOWER[:1], -2.0420, LOWER[2], -0.1047, *LOWER[4:])
UPPER_1305 = (*UPPER[:1], 2.0246, *UPPER[2:])
ALL_JOINTS = 0x7F
AT_REST = 0.02  # rad/s
PULLED_SPEED, PULLED_ACCELERATION = 0.6, 3.0  # rad/s and rad/s^2 of a hand that pulls the arm
TOOL_OFFSET = 0.172  # m

# Servo points may not ask for more than this speed of the tool; see `_watch_tool`.
TOOL_SPEED = 1.0  # m/s
SHORTEST, LONGEST = 0.010, 0.020  # s; between two points, for that judgement

POSITION, SERVO, TEACH, VELOCITY, CARTESIAN_VELOCITY, ONLINE = 0, 1, 2, 4, 5, 6
MODES = (0, 1, 2, 3, 4, 5, 6, 7, 11)


class State(IntEnum):
    """State as the box reports it."""

    MOVING = 1
    READY = 2
    PAUSED = 3
    STOPPED = 4
    MODE_CHANGED = 5


class BoxError(IntEnum):
    """Errors that the box finds itself."""

    EMERGENCY_STOP = 1
    JOINT_LIMIT = 23
    SERVO_TOOL_SPEED = 60


# These cut the power of the motors, so that the brakes fall in.
POWER_CUTTING = (1, 2, 3, *range(10, 18))
BUFFER_FULL = 11  # a warning


class ControllerBox:
    """State of one box.

    Args:
        position: (8,) where arm and gripper stand: rad, and opening fraction.
        serial: Of the arm.

    Attributes:
        lock: Hold it for every call.
        mode, state, error, warning: As the box reports them.
        stop_pressed: Whether its emergency stop is held down.
    """

    def __init__(self, position: FloatArray, serial: str = SERIAL) -> None:
        self.lock = threading.RLock()
        self.serial = serial
        narrow = int(serial[2:6]) >= SERIAL_1305 if serial[2:6].isdigit() else False
        self.lower = np.array(LOWER_1305 if narrow else LOWER)
        self.upper = np.array(UPPER_1305 if narrow else UPPER)
        self.stop_pressed = False
        self.gripper = GripperRegisters(round(850 * float(position[7])))
        self.motion = Motion(position[:7])
        self.power_on(position)

    def power_on(self, position: FloatArray) -> None:
        """As after switching on: stopped, brakes on, nothing remembered."""
        self.mode, self._state = POSITION, State.STOPPED
        self.error = int(BoxError.EMERGENCY_STOP) if self.stop_pressed else 0
        self.warning = 0
        self.brakes = self.enabled = 0
        self._time = 0.0
        self._last_point: tuple[float, FloatArray] | None = None
        self._measured: FloatArray = np.array(position, dtype=np.float64)
        self._speeds: FloatArray = np.zeros(7)
        self.motion.rest_at(position[:7])
        self.gripper.power_on(round(850 * float(position[7])))

    # What the world does.

    def tick(self, seconds: float = TICK) -> FloatArray:
        """Let time pass; the (8,) set-points of joints and gripper for the world."""
        self._time += seconds
        if self.enabled != ALL_JOINTS or self.brakes != ALL_JOINTS:
            self.motion.rest_at(self.motion.position)  # brakes hold at once
        elif self._state is not State.PAUSED:
            self.motion.advance(seconds)
        return np.append(self.motion.position, self.gripper.opening)

    def measure(self, position: FloatArray, velocity: FloatArray) -> None:
        """Take the measured (8,) joints and their (8,) speeds."""
        self._measured, self._speeds = position, velocity[:7]
        self.gripper.measure(float(position[7]))

    def carry_to(self, position: FloatArray) -> None:
        """Somebody moved arm and gripper by hand, (8,)."""
        self.motion.rest_at(position[:7])
        self.gripper.target = round(850 * float(position[7]))
        self._last_point = None

    # What clients ask for.

    @property
    def state(self) -> State:
        """Present state; the arm moves until it has come to rest where its set-point is."""
        if self._state is State.READY and (self.motion.moving or np.any(np.abs(self._speeds) > AT_REST)):
            return State.MOVING
        return self._state

    @property
    def ready(self) -> bool:
        """Whether motion commands are executed."""
        return self._state in (State.READY, State.PAUSED) and not self.error

    @property
    def measured(self) -> FloatArray:
        """(8,) newest measured joints."""
        return self._measured

    @property
    def speeds(self) -> FloatArray:
        """(7,) newest measured speeds, rad/s."""
        return self._speeds

    def enable_motion(self, axis: int, on: bool) -> None:
        """Release or set the brakes of one joint (1..7) or of all (8)."""
        if self.error in POWER_CUTTING:
            return
        mask = ALL_JOINTS if axis == 8 else 1 << (axis - 1) & ALL_JOINTS
        self.enabled = self.enabled | mask if on else self.enabled & ~mask
        self.brakes = self.enabled
        if not on:
            self._halt(State.STOPPED)

    def set_mode(self, mode: int) -> bool:
        """Change the mode; drops every target. False for a mode that does not exist."""
        if mode not in MODES:
            return False
        self.mode = mode
        if not self.error:
            self._halt(State.MODE_CHANGED)
        return True

    def set_state(self, state: int) -> bool:
        """0 go, 3 pause, 4 stop, 6 slow stop. False for anything else."""
        if state == 0:
            if not self.error and self.enabled == ALL_JOINTS:
                self._state = State.READY
        elif state == 3:
            if self.ready:
                self._state = State.PAUSED
        elif state in (4, 6):
            self._halt(State.STOPPED)
        else:
            return False
        return True

    def clean_error(self) -> None:
        """Forget the error, unless its cause is still there; the arm stays stopped."""
        if self.error:
            self.error = int(BoxError.EMERGENCY_STOP) if self.stop_pressed else 0

    def clean_warning(self) -> None:
        """Forget the warning."""
        self.warning = 0

    def raise_error(self, error: int) -> None:
        """Stop because of an error; some cut the power."""
        self.error = error & 0xFF
        self._halt(State.STOPPED)
        if self.error in POWER_CUTTING:
            self.enabled = self.brakes = 0

    def press_stop(self, pressed: bool) -> None:
        """Press or release the emergency stop. Releasing clears nothing."""
        self.stop_pressed = pressed
        if pressed:
            self.raise_error(BoxError.EMERGENCY_STOP)

    def servo(self, point: FloatArray) -> None:
        """A servo point. In another mode it is taken without a word and not executed."""
        if self.mode != SERVO or not self._within(point):
            return
        if self._watch_tool(point):
            self.motion.servo(point)

    def move(self, move: JointMove) -> None:
        """A joint move, queued in mode 0, at once in mode 6, ignored otherwise."""
        if self.mode not in (POSITION, ONLINE) or not self._within(move.target):
            return
        if not self.motion.move(move, replace=self.mode == ONLINE):
            self.warning = BUFFER_FULL

    def pull(self, joints: FloatArray) -> None:
        """A person's hand pulls the arm to (7,) joints; it gives way in mode 2 only, as far as the joints go."""
        if self.mode == TEACH and self._state is State.READY and not self.error:
            target = np.clip(joints, self.lower, self.upper)
            self.motion.move(JointMove(target, PULLED_SPEED, PULLED_ACCELERATION), replace=True)

    def drive(self, velocity: FloatArray, duration: float) -> None:
        """A joint velocity in mode 4, ignored otherwise."""
        if self.mode == VELOCITY:
            self.motion.drive(velocity, duration)

    def report(self) -> BoxReport:
        """What the report ports say now."""
        joints = self._measured[:7]
        return BoxReport(
            mode=self.mode,
            state=int(self.state),
            queue=self.motion.queued,
            joints=tuple(joints.tolist()),
            pose=self.pose(joints),
            torques=(0.0,) * 7,
            speeds=tuple(self._speeds.tolist()),
            brakes=self.brakes,
            enabled=self.enabled,
            error=self.error,
            warning=self.warning,
            version=FIRMWARE,
        )

    @staticmethod
    def pose(joints: FloatArray) -> tuple[float, ...]:
        """x, y, z in mm and roll, pitch, yaw in rad of the tool for (7,) joints."""
        pose = forward_kinematics(joints, TOOL_OFFSET)
        x, y, z = (1000.0 * pose[:3, 3]).tolist()
        roll = math.atan2(pose[2, 1], pose[2, 2])
        pitch = math.asin(min(max(-pose[2, 0], -1.0), 1.0))
        return x, y, z, roll, pitch, math.atan2(pose[1, 0], pose[0, 0])

    def _halt(self, state: State) -> None:
        self._state = state
        self.motion.halt()
        self._last_point = None

    def _within(self, point: FloatArray) -> bool:
        finite = bool(np.all(np.isfinite(point)))
        if finite and np.all(point >= self.lower) and np.all(point <= self.upper):
            return True
        self.raise_error(BoxError.JOINT_LIMIT)
        return False

    def _watch_tool(self, point: FloatArray) -> bool:
        """Error 60 when servo points ask for too fast a tool."""
        now, here = self._time, forward_kinematics(point, TOOL_OFFSET)[:3, 3]
        before_at, before = self._last_point or (now - LONGEST, self._tool_now())
        self._last_point = (now, here)
        passed = min(max(now - before_at, SHORTEST), LONGEST)
        if float(np.linalg.norm(here - before)) <= TOOL_SPEED * passed:
            return True
        self.raise_error(BoxError.SERVO_TOOL_SPEED)
        return False

    def _tool_now(self) -> FloatArray:
        tool: FloatArray = forward_kinematics(self.motion.position, TOOL_OFFSET)[:3, 3]
        return tool
