"""Running statistics equal those of all samples at once, in any order and split."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.networks.running_normaliser import RunningNormaliser


def test_it_begins_as_the_identity() -> None:
    x = torch.tensor([[0.3, -2.0], [50.0, 0.0]])
    assert torch.equal(RunningNormaliser(2)(x), x.clamp(-10, 10))


@given(seed=st.integers(0, 1000), cuts=st.lists(st.integers(1, 49), max_size=5))
def test_parts_add_up_to_the_whole(seed: int, cuts: list[int]) -> None:
    x = np.random.default_rng(seed).normal(3.0, [0.5, 20.0, 1e3], (50, 3))
    normaliser = RunningNormaliser(3)
    for part in np.split(x, sorted(set(cuts))):
        normaliser.update(torch.from_numpy(part))
    assert float(normaliser.count) == 50
    np.testing.assert_allclose(normaliser.mean.numpy(), x.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(normaliser.variance.numpy(), x.var(axis=0), rtol=1e-9)


def test_a_constant_entry_stays_harmless_and_the_inverse_undoes() -> None:
    normaliser = RunningNormaliser(2)
    x = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    normaliser.update(x)
    assert torch.equal(normaliser(x)[:, 1], torch.zeros(2))
    assert float(normaliser(torch.tensor([1.0, 6.0]))[1]) == 10.0
    torch.testing.assert_close(normaliser.inverse(normaliser(x)), x)
