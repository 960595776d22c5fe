"""Targets for files: cards, system graphs, robot tables, recorded episodes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from mvp_real.bundle import load_card
from mvp_real.demos import topics
from mvp_real.demos.reader import read_demonstration
from mvp_real.demos.writer import EpisodeWriter
from mvp_real.messages import Frame, JointReading, JointTarget
from mvp_real.resources import share_directory
from mvp_real.robots.allegro.table import read_hand
from mvp_real.robots.digit import read_digit
from mvp_real.robots.table import load_robot, read_robot
from mvp_real.systems.graph import read_system

from .target import Target, from_file


def episode(steps: int = 3) -> bytes:
    """A small complete recording."""
    names = load_robot("xarm7").joint_names
    with tempfile.TemporaryDirectory() as folder:
        writer = EpisodeWriter(Path(folder) / "episode.mcap", {"id": "fuzz"}, durable=False)
        for step in range(steps):
            stamp = 0.2 * step
            position = np.full(len(names), 0.01 * step)
            writer.image(Frame(np.full((4, 6, 3), 40 * step, np.uint8), stamp, step))
            writer.joint_states(JointReading(names, position, None, stamp))
            target = JointTarget(names, position + 0.01, stamp, 0.2)
            writer.joint_target(target, topics.CLEAN_TARGET)
            writer.joint_target(target)
        return writer.close({"success": True}).read_bytes()


def _read_episode(path: Path) -> int:
    demonstration = read_demonstration(path)
    return len(list(demonstration.frames))


def _files(pattern: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(share_directory().glob(pattern))]


FILES = {
    "episode": Target(
        "MCAP recordings of demonstrations",
        lambda: [episode()],
        from_file(_read_episode, "episode.mcap"),
    ),
    "card": Target(
        "cards of bundles",
        lambda: _files("models/*/card.yaml"),
        from_file(lambda path: load_card(path.parent, verify=False), "bundle/card.yaml"),
    ),
    "system": Target(
        "node graphs of systems",
        lambda: _files("config/systems/*.yaml"),
        from_file(read_system, "system.yaml"),
    ),
    "arm_table": Target(
        "facts about arms", lambda: _files("config/robots/xarm7.yaml"), from_file(read_robot, "robot.yaml")
    ),
    "digit_table": Target(
        "facts about Digit", lambda: _files("config/robots/digit.yaml"), from_file(read_digit, "digit.yaml")
    ),
    "hand_table": Target(
        "facts about the Allegro hand",
        lambda: _files("config/robots/allegro.yaml"),
        from_file(lambda path: read_hand(path, "v4"), "allegro.yaml"),
    ),
}
