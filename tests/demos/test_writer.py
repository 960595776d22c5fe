"""Episodes are complete, standard ROS 2 recordings, and survive a killed writer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

from mvp_real.demos import topics
from mvp_real.demos.reader import demonstration_paths, read_demonstration
from mvp_real.demos.writer import EpisodeWriter
from mvp_real.errors import MvpRealError
from mvp_real.messages import Frame

from .conftest import NAMES, write_steps


def test_a_foreign_reader_finds_profile_topics_types_and_times(
    make_demonstration: Callable[..., Path],
) -> None:
    path = make_demonstration(steps=4)
    with path.open("rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        assert reader.get_header().profile == "ros2"
        summary = reader.get_summary()
        assert summary is not None
        types = {c.topic: summary.schemas[c.schema_id].name for c in summary.channels.values()}
        assert types == {
            "/xarm7/wrist_camera/image": "sensor_msgs/msg/Image",
            "/xarm7/joint_states": "sensor_msgs/msg/JointState",
            "/xarm7/oracle/features": "sensor_msgs/msg/Image",
            "/xarm7/joint_target": "trajectory_msgs/msg/JointTrajectory",
            "/xarm7/expert/joint_target": "trajectory_msgs/msg/JointTrajectory",
        }
        assert {schema.encoding for schema in summary.schemas.values()} == {"ros2msg"}
        assert {channel.message_encoding for channel in summary.channels.values()} == {"cdr"}
        decoded = [
            (message.log_time, content)
            for _, _, message, content in reader.iter_decoded_messages(topics=["/xarm7/joint_target"])
        ]
        assert [time for time, _ in decoded] == [0, 200_000_000, 400_000_000, 600_000_000]
        assert decoded[1][1].joint_names == list(NAMES)
        assert decoded[1][1].points[0].time_from_start.nanosec == 200_000_000


def test_written_values_come_back(make_demonstration: Callable[..., Path]) -> None:
    demo = read_demonstration(
        make_demonstration(steps=6, scene="plain", placement={"fruit": "lime", "x": 0.4})
    )
    assert demo.complete
    assert demo.metadata["placement"] == {"fruit": "lime", "x": 0.4}
    assert demo.metadata["outcome"] == {"success": True}
    np.testing.assert_allclose(demo.stamps, 0.2 * np.arange(6))
    np.testing.assert_allclose(demo.state[:, 0], 0.01 * np.arange(6))
    np.testing.assert_array_equal(demo.state[:, 7], [1, 1, 1, 0, 0, 0])
    np.testing.assert_allclose(demo.opening, [1, 1, 1, 0.4, 0.4, 0.4])
    np.testing.assert_allclose(demo.executed - demo.clean, 0.002)
    assert demo.oracle is not None
    np.testing.assert_array_equal(demo.oracle[:, 3], np.arange(6))
    random = np.random.default_rng(0)
    for frame in demo.frames:
        np.testing.assert_array_equal(frame, random.integers(0, 255, (48, 64, 3), dtype=np.uint8))
    assert len(demo.frames) == 6


def test_an_unfinished_recording_is_no_demonstration(
    tmp_path: Path, make_demonstration: Callable[..., Path]
) -> None:
    finished = make_demonstration()
    with EpisodeWriter(tmp_path / "torn.mcap", {"id": "torn"}, durable=False) as writer:
        write_steps(writer, 3)
    assert demonstration_paths(tmp_path) == [finished]
    assert not read_demonstration(tmp_path / "torn.partial.mcap").complete


def test_a_discarded_recording_leaves_nothing(tmp_path: Path) -> None:
    writer = EpisodeWriter(tmp_path / "bad.mcap", {}, durable=False)
    write_steps(writer, 1)
    writer.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_loses_at_most_the_last_message(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        sys.path.insert(0, sys.argv[2])
        from demos.conftest import write_steps
        from mvp_real.demos.writer import EpisodeWriter
        writer = EpisodeWriter(Path(sys.argv[1]), {"id": "killed"}, durable=False)
        write_steps(writer, 7)
        print("written", flush=True)
        sys.stdin.read()
        """
    )
    tests = Path(__file__).resolve().parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "killed.mcap"), str(tests)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "written"
        os.kill(process.pid, signal.SIGKILL)
    demo = read_demonstration(tmp_path / "killed.partial.mcap")
    assert len(demo) == 7
    assert not demo.complete


def test_existing_demonstrations_are_not_overwritten(make_demonstration: Callable[..., Path]) -> None:
    path = make_demonstration()
    with pytest.raises(MvpRealError, match="exists"):
        EpisodeWriter(path, {})


def test_a_wrong_image_is_refused(tmp_path: Path) -> None:
    writer = EpisodeWriter(tmp_path / "demo.mcap", {}, durable=False)
    with pytest.raises(MvpRealError, match="uint8"):
        writer.image(Frame(np.zeros((4, 4, 3), dtype=np.float32), 0.0, 0))  # type: ignore[arg-type]
    writer.discard()


def test_topic_names_are_relative_to_the_robot() -> None:
    assert topics.full_name("xarm7", topics.JOINT_STATES) == "/xarm7/joint_states"
    assert topics.relative_name("/xarm7/wrist_camera/image") == "wrist_camera/image"
