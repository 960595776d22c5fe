"""Node `walk`: plays the operator of the simulated Digit: engages the policy, commands a tour, writes what came of it.

Unlike a person it clears latched stops without looking; it is meant for the simulator only. It ends when the tour is
over or the robot has stopped, with results, video and still in its output folder.
"""

from __future__ import annotations

import json
import math
import os
import threading
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from std_msgs.msg import Float64MultiArray

from mvp_real.bundle import load_card
from mvp_real.errors import MvpRealError
from mvp_real.evaluation.provenance import provenance
from mvp_real.geometry import projected_gravity
from mvp_real.nodes import conversions, digit_conversions
from mvp_real.nodes.diagnostics import OK, Report
from mvp_real.nodes.digit_publisher import scene_sample
from mvp_real.nodes.live_view import PORT
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.pace import LOCKSTEP
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import COMMAND, RECORDER, joint_history_quality
from mvp_real.nodes.runner import run_node
from mvp_real.nodes.service_caller import Interrupted
from mvp_real.nodes.video_frame import FrameText
from mvp_real.nodes.walk_operator import WalkOperator
from mvp_real.nodes.walk_record import Moment, WalkResult, judge_walk
from mvp_real.nodes.walk_tour import FREE, load_tour
from mvp_real.nodes.walk_video import WalkSample, WalkVideo
from mvp_real.resources import model_directory

START_TIMEOUT = 60.0  # s of wall time until every node is there
ENGAGE_TIMEOUT = 60.0  # s of wall time until the policy has the robot
STATUS_TIMEOUT = 5.0  # s of wall time for a status on its way
WALL_TIMEOUT = 3600.0  # s of wall time for a tour, whatever the speed of the simulation
COMMAND_PERIOD = 0.05  # s of ROS time; the policy forgets a command after 0.5 s
MOMENT_PERIOD = 0.02  # s between two samples of the record
AFTERMATH = 2.0  # s of wall time after a stop that the video still shows


