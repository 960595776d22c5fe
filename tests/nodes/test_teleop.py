"""The nodes of teleoperation as processes: hands on the topic, keys of a terminal, intruders, a Vive, deaths."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

for module in ("rclpy", "mujoco", "mink", "aiohttp", "cryptography"):
    pytest.importorskip(module)

import aiohttp  # noqa: E402

from mvp_real.nodes.teleop_messages import joy_message  # noqa: E402
from mvp_real.systems.environment import system_environment  # noqa: E402
from mvp_real.systems.process import executable_path  # noqa: E402
from mvp_real.teleop.hand_sample import HandSample, untracked  # noqa: E402

from ..teleop.gateway_clients import Operator  # noqa: E402
from .live_graph import PATIENCE  # noqa: E402
from .teleop_bringup import TeleopBringup  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.nodes, pytest.mark.render]


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeleopBringup]:
    system = TeleopBringup(tmp_path_factory.mktemp("teleop"), max_age="0.5")
    assert system.call("enable").success
    yield system
    system.close()


class Hand:
    """The operator's hand on the topic."""

    def __init__(self, robot: TeleopBringup) -> None:
        self._robot = robot
        self.place = np.array([0.0, 0.0, 1.0])

    def say(self, clutch: bool, grip: float = 0.0) -> None:
        now = time.monotonic()
        self._robot.hand.publish(
            joy_message(HandSample("vive", "right", now, self.place, tracked=True, clutch=clutch, grip=grip))
        )
        time.sleep(0.01)

    def take(self) -> None:
        """Press the clutch anew until it is taken."""

        def moving() -> bool:
            if self._robot.mapping["state"] == "moving":
                self.say(True)
                return True
            for clutch in [False] * 5 + [True] * 20:
                self.say(clutch)
            return bool(self._robot.mapping["state"] == "moving")

        self._robot.until(moving, "the clutch is taken")


def test_the_arm_follows_the_hand_and_holds_when_it_lets_go(robot: TeleopBringup) -> None:
    hand = Hand(robot)
    hand.take()
    start = np.array(robot.mapping["tool"])

    def to_the_left_and_up() -> bool:
        if robot.mapping["state"] == "moving":
            hand.place = hand.place + np.array([0.0, 0.002, 0.001])
            hand.say(True)
        else:  # on a busy machine a sample may come too late
            hand.take()
        return bool(robot.joints[0] > 0.08)

    robot.until(to_the_left_and_up, "the arm turns to the left")
    moved = np.array(robot.mapping["tool"]) - start
    assert moved[1] > 0.02
    assert moved[2] > 0.005
    holds = robot.holds
    for _ in range(10):
        hand.say(False)
    robot.until(lambda: robot.mapping["state"] == "released" and robot.holds > holds, "it holds")
    still = len(robot.targets)
    for _ in range(30):
        hand.say(False)
    assert len(robot.targets) == still


def test_a_lost_hand_and_silence_release(robot: TeleopBringup) -> None:
    hand = Hand(robot)
    hand.take()
    robot.hand.publish(joy_message(untracked("vive", "right", time.monotonic())))
    robot.until(lambda: robot.mapping["reason"] == "tracking lost", "a lost hand releases")
    hand.take()
    robot.until(lambda: robot.mapping["reason"] == "no pose for 500 ms", "silence releases")


def test_a_stopped_driver_releases_and_needs_the_operator(robot: TeleopBringup) -> None:
    hand = Hand(robot)
    hand.take()
    robot.call("stop")
    robot.until(lambda: "driver is stopped" in robot.mapping["reason"], "the stop releases the clutch")
    for clutch in [False] * 5 + [True] * 20:
        hand.say(clutch)
    assert robot.mapping["state"] == "released"
    assert robot.call("clear_fault").success
    assert robot.call("enable").success
    hand.take()


def test_broken_samples_are_refused(robot: TeleopBringup) -> None:
    message = joy_message(HandSample("vive", "right", time.monotonic(), tracked=True, clutch=True))
    message.axes[0] = float("nan")
    robot.until(lambda: robot.mapping["state"] == "released", "nothing moves")
    before = len(robot.targets)
    robot.hand.publish(message)
    robot.until(
        lambda: "sample refused: axes of 'vive/right' are not finite" in robot.log("teleop_mapping"),
        "it is said",
    )
    assert len(robot.targets) == before


