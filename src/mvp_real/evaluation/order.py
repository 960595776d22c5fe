"""In which order trials run: at every placement all subjects one after another, the first one rotating.

Row i of the plan starts with subject i modulo the number of subjects, so that n rows form a cyclic Latin
square: every subject stands at every place of the order equally often (evaluation protocol C2, C3). A run
stopped anywhere has met every subject at the same placements, but for those of the last row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Subject = TypeVar("Subject")
Setup = TypeVar("Setup")


def rotated(subjects: Sequence[Subject], row: int) -> list[Subject]:
    """The subjects in the order of one row of the cyclic Latin square."""
    if not subjects:
        return []
    shift = row % len(subjects)
    return [*subjects[shift:], *subjects[:shift]]


def plan(subjects: Sequence[Subject], *groups: Sequence[Setup]) -> Iterator[tuple[int, Subject, Setup]]:
    """Every trial as (place in the order, subject, setup), placement by placement.

    Args:
        subjects: What is tested.
        groups: Setups of one scene each. Scenes take turns, and each has the whole square to itself.
    """
    for row in range(max(map(len, groups), default=0)):
        for group in groups:
            if row < len(group):
                for place, subject in enumerate(rotated(subjects, row)):
                    yield place, subject, group[row]
