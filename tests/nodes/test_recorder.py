"""The recorder as a process: episodes, verdicts, and what happens when camera, disk or power fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

from mvp_real.demos.reader import read_demonstration
from mvp_real.demos.repair import repair
from mvp_real.demos.sync_report import sync_report
from tests.nodes.live_graph import PATIENCE
from tests.nodes.recorder_bringup import RecorderBringup

pytestmark = [pytest.mark.nodes, pytest.mark.slow]
Bring = Callable[..., RecorderBringup]


@pytest.fixture
def bring(tmp_path: Path) -> Iterator[Bring]:
    running: list[RecorderBringup] = []

    def start(**parameters: object) -> RecorderBringup:
        for old in running:
            old.close()
        running.append(RecorderBringup(tmp_path / "set", tmp_path, **parameters))  # type: ignore[arg-type]
        return running[-1]

    yield start
    for robot in running:
        robot.close()


def test_a_session_of_good_and_bad_episodes_and_its_resumption(bring: Bring) -> None:
    robot = bring()
    robot.started()
    assert not robot.call("start")[0]
    robot.recorded(150)
    done, text = robot.call("stop")
    assert done
    assert "success or discard" in text
    done, text = robot.call("success")
    assert done
    assert "number 1 of the set" in text
    assert not robot.call("success")[0]

    # The operator's buttons: primary starts and judges, secondary discards.
    robot.press(2)
    robot.until(lambda: robot.status["state"] == "recording", "the button starts")
    robot.recorded(30)
    robot.press(3)
    robot.until(lambda: robot.status["state"] == "idle", "the button discards")
    robot.press(2)
    robot.until(lambda: robot.status["state"] == "recording", "the button starts again")
    robot.recorded(60)
    robot.press(2)
    robot.until(lambda: robot.status["accepted"] == 2, "the button accepts")
    robot.press(2, flicker=True)
    robot.recorded(60)
    assert (robot.status["state"], robot.status["accepted"]) == ("recording", 2), "one press counted twice"
    robot.press(3)
    robot.until(lambda: robot.status["state"] == "idle", "the button discards again")
    names = sorted(path.name for path in robot.folder.glob("*.mcap"))
    assert names == ["reach_000.mcap", "reach_002.mcap"]
    aside = sorted(path.name for path in (robot.folder / "set_aside").iterdir())
    assert aside == ["reach_001.mcap", "reach_003.mcap"]

    demo = read_demonstration(robot.folder / "reach_000.mcap")
    assert demo.metadata["task"] == "reach"
    assert demo.metadata["outcome"]["success"] is True
    assert len(demo.metadata["calibration_sha256"]["wrist_camera/camera_info"]) == 64
    assert len(demo) >= 4
    assert np.all(np.abs(np.diff(demo.stamps) - 0.2) < 0.1)
    # The target of the moment one period later: 0.2 s at 0.05 rad/s and the operator's lead of 0.05 rad, less 0.04 s.
    np.testing.assert_allclose((demo.clean - demo.state)[:, 0], 0.058, atol=0.01)
    for frame, stamp in zip(demo.frames, demo.stamps, strict=True):
        number = int(np.argmin(np.abs(np.array(robot.sent) - stamp * 1e9)))
        assert np.abs(frame.astype(int) - robot.picture(number)).mean() < 2.0

    code = robot.close()["recorder"]
    assert code == 0, robot.log("recorder")
    again = bring(episodes=3)
    again.started()
    again.recorded(40)
    again.call("success")
    assert again.processes["recorder"].wait(PATIENCE) == 0
    assert (again.folder / "reach_004.mcap").is_file()


def test_a_foreign_reader_finds_every_topic_with_its_type(bring: Bring) -> None:
    robot = bring(images="lossless")
    robot.until(lambda: robot.log("recorder").count("listening to") >= 6, "all topics are found")
    robot.started()
    robot.recorded(100)
    assert robot.call("success")[0]
    with (robot.folder / "reach_000.mcap").open("rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        summary = reader.get_summary()
        assert summary is not None
        types = {c.topic: summary.schemas[c.schema_id].name for c in summary.channels.values()}
        assert types["/xarm7/wrist_camera/image"] == "sensor_msgs/msg/Image"
        assert types["/xarm7/wrist_camera/camera_info"] == "sensor_msgs/msg/CameraInfo"
        assert types["/xarm7/joint_states"] == "sensor_msgs/msg/JointState"
        assert types["/xarm7/joint_target"] == "trajectory_msgs/msg/JointTrajectory"
        assert types["/xarm7/teleop"] == "sensor_msgs/msg/Joy"
        counts: dict[str, int] = {}
        for _, channel, _, content in reader.iter_decoded_messages():
            counts[channel.topic] = counts.get(channel.topic, 0) + 1
            if channel.topic == "/xarm7/teleop":
                assert content.header.frame_id in ("webxr/right", "webxr/left")
                assert list(content.buttons[:2]) == [1, 0]
            if channel.topic == "/xarm7/wrist_camera/image":
                stamp = content.header.stamp.sec * 10**9 + content.header.stamp.nanosec
                expected = robot.picture(robot.sent.index(stamp))
                np.testing.assert_array_equal(np.frombuffer(content.data, np.uint8), expected.ravel())
        assert counts == {
            summary.channels[i].topic: n for i, n in summary.statistics.channel_message_counts.items()
        }
    report = sync_report(robot.folder / "reach_000.mcap")
    assert (
        report.plain()["streams"]
        == read_demonstration(robot.folder / "reach_000.mcap").metadata["outcome"]["sync"]["streams"]
    )


def test_a_lost_camera_ends_the_episode_and_keeps_it(bring: Bring) -> None:
    robot = bring(lost_after=3.0)
    robot.started()
    robot.recorded(80)
    robot.camera = False
    robot.until(lambda: robot.status["state"] == "idle", "the episode ends")
    assert "wrist_camera/image lost" in robot.status["message"]
    done, text = robot.call("start")
    assert not done
    assert "nothing comes on wrist_camera/image" in text
    kept = read_demonstration(robot.folder / "set_aside" / "reach_000.mcap")
    assert kept.complete
    assert kept.metadata["outcome"]["success"] is None
    assert "lost" in kept.metadata["outcome"]["reason"]
    assert len(kept) >= 2
    robot.camera = True
    robot.started()
    robot.recorded(30)
    assert robot.call("success")[0]


def test_a_full_disk_is_said_and_costs_only_what_did_not_fit(bring: Bring) -> None:
    robot = bring(size_limit=400_000)
    robot.started()
    robot.until(lambda: robot.status["state"] == "failed", "the disk is full")
    assert "no space left" in robot.status["message"]
    assert "demos repair" in robot.status["message"]
    partial = robot.folder / "reach_000.partial.mcap"
    report = repair(partial)
    assert report.lost_bytes == 0
    assert report.messages > 50
    assert len(read_demonstration(report.path)) >= 2
    assert robot.close() == {"recorder": 0}


def test_a_killed_recorder_loses_nothing_that_was_written(bring: Bring) -> None:
    robot = bring()
    robot.started()
    robot.recorded(120)
    written = robot.status["messages"]
    robot.processes["recorder"].kill()
    robot.processes["recorder"].wait()
    robot.close()
    again = bring()
    again.until(lambda: "reach_000 was interrupted" in again.log("recorder"), "the torn episode is repaired")
    kept = again.folder / "set_aside" / "reach_000.mcap"
    with kept.open("rb") as stream:
        summary = make_reader(stream).get_summary()
        assert summary is not None
        assert summary.statistics is not None
        assert summary.statistics.message_count >= written
    again.started()
    assert again.status["episode"] in (None, "reach_001")
