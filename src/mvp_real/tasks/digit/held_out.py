"""Which robots are kept for the evaluation: training refuses their seeds.

The blocks are in `config/tasks/digit_walk.yaml`. What else differs on those robots (leaf springs, joint friction, rotor
inertia, centre of mass) is no row of the randomisation, so that no training can have seen it.
"""

from __future__ import annotations

from functools import lru_cache

import yaml

from mvp_real.errors import MvpRealError
from mvp_real.resources import config_file

PROTOCOL_FILE = "tasks/digit_walk.yaml"


@lru_cache(maxsize=1)
def seed_blocks() -> dict[str, tuple[int, int]]:
    """First and last seed of each block of robots that nothing may be trained on."""
    document = yaml.safe_load(config_file(PROTOCOL_FILE).read_text(encoding="utf-8"))
    return {str(name): (int(first), int(last)) for name, (first, last) in document["seeds"].items()}


def refuse_held_out(seed: int) -> None:
    """Refuse a seed of training that belongs to robots of the evaluation.

    Raises:
        MvpRealError: It lies in one of the blocks.
    """
    for name, (first, last) in seed_blocks().items():
        if first <= seed <= last:
            raise MvpRealError(
                f"seed {seed} belongs to the robots kept for the evaluation ({name}: {first} to {last}); train with "
                "another one"
            )
