"""Lock-step without the operator's script: what a person asks for happens although no policy answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from mvp_real.nodes.quality import SENSOR
from mvp_real.robots.table import load_robot
from mvp_real.tasks.pick_fruit import setup_to_dict, validation_setups

from .bringup import Bringup

pytestmark = [pytest.mark.nodes, pytest.mark.slow]


def test_the_arm_goes_home_though_no_policy_answers(models: Path, tmp_path: Path) -> None:
    robot = Bringup(models, tmp_path, speed="lockstep")
    try:
        positions: list[np.ndarray] = []
        robot.node.create_subscription(
            JointState, "joint_states", lambda m: positions.append(np.array(m.position)), SENSOR
        )
        robot.idle()
        setup = replace(validation_setups("plain")[0], start="random")
        robot.operator.reset(setup_to_dict(setup), "")
        home = load_robot("xarm7").home
        robot.until(lambda: bool(positions), "joint states")
        robot.until(lambda: np.abs(positions[-1] - home)[:-1].max() > 0.02, "the arm is elsewhere")
        client = robot.node.create_client(Trigger, "sim_bridge/home")
        replies: list[Trigger.Response] = []
        assert robot.operator.wait(client.service_is_ready, 30.0)
        client.call_async(Trigger.Request()).add_done_callback(lambda f: replies.append(f.result()))
        robot.until(lambda: bool(replies), "an answer to ~/home")
        assert replies[0].success
        robot.until(lambda: robot.operator.robot.get("homing") is True, "the arm is on its way")
        robot.until(lambda: robot.operator.robot.get("homing") is False, "the arm has arrived")
        robot.until(lambda: np.abs(positions[-1] - home)[:-1].max() < 0.02, "the joints are at home")
    finally:
        robot.close()
