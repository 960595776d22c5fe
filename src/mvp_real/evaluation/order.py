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


def plan(subjects: Sequence[Subject], setups: Sequence[Setup]) -> Iterator[tuple[int, Subject, Setup]]:
    """Every trial as (place in the order, subject, setup), placement by placement."""
    for row, setup in enumerate(setups):
        for place, subject in enumerate(rotated(subjects, row)):
            yield place, subject, setup


def interleaved(*groups: Sequence[Setup]) -> list[Setup]:
    """Setups of several groups (scenes) in turns, so that an interrupted run is balanced over them too."""
    longest = max(map(len, groups), default=0)
    return [group[i] for i in range(longest) for group in groups if i < len(group)]
