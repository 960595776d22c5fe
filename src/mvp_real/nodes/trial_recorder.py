"""One MCAP file per trial with the topics of a demonstration: camera images, joints, targets."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

from mvp_real.demos.writer import EpisodeWriter
from mvp_real.evaluation.protocol import Trial
from mvp_real.evaluation.trials import TrialRecord
from mvp_real.messages import Frame, JointReading, JointTarget
from mvp_real.tasks.pick_fruit import setup_to_dict


class TrialRecorder:
    """Writes what it is handed between `begin` and `end`; calls may come from two threads.

    Args:
        folder: Where `<subject>_<scene>_<placement>.mcap` go; an older file of the same trial is replaced.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: EpisodeWriter | None = None
        self._stamps: set[float] = set()
        self._lock = threading.Lock()

    def begin(self, trial: Trial) -> None:
        """Open the file of a trial."""
        setup = trial.setup.setup
        name = f"{trial.subject.label}_{setup.scene}_{trial.setup.name}"
        path = self._folder / f"{name}.mcap"
        metadata = {
            "id": name,
            "task": "pick_fruit",
            "robot": "sim",
            "policy": trial.subject.bundle,
            "policy_sha256": trial.subject.digest,
            "setup": setup_to_dict(setup),
        }
        with self._lock:
            path.unlink(missing_ok=True)
            self._stamps.clear()
            # A trial can be run again, so it is not worth a disk sync per message.
            self._writer = EpisodeWriter(path, metadata, durable=False)

    def image(self, frame: Frame) -> None:
        """Record an image of the wrist camera, once: lock-step may send it again."""
        with self._lock:
            if self._writer is not None and frame.stamp not in self._stamps:
                self._stamps.add(frame.stamp)
                self._writer.image(frame)

    def joints(self, reading: JointReading) -> None:
        """Record measured joints."""
        with self._lock:
            if self._writer is not None:
                self._writer.joint_states(reading)

    def target(self, target: JointTarget) -> None:
        """Record a target."""
        with self._lock:
            if self._writer is not None:
                self._writer.joint_target(target)

    def end(self, record: TrialRecord) -> None:
        """Close the file with the outcome."""
        with self._lock:
            if self._writer is not None:
                outcome = dataclasses.asdict(record)
                self._writer.close({"success": record.success, "steps": record.steps, "trial": outcome})
                self._writer = None

    def discard(self) -> None:
        """Drop a trial that was interrupted."""
        with self._lock:
            if self._writer is not None:
                self._writer.discard()
                self._writer = None
