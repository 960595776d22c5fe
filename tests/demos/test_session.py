"""A recording session without ROS: what becomes of episodes, sets, images and streams."""

from __future__ import annotations

import errno
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from mvp_real.demos import topics
from mvp_real.demos.cdr import CdrEncoder
from mvp_real.demos.durable_file import DurableFile
from mvp_real.demos.episode_set import SET_ASIDE, EpisodeSet
from mvp_real.demos.image_codec import image_array, parse_image
from mvp_real.demos.mcap_stream import DecodedMessage, decoded_records
from mvp_real.demos.message_definitions import DEFINITIONS, IMAGE, JOINT_STATE, JOINT_TRAJECTORY
from mvp_real.demos.reader import read_demonstration
from mvp_real.demos.recording import Recording
from mvp_real.demos.repair import repair
from mvp_real.demos.session import RecordingSession, SessionState
from mvp_real.demos.sync_report import sync_report
from mvp_real.errors import MvpRealError

MS = 1_000_000
NAMES = (*(f"joint{i}" for i in range(1, 8)), "gripper")
ABOUT = {"task": "reach", "robot": "xarm7"}


def image(stamp: int, shade: int = 0) -> bytes:
    x = np.linspace(0, 200, 64, dtype=np.uint8)
    pixels = np.stack([np.broadcast_to(x + shade, (48, 64))] * 3, axis=-1)
    message = CdrEncoder().header(stamp, "camera").unsigned(48).unsigned(64).text("rgb8").unsigned_byte(0)
    return message.unsigned(192).octets(pixels.tobytes()).finish()


def joints(stamp: int, angle: float) -> bytes:
    message = CdrEncoder().header(stamp, "").texts(NAMES).doubles([angle] * 7 + [1.0])
    return message.doubles([]).doubles([]).finish()


def target(stamp: int, angle: float, duration: int) -> bytes:
    message = CdrEncoder().header(stamp, "").texts(NAMES).unsigned(1).doubles([angle] * 7 + [0.0])
    return message.doubles([]).doubles([]).doubles([]).time(duration).finish()


class Robot:
    """Streams of a robot on a clock of the test: joints at 100 Hz, images at 30 Hz, targets at 50 Hz."""

    def __init__(self, session: RecordingSession) -> None:
        self.session, self.now = session, 0  # ms
        self.camera = True

    def run(self, milliseconds: int, lose: range = range(0)) -> None:
        for now in range(self.now + 10, self.now + milliseconds + 1, 10):
            self.now = now
            stamp, seconds = self.now * MS, self.now / 1000
            received = stamp + 8 * MS
            offer = self.session.offer
            kind = JOINT_STATE
            offer("joint_states", kind, DEFINITIONS[kind], joints(stamp, 0.1 * seconds), received, seconds)
            if self.now % 20 == 0:
                data = target(stamp, 0.1 * seconds + 0.02, 20 * MS)
                offer(
                    "joint_target", JOINT_TRAJECTORY, DEFINITIONS[JOINT_TRAJECTORY], data, received, seconds
                )
            if self.now % 40 == 0 and self.camera and self.now not in lose:
                offer("wrist_camera/image", IMAGE, DEFINITIONS[IMAGE], image(stamp), received, seconds)
            self.session.watch(seconds)

    def do(self, command: str) -> str:
        return self.session.command(command, self.now / 1000)


@pytest.fixture
def robot(tmp_path: Path) -> Iterator[Robot]:
    session = RecordingSession(EpisodeSet.open(tmp_path / "set", ABOUT), dict, free_space=1)
    yield Robot(session)
    session.close(1e9)


def test_only_judged_episodes_count_and_nothing_is_lost(robot: Robot) -> None:
    folder = robot.session.episodes.folder
    robot.run(200)
    robot.do("start")
    with pytest.raises(MvpRealError, match="is being recorded"):
        robot.do("start")
    robot.run(2000)
    robot.do("stop")
    with pytest.raises(MvpRealError, match="waits for its verdict"):
        robot.do("start")
    robot.run(300)  # not recorded any more
    assert "number 1" in robot.do("success")
    robot.do("start")
    robot.run(400)
    robot.do("discard")
    robot.do("start")
    robot.run(400)
    robot.session.close(robot.now / 1000)
    assert [path.name for path in folder.glob("*.mcap")] == ["reach_000.mcap"]
    aside = {path.name: read_demonstration(path) for path in (folder / SET_ASIDE).iterdir()}
    assert aside["reach_001.mcap"].metadata["outcome"]["success"] is False
    assert aside["reach_002.mcap"].metadata["outcome"]["success"] is None
    with pytest.raises(MvpRealError, match="start one first"):
        robot.do("success")
    with pytest.raises(MvpRealError, match="discard"):
        robot.do("discart")


