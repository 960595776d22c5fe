"""Trains the point mass for a few iterations; run alone or by torchrun, which divides the masses."""

from __future__ import annotations

import sys
from pathlib import Path

from mvp_real.training.rl.distributed import Replicas
from mvp_real.training.rl.trainer import PpoTrainer
from tests.training.rl.conftest import settings
from tests.training.rl.point_mass import PointMass

MASSES, ITERATIONS = 16, 3


def main(out: Path) -> None:
    """Train and save."""
    replicas = Replicas.from_torchrun()
    own = MASSES // replicas.count
    environment = PointMass(own, first=replicas.rank * own)
    config = settings(ppo={"epochs": 2}, iterations=ITERATIONS)
    trainer = PpoTrainer(environment, config, out, replicas=replicas)
    for _ in range(ITERATIONS):
        trainer.step()
    trainer.save()
    replicas.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
