"""Node `emulated_world`: starts the emulated controller box of the xArm7 with the room around it.

It offers what in a lab is a person's job: `~/reset` sets up a scene, `~/status` holds the outcome next to what the
node `arm` says of itself, `scene_state` shows the scene, and `~/pull` is the hand that moves the arm while it
is being taught. The arm itself is driven by `arm`, over the wire, as a real
one would be. The parameter `fault` switches faults of the box on and off.
"""

from __future__ import annotations

import json
from typing import Any

from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterType, ParameterValue, SetParametersResult
from rcl_interfaces.srv import SetParameters
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import Trigger

from mvp_real.emulators.fault_socket import FaultClient, parse_address
from mvp_real.emulators.xarm7.faults import FAULTS
from mvp_real.emulators.xarm7.world_socket import WorldClient
from mvp_real.errors import MvpRealError
from mvp_real.nodes.diagnostics import ERROR, OK, WARN, Report
from mvp_real.nodes.emulated_world_process import EmulatorProcess
from mvp_real.nodes.episode_request import parse_episode
from mvp_real.nodes.faults import Fault
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import COMMAND, LATCHED
from mvp_real.nodes.runner import run_node
from mvp_real.resources import model_directory
from mvp_real.tasks.pick_fruit import evaluation_setups, setup_to_dict

LOOK = 0.1  # s between two looks at the world
READY_WITHIN = 60.0  # s
KNOWN = {name: (spec.what, spec.unit.upper()) for name, spec in FAULTS.items()}


