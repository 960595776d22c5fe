"""What can be tested: a locomotion bundle, the same with its history tampered with, or the open-loop gait."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvp_real.bundle import Card, load_card
from mvp_real.control.locomotion.gait_clock import GAIT_PERIOD
from mvp_real.control.locomotion.wiring import check_walking
from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.evaluation.locomotion.policies import ABOUT_HISTORY, HISTORIES, BundlePolicy, WalkPolicy
from mvp_real.evaluation.locomotion.results import SubjectNote
from mvp_real.inference.locomotion import LocomotionSession
from mvp_real.messages import FloatArray
from mvp_real.resources import model_directory
from mvp_real.robots.digit import load_digit
from mvp_real.tasks.digit.reference_gait import ReferenceGait

OPEN_LOOP = "reference_gait"


@dataclass(frozen=True)
class WalkSubject:
    """One row of a table.

    Attributes:
        label: Its name in trials and tables.
        directory: Locomotion bundle; None for the open-loop gait.
        card: The bundle's card.
        history: What it sees of the past, a key of `HISTORIES`.
        about: One sentence for the report.
    """

    label: str
    directory: Path | None
    card: Card | None
    history: str = "full"
    about: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the policy's ONNX file with what is done to its history; empty for the open-loop gait."""
        if self.card is None:
            return ""
        return self.card.model.sha256 + ("" if self.history == "full" else f":{self.history}")

    @property
    def gait_period(self) -> float:
        """Period of the policy's clock, s."""
        return (
            GAIT_PERIOD if self.card is None or self.card.walking is None else self.card.walking.gait_period
        )

    def policy(self) -> WalkPolicy:
        """The policy, loaded."""
        if self.directory is None:
            return OpenLoop()
        return BundlePolicy(LocomotionSession(self.directory), self.history)

    def note(self) -> SubjectNote:
        """Its entry in a report."""
        if self.card is None:
            about = self.about or "The gait that training starts from, without feedback."
            return SubjectNote(self.label, about, OPEN_LOOP, "", "none")
        about = f"{self.about or self.card.summary} {ABOUT_HISTORY[self.history]}".strip()
        return SubjectNote(self.label, about, self.card.name, self.card.model.sha256, self.history)


class OpenLoop:
    """Stepping in place after the clock, blind to everything else."""

    def __init__(self) -> None:
        self._gait = ReferenceGait()

    def __call__(
        self, observation: FloatArray, previous_action: FloatArray, reset: NDArray[np.bool_]
    ) -> FloatArray:
        """Actions (N, 36)."""
        return self._gait.action(observation)


def load_subject(name: str, label: str = "", about: str = "") -> WalkSubject:
    """The open-loop gait, or a bundle by name or folder, with its files checked.

    Args:
        name: "reference_gait", or a bundle; ":window_1", ":shuffled" or ":frozen" behind it tampers with its history.
        label: Its name in tables; by default that of the bundle with what is done to it.
        about: One sentence for the report.

    Raises:
        BundleError: No locomotion bundle, altered files, or one for another robot.
        MvpRealError: No such bundle or history; near names are suggested.
    """
    if name == OPEN_LOOP:
        return WalkSubject(label or OPEN_LOOP, None, None, "full", about)
    bundle, colon, history = name.rpartition(":")
    if not colon:
        bundle, history = name, "full"
    if history not in HISTORIES:
        raise unknown_name(f"history of '{bundle}'", history, HISTORIES)
    directory = model_directory(bundle)
    card = load_card(directory)
    check_walking(card, load_digit())
    suffix = "" if history == "full" else f"_{history}"
    return WalkSubject(label or card.name + suffix, directory, card, history, about)


def load_subjects(names: list[str]) -> list[WalkSubject]:
    """Subjects of a command line, each of them once.

    Raises:
        MvpRealError: None given, or two with the same label.
    """
    if not names:
        raise MvpRealError(
            f"nothing to evaluate; name at least one --bundle (a name, a folder, or '{OPEN_LOOP}'); with ':shuffled', "
            "':window_1' or ':frozen' behind it its history is tampered with"
        )
    subjects = [load_subject(name) for name in names]
    labels = [subject.label for subject in subjects]
    for label in labels:
        if labels.count(label) > 1:
            raise MvpRealError(f"two policies are called '{label}'; give each one once")
    return subjects
