"""The driver and the emulated robot as processes, with the walking loop above them: every fault reaches its state.

What takes how long by the robot's clock is exact in `tests/emulators/digit/test_robot.py`; here the whole way from the
wire to the policy and back is, with the names and reasons that an operator sees.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

for module in ("rclpy", "nav_msgs", "mujoco", "onnxruntime", "onnx"):
    pytest.importorskip(module)

from sensor_msgs.msg import JointState  # noqa: E402
from std_msgs.msg import String  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from mvp_real.errors import MvpRealError  # noqa: E402
from mvp_real.nodes.quality import LATCHED  # noqa: E402

from ..own_domain import free_domain  # noqa: E402
from .live_graph import PATIENCE, wait_until  # noqa: E402
from .walk_bringup import TABLE, WalkBringup  # noqa: E402
from .walk_bundles import write_walk_bundles  # noqa: E402

pytestmark = [pytest.mark.nodes, pytest.mark.slow]

SERVICES = ("status", "enable", "stop", "home", "clear_fault")
# A computer that keeps the emulator from running for 100 ms or a second is not what is tested.
PATIENT = "2.0"


def free_ports() -> tuple[str, str]:
    """Two UDP ports that nobody uses now."""
    with socket.socket(type=socket.SOCK_DGRAM) as first, socket.socket(type=socket.SOCK_DGRAM) as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return str(first.getsockname()[1]), str(second.getsockname()[1])


class DriverBringup(WalkBringup):
    """The system with `robot:=emulated`; the tester speaks of `digit_bridge` as the operator's script does."""

    remaps: ClassVar[dict[str, str]] = {
        "digit_bridge/set_parameters": "digit_emulator/set_parameters",
        **{f"digit_bridge/{name}": f"digit_driver/{name}" for name in SERVICES},
    }

    def __init__(self, models: Path, logs: Path, **arguments: str) -> None:
        port, listen_port = free_ports()
        given = {"link_timeout": PATIENT, **arguments}
        super().__init__(models, logs, robot="emulated", port=port, listen_port=listen_port, **given)
        self.mode = ""
        self.node.create_subscription(String, "digit_emulator/status", self._on_mode, LATCHED)

    def idle(self) -> None:
        """As an operator does it: the cause first, then the fault, then the robot on its feet."""
        self.inject("")
        self.operator._retry("digit_bridge/clear_fault", Trigger.Request(), PATIENCE)
        super().idle()
        self.until(lambda: self.mode == "locomotion", "the vendor's controller has the robot")

    def _on_mode(self, message: String) -> None:
        self.mode = json.loads(message.data)["mode"]


