"""Node `digit_emulator`: an emulated Digit on the wire (`emulators/digit`), for systems with `robot:=emulated`.

The robot itself knows nothing of ROS; the node only carries it, its faults as a parameter, and the state that videos
are drawn from. Its clock reaches the others through the wire and the driver.
"""

from __future__ import annotations

import json
import threading

from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.parameter import Parameter
from std_msgs.msg import Float64MultiArray, String

from mvp_real.emulators.digit.body import DigitBody
from mvp_real.emulators.digit.faults import digit_faults
from mvp_real.emulators.digit.robot import EmulatedDigit
from mvp_real.emulators.digit.server import DigitServer, Scene
from mvp_real.emulators.fault_socket import FaultServer, parse_address
from mvp_real.errors import MvpRealError
from mvp_real.nodes.diagnostics import OK, WARN, Report
from mvp_real.nodes.faults import Fault
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.pace import Pace
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import LATCHED as LATCHED_TOPIC
from mvp_real.nodes.quality import RECORDER
from mvp_real.nodes.runner import run_node
from mvp_real.robots.digit_link.link import CLIENT_PORT, ROBOT_PORT
from mvp_real.robots.real_time import freeze_garbage, take_priority
from mvp_real.tasks.digit.walk_ground import check_payload, parse_terrain

LOOK_PERIOD = 0.02  # s of wall time between two looks at the robot


class DigitEmulator(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("digit_emulator", "emulated digit")
        self._host = declare(self, "host", "127.0.0.1", "Address to listen at.", read_only=True)
        text = "UDP port for commands."
        self._port = declare(self, "port", ROBOT_PORT, text, (1, 65535), read_only=True)
        text = "The client's UDP port for observations; 0: the one that its commands come from."
        self._reply_port = declare(self, "reply_port", CLIENT_PORT, text, (0, 65535), read_only=True)
        text = "Seconds of the robot per second of wall time; below 1 for busy computers."
        self._speed = Pace.parse(declare(self, "speed", "1", text, read_only=True))
        terrain = declare(self, "terrain", "plane", "plane, slope=GRADIENT or step=METRES.", read_only=True)
        self._terrain = parse_terrain(terrain)
        self._payload = check_payload(declare(self, "payload", 0.0, "kg on the back.", read_only=True))
        hoist = "lower: when a policy takes over. hold: never, for first tests."
        self._hold = declare(self, "hoist", "lower", hoist, read_only=True) == "hold"
        text = "Seed of what is random in faults."
        self._seed = declare(self, "seed", 0, text, (0, 2**31 - 1), read_only=True)
        text = "HOST:PORT for 'mvp_real fault'; port 0 takes any free one, which the log names."
        self._faults = declare(self, "faults", "127.0.0.1:0", text, read_only=True)
        text = "SCHED_FIFO priority of the loop; 0: none, and a busy computer slows the robot as it slows its driver."
        self._priority = declare(self, "priority", 0, text, (0, 99), read_only=True)
        self._board = digit_faults()
        self._known = {name: (spec.what, spec.unit) for name, spec in self._board.specs.items()}
        fault = declare(self, "fault", "", "Fault to show, 'name' or 'name=value'; empty ends all.")
        self._first_fault = Fault.parse(fault, self._known)
        self._server: DigitServer | None = None
        self._scene: Scene | None = None
        self._mode = ""

    # Life cycle.

    def configure(self) -> None:
        if self._speed.lockstep or self._speed.speed > 1.0:
            raise MvpRealError(
                "a robot on the wire runs in real time: speed:=lockstep and speeds above 1 need robot:=sim"
            )
        body = DigitBody(self._terrain, self._payload, self._hold)
        robot = EmulatedDigit(body, self._board, seed=self._seed)
        say = self.get_logger().warning
        self._server = DigitServer(
            robot, self._host, self._port, self._reply_port, self._speed.speed, lambda text: say(text)
        )
        self._fault_server = FaultServer(self._board, *parse_address(self._faults))
        self._scenes = self.create_publisher(Float64MultiArray, "scene_state", RECORDER)
        self._status = self.create_publisher(String, "~/status", LATCHED_TOPIC)
        self._inject(self._first_fault)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._thread = threading.Thread(target=self._run, name="robot", daemon=True)

    def activate(self) -> None:
        self._thread.start()
        self.create_timer(LOOK_PERIOD, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.get_logger().info(
            f"emulated robot ready at {self._host}:{self._port}; faults at {self._fault_server.address}"
        )

    def shut_down(self) -> None:
        super().shut_down()
        if self._server is not None and self._thread.is_alive():
            self._server.close()
            self._thread.join(5.0)

    def _run(self) -> None:
        assert self._server is not None
        freeze_garbage()
        warning = take_priority(self._priority)
        if warning:
            self.get_logger().warning(warning)
        self._server.run()

    # What is shown of it.

    def _look(self) -> None:
        assert self._server is not None
        scene, mode = self._server.scene, self._server.robot.body.mode.value
        if scene is not None and scene is not self._scene:
            self._scene = scene
            episode, now, forces, qpos = scene
            if self._scenes.get_subscription_count():
                data = [float(episode), now, *forces.tolist(), *qpos.tolist()]
                self._scenes.publish(Float64MultiArray(data=data))
        if mode != self._mode:
            self._mode = mode
            self._status.publish(String(data=json.dumps({"mode": mode, "time": self._server.robot.time})))

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        """Veto what could not be carried out, with the reason; a new fault takes effect at once."""
        try:
            for parameter in parameters:
                if parameter.name == "fault":
                    self._inject(Fault.parse(parameter.value, self._known))
        except MvpRealError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _inject(self, fault: Fault) -> None:
        self._board.clear()
        if fault.name:
            self.get_logger().warning(f"fault injected: {fault.name} {fault.value or ''}")
            self._board.set(fault.name, fault.value)

    def report(self) -> Report:
        server = self._server
        if server is None:
            return WARN, "not configured", {}
        robot = server.robot
        active = self._board.active()
        values = {
            "mode": robot.body.mode.value,
            "client": "none" if robot.client is None else f"{robot.client[0]}:{robot.client[1]}",
            "faults": ", ".join(f"{name}={value:g}" for name, value in active.items()) or "none",
            "robot's time (s)": robot.time,
            "pace": server.pace,
            "wall time that could not be held (s)": server.lost,
            "hoist": robot.body.hoist.support,
            "commands clamped": robot.body.clamped,
            **{name: robot.counters[name] for name in ("commands", "refused", "fallbacks", "power cycles")},
            **{
                name: robot.subscriber.counters[name]
                for name in ("checksum errors", "malformed", "strangers")
            },
        }
        slow = server.pace < 0.97
        text = f"{robot.body.mode.value}{f'; slower than asked: {server.pace:.2f}' if slow else ''}"
        return (WARN if slow or active else OK), text, values


def main() -> int:
    """Entry point of `lib/mvp_real/digit_emulator`."""
    return run_node(DigitEmulator)
