"""Node `digit_driver`: the real Digit, or an emulated one, through its low-level interface (ARTL over UDP).

Topics and services are those of the simulated robot (`digit_bridge`), so a policy cannot tell them apart. The loop at
1 kHz with the limiter runs in a process of its own (`robots/digit_link/servo_loop.py`). With `clock:=robot` the node
also publishes `/clock` from the robot's own time, for emulators that run slower than the wall clock.
"""

from __future__ import annotations

import json

from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import String

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.nodes import conversions, digit_conversions
from mvp_real.nodes.diagnostics import ERROR, OK, WARN, Report
from mvp_real.nodes.digit_driver_servo import ServoProcess
from mvp_real.nodes.driver_services import DriverServices
from mvp_real.nodes.durations import Durations
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import CLOCK, COMMAND, SENSOR
from mvp_real.nodes.quality import LATCHED as LATCHED_TOPIC
from mvp_real.nodes.runner import run_node
from mvp_real.robots.digit import load_digit
from mvp_real.robots.digit_link.link import CLIENT_PORT, ROBOT_PORT
from mvp_real.robots.digit_link.measurement import Measurement
from mvp_real.robots.digit_link.servo_loop import HOST, ROBOT, ServoSettings
from mvp_real.robots.digit_link.stream import LINK_TIMEOUT
from mvp_real.robots.verdict import LATCHED, DriverState

DRIVE, SHADOW = "drive", "shadow"
WORLD, BASE = "world", "base"
STEP = 0.0051  # s between two measurements


