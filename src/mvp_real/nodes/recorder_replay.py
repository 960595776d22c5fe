"""Node `demo_replay`: plays demonstrations on a running robot as joint deltas, through the driver's limiter.

Each demonstration is approached in small steps and then played; how well the joints followed goes to `replays.json` in
their folder, where `mvp_real demos prune --verdicts` finds it. A stop of the driver ends everything.
"""

from __future__ import annotations

import json
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from mvp_real.demos.reader import DEFAULT_CONTROL_PERIOD, read_demonstration
from mvp_real.demos.replay import approach, replay
from mvp_real.errors import MvpRealError
from mvp_real.messages import JointReading, JointTarget
from mvp_real.nodes import conversions
from mvp_real.nodes.diagnostics import OK, Report
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import COMMAND, SENSOR
from mvp_real.nodes.runner import run_node
from mvp_real.nodes.service_caller import Interrupted, ServiceCaller

VERDICTS = "replays.json"
SILENCE = 5.0  # s of wall time without joint states after which the robot counts as gone
RUNNING, HOLD = "running", "hold"
ENABLED_WITHIN = 5.0  # s of wall time in which the driver's status follows its answer


@dataclass(frozen=True)
class DriverAnswer:
    """What the driver's status said after a target; empty if nothing was wrong."""

    reason: str = ""


class RunningRobot(ServiceCaller):
    """A robot behind its topics, as a replay needs it. Calls block, so they belong to a thread of their own.

    Args:
        node: Owner of publisher, subscription and clients.
        driver: Name of the driver's node.
    """

    def __init__(self, node: Node, driver: str) -> None:
        services = {f"{driver}/enable": SetBool}
        super().__init__(node, services, f"{driver}/status", f"{driver}/policy")
        self._driver = driver
        self._reading: JointReading | None = None
        self._targets = node.create_publisher(JointTrajectory, "joint_target", COMMAND)
        node.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)

    def enable(self, on: bool) -> None:
        """Allow or forbid motion.

        Raises:
            MvpRealError: The driver refuses.
        """
        self._check(f"{self._driver}/enable", SetBool.Request(data=on))
        if on and not self.wait(lambda: self.robot.get("state") == RUNNING, ENABLED_WITHIN):
            raise MvpRealError(f"the driver does not run: {self.robot.get('reason', 'it says nothing')}")

    def let_go(self) -> None:
        """Forbid motion without waiting for the answer; also when the node is shutting down."""
        self._clients[f"{self._driver}/enable"].call_async(SetBool.Request(data=False))

    def read(self) -> JointReading:
        """The newest joint reading.

        Raises:
            MvpRealError: None came.
        """
        if not self.wait(lambda: self._reading is not None, SILENCE):
            raise MvpRealError("no joint states come; is the driver running?")
        assert self._reading is not None
        return self._reading

    def command(self, target: JointTarget) -> DriverAnswer:
        """Send a target.

        Raises:
            MvpRealError: The driver has stopped, or somebody has taken the robot: a person must look at it first.
        """
        state, reason = str(self.robot.get("state", "")), str(self.robot.get("reason", ""))
        if state == "stopped":
            raise MvpRealError(f"the driver stopped: {reason}; call ~/clear_fault when it is safe")
        if state not in (RUNNING, HOLD):
            raise MvpRealError(f"the driver is {state}: somebody has ended the replay")
        self._targets.publish(conversions.target_message(target))
        return DriverAnswer("" if state == RUNNING else f"{state}: {reason}")

    def advance(self, period: float) -> None:
        """Wait until the joint states are `period` seconds further, whatever clock the robot runs on."""
        due = self.read().stamp + period
        if not self.wait(lambda: self.read().stamp >= due, SILENCE + 20 * period):
            raise MvpRealError("joint states stopped coming")

    def _on_joints(self, message: JointState) -> None:
        with self._condition:
            self._reading = conversions.joint_reading(message)
            self._condition.notify_all()


class DemoReplay(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("demo_replay", "recorded demonstrations")
        self._paths = declare(self, "paths", [""], "Recordings to play, in order.", read_only=True)
        self._driver = declare(self, "driver", "arm", "Name of the driver's node.", read_only=True)
        self._playing = ""
        self._robot: RunningRobot | None = None
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)

    def configure(self) -> None:
        if not any(self._paths):
            raise MvpRealError("the parameter 'paths' names no recording")
        self._robot = RunningRobot(self, self._driver)

    def activate(self) -> None:
        self._thread.start()

    def deactivate(self) -> None:
        if self._robot is not None:
            self._robot.close()
            if self._thread.is_alive():
                self._thread.join(1.0)  # it lets the robot go before the node's publishers and clients end

    def report(self) -> Report:
        return OK, self._playing or "idle", {}

    def _run(self) -> None:
        assert self._robot is not None
        code = 0
        try:
            self._robot.wait_for_nodes(30.0)
            self._robot.enable(True)
            for path in map(Path, self._paths):
                code |= self._play(self._robot, path)
        except Interrupted:
            return
        except MvpRealError as error:
            self.get_logger().error(str(error))
            code = 1
        except Exception:  # nobody else hears of what ends this thread
            self.get_logger().error(traceback.format_exc())
            code = 1
        finally:
            self._robot.let_go()
        self.exit_code = code
        self.executor.wake()

    def _play(self, robot: RunningRobot, path: Path) -> int:
        demonstration = read_demonstration(path)
        self._playing = demonstration.id
        period = float(demonstration.metadata.get("control_period", DEFAULT_CONTROL_PERIOD))
        verdict: dict[str, Any] = {"rms": None, "refused": [], "error": ""}
        try:
            approach(demonstration, robot, robot.advance, period)
            report = replay(demonstration, robot, robot.advance, period)
        except MvpRealError as error:
            verdict["error"] = str(error)
            _note(path, demonstration.id, verdict)
            raise
        verdict["rms"], verdict["refused"] = report.rms, list(report.refused)
        _note(path, demonstration.id, verdict)
        said = "reproduced" if report.within_tolerance else "NOT reproduced"
        self.get_logger().info(
            f"{demonstration.id}: {said}, {report.rms:.4f} rad RMS, {len(report.refused)} refused"
        )
        return 0 if report.within_tolerance else 1


def _note(path: Path, name: str, verdict: dict[str, Any]) -> None:
    """Add a verdict to the file beside the demonstrations."""
    target = path.parent / VERDICTS
    known = json.loads(target.read_text(encoding="utf-8")) if target.is_file() else {}
    target.write_text(json.dumps({**known, name: verdict}, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Entry point of `lib/mvp_real/demo_replay`."""
    return run_node(DemoReplay)
