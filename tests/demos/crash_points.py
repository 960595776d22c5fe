"""Recordings that end at random points: a writer killed with SIGKILL, a file cut at any byte.

Run all of them with: python benchmarks/recorder_crash.py --points 200
"""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from mcap.reader import make_reader

from mvp_real.demos.cdr import CdrEncoder
from mvp_real.demos.episode_file import EpisodeFile
from mvp_real.demos.mcap_stream import raw_records
from mvp_real.demos.message_definitions import COMPRESSED_IMAGE, DEFINITIONS, JOINT_STATE
from mvp_real.demos.repair import repair
from mvp_real.errors import MvpRealError

IMAGE_EVERY = 5


@dataclass(frozen=True)
class CrashPoint:
    """What one crash left.

    Attributes:
        kind: "kill", "cut" or "zeros" (cut, and the rest of the block zero, as a power cut leaves it).
        written: Messages that were whole when it happened.
        readable: Messages that can be read, without repair.
        repaired: Messages that the repaired file's index counts.
        intact: Every readable message is bit by bit what was written, in order.
    """

    kind: str
    written: int
    readable: int
    repaired: int
    intact: bool

    @property
    def passed(self) -> bool:
        """Everything whole is there, before and after the repair; one more is the message that was in flight."""
        kept = self.written <= self.readable <= self.written + 1
        return kept and self.repaired == self.readable and self.intact


def message(number: int) -> tuple[str, str, bytes]:
    """Topic, type and content of message `number`: mostly joints, now and then an image of 40 to 120 kB."""
    source = random.Random(number)
    encoder = CdrEncoder().header(number, f"message {number}")
    if number % IMAGE_EVERY:
        encoder.texts([f"joint{i}" for i in range(8)]).doubles([source.random() for _ in range(8)])
        return "joint_states", JOINT_STATE, encoder.doubles([]).doubles([]).finish()
    content = source.randbytes(source.randint(40_000, 120_000))
    return "wrist_camera/image/compressed", COMPRESSED_IMAGE, encoder.text("jpeg").octets(content).finish()


def write(episode: EpisodeFile, number: int) -> None:
    """Append message `number`."""
    topic, kind, data = message(number)
    episode.write(topic, kind, DEFINITIONS[kind], data, number)


def killed(folder: Path, seed: int) -> CrashPoint:
    """Kill a process that records as fast as it can, at a random moment."""
    path = folder / f"kill_{seed:03d}.mcap"
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _record_until_killed(path, writer)
    os.close(writer)
    os.read(reader, 1)  # it has begun
    time.sleep(random.Random(seed).uniform(0.0, 0.25))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    written = 1
    while chunk := os.read(reader, 65536):
        written += len(chunk)
    os.close(reader)
    return _look("kill", path.with_suffix("").with_name(f"{path.stem}.partial.mcap"), written)


def _record_until_killed(path: Path, pipe: int) -> NoReturn:
    try:
        episode = EpisodeFile(path, {"id": path.stem}, durable=False, compression="none")
        number = 0
        while True:
            write(episode, number)
            os.write(pipe, b".")  # only what is acknowledged here counts as written
            number += 1
    finally:
        os._exit(1)


def recording(folder: Path, messages: int) -> tuple[bytes, list[int]]:
    """A finished recording and the length of the file after each of its messages."""
    path = folder / "whole.mcap"
    ends = []
    with EpisodeFile(path, {"id": "whole"}, durable=False, compression="none") as episode:
        for number in range(messages):
            write(episode, number)
            ends.append(episode.size)
        episode.close({"success": True})
    return path.read_bytes(), ends


def cut(folder: Path, seed: int, content: bytes, ends: list[int]) -> CrashPoint:
    """Cut a recording at a random byte, every other time followed by zeros."""
    source = random.Random(seed)
    where = source.randint(ends[0], len(content) - 1)
    zeros = source.randint(1, 8192) if seed % 2 else 0
    path = folder / f"cut_{seed:03d}.partial.mcap"
    path.write_bytes(content[:where] + bytes(zeros))
    return _look("zeros" if zeros else "cut", path, sum(end <= where for end in ends))


def _look(kind: str, path: Path, written: int) -> CrashPoint:
    data = [record.data for record in raw_records(path) if type(record).__name__ == "Message"]
    intact = all(found == message(number)[2] for number, found in enumerate(data))
    repaired = 0
    try:
        report = repair(path)
        with report.path.open("rb") as stream:
            summary = make_reader(stream).get_summary()
        if summary is not None and summary.statistics is not None:
            repaired = summary.statistics.message_count
        report.path.unlink()
    except MvpRealError:
        path.unlink()
    return CrashPoint(kind, written, len(data), repaired, intact)
