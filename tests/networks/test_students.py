"""Every student: one interface, equal size, causal, blind to padding."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mvp_real.errors import MvpRealError
from mvp_real.networks.mlp_policy import MlpPolicy
from mvp_real.networks.students import KINDS, build_student, parameter_count, width_for


@pytest.mark.parametrize("size", ["small", "1.4M", "thesis"])
@pytest.mark.parametrize("kind", KINDS)
def test_counts_are_equal_within_five_per_cent(kind: str, size: str) -> None:
    target = parameter_count(build_student("transformer", 102, 36, size))
    assert parameter_count(build_student(kind, 102, 36, size)) == pytest.approx(target, rel=0.05)


@pytest.fixture(params=KINDS)
def student(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return build_student(request.param, 9, 4).double()


@pytest.fixture
def tokens() -> torch.Tensor:
    return torch.randn(4, 16, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_padding_has_no_influence(student: nn.Module, tokens: torch.Tensor) -> None:
    mask = torch.arange(16) >= torch.tensor([0, 5, 12, 15])[:, None]
    with torch.no_grad():
        other = torch.where(mask[..., None], tokens, 1e3 * torch.randn_like(tokens))
        assert torch.equal(student(other, mask), student(tokens, mask))
        assert torch.equal(
            student.all_positions(other, mask)[mask], student.all_positions(tokens, mask)[mask]
        )


def test_every_position_is_what_the_last_one_would_be(student: nn.Module, tokens: torch.Tensor) -> None:
    mask = torch.arange(16) >= torch.tensor([0, 5, 12, 15])[:, None]
    with torch.no_grad():
        every = student.all_positions(tokens, mask)
        torch.testing.assert_close(every[:, -1], student(tokens, mask))
        future = tokens.clone()
        future[:, 9:] += 1.0
        assert torch.equal(student.all_positions(future, mask)[:, :9], every[:, :9])


def test_history_counts_except_for_the_plain_mlp(student: nn.Module, tokens: torch.Tensor) -> None:
    mask = torch.ones(4, 16, dtype=torch.bool)
    with torch.no_grad():
        action = student(tokens, mask)
        for place in (0, 14):
            other = tokens.clone()
            other[:, place] += 1.0
            changed = not torch.equal(student(other, mask), action)
            assert changed == (getattr(student, "stacked", 16) > 1)


def test_unknown_kinds_and_impossible_counts_are_refused() -> None:
    with pytest.raises(MvpRealError, match="did you mean lstm"):
        build_student("lstn", 9, 4)
    with pytest.raises(MvpRealError, match="the nearest, 1, gives"):
        width_for(lambda width: MlpPolicy(100, 100, (width,)), 150)
