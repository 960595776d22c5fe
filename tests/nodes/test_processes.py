"""Processes that die, refuse to start or are told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..own_domain import free_domain
from .bringup import Bringup
from .live_graph import PATIENCE, wait_until
from .test_faults import PERIOD, PHASE, SLACK, assert_holds_stops_and_disarms

pytestmark = [pytest.mark.nodes, pytest.mark.slow]


def test_a_killed_encoder_and_its_return(robot: Bringup) -> None:
    robot.moving()
    robot.kill("encoder")
    assert_holds_stops_and_disarms(robot, robot.last_feature, 0.1 + PHASE, "image is")
    robot.restart("encoder")
    robot.moving()


def test_a_killed_controller_and_its_return(robot: Bringup) -> None:
    robot.moving()
    robot.kill("controller")
    last = robot.targets[-1]
    held, reason = robot.entered(robot.driver, "hold")
    assert reason == "no command for 0.5 s"
    assert held - last <= 0.5 + PERIOD + SLACK
    robot.restart("controller")
    robot.moving()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_signals_end_a_node_cleanly(robot: Bringup, number: signal.Signals) -> None:
    robot.processes["encoder"].send_signal(number)
    assert robot.processes["encoder"].wait(PATIENCE) == 0
    assert "Traceback" not in robot.log("encoder")
    robot.restart("encoder")


def up(models: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mvp_real", "up", "pick_fruit", *arguments],
        env={**os.environ, "ROS_DOMAIN_ID": str(free_domain()), "MVP_REAL_MODELS": str(models)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def running(models: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """`mvp_real up` with every node ready, and the lines that it has printed."""
    process = up(models, "bundle:=turn", "operator:=none")
    lines: list[str] = []
    assert process.stdout is not None
    while sum("ready" in line for line in lines) < 2 or not any("simulator ready" in line for line in lines):
        line = process.stdout.readline()
        assert line, "".join(lines)
        lines.append(line)
    yield process, lines
    if process.poll() is None:
        process.kill()
        process.wait()


def pids_of(process: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children]


def test_ctrl_c_stops_the_system_cleanly(running: tuple[subprocess.Popen[str], list[str]]) -> None:
    process, _ = running
    pids = pids_of(process)
    assert len(pids) == 3
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in output
    assert "while stopping" not in output
    assert not any(map(alive, pids))


def test_a_dying_node_stops_the_rest_and_is_named(running: tuple[subprocess.Popen[str], list[str]]) -> None:
    process, _ = running
    victim = next(pid for pid in pids_of(process) if b"encoder" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(victim, signal.SIGKILL)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 137
    assert "required node 'encoder' was ended by SIGKILL; stopping the others" in output


def test_an_altered_bundle_is_refused(models: Path) -> None:
    process = up(models, "bundle:=altered", "operator:=none")
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "does not match the digest in its card" in output
    said = [line for line in output.splitlines() if line.startswith("[controller]")]
    assert len(said) == len(set(said)), "an error is said once"


def test_nodes_end_when_the_supervisor_is_killed(running: tuple[subprocess.Popen[str], list[str]]) -> None:
    process, _ = running
    pids = pids_of(process)
    process.kill()
    process.wait()
    wait_until(lambda: not any(map(alive, pids)), "the nodes have ended")


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but was not collected by its parent does not."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False
