"""A demonstration replayed over topics on the simulated arm, through its limiter."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool

from mvp_real.demos import topics
from mvp_real.demos.writer import EpisodeWriter
from mvp_real.messages import Frame, JointReading, JointTarget
from mvp_real.nodes.quality import LATCHED, SENSOR
from mvp_real.robots.table import load_robot
from mvp_real.systems.environment import system_environment
from mvp_real.systems.process import executable_path
from tests.nodes.live_graph import LiveGraph, node_command, wait_until
from tests.own_domain import free_domain

pytestmark = [pytest.mark.nodes, pytest.mark.slow, pytest.mark.render]
STEP = 0.01  # rad


def write_demonstration(path: Path, lead: float, steps: int = 10) -> None:
    """Joint 1 turns slowly; each target is `lead` ahead of the measured joints."""
    table = load_robot("xarm7")
    with EpisodeWriter(path, {"id": path.stem, "task": "turn"}, durable=False) as writer:
        for step in range(steps):
            stamp = 0.2 * step
            position = table.home.copy()
            position[0] += 0.1 + STEP * step
            target = position.copy()
            target[0] += lead
            writer.image(Frame(np.zeros((8, 8, 3), np.uint8), stamp, step))
            writer.joint_states(JointReading(table.joint_names, position, None, stamp))
            writer.joint_target(JointTarget(table.joint_names, target, stamp, 0.2), topics.JOINT_TARGET)
        writer.close({"success": True})


def test_it_goes_to_the_start_follows_the_path_and_writes_a_verdict(tmp_path: Path) -> None:
    path = tmp_path / "turn_000.mcap"
    write_demonstration(path, STEP)
    environment = system_environment() | {"ROS_DOMAIN_ID": str(free_domain())}
    ros = ["--ros-args", "-r", "__ns:=/xarm7"]
    log = (tmp_path / "arm.log").open("wb")
    arm = subprocess.Popen(
        [str(executable_path("sim_bridge")), *ros, "-r", "__node:=arm"],
        env=environment,
        stdout=log,
        stderr=log,
    )
    try:
        wait_until(lambda: b"simulator ready" in (tmp_path / "arm.log").read_bytes(), "the arm is ready")
        parameters = ["-p", f"paths:={json.dumps([str(path)])}", "-p", "use_sim_time:=true"]
        play = subprocess.run(
            [str(executable_path("demo_replay")), *ros, *parameters],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        verdict = json.loads((tmp_path / "replays.json").read_text())["turn_000"]
        assert verdict["error"] == "", play.stdout + play.stderr
        assert verdict["rms"] < 0.03
        assert play.returncode == (0 if verdict["rms"] <= 0.01 else 1), play.stdout + play.stderr
    finally:
        arm.terminate()
        arm.wait(20)


def test_whoever_disables_the_arm_ends_the_replay(tmp_path: Path) -> None:
    path = tmp_path / "turn_000.mcap"
    write_demonstration(path, STEP, steps=150)
    parameters = {"paths": json.dumps([str(path)]), "use_sim_time": "true"}
    graph = LiveGraph(
        tmp_path,
        "xarm7",
        {
            "arm": [*node_command("sim_bridge", "xarm7", {}), "-r", "__node:=arm"],
            "replay": node_command("demo_replay", "xarm7", parameters),
        },
    )
    states: list[str] = []
    joints: list[float] = []
    graph.node.create_subscription(
        String, "arm/status", lambda m: states.append(json.loads(m.data)["state"]), LATCHED
    )
    graph.node.create_subscription(JointState, "joint_states", lambda m: joints.append(m.position[0]), SENSOR)
    enable = graph.node.create_client(SetBool, "arm/enable")
    graph.listen()
    start = load_robot("xarm7").home[0]
    graph.until(lambda: states and states[-1] == "running" and joints[-1] > start + 0.15, "it is replayed")
    enable.call_async(SetBool.Request(data=False))
    graph.until(lambda: graph.processes["replay"].poll() is not None, "the replay has ended")
    assert graph.processes["replay"].returncode == 1
    assert "somebody has ended the replay" in graph.log("replay")
    assert "somebody has ended" in json.loads((tmp_path / "replays.json").read_text())["turn_000"]["error"]
    assert states[-1] == "disabled"
    graph.close()
