"""Made-up trials for tests of the reports; no figure of them is a measurement."""

from __future__ import annotations

import dataclasses
import itertools
import random

from mvp_real.evaluation.trials import TrialRecord

FRUITS = ("apple", "lemon", "banana", "kiwi")


def trial(subject: str = "a", index: int = 0, success: bool = True, **changes: object) -> TrialRecord:
    """One trial at placement `index` of a made-up set."""
    base = TrialRecord(
        subject=subject,
        scene="plain",
        placement=f"validation-{index:02d}",
        through="process",
        fruit=FRUITS[index % len(FRUITS)],
        x=0.36 + 0.01 * index,
        y=-0.1 + 0.013 * index,
        yaw=0.1,
        start="fixed",
        seed=index,
        bundle=subject,
        digest=f"{subject:0<8}",
        order=0,
        success=success,
        category="" if success else "perception_miss",
        height=0.12 if success else 0.0,
        lateral_miss=0.004 if success else 0.04,
        duration=6.0 if success else 12.0,
        steps=30 if success else 60,
        wall=0.5,
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def trials_of(
    rates: dict[str, float], placements: int = 16, scenes: tuple[str, ...] = ("plain",)
) -> list[TrialRecord]:
    """Trials of several subjects with given success rates, drawn from a fixed seed."""
    rng = random.Random(0)
    return [
        trial(subject, index, rng.random() < rate, scene=scene)
        for scene, index, (subject, rate) in itertools.product(scenes, range(placements), rates.items())
    ]