def test_streams_of_different_rates_become_control_steps(robot: Robot) -> None:
    robot.run(200)
    robot.do("start")
    robot.run(3000)
    robot.do("success")
    demo = read_demonstration(robot.session.episodes.accepted()[0])
    assert demo.joint_names == NAMES
    np.testing.assert_allclose(np.diff(demo.stamps), 0.2, atol=1e-9)
    assert len(demo) == 15
    np.testing.assert_allclose(demo.state[:, 0], 0.1 * demo.stamps, atol=1e-9)
    # The newest target due one period later was given 20 ms before that moment. The robot then stands still.
    expected = 0.1 * (demo.stamps + 0.18) + 0.02
    np.testing.assert_allclose(demo.clean[:-1, 0], expected[:-1], atol=1e-9)
    np.testing.assert_array_equal(demo.clean[:, 7], 0.0)
    np.testing.assert_array_equal(demo.state[:, 7], 1.0)
    pixels = parse_image(image(0)).pixels
    for frame in demo.frames:
        assert np.abs(frame.astype(int) - pixels).max() <= 4


def test_the_report_counts_gaps_ages_and_skew(robot: Robot) -> None:
    robot.run(200)
    robot.do("start")
    robot.run(1000)
    robot.run(400, lose=range(1240, 1330))
    robot.run(600)
    assert "LOOK" in robot.do("success")
    path = robot.session.episodes.accepted()[0]
    report = sync_report(path)
    camera = report.streams["wrist_camera/image"]
    lost = len([t for t in range(1240, 1330) if t % 40 == 0])
    assert camera.dropped == lost
    assert camera.longest_gap == pytest.approx(40 * (lost + 1))
    assert camera.rate == pytest.approx(25)
    assert camera.age_p95 == pytest.approx(8)
    assert camera.skew_max == 0
    assert report.streams["joint_states"].rate == pytest.approx(100)
    assert any("missing" in problem for problem in report.problems)
    assert read_demonstration(path).metadata["outcome"]["sync"]["streams"] == report.plain()["streams"]


def test_a_lost_camera_ends_the_episode(robot: Robot) -> None:
    robot.run(200)
    robot.do("start")
    robot.run(1000)
    robot.camera = False
    robot.run(1500)
    assert robot.session.state is SessionState.IDLE
    assert "wrist_camera/image lost" in robot.session.message
    with pytest.raises(MvpRealError, match="nothing comes on wrist_camera/image"):
        robot.do("start")
    kept = read_demonstration(robot.session.episodes.folder / SET_ASIDE / "reach_000.mcap")
    assert len(kept) >= 4


def test_an_episode_ends_before_the_disk_is_full(tmp_path: Path) -> None:
    session = RecordingSession(EpisodeSet.open(tmp_path / "set", ABOUT), dict, free_space=1)
    robot = Robot(session)
    robot.run(200)
    robot.do("start")
    robot.run(600)
    session._free_space = 10**18
    robot.run(100)
    assert session.state is SessionState.IDLE
    assert "MB free" in session.message
    assert (tmp_path / "set" / SET_ASIDE / "reach_000.mcap").is_file()
    with pytest.raises(MvpRealError, match="free space or choose another folder"):
        robot.do("start")


def test_a_disk_that_is_full_is_named_and_the_file_ends_with_a_whole_message(robot: Robot) -> None:
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    robot.run(200)
    robot.do("start")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        for _ in range(200):
            robot.run(100)
            if robot.session.state is SessionState.FAILED:
                break
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert robot.session.state is SessionState.FAILED
    assert "no space left" in robot.session.message
    (partial,) = robot.session.episodes.folder.glob("*.partial.mcap")
    assert 90_000 < partial.stat().st_size <= 100_000
    assert len(read_demonstration(partial)) >= 2
    robot.do("start")  # there is room again
    robot.run(400)
    robot.do("success")


