"""A pre-registered study of walking policies: question, policies, rows, and what will count as an answer.

The file is committed before the first trial; its SHA-256 goes into every result. Claims are a closed set of kinds
whose rules are code (`walk_verdict.py`), so that nobody decides afterwards what a result means.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.evaluation.locomotion.protocol_file import WalkProtocol


@dataclass(frozen=True)
class WalkStudySubject:
    """One policy.

    Attributes:
        name: Its name in tables.
        bundle: Locomotion bundle, or "reference_gait".
        about: What it is, one sentence for the reader.
        history: What it sees of the past, a key of `policies.HISTORIES`.
    """

    name: str
    bundle: str
    about: str
    history: str = "full"


@dataclass(frozen=True)
class WalkBlock:
    """Rows that some policies walk; blocks run in the order of the file.

    Attributes:
        rows: Names of rows, or of groups with a colon; all if empty.
        subjects: Names of policies.
    """

    name: str
    rows: tuple[str, ...]
    subjects: tuple[str, ...]


@dataclass(frozen=True)
class WalkClaim:
    """A statement and the rule that decides it; `rule` holds what its kind needs (`walk_verdict.py`)."""

    name: str
    kind: str
    statement: str
    rule: dict[str, Any]
    primary: bool = False


@dataclass(frozen=True)
class WalkStudy:
    """The whole registration.

    Attributes:
        robots: Block of seeds.
        trials: Robots per command in rows that have more than the protocol asks for.
        budget_minutes: Time that the study is expected to take; information only.
        digest: SHA-256 of the file's bytes.
    """

    name: str
    title: str
    question: str
    robots: str
    trials: dict[str, int]
    budget_minutes: float
    subjects: dict[str, WalkStudySubject]
    blocks: dict[str, WalkBlock]
    claims: tuple[WalkClaim, ...]
    digest: str
    path: Path
    protocol: WalkProtocol

    def rows(self, names: tuple[str, ...] = ()) -> list[Condition]:
        """Conditions with the study's robots, by names or groups; all if empty."""
        rows = self.protocol.chosen(list(names), self.robots)
        return [replace(row, trials=self.trials.get(row.name, row.trials)) for row in rows]

    def planned(self) -> dict[tuple[str, str], Condition]:
        """Every (policy, row) that some block asks for, in the order in which they run."""
        return {
            (subject, row.name): row
            for block in self.blocks.values()
            for row in self.rows(block.rows)
            for subject in block.subjects
        }