class DigitDriver(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("digit_driver", "digit")
        self._ip = declare(self, "ip", "10.10.1.1", "IPv4 address of the robot.", read_only=True)
        text = "UDP port at which the robot takes commands."
        self._port = declare(self, "port", ROBOT_PORT, text, (1, 65535), read_only=True)
        text = "UDP port to which the robot sends observations; 0 takes any, which only emulators know."
        self._listen_port = declare(self, "listen_port", CLIENT_PORT, text, (0, 65535), read_only=True)
        text = "drive, or shadow: the robot is read, and never sent a command that it could execute."
        self._mode = declare(self, "mode", DRIVE, text, read_only=True)
        text = "host: stamps are this computer's time. robot: the robot's own, which is published as /clock."
        self._clock_source = declare(self, "clock", HOST, text, read_only=True)
        text = "Silence of the robot that stops, s; above 0.1 only with clock:=robot, for emulators on busy computers."
        self._timeout = declare(self, "link_timeout", LINK_TIMEOUT, text, (0.01, 10.0), read_only=True)
        text = (
            "Send commands that are not to be applied to a robot that does not answer to a description alone."
        )
        self._idle_commands = declare(self, "idle_commands", False, text, read_only=True)
        text = "Frame in which the robot gives its base's velocities: world or base."
        self._frame = declare(self, "velocity_frame", WORLD, text, read_only=True)
        text = "Added to the robot's own height of its base so that it is the height above the ground, m."
        self._height = declare(self, "height_offset", 0.0, text, (-2.0, 2.0), read_only=True)
        text = "SCHED_FIFO priority of the 1 kHz loop, where the system allows it; 0 asks for none."
        self._priority = declare(self, "priority", 60, text, (0, 99), read_only=True)
        self._robot: ServoProcess | None = None
        self._counts = dict.fromkeys(("commands received", "leaves received", "malformed"), 0)
        self._answer = Durations()
        self._shown = 0.0  # s, newest time in /clock

    # Life cycle.

    def configure(self) -> None:
        for name, value, choices in (
            ("mode", self._mode, (DRIVE, SHADOW)),
            ("clock", self._clock_source, (HOST, ROBOT)),
            ("velocity_frame", self._frame, (WORLD, BASE)),
        ):
            if value not in choices:
                raise unknown_name(name, str(value), choices)
        if self._clock_source == HOST and self._timeout > LINK_TIMEOUT:
            raise MvpRealError(
                f"link_timeout is {self._timeout} s; a real robot may be silent for at most {LINK_TIMEOUT} s"
            )
        settings = ServoSettings(
            host=self._ip,
            port=self._port,
            listen_port=self._listen_port,
            link_timeout=self._timeout,
            clock=self._clock_source,
            shadow=self._mode == SHADOW,
            idle_commands=self._idle_commands,
            world_velocity=self._frame == WORLD,
            height_offset=self._height,
            priority=self._priority,
        )
        self._names = digit_conversions.interface_names(load_digit().motors)
        self._time = (
            self.create_publisher(ClockMessage, "/clock", CLOCK) if self._clock_source == ROBOT else None
        )
        self._joints = self.create_publisher(JointState, "joint_states", SENSOR)
        self._imu = self.create_publisher(Imu, "imu", SENSOR)
        self._odometry = self.create_publisher(Odometry, "odom", SENSOR)
        self._status = self.create_publisher(String, "~/status", LATCHED_TOPIC)
        self._robot = ServoProcess(settings, self._on_measurement, self._note_change, self._on_end)
        if self._robot.warning:
            self.get_logger().warning(self._robot.warning)
        self.create_subscription(JointState, "joint_command", self._on_command, COMMAND)
        self._driver_services = DriverServices(self, self._robot, self._note_change)
        self._robot.start()
        shadow = "; shadow: it is never commanded" if self._mode == SHADOW else ""
        self.get_logger().info(f"driver ready, robot expected at {self._ip}:{self._port}{shadow}")

    def activate(self) -> None:
        self._publish_status()

    def deactivate(self) -> None:
        if self._robot is not None:
            self._robot.disable()
            self._publish_status()

    def shut_down(self) -> None:
        super().shut_down()
        if self._robot is not None:
            self._robot.close()

    # What the robot says; in the thread of the servo's reports.

    def _on_measurement(self, seen: Measurement) -> None:
        if self._time is not None and seen.stamp - self._shown > STEP:
            # This node was held up. Nobody shall see measurements that lie further in the future than usual.
            self._show_time(seen.stamp - STEP)
        # Measurements first: whoever ticks on the clock then finds those of the same moment.
        self._joints.publish(conversions.joint_state_message(seen.joints))
        self._imu.publish(digit_conversions.imu_message(seen.imu, seen.acceleration))
        self._odometry.publish(digit_conversions.odometry_message(seen.base, seen.imu))
        if self._time is not None:
            self._show_time(seen.stamp)

    def _show_time(self, now: float) -> None:
        assert self._time is not None
        self._shown = now
        self._time.publish(ClockMessage(clock=conversions.time_message(now)))

    def _note_change(self, before: DriverState) -> None:
        assert self._robot is not None
        state = self._robot.state
        if state is not before:
            change = f"driver {before.value} -> {state.value}"
            if state in (DriverState.HOLD, *LATCHED):
                self.get_logger().warning(f"{change}: {self._robot.reason}")
            else:
                self.get_logger().info(change)
            self.diagnostics.publish()
        self._publish_status()

    def _on_end(self, reason: str) -> None:
        self.get_logger().error(reason)
        self.exit_code = 1

    # What the robot is told.

    def _on_command(self, message: JointState) -> None:
        if not self.active or self._robot is None:
            return
        try:
            command = digit_conversions.joint_command(message, self._names)
        except ValueError as error:
            self._counts["malformed"] += 1
            self._robot.refuse(str(error))
            return
        if command is None:
            self._counts["leaves received"] += 1
            self._robot.leave()
        else:
            self._counts["commands received"] += 1
            self._answer.add(self._robot.now - command.stamp)
            self._robot.command(command)

    # Reports.

    def _publish_status(self) -> None:
        robot = self._robot
        if robot is None:
            return
        status = {
            "state": robot.state.value,
            "reason": robot.reason,
            "stamp": robot.now,
            "mode": self._mode,
            "link": robot.diagnostics.get("link", ""),
            "authority": robot.diagnostics.get("authority", ""),
        }
        self._status.publish(String(data=json.dumps(status)))

    def report(self) -> Report:
        robot = self._robot
        if robot is None:
            return WARN, "not configured", {}
        state, reason, link = robot.state, robot.reason, robot.diagnostics.get("link", "no report yet")
        connected = link == "connected"
        level = ERROR if state in LATCHED else OK if connected and state is not DriverState.HOLD else WARN
        values = {
            **robot.diagnostics,
            **self._counts,
            "mode": self._mode,
            **self._answer.report("measurement to command, driver's clock"),
        }
        text = f"{state.value}{': ' + reason if reason else ''}"
        return level, text if connected else f"{text}; link: {link}", values


def main() -> int:
    """Entry point of `lib/mvp_real/digit_driver`."""
    return run_node(DigitDriver)
