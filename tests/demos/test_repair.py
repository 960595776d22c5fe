"""A recording cut anywhere keeps every message that was whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader

from mvp_real.demos import topics
from mvp_real.demos.mcap_stream import raw_records
from mvp_real.demos.reader import read_demonstration
from mvp_real.demos.repair import repair
from mvp_real.demos.writer import EpisodeWriter
from mvp_real.errors import MvpRealError
from mvp_real.messages import Feature, Frame, JointReading, JointTarget

from .conftest import MESSAGES_PER_STEP, NAMES, write_steps

STEPS = 5


class Recording:
    """A finished episode with the file length after each step; a class, to keep failure reports short."""

    def __init__(self, content: bytes, lengths: list[int]) -> None:
        self.content = content
        self.lengths = lengths

    def whole_steps(self, length: int) -> int:
        """Steps that lie wholly within the first `length` bytes."""
        return sum(end <= length for end in self.lengths)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path = tmp_path_factory.mktemp("episode") / "demo.mcap"
    writer = EpisodeWriter(path, {"id": "demo"}, durable=False)
    lengths = []
    for step in range(STEPS):
        write_one(writer, step)
        lengths.append(writer.partial_path.stat().st_size)
    writer.close({"success": True})
    return Recording(path.read_bytes(), lengths)


def write_one(writer: EpisodeWriter, step: int) -> None:
    stamp = 0.2 * step
    image = np.random.default_rng(step).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    writer.image(Frame(image, stamp, step))
    writer.joint_states(JointReading(NAMES, np.full(8, 0.1), None, stamp))
    writer.feature(Feature(np.zeros((1, 7), dtype=np.float32), stamp))
    writer.joint_target(JointTarget(NAMES, np.full(8, 0.1), stamp, 0.2), topics.CLEAN_TARGET)
    writer.joint_target(JointTarget(NAMES, np.full(8, 0.1), stamp, 0.2))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fraction=st.floats(0.0, 1.0), zeros=st.integers(0, 4096))
@example(fraction=0.78826, zeros=17)  # the last record's header is whole, its content is zeros
def test_every_step_before_a_cut_survives(
    recording: Recording, tmp_path: Path, fraction: float, zeros: int
) -> None:
    """`zeros` stands for the blocks that a power cut leaves allocated but unwritten."""
    content = recording.content
    cut = int(fraction * len(content))
    path = tmp_path / "cut.mcap"
    path.write_bytes(content[:cut] + bytes(zeros if cut < len(content) else 0))
    whole = recording.whole_steps(cut)
    try:
        kept = len(read_demonstration(path))
    except MvpRealError:
        kept = 0
    # One more step than bytes promise: the index of its last message may be what the cut took.
    assert whole <= kept <= whole + 1
    if kept == 0:
        return
    report = repair(path)
    assert report.messages >= MESSAGES_PER_STEP * whole
    with report.path.open("rb") as stream:
        summary = make_reader(stream).get_summary()
        assert summary is not None
        assert summary.statistics is not None
        assert summary.statistics.message_count == report.messages
    assert len(read_demonstration(report.path)) == kept


def test_zeros_anywhere_in_the_last_record_do_not_count_as_an_outcome(
    recording: Recording, tmp_path: Path
) -> None:
    path = tmp_path / "cut.mcap"
    for cut in range(recording.lengths[-1], recording.lengths[-1] + 60):
        path.write_bytes(recording.content[:cut] + bytes(4096))
        demo = read_demonstration(path)
        assert len(demo) == STEPS
        assert demo.metadata.get("outcome", {"success": True}) == {"success": True}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_in_the_middle_keeps_what_came_before(
    recording: Recording, tmp_path: Path, data: st.DataObject
) -> None:
    position = data.draw(st.integers(recording.lengths[0], recording.lengths[-1] - 1))
    damaged = bytearray(recording.content)
    damaged[position] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "damaged.mcap"
    path.write_bytes(bytes(damaged))
    whole = recording.whole_steps(position)
    demo = read_demonstration(path)
    assert len(demo) >= whole
    frames = list(demo.frames)
    for step in range(whole):
        expected = np.random.default_rng(step).integers(0, 255, (24, 32, 3), dtype=np.uint8)
        np.testing.assert_array_equal(frames[step], expected)


def test_repair_finishes_a_partial_recording(tmp_path: Path) -> None:
    with EpisodeWriter(tmp_path / "run.mcap", {"id": "run", "scene": "plain"}, durable=False) as writer:
        write_steps(writer, 4)
    torn = tmp_path / "run.partial.mcap"
    torn.write_bytes(torn.read_bytes()[:-60])
    report = repair(torn)
    assert report.path == tmp_path / "run.mcap"
    assert report.messages == 4 * MESSAGES_PER_STEP - 1
    assert report.lost_bytes > 0
    assert not report.was_complete
    assert not torn.exists()
    demo = read_demonstration(report.path)
    assert len(demo) == 3
    assert demo.metadata["scene"] == "plain"
    assert demo.metadata["outcome"]["success"] is None


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.mcap"
    path.write_text("hello, this is not a recording")
    with pytest.raises(MvpRealError, match="not an MCAP file"):
        list(raw_records(path))
    with pytest.raises(MvpRealError, match="not an MCAP file"):
        repair(path)
    with pytest.raises(MvpRealError, match="no recording"):
        list(raw_records(tmp_path / "absent.mcap"))
    assert list(tmp_path.iterdir()) == [path]


def test_a_complete_recording_stays_as_it_is(tmp_path: Path) -> None:
    with EpisodeWriter(tmp_path / "run.mcap", {"id": "run"}, durable=False) as writer:
        write_steps(writer, 3)
        path = writer.close({"success": True})
    before = path.read_bytes()
    report = repair(path)
    assert report.was_complete
    assert report.messages == 3 * MESSAGES_PER_STEP
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