class Walk(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("walk", "operator")
        text = {
            "bundle": ("digit_walk", "Locomotion bundle, for the results."),
            "tour": (
                "forward",
                "stand, forward, square, figure_eight, sideways, fast, free, or a YAML file.",
            ),
            "teleop": ("none", "Anything else: who steers is not this node, and the tour is free."),
            "speed": ("1", "As for digit_bridge."),
            "view": ("none", "'browser' serves the video while it is made."),
            "terrain": ("plane", "As for digit_bridge, for the video."),
            "out": ("", "Folder for results; empty is runs/digit_walk/<time>."),
        }
        self._values = {
            name: str(declare(self, name, default, help, read_only=True))
            for name, (default, help) in text.items()
        }
        self._payload = declare(self, "payload", 0.0, "As for digit_bridge, for the video.", read_only=True)
        self._wants_video = declare(self, "video", True, "Write video.mp4 and still.png.", read_only=True)
        self._video: WalkVideo | None = None
        self._moments: list[Moment] = []
        self._started_at: float | None = None  # s of ROS time
        self._now = 0.0
        self._over = False
        self._written = False
        self._velocity = np.zeros(3)
        self._tilt = 0.0
        self._thread = threading.Thread(target=self._work, name="operator", daemon=True)

    # Life cycle.

    def configure(self) -> None:
        values = self._values
        self._tour = load_tour(FREE if values["teleop"] != "none" else values["tour"])
        card = load_card(model_directory(values["bundle"]), verify=False)
        self._digest = card.model.sha256
        default = Path("runs") / "digit_walk" / time.strftime("%Y-%m-%d_%H-%M-%S")
        self._folder = Path(values["out"]) if values["out"] else default
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._wants_video:
            port = PORT if values["view"] == "browser" else 0
            self._video = WalkVideo(self._folder, port, values["terrain"], self._payload)
            self.create_subscription(Float64MultiArray, "scene_state", self._on_scene, RECORDER)
        self._steers = values["teleop"] == "none"
        self._commands = self.create_publisher(Twist, "cmd_vel", COMMAND)
        self.create_subscription(Twist, "cmd_vel", self._on_command, COMMAND)
        quality = RECORDER if values["speed"] == LOCKSTEP else joint_history_quality(False)
        self.create_subscription(Odometry, "odom", self._on_odometry, quality)
        self._command = np.zeros(3)
        self._operator = WalkOperator(self)

    def activate(self) -> None:
        if self._steers:
            self._timer = self.create_timer(COMMAND_PERIOD, self._steer)
        self._thread.start()

    def shut_down(self) -> None:
        super().shut_down()
        if hasattr(self, "_operator"):
            self._operator.close()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)
        if self._moments and not self._written:
            self._write("interrupted")
        if self._video is not None:
            self._video.abandon()

    # The operator's script, in its own thread.

    def _work(self) -> None:
        try:
            self._operator.wait_for_nodes(START_TIMEOUT)
            self.get_logger().info("playing the operator: nobody looks before a stop is cleared")
            self._walk()
            self.exit_code = 0
        except Interrupted:
            pass
        except MvpRealError as error:
            self.get_logger().error(str(error))
            self.exit_code = 2
        except Exception as error:  # the thread must not die silently and leave the system running
            self.get_logger().error(f"{type(error).__name__}: {error}")
            self.exit_code = 1

    def _walk(self) -> None:
        operator = self._operator
        operator.prepare()
        operator.enable_robot(True)
        operator.engage(ENGAGE_TIMEOUT if self._steers else WALL_TIMEOUT)
        operator.wait(lambda: operator.policy.get("state") != "idle", STATUS_TIMEOUT)
        # Trouble in shadow leads back to idle.
        operator.wait(
            lambda: self._walking() or self._stopped() or operator.policy.get("state") == "idle",
            ENGAGE_TIMEOUT,
        )
        if not self._walking():
            reason = operator.policy.get("reason") or operator.robot.get("reason", "")
            self._say_failure(f"the policy did not get the robot: {reason}")
            return
        self._started_at = self._now
        self._say(
            f"walking: tour {self._tour.name}" + (f", {self._tour.seconds:.0f} s" if self._steers else "")
        )
        operator.wait(lambda: self._over or self._stopped(), WALL_TIMEOUT)
        self._over = True
        stop = self._stop_reason()
        if self._stopped():
            operator.wait(lambda: False, AFTERMATH)
        else:
            operator.enable_robot(False)
        self._finish(self._write(stop))

    def _walking(self) -> bool:
        return self._operator.policy.get("state") == "walking"

    def _stopped(self) -> bool:
        latched = ("stopped", "fallen")
        return self._operator.policy.get("state") in latched or self._operator.robot.get("state") in latched

    def _stop_reason(self) -> str:
        """The first reason: the other one only says that the first party stopped."""
        for status in (self._operator.robot, self._operator.policy):
            if status.get("state") in ("stopped", "fallen"):
                reason = str(status["reason"])
                if "has left" not in reason:
                    return reason
        return ""

    def _write(self, stop: str) -> WalkResult:
        self._written = True
        states = (self._operator.robot.get("state"), self._operator.policy.get("state"))
        result = judge_walk(self._tour, self._moments, "fallen" in states, stop)
        content = {
            "provenance": provenance(),
            "settings": {**self._values, "payload": self._payload},
            "bundle_sha256": self._digest,
            "tour": [asdict(stretch) for stretch in self._tour.stretches],
            "walk": result.plain(),
        }
        path = self._folder / "results.json"
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(partial, path)
        self._say(result.line() + (f"; ended by: {stop}" if stop else ""))
        return result

    def _finish(self, result: WalkResult) -> None:
        video = self._video
        if video is not None:
            video.end(self._caption(result))
            if video.backlog() > 50:
                self._say(f"drawing the last {video.backlog()} frames of the video")
            video.finish()
            self._operator.wait(lambda: video.finished, 600.0)
            problem = video.problem()
            if problem:
                self.get_logger().warning(f"no video: {problem}")
            else:
                self._say(f"video: {self._folder / 'video.mp4'}, still: {self._folder / 'still.png'}")
        self._say(f"results: {self._folder / 'results.json'}")

    def _say_failure(self, text: str) -> None:
        raise MvpRealError(text)

    @staticmethod
    def _say(text: str) -> None:
        print(text, flush=True)

    # Topics.

    def _steer(self) -> None:
        """Say what the tour wants now; before and after it, to stand."""
        command = np.zeros(3)
        if self._started_at is not None and not self._over:
            index = self._tour.at(self.get_clock().now().nanoseconds / 1e9 - self._started_at)
            if index is None:
                self._over = bool(self._tour.stretches)
            else:
                command = self._tour.stretches[index].command
        self._commands.publish(digit_conversions.twist_message(command))

    def _on_command(self, message: Twist) -> None:
        self._command = digit_conversions.velocity_command(message)

    def _on_odometry(self, message: Odometry) -> None:
        self._now = conversions.seconds(message.header.stamp)
        base = digit_conversions.base_reading(message)
        orientation = message.pose.pose.orientation
        turning = message.twist.twist.angular.z
        self._velocity = np.array([*base.linear_velocity[:2], turning])
        gravity = projected_gravity(np.array([orientation.w, orientation.x, orientation.y, orientation.z]))
        self._tilt = math.atan2(math.hypot(gravity[0], gravity[1]), -gravity[2])
        if self._started_at is None or self._over:
            return
        passed = self._now - self._started_at
        if self._moments and passed < self._moments[-1].seconds + MOMENT_PERIOD - 1e-6:
            return
        index = self._tour.at(passed)
        if index is None and self._tour.stretches:
            return
        self._moments.append(
            Moment(
                passed,
                -1 if index is None else index,
                base.position[:2],
                self._velocity,
                self._command,
                self._tilt,
            )
        )

    def _on_scene(self, message: Float64MultiArray) -> None:
        if self._video is None or self._written:
            return
        if self._operator.robot.get("state", "disabled") == "disabled":
            return
        _, _, forces, qpos = scene_sample(message)
        told = np.array(self._operator.policy.get("command", (0.0, 0.0, 0.0)))
        command = self._command if self._started_at is not None else told
        self._video.add(WalkSample(qpos, command, self._velocity, forces, self._tilt, self._text()))

    def _text(self) -> FrameText:
        state = self._operator.policy.get("state", "")
        seconds = 0.0 if self._started_at is None else max(self._now - self._started_at, 0.0)
        good = False if state in ("stopped", "fallen") else None
        return FrameText(f"Digit  {self._tour.name}", f"{state}   {seconds:.1f} s", "", good)

    def _caption(self, result: WalkResult) -> FrameText:
        end = f"stopped: {result.stop}" if result.stop else f"{result.distance:.1f} m, no fall"
        return FrameText(f"Digit  {self._tour.name}", end, f"{result.seconds:.0f} s", not result.stop)

    def report(self) -> Report:
        return OK, self._tour.name, {"moments": len(self._moments), "tour": self._tour.name}


def main() -> int:
    """Entry point of `lib/mvp_real/walk`."""
    return run_node(Walk)
