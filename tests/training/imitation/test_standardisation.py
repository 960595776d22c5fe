"""Constants stored in the controller bring the demonstrations to zero mean and unit spread."""

from __future__ import annotations

import torch

from mvp_real.training.imitation.standardisation import (
    inverse_spread,
    principal_directions,
    token_constants,
)


def tokens() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return 5 + torch.randn(200, 10, 4, generator=generator) * torch.tensor([1.0, 2.0, 3.0, 4.0])


def test_by_dimension_patches_share_constants_and_the_class_token_has_its_own() -> None:
    data = tokens()
    data[:, 0] += 100
    mean, scale = token_constants(data, "dimension")
    standard = (data - mean) * scale
    assert torch.equal(mean[1], mean[9])
    torch.testing.assert_close(standard[:, 1:].mean((0, 1)), torch.zeros(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(standard[:, 1:].flatten(0, 1).std(0), torch.ones(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(standard[:, 0].mean(0), torch.zeros(4), atol=1e-4, rtol=0)


def test_by_position_every_position_has_its_own() -> None:
    data = tokens() + torch.arange(10.0)[:, None]
    mean, scale = token_constants(data, "position")
    standard = (data - mean) * scale
    torch.testing.assert_close(standard.mean(0), torch.zeros(10, 4), atol=1e-4, rtol=0)
    torch.testing.assert_close(standard.std(0), torch.ones(10, 4), atol=1e-4, rtol=0)


def test_none_changes_nothing() -> None:
    mean, scale = token_constants(tokens(), "none")
    assert not mean.any()
    assert (scale == 1).all()


def test_near_constant_dimensions_are_not_blown_up() -> None:
    scale = inverse_spread(torch.tensor([1.0, 1.0, 1e-6, 0.0]))
    assert scale.tolist() == [1.0, 1.0, 20.0, 20.0]
    assert inverse_spread(torch.zeros(3)).tolist() == [1.0, 1.0, 1.0]


def test_principal_directions_are_orthonormal_and_ordered() -> None:
    data = tokens() - 5
    basis = principal_directions(data, 2)
    torch.testing.assert_close(basis.T @ basis, torch.eye(2), atol=1e-5, rtol=0)
    spread = (data[:, 1:] @ basis).flatten(0, 1).std(0)
    assert 3.7 < float(spread[0]) < 4.3
    assert 2.7 < float(spread[1]) < 3.3
