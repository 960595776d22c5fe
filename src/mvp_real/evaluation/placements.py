"""Named sets of placements, and who may use the held-out one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.tasks.pick_fruit import EpisodeSetup, evaluation_setups, random_setup, validation_setups

HELD_OUT = "evaluation"
DEFAULT = "validation"
_RANDOM = re.compile(r"random:([1-9]\d{0,5})")


@dataclass(frozen=True)
class NamedSetup:
    """A placement with the id that pairs trials of different subjects, e.g. "evaluation-03"."""

    name: str
    setup: EpisodeSetup


def named_setups(placements: str, scene: str, seed: int = 0) -> list[NamedSetup]:
    """The setups of a set in one scene.

    Args:
        placements: "evaluation" (held out), "validation", or "random:N" for N random ones.
        scene: "plain" or "varied".
        seed: First seed of random placements; number i has seed + i. Their stream is not the one of
            demonstrations, and they keep clear of the held-out placements.

    Raises:
        MvpRealError: No such set.
    """
    if placements == HELD_OUT:
        return [NamedSetup(f"evaluation-{i:02d}", s) for i, s in enumerate(evaluation_setups(scene))]
    if placements == "validation":
        return [NamedSetup(f"validation-{i:02d}", s) for i, s in enumerate(validation_setups(scene))]
    match = _RANDOM.fullmatch(placements)
    if match:
        return [
            NamedSetup(f"random-{seed}-{i:03d}", random_setup(seed + i, scene, purpose="trial"))
            for i in range(int(match[1]))
        ]
    if placements.startswith("random"):
        raise MvpRealError(f"'{placements}' does not say how many; write random:N, e.g. random:100")
    raise unknown_name("set of placements", placements, (HELD_OUT, "validation", "random:N"))


def held_out_note(placements: str) -> str:
    """What a reader must know about results on a set; empty for sets that choices may be made on."""
    if placements != HELD_OUT:
        return ""
    return "These are the held-out placements: no choice may be made on these results; tune on validation."
