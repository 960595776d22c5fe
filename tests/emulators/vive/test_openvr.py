"""The real openvr library on the stand-in runtime: poses, buttons, faults, and what the reader makes of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mvp_real.emulators.fault_board import FaultBoard
from mvp_real.emulators.fault_socket import FaultClient, parse_address
from mvp_real.emulators.vive.emulated_vive import FAULTS, LEFT_SERIAL, RIGHT_SERIAL, EmulatedVive, circles
from mvp_real.emulators.vive.runtime import build_runtime, write_registry
from mvp_real.emulators.vive.wire import DEVICES, OUT_OF_RANGE, SIZE, DeviceState, datagram
from mvp_real.geometry import rotation_from_quaternion
from mvp_real.teleop.openvr_controllers import FROM_OPENVR

pytest.importorskip("openvr")
pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="the stand-in runtime is built with g++")
PATIENCE = 60.0  # s


class World:
    """Devices that a test moves by hand."""

    def __init__(self, runtime: Path, folder: Path) -> None:
        self.state = list(circles(0.0))
        self.board = FaultBoard(FAULTS)
        self.vive = EmulatedVive(lambda seconds: self.state, self.board)
        self.registry = write_registry(folder, runtime, self.vive.port)

    def right(self, **changes: Any) -> None:
        self.state[2] = replace(self.state[2], **changes)


class Application:
    """A process that reads the controllers."""

    def __init__(self, registry: Path, *serials: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.emulators.vive.application", *serials],
            env=os.environ | {"VR_PATHREG_OVERRIDE": str(registry)},
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.greeting = self._line()

    def ask(self, question: str) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self._line()

    def until(self, question: str, wanted: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + PATIENCE
        while not wanted(reply := self.ask(question)):
            assert time.monotonic() < deadline, f"waited in vain; the last answer was {reply}"
            time.sleep(0.01)
        return reply

    def until_right(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        reply: dict[str, Any] = self.until("read", lambda r: wanted(r[RIGHT_SERIAL]))[RIGHT_SERIAL]
        return reply

    def end(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(PATIENCE)

    def _line(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_runtime(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def world(runtime: Path, tmp_path: Path) -> Iterator[World]:
    world = World(runtime, tmp_path)
    yield world
    world.vive.close()


@pytest.fixture
def application(world: World) -> Iterator[Application]:
    application = Application(world.registry, RIGHT_SERIAL)
    assert application.greeting == "ready"
    yield application
    assert application.end() == 0


def test_poses_and_velocities_arrive_in_ros_axes(world: World, application: Application) -> None:
    # 1 m to the right, 2 m up and 3 m ahead; pointing to the left: turned by 90 degrees about "up".
    turned = np.eye(4)
    turned[:3, :3] = rotation_from_quaternion(np.array([np.sqrt(0.5), 0.0, np.sqrt(0.5), 0.0]))
    turned[:3, 3] = 1.0, 2.0, -3.0
    world.right(pose=turned, velocity=np.array([0.1, 0.2, 0.3]), angular_velocity=np.array([0.0, 0.5, 0.0]))
    got = application.until_right(lambda r: "pose" in r and r["pose"][0][3] == 3.0)
    expected = np.eye(4)
    expected[:3, :3] = rotation_from_quaternion(np.array([np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)]))
    expected[:3, 3] = 3.0, -1.0, 2.0
    np.testing.assert_allclose(got["pose"], expected, atol=1e-6)
    np.testing.assert_allclose(got["linear"], [-0.3, -0.1, 0.2], atol=1e-6)
    np.testing.assert_allclose(got["angular"], [0.0, 0.0, 0.5], atol=1e-6)
    assert np.linalg.det(FROM_OPENVR) == pytest.approx(1.0)


def test_buttons_trigger_and_touchpad(world: World, application: Application) -> None:
    world.right(trigger=0.75, touchpad=(0.5, -0.25), buttons=frozenset({"grip", "menu"}))
    got = application.until_right(lambda r: r.get("trigger") == 0.75)
    assert got["pressed"] == ["grip", "menu"]
    assert got["touchpad"] == [0.5, -0.25]
    world.right(trigger=1.0, touchpad=(0.0, 0.0), buttons=frozenset())
    assert application.until_right(lambda r: r.get("trigger") == 1.0)["pressed"] == ["trigger"]


def test_a_controller_is_followed_by_its_serial_number_not_its_index(
    world: World, application: Application
) -> None:
    at = application.until_right(lambda r: "pose" in r)["pose"]
    world.state[1], world.state[2] = world.state[2], world.state[1]
    time.sleep(0.1)
    for _ in range(20):
        assert application.ask("read")[RIGHT_SERIAL]["pose"] == at
    assert application.ask("devices") == {
        "EMULATED-HEADSET": "headset",
        LEFT_SERIAL: "controller",
        RIGHT_SERIAL: "controller",
        "EMULATED-BASE": "base station",
    }


@pytest.mark.parametrize(
    ("fault", "text"),
    [("occlusion", "in sight of a base station"), ("drop", "not connected"), ("silence", "not connected")],
)
def test_no_pose_is_given_out_while_there_is_none(
    world: World, application: Application, fault: str, text: str
) -> None:
    application.until_right(lambda r: "pose" in r)
    world.board.set(fault)
    reason = application.until_right(lambda r: "pose" not in r)["reason"]
    assert text in reason
    assert RIGHT_SERIAL in reason
    world.board.clear()
    application.until_right(lambda r: "pose" in r)


UNFIT: dict[str, dict[str, Any]] = {
    "invalid": {"valid": False},
    "out of range": {"result": OUT_OF_RANGE},
    "calibrating": {"result": 100},
    "not a number": {"pose": np.full((4, 4), np.nan)},
    "no rotation": {"pose": np.zeros((4, 4))},
    "a mirror": {"pose": np.diag([1.0, 1.0, -1.0, 1.0])},
    "huge": {"pose": np.full((4, 4), 1e30)},
    "infinite velocity": {"velocity": np.array([np.inf, 0.0, 0.0])},
}


def test_a_pose_that_is_not_plainly_valid_is_refused(world: World, application: Application) -> None:
    good = world.state[2]
    for what, changes in UNFIT.items():
        application.until_right(lambda r: "pose" in r)
        world.right(**changes)
        assert "reason" in application.until_right(lambda r: "reason" in r), what
        world.state[2] = good


def test_a_frozen_controller_stands_still_and_a_jump_moves_it_at_once(runtime: Path, tmp_path: Path) -> None:
    board = FaultBoard(FAULTS)
    vive = EmulatedVive(circles, board)
    application = Application(write_registry(tmp_path, runtime, vive.port), RIGHT_SERIAL)
    first = application.until_right(lambda r: "pose" in r)["pose"]
    application.until_right(lambda r: r["pose"] != first)
    board.set("freeze")
    application.until_right(lambda r: r["linear"] == [0.0, 0.0, 0.0])
    still = application.ask("read")[RIGHT_SERIAL]["pose"]
    for _ in range(10):
        time.sleep(0.02)
        assert application.ask("read")[RIGHT_SERIAL]["pose"] == still
    board.set("jump", 0.5)
    moved = application.until_right(lambda r: r["pose"] != still)["pose"]
    np.testing.assert_allclose(np.array(moved)[:3, 3] - np.array(still)[:3, 3], [0.0, -0.5, 0.0], atol=1e-6)
    assert application.end() == 0
    vive.close()


def test_an_absent_controller_is_named_with_those_that_are_there(world: World) -> None:
    application = Application(world.registry, "LHR-NOWHERE")
    reason = application.ask("read")["LHR-NOWHERE"]["reason"]
    assert reason == f"controller 'LHR-NOWHERE' is not connected; connected: {LEFT_SERIAL}, {RIGHT_SERIAL}"
    application.end()


def test_a_pulse_reaches_the_controller(world: World, application: Application) -> None:
    application.until_right(lambda r: "pose" in r)
    application.ask(f"pulse {RIGHT_SERIAL} 1500")
    deadline = time.monotonic() + PATIENCE
    while not world.vive.haptics:
        assert time.monotonic() < deadline, "no pulse came"
        time.sleep(0.01)
    assert list(world.vive.haptics) == [(2, 1500)]


def test_when_steamvr_ends_the_reader_says_so(world: World, application: Application) -> None:
    application.until_right(lambda r: "pose" in r)
    world.board.set("quit")
    application.until("read", lambda r: "SteamVR is ending" in r.get("error", ""))


def test_a_reading_takes_a_fraction_of_a_period(
    application: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    application.until_right(lambda r: "pose" in r)
    median = application.ask("calls 200")
    with capsys.disabled():
        print(f"\none reading: median {1000 * median:.3f} ms")
    assert median < 0.02


def test_without_an_emulator_and_without_steamvr_the_remedy_is_said(runtime: Path, tmp_path: Path) -> None:
    nobody = write_registry(tmp_path, runtime, 9)
    assert "start SteamVR" in Application(nobody, RIGHT_SERIAL).greeting["error"]
    assert "start SteamVR" in Application(tmp_path / "absent.vrpath", RIGHT_SERIAL).greeting["error"]


def test_foreign_datagrams_do_not_reach_the_application(world: World, application: Application) -> None:
    before = application.until_right(lambda r: "pose" in r)
    good = datagram(world.state, 1)
    foreign = [np.random.default_rng(size).bytes(size) for size in (0, 5, SIZE - 1, SIZE, SIZE + 1, 4000)]
    foreign += [good[:-1], good + b"\0", b"MVPX" + good[4:], good[:4] + b"\2" + good[5:]]
    foreign.append(
        good[:12] + (DEVICES + 1).to_bytes(4, "little") + good[16:]
    )  # more devices than there can be
    for junk in foreign:
        for client in list(world.vive._clients):
            world.vive._socket.sendto(junk, client)
        for _ in range(3):
            assert application.ask("read")[RIGHT_SERIAL] == before


def test_the_command_prints_what_to_export_and_takes_faults(runtime: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "mvp_real", "emulate", "vive", "--cache", str(runtime.parent)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    name, registry = ready["export"].split("=", 1)
    assert (ready["ready"], name) == (True, "VR_PATHREG_OVERRIDE")
    application = Application(Path(registry), ready["right"], ready["left"])
    application.until("read", lambda r: all("pose" in reading for reading in r.values()))
    FaultClient(*parse_address(ready["faults"])).set("occlusion")
    application.until("read", lambda r: all("reason" in reading for reading in r.values()))
    assert application.end() == 0
    process.terminate()
    assert process.wait(PATIENCE) == 0
    assert not Path(registry).exists()


def test_a_device_with_a_long_name_is_refused() -> None:
    with pytest.raises(Exception, match="more than 31 bytes"):
        DeviceState("x" * 32).pack()