@pytest.fixture(scope="module")
def walk_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_walk_bundles(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def digit(walk_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DriverBringup]:
    system = DriverBringup(walk_models, tmp_path_factory.mktemp("logs"))
    yield system
    codes = system.close()
    assert set(codes.values()) == {0}, codes


def test_the_policy_gets_the_robot_and_gives_it_back(digit: DriverBringup) -> None:
    digit.walking()
    assert [state for _, state, _ in digit.loop] == ["shadow", "engaging", "walking"]
    assert digit.mode == "low-level"
    assert np.abs(digit.commands[0].position - TABLE.default_pose).max() < 0.1, "it begins where the robot is"
    count = len(digit.commands)
    digit.until(lambda: len(digit.commands) > count + 50, "a second of commands")
    gaps = np.diff([command.stamp for command in digit.commands])
    assert np.median(gaps) == pytest.approx(0.02, abs=1e-6), "on the robot's clock"
    digit.until(
        lambda: int(digit.values_of("digit_driver").get("commands sent", "0")) > 500, "1 kHz of commands"
    )
    values = digit.values_of("digit_driver")
    assert values["checksum errors"] == values["malformed"] == values["send errors"] == "0"
    assert values["link"] == "connected"
    digit.assert_within_limits()
    digit.operator.enable_robot(False)
    digit.until(lambda: digit.state_of(digit.loop) == "idle", "the loop is idle")
    digit.until(lambda: digit.mode == "locomotion", "the vendor's controller has the robot")
    assert "stopped" not in [state for _, state, _ in digit.loop]


@pytest.mark.extended
@pytest.mark.parametrize(
    ("fault", "reason", "mode"),
    [
        ("silence", "the driver stopped: the robot has been silent for 2.00 s", "low-level"),
        ("drop", "the driver stopped: the robot has been silent for 2.00 s", "damping"),
        ("freeze", "the encoders are frozen", "low-level"),
        (
            "error",
            "the driver stopped: the robot reports an error (it ends the low-level interface",
            "low-level",
        ),
        ("emergency_stop", "the driver stopped: the robot reports an error", "disabled"),
        ("power_cycle", "the driver stopped: the robot has", "disabled"),
        ("wrong_version", "the driver stopped: the robot has described itself anew", "low-level"),
    ],
)
def test_faults_that_stop(digit: DriverBringup, fault: str, reason: str, mode: str) -> None:
    digit.walking()
    digit.inject(fault)
    at, told = digit.entered(digit.loop, "stopped")
    assert reason in told
    digit.entered(digit.driver, "stopped")
    digit.until(lambda: digit.mode == mode, f"the robot is {mode}")
    digit.until(lambda: digit.level_of("digit_driver") == 2, "diagnostics say ERROR")
    assert not [command for command in digit.commands if command.stamp > at + 0.021]
    with pytest.raises(MvpRealError, match="a stop is latched"):
        digit.operator.engage(timeout=0.2)
    if fault == "wrong_version":
        digit.until(
            lambda: "no field 'left_hip_roll.position'" in digit.values_of("digit_driver").get("link", ""),
            "diagnostics say what is wrong with it",
        )
    digit.assert_within_limits()


@pytest.mark.extended
@pytest.mark.parametrize(
    "fault", ["packet_loss=0.2", "garble=0.2", "gain_drop=0.5", "push=0.4", "jitter=0.01"]
)
def test_faults_that_it_walks_through(digit: DriverBringup, fault: str) -> None:
    digit.walking()
    digit.inject(fault)
    count = len(digit.commands)
    digit.until(lambda: len(digit.commands) > count + 75, "it goes on for a second and a half")
    assert digit.state_of(digit.loop) == "walking", digit.loop[-3:]
    digit.assert_within_limits()
    if fault.startswith("garble"):
        digit.until(lambda: int(digit.values_of("digit_driver")["checksum errors"]) > 20, "damage is counted")


@pytest.mark.extended
def test_a_stranger_on_the_command_topic(digit: DriverBringup) -> None:
    digit.walking()
    before = int(digit.values_of("digit_driver").get("malformed", "0"))
    message = JointState(name=["left_knee/position"], position=[0.5])

    def counted() -> bool:
        digit.command_publisher.publish(message)
        values = digit.values_of("digit_driver")
        return int(values.get("malformed", "0")) > before and int(values.get("refused", "0")) > 0

    digit.until(counted, "it is refused and counted")
    digit.until(lambda: digit.state_of(digit.driver) == "running", "the policy goes on")


@pytest.mark.extended
def test_an_operators_stop_and_a_killed_policy(digit: DriverBringup) -> None:
    digit.walking()
    digit.operator.stop()
    _, reason = digit.entered(digit.loop, "stopped")
    assert reason == "the driver stopped: stopped by the operator"
    digit.walking()
    digit.processes["locomotion"].kill()
    digit.processes["locomotion"].wait()
    _, reason = digit.entered(digit.driver, "stopped")
    assert reason == "no command for 0.10 s"
    before = digit.log("locomotion").count(" ready")
    digit.start("locomotion")
    digit.until(lambda: digit.log("locomotion").count(" ready") > before, "the policy is there again")


@pytest.mark.extended
def test_a_killed_driver(digit: DriverBringup) -> None:
    """The driver that is started anew finds a robot that damps, takes nothing by itself, and leads back."""
    digit.walking()
    driver = digit.processes["digit_driver"]
    driver.kill()
    driver.wait()
    digit.until(lambda: digit.mode == "damping", "the robot falls back")
    before = digit.log("digit_driver").count(" ready")
    digit.start("digit_driver")
    digit.until(lambda: digit.log("digit_driver").count(" ready") > before, "the driver is there again")
    digit.until(lambda: digit.state_of(digit.driver) == "disabled", "its status")
    assert digit.mode == "damping"
    answers: list[object] = []
    client = digit.operator._clients["digit_bridge/clear_fault"]
    for _ in range(20):  # a request sent before both sides have met is lost
        client.call_async(Trigger.Request()).add_done_callback(answers.append)
        if digit.operator.wait(lambda: bool(answers), 2.0):
            break
    digit.walking()
    assert digit.mode == "low-level"


def up(*arguments: str, timeout: float = 300.0) -> subprocess.CompletedProcess[str]:
    port, listen_port = free_ports()
    command = [
        sys.executable,
        "-m",
        "mvp_real",
        "up",
        "digit_walk",
        f"port:={port}",
        f"listen_port:={listen_port}",
    ]
    return subprocess.run(
        [*command, *arguments], env={**os.environ, "ROS_DOMAIN_ID": str(free_domain())}, capture_output=True,
        text=True, timeout=timeout, check=False,
    )  # fmt: skip


@pytest.mark.extended
def test_the_shipped_policy_walks_over_the_wire(tmp_path: Path) -> None:
    tour = tmp_path / "short.yaml"
    tour.write_text("- {seconds: 0.5}\n- {seconds: 3.0, forward: 0.4}\n")
    done = up(
        "robot:=emulated", f"link_timeout:={PATIENT}", f"tour:={tour}", "video:=false", f"out:={tmp_path}"
    )
    assert done.returncode == 0, done.stdout
    walk = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["walk"]
    assert walk["falls"] == 0, done.stdout
    assert walk["stop"] == "", done.stdout
    assert walk["distance"] > 0.4, walk
    assert walk["stretches"][1]["mean"][0] > 0.15, walk


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("robot:=emulated", "speed:=lockstep"), "runs in real time"),
        (("robot:=digit", "ip:=digit.local", "operator:=none"), "'digit.local' is no IPv4 address"),
        (("robot:=emulated", "terrain:=stairs"), "unknown terrain 'stairs'"),
        (("robot:=emulated", "fault:=silense"), "did you mean silence"),
    ],
)
def test_what_cannot_work_ends_the_system_with_the_reason(arguments: tuple[str, ...], message: str) -> None:
    done = up(*arguments, "video:=false")
    assert done.returncode == 2, done.stdout
    assert message in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.extended
def test_the_real_robot_is_waited_for_and_gets_no_script(tmp_path: Path) -> None:
    """Nobody answers at the address: the driver says so, in shadow as else, and an interrupt ends it all."""
    port, listen_port = free_ports()
    command = [
        sys.executable, "-m", "mvp_real", "up", "digit_walk", "robot:=digit", "ip:=127.0.0.1", f"port:={port}",
        f"listen_port:={listen_port}", "mode:=shadow",
    ]  # fmt: skip
    log = tmp_path / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, env={**os.environ, "ROS_DOMAIN_ID": str(free_domain())}, stdout=stream, stderr=stream
        )
        ready = f"robot expected at 127.0.0.1:{port}; shadow: it is never commanded"
        wait_until(lambda: ready in log.read_text() and "walking policy" in log.read_text(), ready)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 128 + signal.SIGINT
    text = log.read_text()
    assert not re.search(r"\[(walk|digit_emulator)\s*\]", text), "nobody plays the operator of a real robot"
    assert "Traceback" not in text
