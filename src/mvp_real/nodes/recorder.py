"""Node `recorder`: one MCAP file per episode, started and judged by services, by the operator's buttons or by keys.

Buttons of the topic `teleop`: primary starts, and ends a good episode; secondary discards. Keys, with `keys:=true`: s
start, t stop, y success, n discard, q leave. Messages are taken as bytes and never unpacked here but for images, which
another thread compresses; the session itself is `mvp_real.demos.session`.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from sensor_msgs.msg import Joy
from std_msgs.msg import String
from std_srvs.srv import Trigger

from mvp_real import __version__
from mvp_real.demos.cdr import CdrDecoder
from mvp_real.demos.episode_set import EpisodeSet
from mvp_real.demos.session import COMMANDS, RecordingSession, SessionState
from mvp_real.errors import MvpRealError, require
from mvp_real.nodes.diagnostics import ERROR, OK, WARN, Report
from mvp_real.nodes.input_reader import Reader, read_keys
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import LATCHED
from mvp_real.nodes.recorder_scenes import SceneChanger
from mvp_real.nodes.recorder_topics import RecordedTopics
from mvp_real.nodes.runner import run_node
from mvp_real.nodes.teleop_messages import HANDS, TOPIC
from mvp_real.resources import config_file
from mvp_real.robots.table import load_robot

WATCH_PERIOD = 0.1  # s of wall time
STATUS_PERIOD = 0.5
TRACKED, PRIMARY, SECONDARY = 0, 2, 3  # buttons of a hand sample
KEYS = {"s": "start", "t": "stop", "y": "success", "n": "discard"}
HELP = "s: start   t: stop   y: success   n: discard   q: leave"
TOPICS = [
    "wrist_camera/image",
    "wrist_camera/camera_info",
    "joint_states",
    "joint_target",
    "teleop",
    "arm/status",
    "teleop_mapping/status",
]


class Recorder(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("recorder", "recorder")
        self._folder = declare(self, "folder", "", "Folder of the episode set.", read_only=True)
        self._task = declare(self, "task", "", "Name of the task, first part of the names.", read_only=True)
        self._robot = declare(self, "robot", "xarm7", "Robot table.", read_only=True)
        self._topics = declare(self, "topics", TOPICS, "Topics to record, relative.", read_only=True)
        text = "Topics without which there is no episode, relative."
        self._required = declare(
            self, "required", ["wrist_camera/image", "joint_states"], text, read_only=True
        )
        self._driver = declare(self, "driver", "arm", "Name of the driver's node.", read_only=True)
        text = (
            "Node whose status holds the set-up of the scene; empty: the driver's, which in a simulator does."
        )
        self._world = declare(self, "world", "", text, read_only=True)
        text = "'jpeg', or 'lossless' at about eight times the size."
        self._images = declare(self, "images", "jpeg", text, read_only=True)
        text = "Silence of a required topic that ends an episode, s."
        self._lost_after = declare(self, "lost_after", 1.0, text, (0.1, 60.0), read_only=True)
        text = "An episode ends before less than this is free on the disk, MB."
        self._free_space = declare(self, "free_space", 500, text, (0, 10**7), read_only=True)
        self._period = declare(self, "control_period", 0.2, "Of the policy, s.", (0.01, 1.0), read_only=True)
        self._operator = declare(self, "operator", "", "Who demonstrates; noted in each episode.")
        self._goal = declare(self, "episodes", 0, "End once the set has so many; 0 never.", (0, 10**6))
        self._use_keys = declare(self, "keys", False, "Take the keys of the terminal.", read_only=True)
        text = "Simulator: draw a new scene of this kind after each episode (plain, varied); empty: never."
        self._scenes = declare(self, "scenes", "", text, read_only=True)
        self._session: RecordingSession | None = None
        self._scene: SceneChanger | None = None
        self._recorded: RecordedTopics | None = None
        self._reader: Reader | None = None
        self._keys: list[str] = []
        self._pressed: dict[str, tuple[int, int]] = {}  # by hand: both hands of a headset speak on one topic
        self._world_status: dict[str, Any] = {}
        self._calibration: dict[str, str] = {}
        self._said = ("", "")
        self._said_at = 0.0

    def configure(self) -> None:
        if not self._folder or not self._task:
            raise MvpRealError("the recorder needs the parameters 'folder' and 'task'")
        if not self.get_namespace().strip("/"):
            raise MvpRealError("the recorder runs in the robot's namespace; start it with -r __ns:=/xarm7")
        if self._images not in ("jpeg", "lossless"):
            raise MvpRealError(f"images is '{self._images}'; use jpeg or lossless")
        table = config_file(f"robots/{self._robot}.yaml")
        self._gripper_threshold = load_robot(self._robot).gripper_open_threshold
        about = {
            "task": self._task,
            "robot": self._robot,
            "robot_table_sha256": hashlib.sha256(table.read_bytes()).hexdigest(),
            "control_period": self._period,
        }
        episodes = EpisodeSet.open(Path(self._folder), about)
        for path in episodes.recovered:
            self.get_logger().warning(f"{path.stem} was interrupted; it is readable in {path.parent}")
        self._session = RecordingSession(
            episodes,
            self._conditions,
            self.get_namespace().strip("/"),
            tuple(self._required),
            self._lost_after,
            self._free_space * 1_000_000,
            self._images == "jpeg",
            lambda path, outcome: self._on_finished(),
        )
        if self._scenes:
            self._scene = SceneChanger(self, self._driver, self._scenes)
        names = dict.fromkeys([*self._required, *self._topics, f"{self._driver}/status"])
        self._recorded = RecordedTopics(self, tuple(names), self._on_message)
        self._status = self.create_publisher(String, "~/status", LATCHED)
        self.create_subscription(Joy, TOPIC, self._on_teleop, HANDS)
        self.create_subscription(String, f"{self._world or self._driver}/status", self._on_world, LATCHED)
        for name in COMMANDS:
            self.create_service(Trigger, f"~/{name}", lambda q, r, name=name: self._on_service(name, r))
        if self._use_keys:
            self._reader = read_keys(
                "ros2 run mvp_real recorder --ros-args -p keys:=true", self._on_keys, lambda: None
            )
            print(HELP, flush=True)

    def activate(self) -> None:
        # Wall time: disk and cameras do not know how fast a simulation runs.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self.create_timer(WATCH_PERIOD, self._watch, clock=steady)
        assert self._session is not None
        self.get_logger().info(f"recorder ready; {self._session.message}")
        if self._scene is not None:
            self._scene.change(len(self._session.episodes.accepted()))

    def deactivate(self) -> None:
        self._timer.cancel()
        if self._session is not None:
            self._session.close(time.monotonic())
            self._say()

    def shut_down(self) -> None:
        super().shut_down()
        if self._recorded is not None:
            self._recorded.close()
        if self._scene is not None:
            self._scene.close()
        if self._reader is not None:
            self._reader.close()

    # What comes in.

    def _on_message(self, topic: str, kind: str, definition: str, data: bytes) -> None:
        """In the thread of the recorded topics."""
        if topic.endswith("/camera_info") and topic not in self._calibration:
            self._calibration[topic] = _calibration_hash(data)
        if self._session is not None:
            received = self.get_clock().now().nanoseconds
            self._session.offer(topic, kind, definition, data, received, time.monotonic())

    def _on_teleop(self, message: Joy) -> None:
        """A button of a hand counts when it goes down."""
        # A hand that is not seen for a moment has not let its button go.
        if len(message.buttons) <= SECONDARY or not message.buttons[TRACKED]:
            return
        hand, pressed = message.header.frame_id, (message.buttons[PRIMARY], message.buttons[SECONDARY])
        before, self._pressed[hand] = self._pressed.get(hand, (0, 0)), pressed
        if not self.active or self._session is None:
            return
        idle = self._session.state in (SessionState.IDLE, SessionState.FAILED)
        if pressed[0] and not before[0]:
            self._do("start" if idle else "success")
        if pressed[1] and not before[1] and not idle:
            self._do("discard")

    def _on_world(self, message: String) -> None:
        self._world_status = json.loads(message.data)

    def _on_keys(self, data: bytes) -> None:
        """In the reader's thread; the node's own looks at them with its timer."""
        self._keys += data.decode("utf-8", errors="ignore")

    def _on_service(self, name: str, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = self._do(name)
        return response

    # What is done.

    def _do(self, command: str) -> tuple[bool, str]:
        if not self.active or self._session is None:
            return False, "the recorder is not active"
        try:
            if command == "start" and self._scene is not None and self._scene.unready:
                raise MvpRealError(f"not yet: {self._scene.unready}")
            done = self._session.command(command, time.monotonic())
        except MvpRealError as error:
            self.get_logger().error(f"{command}: {error}")
            self._say()
            return False, str(error)
        self._say()
        return True, done

    def _on_finished(self) -> None:
        assert self._session is not None
        accepted = len(self._session.episodes.accepted())
        if self._goal and accepted >= self._goal:
            self.get_logger().info(f"the set has its {self._goal} episodes")
            self.exit_code = 0
        elif self._scene is not None:
            self._scene.change(accepted)

    def _watch(self) -> None:
        assert self._session is not None
        assert self._recorded is not None
        self._recorded.look()
        self._session.watch(time.monotonic())
        keys, self._keys = self._keys, []
        for key in keys:
            if key in KEYS:
                self._do(KEYS[key])
            elif key == "q":
                self.exit_code = 0
        said = (self._session.state.value, self._session.message)
        if said != self._said or time.monotonic() - self._said_at > STATUS_PERIOD:
            self._say()

    def _say(self) -> None:
        assert self._session is not None
        now = time.monotonic()
        said = (self._session.state.value, self._session.message)
        if said != self._said:
            # On lines of their own: rclpy refuses one line that changes its severity.
            if self._session.state is SessionState.FAILED:
                self.get_logger().error(said[1])
            elif "lost for" in said[1] or "LOOK:" in said[1]:
                self.get_logger().warning(said[1])
            else:
                self.get_logger().info(said[1])
            self.diagnostics.publish()
        self._said, self._said_at = said, now
        self._status.publish(String(data=json.dumps(self._session.status(now))))

    def _conditions(self) -> dict[str, Any]:
        """What an episode says about the moment it began."""
        setup = self._world_status.get("setup")
        return {
            "simulated": bool(self.get_parameter("use_sim_time").value),
            "software": f"mvp_real {__version__}",
            "operator": str(self.get_parameter("operator").value),
            "gripper_open_threshold": self._gripper_threshold,
            "calibration_sha256": dict(self._calibration),
            "began": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            **({"setup": setup, "scene": setup.get("scene", "")} if setup else {}),
        }

    def report(self) -> Report:
        if self._session is None or self._recorded is None:
            return WARN, "not configured", {}
        values = self._session.status(time.monotonic())
        refused = [f"{name}: {why}" for name, why in self._recorded.refused.items()]
        level = ERROR if self._session.state is SessionState.FAILED else OK
        if level == OK and (values["silent"] or values["overflow"]):
            level = WARN
        if refused and level == OK:
            level = WARN
        values |= {"not there": ", ".join(self._recorded.missing), "not recorded": "; ".join(refused)}
        return level, self._session.message, values


def _calibration_hash(data: bytes) -> str:
    """SHA-256 of a serialised `CameraInfo` without its header."""
    message = CdrDecoder(data)
    message.time()
    return hashlib.sha256(data[4 + 8 + 4 + len(message.text()) + 1 :]).hexdigest()


def main() -> int:
    """Entry point of `lib/mvp_real/recorder`."""
    require("cv2", "demos").setNumThreads(1)  # images are small, and one thread compresses them
    return run_node(Recorder)
