"""A fresh policy fitted to a reference acts like it from the start."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mvp_real.errors import MvpRealError
from mvp_real.training.rl.trainer import PpoTrainer
from tests.training.rl.conftest import settings
from tests.training.rl.gait_mass import GaitMass
from tests.training.rl.point_mass import PointMass


@pytest.mark.parametrize("symmetry", ["none", "phase"])
def test_the_mean_follows_the_reference(tmp_path: Path, symmetry: str) -> None:
    fitted = settings(actor={"symmetry": symmetry}, reference={"steps": 40, "passes": 20, "batch": 128})
    trainer = PpoTrainer(GaitMass(), fitted, tmp_path)
    errors = json.loads((tmp_path / "log.jsonl").read_text())["reference_error"]
    assert errors["after"] < 0.05 < 0.2 < errors["before"]
    environment = GaitMass(32, seed=3)
    observation = environment.reset().observation
    with torch.no_grad():
        action = trainer.actor(torch.from_numpy(observation).float()).numpy()
    assert np.abs(action - environment.reference_action(observation)).mean() < 0.2
    assert float(trainer.critic.normaliser.count) == 40 * 16
    fresh = PpoTrainer(GaitMass(), settings(actor={"symmetry": symmetry}), tmp_path / "fresh")
    assert trainer.step()["reward"] > fresh.step()["reward"] + 0.1


def test_a_reference_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MvpRealError, match="offers no reference"):
        PpoTrainer(PointMass(), settings(reference={}), tmp_path)
