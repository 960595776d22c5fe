"""Random masking keeps exactly a quarter, uniformly, and can be undone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mvp_real.networks.masking import gather_tokens, kept_patches, random_masking


@pytest.mark.parametrize(("patches", "kept"), [(196, 49), (256, 64), (144, 36)])
def test_three_quarters_are_removed_from_every_image(patches: int, kept: int) -> None:
    masking = random_masking(torch.rand(20, patches), 0.75)
    assert masking.visible.shape == (20, kept)
    assert torch.equal(masking.mask.sum(dim=1), torch.full((20,), float(patches - kept)))
    assert torch.all(masking.mask.gather(1, masking.visible) == 0)


def test_every_position_is_masked_equally_often() -> None:
    noise = torch.rand(1000, 196, generator=torch.Generator().manual_seed(3))
    share = random_masking(noise, 0.75).mask.mean(dim=0)
    assert (share - 0.75).abs().max() < 0.06


@given(st.integers(2, 40), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_restore_undoes_shuffle(patches: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    masking = random_masking(torch.rand(2, patches, generator=generator), 0.5)
    x = torch.randn(2, patches, 3, generator=generator)
    assert torch.equal(gather_tokens(gather_tokens(x, masking.shuffle), masking.restore), x)


def test_the_smallest_noise_stays() -> None:
    masking = random_masking(torch.tensor([[0.9, 0.1, 0.5, 0.2]]), 0.5)
    assert masking.visible.tolist() == [[1, 3]]
    assert masking.mask.tolist() == [[1, 0, 1, 0]]


@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_something_must_be_kept_and_something_removed(ratio: float) -> None:
    with pytest.raises(ValueError, match="mask ratio"):
        kept_patches(16, ratio)
