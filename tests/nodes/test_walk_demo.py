"""The whole system as a user starts it: tours, results, video, log and its replay, refusals, the keyboard."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

for module in ("rclpy", "nav_msgs", "mujoco", "onnxruntime", "onnx"):
    pytest.importorskip(module)

from mvp_real.control.locomotion.spaces import OBSERVATION  # noqa: E402
from mvp_real.control.locomotion.tick_log import load_ticks, replay  # noqa: E402
from mvp_real.inference.locomotion import LocomotionSession  # noqa: E402

from ..own_domain import free_domain  # noqa: E402
from .live_graph import PATIENCE  # noqa: E402
from .walk_bundles import write_walk_bundles  # noqa: E402

pytestmark = [pytest.mark.nodes, pytest.mark.slow]


@pytest.fixture(scope="module")
def walk_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_walk_bundles(tmp_path_factory.mktemp("models"))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mvp_real", "up", "digit_walk", *arguments]


def environment(models: Path) -> dict[str, str]:
    return {**os.environ, "ROS_DOMAIN_ID": str(free_domain()), "MVP_REAL_MODELS": str(models)}


def walk(models: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), env=environment(models), capture_output=True, text=True, timeout=600, check=False
    )


@pytest.mark.render
def test_a_tour_leaves_results_video_still_and_a_log_that_can_be_replayed(
    walk_models: Path, tmp_path: Path
) -> None:
    pytest.importorskip("imageio_ffmpeg")
    tour = tmp_path / "short.yaml"
    tour.write_text("- {seconds: 1.0}\n- {seconds: 2.0, forward: 0.5}\n")
    log = tmp_path / "log.npz"
    done = walk(
        walk_models, "bundle:=gait", f"tour:={tour}", "hoist:=hold", "speed:=lockstep",
        f"out:={tmp_path / 'out'}", f"log:={log}",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert re.search(r"short: 3\.0 s, 0\.\d\d m; .*0 falls", done.stdout), done.stdout

    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results["walk"]["falls"] == 0
    assert results["walk"]["stop"] == ""
    assert [stretch["command"][0] for stretch in results["walk"]["stretches"]] == [0.0, 0.5]
    assert len(results["bundle_sha256"]) == 64

    import imageio_ffmpeg

    frames = imageio_ffmpeg.read_frames(str(tmp_path / "out" / "video.mp4"))
    size = next(frames)["size"]
    pictures = [np.frombuffer(frame, np.uint8).reshape(size[1], size[0], 3) for frame in frames]
    assert size == (960, 480)
    assert len(pictures) >= 75, "25 frames per simulated second"
    assert np.abs(pictures[40].astype(int) - pictures[50]).mean() > 0.3, "something moves"
    assert (tmp_path / "out" / "still.png").stat().st_size > 50_000

    ticks = load_ticks(log)
    assert len(ticks) >= 16 + 25 + 150
    assert [tick.fresh for tick in ticks].count(True) == 1
    assert np.allclose(np.diff([tick.stamp for tick in ticks]), 0.02), "in lock-step no tick is missed"
    told = np.array([tick.observation[OBSERVATION["command"]][0] for tick in ticks])
    assert told.max() == pytest.approx(0.5)
    actions = replay(ticks, LocomotionSession(walk_models / "gait"))
    np.testing.assert_array_equal(actions, [tick.action for tick in ticks], "bit for bit on one machine")


def test_a_fall_is_counted_and_named(walk_models: Path, tmp_path: Path) -> None:
    """A standing posture cannot carry the robot: the hoist lowers, and it falls."""
    done = walk(
        walk_models, "bundle:=still", "tour:=stand", "speed:=lockstep", "video:=false", f"out:={tmp_path}"
    )
    assert done.returncode == 0, done.stdout
    assert "1 fall; ended by: the base is" in done.stdout
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert results["walk"]["falls"] == 1
    assert results["walk"]["seconds"] < 5.0


def test_a_network_gone_wrong_ends_the_walk(walk_models: Path, tmp_path: Path) -> None:
    done = walk(walk_models, "bundle:=nan", "speed:=lockstep", "video:=false", f"out:={tmp_path}")
    assert done.returncode == 2, done.stdout
    assert "the policy did not get the robot: action is not finite at entry 0" in done.stdout


def test_a_wild_network_is_kept_within_the_limits(walk_models: Path, tmp_path: Path) -> None:
    tour = tmp_path / "short.yaml"
    tour.write_text("- {seconds: 1.0}\n")
    log = tmp_path / "log.npz"
    done = walk(
        walk_models, "bundle:=wild", f"tour:={tour}", "hoist:=hold", "speed:=lockstep", "video:=false",
        f"out:={tmp_path / 'out'}", f"log:={log}",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    ticks = load_ticks(log)
    assert max(np.abs(tick.action).max() for tick in ticks) == 50.0
    assert max(np.abs(tick.sent).max() for tick in ticks) < 10.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("bundle:=foreign",),
            "was trained with motors[0] right_elbow, the robot description has left_hip_roll",
        ),
        (("bundle:=altered",), "does not match the digest in its card"),
        (("bundle:=gait", "tour:=sqare"), "did you mean square"),
        (("bundle:=gait", "terrain:=stairs"), "unknown terrain 'stairs'"),
        (("bundle:=gait", "teleop:=gamepad", "operator:=none"), "is it plugged in?"),
        (("bundle:=gait", "teleop:=keyboard", "operator:=none"), "the keyboard needs a terminal"),
    ],
)
def test_what_cannot_work_ends_the_system_with_the_reason(
    walk_models: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = subprocess.run(
        command(f"out:={tmp_path}", "video:=false", *arguments),
        env=environment(walk_models), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout
    assert message in done.stdout
    assert "Traceback" not in done.stdout


class Terminal:
    """`mvp_real up` in a terminal of its own, and a hand on its keyboard."""

    def __init__(self, models: Path, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        self._output, write = os.pipe()
        self.process = subprocess.Popen(
            command(*arguments), env=environment(models), stdin=slave, stdout=write, stderr=write,
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        os.close(write)
        self.output = ""

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def until(self, text: str, held: str = "") -> None:
        """Read until a text appears, holding a key meanwhile, which repeats ten times a second."""
        deadline = time.monotonic() + 2 * PATIENCE
        while text not in self.output:
            assert time.monotonic() < deadline, f"'{text}' did not appear in:\n{self.output}"
            if held:
                self.press(held)
            assert self.read(0.1), f"ended before '{text}' appeared:\n{self.output}"

    def read(self, patience: float) -> bool:
        """Take what is printed within this time; False at the end of all output."""
        ready, _, _ = select.select([self._output], [], [], patience)
        data = os.read(self._output, 1 << 16) if ready else b""
        self.output += data.decode(errors="replace")
        return bool(data) or not ready

    def wait(self) -> int:
        """Read on to the end and return the exit code."""
        deadline = time.monotonic() + 2 * PATIENCE
        while self.read(0.1):
            assert time.monotonic() < deadline, self.output
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        os.close(self._output)
        os.close(self.master)


def test_a_keyboard_in_the_terminal_steers_and_its_deadman_switch_stops(
    walk_models: Path, tmp_path: Path
) -> None:
    terminal = Terminal(
        walk_models, "bundle:=gait", "teleop:=keyboard", "hoist:=hold", "speed:=0.5", "video:=false",
        f"out:={tmp_path}",
    )  # fmt: skip
    try:
        terminal.until("hold SPACE: dead-man switch")
        terminal.until("playing the operator")
        assert "idle -> shadow" not in terminal.output, "nobody holds the switch yet"
        terminal.until("walking: tour free", held=" ")
        terminal.until("forward +0.20 m/s", held="w")
        terminal.until("turn +0.30 rad/s", held="a")
        terminal.until("switch RELEASED")  # no key any more
        terminal.until("walking -> stopped: the dead-man switch is not held")
        terminal.until("free: ")
        assert terminal.wait() == 0
    finally:
        terminal.close()
    assert "ended by: the dead-man switch is not held" in terminal.output
    assert "Traceback" not in terminal.output


def test_leaving_with_q_ends_the_system_and_keeps_the_results(walk_models: Path, tmp_path: Path) -> None:
    terminal = Terminal(
        walk_models, "bundle:=gait", "teleop:=keyboard", "hoist:=hold", "speed:=0.5", "video:=false",
        f"out:={tmp_path}",
    )  # fmt: skip
    try:
        terminal.until("walking: tour free", held=" ")
        terminal.until("forward +0.10 m/s", held="w")
        terminal.press("q")
        assert terminal.wait() == 0
    finally:
        terminal.close()
    assert (tmp_path / "results.json").is_file()