def test_keys_of_a_terminal_move_the_arm(robot: TeleopBringup) -> None:
    terminal, ours = pty.openpty()
    environment = system_environment() | {
        "ROS_DOMAIN_ID": robot.environment["ROS_DOMAIN_ID"],
        "MVP_REAL_TERMINAL": os.ttyname(ours),
    }
    argv = [str(executable_path("teleop_device")), "--ros-args", "-r", "__ns:=/xarm7"]
    with (robot.logs / "keys.log").open("wb") as log:
        keys = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        robot.until(lambda: "hold SPACE" in robot.log("keys"), "the keys are explained")
        before = robot.joints[0]

        def pressed() -> bool:
            for _ in range(30):
                os.write(terminal, b"a")
                time.sleep(0.04)
            time.sleep(1.0)  # a clutch has to be seen released before it is taken
            return bool(robot.joints[0] > before + 0.03)

        robot.until(pressed, "key 'a' turns the arm to the left")
        assert robot.mapping["owner"] in ("", "keyboard/right")
        robot.until(lambda: robot.mapping["state"] == "released", "no key is a released clutch")
        os.write(terminal, b"q")
        assert keys.wait(PATIENCE) == 0
    finally:
        keys.kill()
        os.close(terminal)
        os.close(ours)


def test_strangers_and_viewers_move_no_joint(robot: TeleopBringup) -> None:
    """Over TLS, against the node itself; the kinds of intruders one by one: tests/teleop, a thousand: the benchmark."""
    before = len(robot.targets), robot.samples, robot.joints.copy()
    address = robot.page("https")

    async def scene() -> None:
        connector = aiohttp.TCPConnector(ssl=False)
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.CookieJar(unsafe=True)
        ) as session:
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await session.ws_connect(f"{address}/control")
            async with session.post(f"{address}/pair", json={"token": robot.token}) as reply:
                assert reply.status == 200
                assert "Secure" in reply.headers["Set-Cookie"]
            viewer = Operator(await session.ws_connect(f"{address}/control"))
            for k in range(40):
                await viewer.frame((0.0, 1.0, 0.01 * k), squeeze=float(k % 10 > 2))
            await viewer.say({"type": "action", "name": "home"})
            await viewer.until(lambda: viewer.desk)
            assert not viewer.desk["holds"]
            await viewer.close()

    asyncio.run(scene())
    assert (len(robot.targets), robot.samples) == before[:2]
    np.testing.assert_allclose(robot.joints, before[2], atol=5e-3)


def test_a_vive_controller_speaks_on_the_same_topic(robot: TeleopBringup) -> None:
    pytest.importorskip("openvr")
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed; it builds the stand-in for SteamVR")
    emulate = [sys.executable, "-m", "mvp_real", "emulate", "vive", "--cache", str(robot.logs / "vive")]
    with subprocess.Popen(emulate, stdout=subprocess.PIPE, text=True) as vive:
        assert vive.stdout is not None
        said = json.loads(vive.stdout.readline())
        name, _, value = said["export"].partition("=")
        environment = system_environment() | {
            "ROS_DOMAIN_ID": robot.environment["ROS_DOMAIN_ID"],
            name: value,
        }
        argv = [str(executable_path("teleop_vive")), "--ros-args", "-r", "__ns:=/xarm7"]
        argv += ["-p", f"right_serial:={said['right']}"]
        with (robot.logs / "vive.log").open("wb") as log:
            node = subprocess.Popen(argv, env=environment, stdout=log, stderr=log)
        try:
            # Its grip goes down and up by itself, and its controller moves on a circle.
            robot.until(lambda: robot.mapping["owner"] == "vive/right", "the Vive's grip takes the clutch")
            targets = len(robot.targets)
            robot.until(lambda: len(robot.targets) > targets + 10, "the arm is told to follow")
        finally:
            node.send_signal(signal.SIGTERM)
            node.wait(10)
            vive.send_signal(signal.SIGTERM)


def test_the_arm_holds_when_the_mapping_dies(robot: TeleopBringup) -> None:
    hand = Hand(robot)
    hand.take()
    process = robot.processes.pop("teleop_mapping")
    process.kill()
    process.wait()
    robot.until(lambda: robot.driver["state"] == "hold", "the driver holds")