def test_a_recording_belongs_to_its_recorder(robot: Robot) -> None:
    folder = robot.session.episodes.folder
    robot.run(200)
    robot.do("start")
    robot.run(1000)
    torn = next(folder.glob("*.partial.mcap"))
    for meddle in (lambda: EpisodeSet.open(folder, ABOUT), lambda: repair(torn), lambda: DurableFile(torn)):
        with pytest.raises(MvpRealError, match="is being recorded"):
            meddle()
    assert "number 1" in robot.do("success")
    assert len(read_demonstration(folder / "reach_000.mcap")) > 3
    assert EpisodeSet.open(folder, ABOUT).recovered == ()


def test_a_writer_that_dies_fails_the_episode(robot: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it dies of, and even where the disk takes nothing any more."""
    robot.run(200)
    robot.do("start")
    robot.run(400)

    def broken(data: bytes) -> None:
        raise RuntimeError("no such picture")

    monkeypatch.setattr("mvp_real.demos.recording.parse_image", broken)
    monkeypatch.setattr("os.fdatasync", Mock(side_effect=OSError(errno.EIO, "Input/output error")))
    deadline = time.monotonic() + 10.0
    while robot.session.state is not SessionState.FAILED and time.monotonic() < deadline:
        robot.run(40)
    assert robot.session.state is SessionState.FAILED
    assert (
        "RuntimeError: no such picture" in robot.session.message
        or "cannot be written" in robot.session.message
    )
    assert (
        "mvp_real demos repair" in robot.session.message
        or "everything before is kept" in robot.session.message
    )


def test_a_folder_that_cannot_be_written_is_named(robot: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    robot.run(200)
    refuse = OSError(errno.EROFS, "Read-only file system")
    monkeypatch.setattr("mvp_real.demos.durable_file.os.open", Mock(side_effect=refuse))
    with pytest.raises(MvpRealError, match=r"reach_000\.partial\.mcap' cannot be written: Read-only"):
        robot.do("start")
    assert robot.session.state is SessionState.IDLE


def test_what_the_disk_cannot_keep_up_with_is_counted(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.mcap", {}, queue_limit=30_000)
    accepted = sum(
        recording.offer("wrist_camera/image", IMAGE, DEFINITIONS[IMAGE], image(k * MS), k * MS)
        for k in range(400)
    )
    path = recording.finish({"success": True})
    assert recording.overflow == 400 - accepted > 0
    assert any("could not keep up" in problem for problem in recording.problems)
    found = [r for r in decoded_records(path) if isinstance(r, DecodedMessage)]
    assert len(found) == accepted


def test_lossless_images_come_back_bit_by_bit(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.mcap", {}, jpeg=False)
    recording.offer("wrist_camera/image", IMAGE, DEFINITIONS[IMAGE], image(5, 17), 9)
    path = recording.finish({"success": True})
    (message,) = (r for r in decoded_records(path) if isinstance(r, DecodedMessage))
    np.testing.assert_array_equal(image_array(message.content), parse_image(image(5, 17)).pixels)


def test_a_set_is_continued_and_refuses_what_does_not_belong(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    episodes = EpisodeSet.open(folder, ABOUT)
    first = Recording(episodes.next_path(), {"sampling": topics.ASYNCHRONOUS})
    first.offer("joint_states", JOINT_STATE, DEFINITIONS[JOINT_STATE], joints(0, 0.0), 0)
    torn = first.abandon()
    assert torn.name == "reach_000.partial.mcap"
    (folder / "reach_007.partial.mcap").write_bytes(b"")
    again = EpisodeSet.open(folder, ABOUT)
    assert [path.name for path in again.recovered] == ["reach_000.mcap"]
    assert sorted(path.name for path in (folder / SET_ASIDE).iterdir()) == [
        "reach_000.mcap",
        "reach_007.partial.mcap",
    ]
    assert again.next_path().name == "reach_008.mcap"
    with pytest.raises(MvpRealError, match="has task 'reach'"):
        EpisodeSet.open(folder, {**ABOUT, "task": "push"})
