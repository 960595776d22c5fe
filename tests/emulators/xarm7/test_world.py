"""The room around the emulated arm: resets, outcome, pictures, and who may touch the scene."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("mujoco")

from mvp_real.emulators.fault_socket import FaultClient, parse_address
from mvp_real.emulators.frame_stream import FrameClient, FrameServer
from mvp_real.emulators.xarm7 import world as world_module
from mvp_real.emulators.xarm7.world_socket import WorldClient
from mvp_real.errors import MvpRealError
from mvp_real.systems.environment import system_environment
from mvp_real.tasks.pick_fruit import evaluation_setups, setup_to_dict
from mvp_real.tasks.pick_fruit_world import PickFruitWorld

from .running import PORT, free_address, running, until


def test_time_of_an_episode_begins_when_the_arm_may_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world_module, "HANDS_OFF", 0.1)
    with running("pick_fruit") as box:
        assert box.world.reset(evaluation_setups("plain")[3]) == 1
        assert box.world.state()["time"] == 0.0
        with box.box.lock:
            box.box.enable_motion(8, True)
            box.box.set_mode(1)
            box.box.set_state(0)
        until(lambda: box.world.state()["time"] > 0.2, "time runs")
        with pytest.raises(MvpRealError, match="disable it before"):
            box.world.reset(evaluation_setups("plain")[0])
        with box.box.lock:
            box.box.set_state(4)
        assert box.world.reset(evaluation_setups("plain")[0]) == 2
        state = box.world.state()
        assert state["time"] == 0.0
        assert state["setup"] == setup_to_dict(evaluation_setups("plain")[0])
        assert not state["outcome"]["done"]


@pytest.mark.render
def test_pictures_are_those_of_the_simulator() -> None:
    setup = evaluation_setups("varied")[5]
    frames = FrameServer()
    with running("pick_fruit", frames=frames, camera_rate=20.0) as box:
        box.world.reset(setup)
        client = FrameClient(frames.host, frames.port)
        frame = client.read(10.0)
        assert frame is not None
        later = client.read(10.0)
        assert later is not None
        assert later.sequence > frame.sequence
        assert later.stamp > frame.stamp
        client.close()
    frames.close()
    reference = PickFruitWorld(scene_camera=False)
    reference.reset(setup)
    expected = reference.wrist_image().astype(int)
    reference.close()
    assert np.mean(np.abs(later.image.astype(int) - expected)) < 1.0


def test_the_command_prints_its_addresses_and_ends_on_a_signal() -> None:
    arguments = ["--host", free_address(), "--port", str(PORT), "--world", ":0", "--scene", "pick_fruit"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mvp_real.emulators.xarm7.command", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=system_environment(dict(os.environ)),
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] is True
        assert ready["port"] == PORT
        faults = FaultClient(*parse_address(ready["faults"]))
        assert faults.set("error", 31) == {"error": 31.0}
        world = WorldClient(*parse_address(ready["world"]))
        assert world.reset(setup_to_dict(evaluation_setups("plain")[1])) == 1
        world.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
