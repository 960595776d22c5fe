"""The dashboard beside a robot that the test plays: what it writes is what was published."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

for module in ("rclpy", "rerun"):
    pytest.importorskip(module)

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue  # noqa: E402
from sensor_msgs.msg import Image, JointState  # noqa: E402
from std_msgs.msg import String  # noqa: E402
from trajectory_msgs.msg import JointTrajectory  # noqa: E402

from mvp_real.messages import JointReading, JointTarget  # noqa: E402
from mvp_real.nodes import conversions  # noqa: E402
from mvp_real.nodes.quality import COMMAND, LATCHED, SENSOR  # noqa: E402

from .live_graph import PATIENCE, LiveGraph, node_command  # noqa: E402

pytestmark = [pytest.mark.nodes, pytest.mark.slow]
NAMES = (*(f"joint{i}" for i in range(1, 8)), "gripper")


def content(file: Path) -> str:
    """What Rerun's own command says of a recording."""
    command = [sys.executable, "-m", "rerun", "rrd", "print", str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout


def test_what_is_published_is_recorded(tmp_path: Path) -> None:
    file = tmp_path / "session.rrd"
    command = node_command("dashboard", "xarm7", {"save": json.dumps(str(file))})
    graph = LiveGraph(tmp_path, "xarm7", {"dashboard": command})
    node = graph.node
    images = node.create_publisher(Image, "wrist_camera/image", SENSOR)
    joints = node.create_publisher(JointState, "joint_states", SENSOR)
    targets = node.create_publisher(JointTrajectory, "joint_target", COMMAND)
    status = node.create_publisher(String, "arm/status", LATCHED)
    diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
    graph.listen()
    try:
        graph.until(lambda: "dashboard ready" in graph.log("dashboard"), "it is ready")
        graph.until(lambda: images.get_subscription_count() > 0, "it listens")

        def shown() -> bool:
            now = time.time()
            picture = np.zeros((24, 32, 3), np.uint8)
            images.publish(conversions.image_message(picture, now, "camera"))
            joints.publish(
                conversions.joint_state_message(JointReading(NAMES, np.arange(8.0), np.zeros(8), now))
            )
            targets.publish(conversions.target_message(JointTarget(NAMES, np.ones(8), now, 0.02)))
            status.publish(String(data=json.dumps({"state": "stopped", "reason": "collision", "stamp": now})))
            value = KeyValue(key="sample to target, wall p95 (ms)", value="12.5")
            other = KeyValue(key="owner", value="webxr/right")
            entry = DiagnosticStatus(name="/xarm7/teleop_mapping", values=[value, other])
            diagnostics.publish(DiagnosticArray(status=[entry]))
            time.sleep(0.05)
            return (
                graph.level_of("dashboard") == 0
                and "images shown" in graph.diagnostics["/xarm7/dashboard"][1]
            )

        graph.until(shown, "it counts images")
    finally:
        codes = graph.close()
    assert codes == {"dashboard": 0}, graph.log("dashboard")
    found = content(file)
    for path in ("camera", "joints/measured", "joints/target", "states/arm", "log", "times/teleop_mapping/"):
        assert f"/{path}" in found, path
