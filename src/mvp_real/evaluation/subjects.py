"""What can be tested: a controller bundle with the encoder that its card names, or the scripted expert."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from mvp_real.bundle import ORACLE, BundleError, Card, load_card
from mvp_real.errors import MvpRealError
from mvp_real.evaluation.report import SubjectNote
from mvp_real.resources import model_directory

EXPERT = "expert"


@dataclass(frozen=True)
class Subject:
    """One row of a table.

    Attributes:
        label: Its name in trials and tables.
        directory: Controller bundle; None for the scripted expert.
        encoder: Encoder bundle; None for the expert and for the oracle's privileged state.
        card: The controller's card.
        about: One sentence for the report.
    """

    label: str
    directory: Path | None
    encoder: Path | None
    card: Card | None
    about: str = ""

    @property
    def bundle(self) -> str:
        """Name of the bundle."""
        return self.card.name if self.card else EXPERT

    @property
    def digest(self) -> str:
        """SHA-256 of the controller's ONNX file, empty for the expert."""
        return self.card.model.sha256 if self.card else ""

    def note(self) -> SubjectNote:
        """Its entry in the report."""
        if self.card is None or self.card.encoder is None:
            return SubjectNote(
                self.label, self.about or "The scripted expert that gave the demonstrations.", EXPERT
            )
        reference = self.card.encoder
        return SubjectNote(
            self.label,
            self.about or self.card.summary,
            self.card.name,
            self.digest,
            f"{reference.name} {reference.sha256[:12]}".strip(),
            self.card.readout,
            tuple(dataclasses.asdict(metric) for metric in self.card.metrics),
        )


def load_subject(name: str, label: str = "", about: str = "") -> Subject:
    """The scripted expert, or a controller bundle by name or folder, with its files checked.

    Raises:
        BundleError: Not a controller, altered files, or an encoder other than the one it was trained on.
        MvpRealError: No such bundle; the near names are suggested.
    """
    if name == EXPERT:
        return Subject(label or EXPERT, None, None, None, about)
    directory = model_directory(name)
    card = load_card(directory)
    if card.kind != "controller" or card.encoder is None:
        raise BundleError(f"'{name}' is a bundle of kind '{card.kind}'; an evaluation needs a controller")
    encoder = None
    if card.encoder.name != ORACLE:
        encoder = model_directory(card.encoder.name)
        found = load_card(encoder).model.sha256
        if found != card.encoder.sha256:
            raise BundleError(
                f"controller '{card.name}' was trained on encoder '{card.encoder.name}' "
                f"{card.encoder.sha256[:12]}, but the one found at '{encoder}' is {found[:12]}"
            )
    return Subject(label or card.name, directory, encoder, card, about)


def load_subjects(names: list[str]) -> list[Subject]:
    """Subjects of a command line, each of them once.

    Raises:
        MvpRealError: None given, or two with the same label.
    """
    if not names:
        raise MvpRealError("nothing to evaluate; name at least one --bundle (a name, a folder, or 'expert')")
    subjects = [load_subject(name) for name in names]
    labels = [subject.label for subject in subjects]
    for subject_label in labels:
        if labels.count(subject_label) > 1:
            raise MvpRealError(f"two bundles are called '{subject_label}'; give each one once")
    return subjects