class EmulatedWorldNode(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("emulated_world", "emulated xarm7")
        self._host = declare(
            self, "host", "127.0.0.1", "Loopback address that the box listens at.", read_only=True
        )
        self._port = declare(self, "port", 15502, "Of its control protocol.", (1, 65535), read_only=True)
        self._frames = declare(
            self, "frames_port", 30010, "Where pictures of the wrist camera are.", (1, 65535), read_only=True
        )
        self._rate = declare(self, "camera_rate", 20.0, "Pictures per second.", (1.0, 60.0), read_only=True)
        declare(self, "episode", "", "JSON set-up of the next ~/reset: setup, and optionally bundle.")
        fault = declare(self, "fault", "", "Fault of the box, 'name' or 'name=VALUE'; empty ends it.")
        self._first_fault = Fault.parse(fault, KNOWN)
        self._process: EmulatorProcess | None = None
        self._world: WorldClient | None = None
        self._faults: FaultClient | None = None
        self._fault = Fault()
        self._arm: dict[str, Any] = {}
        self._bundle: str | None = None
        self._state: dict[str, Any] = {}
        self._status = self.create_publisher(String, "~/status", LATCHED)
        self._scene = self.create_publisher(Float64MultiArray, "scene_state", 50)

    # Life cycle.

    def configure(self) -> None:
        options = {
            "--host": self._host,
            "--port": self._port,
            "--frames": f"{self._host}:{self._frames}",
            "--camera-rate": self._rate,
            "--world": "127.0.0.1:0",
            "--faults": "127.0.0.1:0",
        }
        words = [str(word) for option in options.items() for word in option]
        self._process = EmulatorProcess(words, READY_WITHIN)
        self._world = WorldClient(*parse_address(self._process.addresses["world"]))
        self._faults = FaultClient(*parse_address(self._process.addresses["faults"]))
        self._world.reset(setup_to_dict(evaluation_setups("plain")[0]))
        self._inject(self._first_fault)
        # In a group of its own: its answer must be let in while ~/reset waits for it.
        group = MutuallyExclusiveCallbackGroup()
        self._arm_parameters = self.create_client(SetParameters, "arm/set_parameters", callback_group=group)
        self.create_subscription(String, "arm/status", self._on_arm, LATCHED)
        self.create_service(Trigger, "~/reset", self._on_reset)
        self.create_subscription(JointState, "~/pull", self._on_pull, COMMAND)
        self.add_on_set_parameters_callback(self._on_parameters)

    def activate(self) -> None:
        self._timer = self.create_timer(LOOK, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.get_logger().info(f"emulated controller box ready at {self._host}:{self._port}")

    def deactivate(self) -> None:
        self._timer.cancel()

    def shut_down(self) -> None:
        super().shut_down()
        if self._world is not None:
            self._world.close()
        if self._process is not None:
            self._process.close()

    # The world.

    def _look(self) -> None:
        assert self._world is not None
        assert self._process is not None
        try:
            self._state = self._world.state()
        except MvpRealError as error:
            self.get_logger().error(f"{error}; the emulator ended with code {self._process.exit_code}")
            self.exit_code = 1
            return
        if self._scene.get_subscription_count():
            state = self._state
            data = [float(state["episode"]), state["time"], *state["qpos"]]
            self._scene.publish(Float64MultiArray(data=data))
        self._publish_status()

    def _on_arm(self, message: String) -> None:
        before = self._arm.get("state")
        self._arm = json.loads(message.data)
        if self._arm.get("state") != before:
            self._publish_status()

    def _publish_status(self) -> None:
        if not self._state or not self._arm:
            return
        world = {name: self._state[name] for name in ("episode", "time", "outcome", "setup")}
        arm = {name: self._arm[name] for name in ("state", "reason", "homing", "stamp")}
        self._status.publish(String(data=json.dumps({**world, **arm})))

    # What the operator asks for.

    async def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        assert self._world is not None
        response.success = False
        if self._arm.get("state") == "stopped":
            response.message = f"a stop is latched ({self._arm['reason']}); call arm/clear_fault first"
            return response
        try:
            setup, bundle = parse_episode(str(self.get_parameter("episode").value))
            episode = self._world.reset(setup_to_dict(setup))
            if bundle and bundle != self._bundle:
                refused = await self._set_bundle(bundle)
                if refused:
                    raise MvpRealError(f"the arm refused the limits of '{bundle}': {refused}")
                self._bundle = bundle
        except MvpRealError as error:
            response.message = str(error)
            return response
        self._look()
        response.success, response.message = True, json.dumps({"episode": episode})
        return response

    def _on_pull(self, message: JointState) -> None:
        assert self._world is not None
        try:
            self._world.pull(list(message.position))
        except MvpRealError as error:
            self.get_logger().warning(str(error), throttle_duration_sec=1.0)

    async def _set_bundle(self, bundle: str) -> str:
        """Let the arm take a bundle's limits; why it does not, or empty."""
        if not self._arm_parameters.service_is_ready():
            return "the node 'arm' is not there"
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=bundle)
        request = SetParameters.Request(parameters=[ParameterMessage(name="bundle", value=value)])
        result = (await self._arm_parameters.call_async(request)).results[0]
        return "" if result.successful else str(result.reason)

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        """Veto what could not be carried out, with the reason; a new fault takes effect at once."""
        try:
            for parameter in parameters:
                if parameter.name == "episode" and parameter.value:
                    _, bundle = parse_episode(parameter.value)
                    if bundle:
                        model_directory(bundle)
                if parameter.name == "fault":
                    self._inject(Fault.parse(parameter.value, KNOWN))
        except MvpRealError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _inject(self, fault: Fault) -> None:
        assert self._faults is not None
        if self._fault.name or fault.name:
            what = f"fault injected: {fault.name} {fault.value or ''}" if fault.name else "fault removed"
            self.get_logger().warning(what)
        self._faults.clear()
        if fault.name:
            self._faults.set(fault.name, fault.value if FAULTS[fault.name].unit else None)
        self._fault = fault

    def report(self) -> Report:
        if self._process is None:
            return WARN, "not configured", {}
        if self._process.exit_code is not None:
            return ERROR, f"the emulator ended with code {self._process.exit_code}", {}
        values = {
            "addresses": json.dumps(self._process.addresses),
            "episode": self._state.get("episode", 0),
            "simulated time (s)": self._state.get("time", 0.0),
            "times that the physics came late": self._state.get("late", 0),
            "fault injected": self._fault.name or "none",
        }
        return OK, "emulated controller box", values


def main() -> int:
    """Entry point of `lib/mvp_real/emulated_world`."""
    return run_node(EmulatedWorldNode)
