"""A pre-registered study: the question, the models, the placements, and what will count as an answer.

The file is committed before the first trial; its SHA-256 goes into every result. The claims are a closed
set of kinds whose rules are code (`verdict.py`), so that nobody decides afterwards what a result means.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.trials import RowKey


class StudyError(MvpRealError):
    """A study file that is incomplete, contradicts itself or was changed after its first trial."""


@dataclass(frozen=True)
class StudySubject:
    """One row of the table.

    Attributes:
        name: Short name, e.g. "mae_class".
        bundle: Bundle name with the fields `{scene}` and `{seed}`.
        about: What it is, one sentence for the reader of the report.
    """

    name: str
    bundle: str
    about: str

    def bundle_of(self, scene: str, seed: int) -> str:
        """Name of the bundle of one trained model."""
        return self.bundle.format(scene=scene, seed=seed)


@dataclass(frozen=True)
class Block:
    """A set of trials that belong together; blocks run in the order of the file.

    Attributes:
        placements: "evaluation", "validation" or "random:N".
        placement_seed: First seed of random placements.
        seeds: Training seeds.
        subjects: Names of subjects.
    """

    name: str
    through: str
    scenes: tuple[str, ...]
    placements: str
    placement_seed: int
    seeds: tuple[int, ...]
    subjects: tuple[str, ...]

    @property
    def placement_set(self) -> str:
        """Name of the set in placement ids, e.g. "evaluation" or "random-900000"."""
        kind, _, _ = self.placements.partition(":")
        return kind if kind != "random" else f"random-{self.placement_seed}"

    def row_key(self, subject: str, scene: str, seed: int) -> RowKey:
        """Key of the success rate of one trained model in one scene."""
        return (label(subject, seed), scene, self.placement_set, self.through)

    def rows(self) -> list[tuple[str, str, int]]:
        """(subject, scene, seed) of every success rate that the block asks for, in the order of its trials."""
        return [(name, scene, seed) for scene in self.scenes for seed in self.seeds for name in self.subjects]


@dataclass(frozen=True)
class Claim:
    """A statement and the rule that decides it; `rule` holds the numbers that the kind needs
    (`verdict.py`).
    """

    name: str
    kind: str
    statement: str
    block: str
    rule: dict[str, Any]
    primary: bool = False


@dataclass(frozen=True)
class Study:
    """The whole registration; `digest` is the SHA-256 of the file's bytes."""

    name: str
    title: str
    question: str
    subjects: dict[str, StudySubject]
    blocks: dict[str, Block]
    claims: tuple[Claim, ...]
    digest: str
    path: Path


def label(subject: str, seed: int) -> str:
    """Name of one trained model of a subject in trials and tables."""
    return f"{subject}_seed{seed}"
