"""Training keeps off the robots of the evaluation."""

from __future__ import annotations

import pytest

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.locomotion.protocol_file import HELD_OUT_DYNAMICS, load_protocol
from mvp_real.tasks.digit.config import WalkConfig
from mvp_real.tasks.digit.environment import WalkEnvironment
from mvp_real.tasks.digit.held_out import refuse_held_out, seed_blocks
from mvp_real.tasks.digit.randomisation import TABLE, Randomisation


@pytest.mark.parametrize("seed", [900000, 909999, 910000, 919999])
def test_seeds_of_the_evaluation_are_refused(seed: int) -> None:
    with pytest.raises(MvpRealError, match=f"seed {seed} belongs to the robots kept for the evaluation"):
        refuse_held_out(seed)


def test_the_environment_of_training_refuses_them() -> None:
    with pytest.raises(MvpRealError, match="train with another one"):
        WalkEnvironment(WalkConfig(num_envs=1, seed=910003))


@pytest.mark.parametrize("seed", [0, 1, 899999, 920000])
def test_other_seeds_pass(seed: int) -> None:
    refuse_held_out(seed)


def test_the_evaluation_draws_from_these_blocks() -> None:
    assert seed_blocks() == load_protocol().blocks


@pytest.mark.parametrize("name", HELD_OUT_DYNAMICS)
def test_held_out_dynamics_are_no_row_of_the_randomisation(name: str) -> None:
    assert name not in TABLE
    with pytest.raises(MvpRealError, match="unknown row of the randomisation"):
        Randomisation(rows={name: 1.0})
