"""A scripted person in an emulated headset who demonstrates PickFruit on the emulated arm.

The operator sees the scene as a person would, at the rate at which it is shown, decides like the scripted expert where
the tool should be next, and moves the controller there. Everything from the headset on is the real thing: page,
gateway, mapping, limiter, the vendor's client, the controller box's protocol, recorder.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import Trigger

from mvp_real.cli.demos_session import session_processes
from mvp_real.messages import FloatArray
from mvp_real.nodes.quality import LATCHED
from mvp_real.robots.table import load_robot
from mvp_real.tasks.pick_fruit import EpisodeSetup, setup_to_dict
from mvp_real.tasks.pick_fruit_expert import PickFruitExpert
from mvp_real.tasks.pick_fruit_world import PickFruitWorld

from ..nodes.live_graph import PATIENCE
from ..nodes.teleop_bringup import TeleopBringup
from .operator_page import OperatorPage, clutch

HAND = np.array([0.2, 1.1, -0.4])  # where the controller is taken up, m, in the headset's frame
LONGEST = 40.0  # s of a demonstration
SHOWN = 0.1  # s between two looks at the scene
SURE = 3  # looks at a lifted fruit
SPEED = 0.12  # m/s of the hand
NEAR = 0.02  # m; from there on the operator corrects what is still missing
CORRECTED = 0.2  # share of it that one look corrects; the arm answers after about three looks
TABLE = load_robot("xarm7")


class CollectionBringup(TeleopBringup):
    """Emulated arm, camera, gateway, mapping and recorder, as `mvp_real record` starts them.

    Attributes:
        scene: Newest generalised positions of the scene, after episode and time.
        recorder: Newest status of the recorder.
    """

    def __init__(self, logs: Path, folder: Path, **arguments: str) -> None:
        self._folder = folder
        self.scene: list[float] = []
        self.recorder: dict[str, Any] = {}
        super().__init__(logs, **{"robot": "emulated", "camera_rate": "", **arguments})

    def commands(self, arguments: dict[str, str]) -> dict[str, list[str]]:
        given = [f"{name}:={value}" for name, value in arguments.items() if value]
        return {
            process.name: process.argv() for process in session_processes("pick_fruit", self._folder, given)
        }

    def subscribe(self) -> None:
        super().subscribe()
        node = self.node
        node.create_subscription(
            Float64MultiArray, "scene_state", lambda m: setattr(self, "scene", list(m.data)), 10
        )
        node.create_subscription(
            String, "recorder/status", lambda m: setattr(self, "recorder", json.loads(m.data)), LATCHED
        )
        self._callers["reset"] = node.create_client(Trigger, "emulated_world/reset")
        self._parameters = node.create_client(SetParameters, "emulated_world/set_parameters")

    def rearrange(self, setup: EpisodeSetup) -> None:
        """What the person beside the robot does between two demonstrations."""
        assert self._parameters.wait_for_service(PATIENCE)
        text = json.dumps({"setup": setup_to_dict(setup)})
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=text)
        request = SetParameters.Request(parameters=[Parameter(name="episode", value=value)])
        future = self._parameters.call_async(request)
        self.until(future.done, "the set-up is taken")
        assert future.result().results[0].successful, future.result().results[0].reason
        answer = self.call("reset")
        assert answer.success, answer.message
        episode = json.loads(answer.message)["episode"]
        self.until(lambda: self.scene and int(self.scene[0]) == episode, "the new scene is shown")


class HeadsetOperator:
    """Demonstrates one episode after another.

    Args:
        robot: The running session.
        page: A paired page in the headset, with the lease.
        note: Told what happens, for a log.
    """

    def __init__(
        self, robot: CollectionBringup, page: OperatorPage, note: Callable[[str], None] = lambda text: None
    ) -> None:
        self._robot, self._page, self._note = robot, page, note
        self._seen = PickFruitWorld(scene_camera=False)
        self._hand, self._yaw = HAND.copy(), 0.0
        self._anchor: tuple[FloatArray, float, FloatArray, float] | None = None
        self.clutches = 0

    def close(self) -> None:
        """Free the picture of the scene."""
        self._seen.close()

    def demonstrate(self, setup: EpisodeSetup) -> bool:
        """One demonstration, accepted if the operator sees the fruit lifted; whether it was."""
        robot, page = self._robot, self._page
        self._let_go()
        if robot.driver.get("state") != "disabled":
            assert page.act("disable") == "disable: done"
            robot.until(lambda: robot.driver["state"] == "disabled", "the arm is disabled")
        robot.rearrange(setup)
        self._seen.reset(setup)
        expert = PickFruitExpert(self._seen, perturb=False)
        assert page.act("enable") == "enable: done"
        page.press("trigger", 0.0)
        self._take()
        before = robot.recorder.get("accepted", 0)
        self._mark("a-button", lambda: robot.recorder.get("state") == "recording")
        began = time.monotonic()
        lifted = 0
        while time.monotonic() - began < LONGEST and lifted < SURE:
            self._look()
            wanted = expert.step().clean
            self._move_to(TABLE.tool_pose(wanted), began)
            page.press("trigger", 0.0 if wanted[7] > 0.5 else 1.0)
            up = self._seen.fruit_position()[2] > self._seen.task.success_height
            lifted = lifted + 1 if up else 0
        good = lifted == SURE
        if good:
            self._mark("a-button", lambda: robot.recorder.get("accepted", 0) > before)
        else:
            self._mark("b-button", lambda: robot.recorder.get("state") != "recording")
        self._note(
            f"{'accepted' if good else 'discarded'} after {time.monotonic() - began:.1f} s, "
            f"{self.clutches} times clutched so far"
        )
        return good

    def _look(self) -> None:
        """See the scene as it is shown."""
        time.sleep(SHOWN)
        self._seen.data.qpos[:] = self._robot.scene[2:]
        mujoco.mj_forward(self._seen.model, self._seen.data)

    def _move_to(self, pose: FloatArray, began: float) -> None:
        """Move the controller by what is missing between the tool, as it was when it was taken, and `pose`.

        The grip of a headset's controller lies beside the point that the wrist turns about, so a turn also moves it.
        A person sees that the tool is off and moves on until it is not.
        """
        if self._robot.mapping["state"] != "moving":
            self._take()
        assert self._anchor is not None
        hand, hand_yaw, tool, tool_yaw = self._anchor
        missing = pose[:3, 3] - TABLE.tool_pose(self._seen.joint_reading().position)[:3, 3]
        if float(np.linalg.norm(missing)) < NEAR:
            hand = hand + CORRECTED * missing
            self._anchor = hand, hand_yaw, tool, tool_yaw
        goal = hand + pose[:3, 3] - tool
        step = goal - self._hand
        longest = SPEED * SHOWN * 2.0
        distance = float(np.linalg.norm(step))
        self._hand = self._hand + step * min(1.0, longest / max(distance, 1e-9))
        turn = math.atan2(pose[1, 0], pose[0, 0]) - tool_yaw
        self._yaw = hand_yaw + (turn + math.pi) % (2.0 * math.pi) - math.pi
        self._show()

    def _show(self) -> None:
        """Put the controller where the hand is: from x ahead, y left, z up to the headset's axes."""
        x, y, z = (self._hand - HAND).tolist()
        half = 0.5 * self._yaw
        self._page.place(HAND[0] - y, HAND[1] + z, HAND[2] - x)
        self._page.xr(
            "xr.controllers.right.quaternion.set(0, value[0], 0, value[1])", [math.sin(half), math.cos(half)]
        )

    def _take(self) -> None:
        """Press the clutch until it holds, and remember what the hand and the tool then were."""
        robot = self._robot
        clutch(robot, self._page)
        self.clutches += 1
        pose = TABLE.tool_pose(robot.joints)
        tool = np.array(robot.mapping["tool"])
        self._anchor = (self._hand.copy(), self._yaw, tool, math.atan2(pose[1, 0], pose[0, 0]))

    def _let_go(self) -> None:
        self._page.press("squeeze", 0.0)
        self._robot.until(lambda: self._robot.mapping["state"] != "moving", "the clutch is released")
        self._hand, self._yaw = HAND.copy(), 0.0
        self._show()

    def _mark(self, button: str, done: Callable[[], bool]) -> None:
        """Press a button until the recorder has understood."""

        def pressed() -> bool:
            if done():
                return True
            self._page.press(button, 1.0)
            self._page.page.wait_for_timeout(200)
            self._page.press(button, 0.0)
            # Once is enough: a second press would mean something else.
            for _ in range(20):
                self._page.page.wait_for_timeout(100)
                if done():
                    return True
            return False

        self._robot.until(pressed, f"the recorder answers to {button}")
