"""Node `teleop_kinesthetic`: a person moves the arm itself; keys of a terminal let it give way and move its gripper.

It asks the driver for `teach` and publishes, while the arm gives way, what is measured as `joint_target`, so that an
episode is recorded and learnt from like any other. `teleop` carries gripper, clutch and marks for recorder and page.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from sensor_msgs.msg import JointState, Joy
from std_msgs.msg import String
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from mvp_real.messages import JointTarget
from mvp_real.nodes import conversions
from mvp_real.nodes.diagnostics import OK, WARN, Report
from mvp_real.nodes.input_reader import Reader, read_keys
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR
from mvp_real.nodes.runner import run_node
from mvp_real.nodes.teleop_messages import HANDS, TOPIC, joy_message, ros_now
from mvp_real.robots.table import load_robot
from mvp_real.teleop.kinesthetic import HELP, KinestheticTeacher

PERIOD = 0.02  # s of wall time between two samples
TEACHING = "teaching"
OFFERED_WITHIN = 60.0  # s for the driver to offer its service


class TeleopKinesthetic(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("teleop_kinesthetic", "operator")
        self._driver = declare(self, "driver", "arm", "Name of the driver's node.", read_only=True)
        self._teacher = KinestheticTeacher(load_robot("xarm7").gripper_open_threshold)
        self._lock = threading.Lock()  # the keys come in a thread of their own
        self._state = ""
        self._asked = False  # what the driver was asked for last
        self._waiting = False  # for its answer
        self._shown = ("", False)
        self._targets_sent = 0
        self._names: tuple[str, ...] = ()
        self._reader: Reader | None = None

    def configure(self) -> None:
        self._reader = read_keys(
            "ros2 run mvp_real teleop_kinesthetic --ros-args -r __ns:=/xarm7", self._on_keys, self._on_end
        )
        print(HELP, flush=True)
        self._samples = self.create_publisher(Joy, TOPIC, HANDS)
        self._targets = self.create_publisher(JointTrajectory, "joint_target", COMMAND)
        self._teach = self.create_client(SetBool, f"{self._driver}/teach")
        self.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        self.create_subscription(String, f"{self._driver}/status", self._on_driver, LATCHED)

    def activate(self) -> None:
        # Wall time: a hand does not know how fast a simulation runs.
        self._began = time.monotonic()
        self._timer = self.create_timer(PERIOD, self._speak, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def deactivate(self) -> None:
        self._timer.cancel()
        if self._asked or self._state == TEACHING:
            self._teach.call_async(SetBool.Request(data=False))

    def shut_down(self) -> None:
        super().shut_down()
        if self._reader is not None:
            self._reader.close()

    def _speak(self) -> None:
        now, teaching = time.monotonic(), self._state == TEACHING
        if self._teach.service_is_ready():
            self._began = now
        elif now - self._began > OFFERED_WITHIN:
            self.get_logger().error(
                f"the driver '{self._driver}' offers no service 'teach': an arm gives way to a hand with robot:=xarm7, "
                "and with robot:=emulated"
            )
            self.exit_code = 1
            return
        with self._lock:
            sample, made = self._teacher.sample(now, teaching), self._teacher.target(now, teaching)
            wanted, left = self._teacher.wanted, self._teacher.left
        if wanted != self._asked and not self._waiting and self._teach.service_is_ready():
            self._asked, self._waiting = wanted, True
            self._teach.call_async(SetBool.Request(data=wanted)).add_done_callback(
                lambda future: self._on_answer(future.result(), wanted)
            )
        self._samples.publish(joy_message(sample))
        if made is not None:
            position, stamp = made
            captured = ros_now(self) - (now - stamp)
            self._targets_sent += 1
            self._targets.publish(
                conversions.target_message(JointTarget(self._names, position, captured, PERIOD))
            )
        shown = ("the arm gives way" if teaching else "the arm holds", sample.grip > 0.5)
        if shown != self._shown:
            self._shown = shown
            print(f"{shown[0]}  gripper {'closed' if shown[1] else 'open'}", flush=True)
        if left and not self._asked and not self._waiting and not teaching:
            self.exit_code = 0

    def _on_answer(self, answer: SetBool.Response, wanted: bool) -> None:
        self._waiting = False
        if not answer.success:
            what = "the arm does not give way" if wanted else "the arm does not hold"
            self.get_logger().warning(f"{what}: {answer.message}")
            with self._lock:
                # A refusal to give way ends the wish; a refusal to hold is asked again.
                self._teacher.wanted, self._asked = False, not wanted

    def _on_driver(self, message: String) -> None:
        before, self._state = self._state, str(json.loads(message.data).get("state", ""))
        # A stop, or somebody else ended it; while an answer is due, it is the answer that counts.
        if before == TEACHING and self._state != TEACHING and not self._waiting:
            with self._lock:
                self._teacher.wanted = self._asked = False

    def _on_joints(self, message: JointState) -> None:
        reading = conversions.joint_reading(message)
        self._names = reading.names
        with self._lock:
            self._teacher.joints(replace(reading, stamp=time.monotonic() - (ros_now(self) - reading.stamp)))

    def _on_keys(self, data: bytes) -> None:
        with self._lock:
            for key in data.decode("utf-8", errors="ignore"):
                if not self._teacher.mark(key, time.monotonic()):
                    self._teacher.press(key)

    def _on_end(self) -> None:
        """The terminal is gone, and with it whoever could let go of the arm."""
        with self._lock:
            self._teacher.wanted = False
        self.get_logger().error("the terminal is gone: the arm holds again")

    def report(self) -> Report:
        level = OK if self._state in (TEACHING, "disabled") else WARN
        return level, f"driver {self._state or 'silent'}", {"targets": self._targets_sent}


def main() -> int:
    """Entry point of `lib/mvp_real/teleop_kinesthetic`."""
    return run_node(TeleopKinesthetic)
