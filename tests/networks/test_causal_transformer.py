"""Sizes, positions, causality and padding of the walking Transformer (numeric checks 1 to 4 of its sheet)."""

from __future__ import annotations

import pytest
import torch

from mvp_real.errors import MvpRealError
from mvp_real.networks.blocks import Attention
from mvp_real.networks.causal_transformer import (
    CausalTransformerPolicy,
    TransformerSize,
    interleaved_positions,
    preset,
)
from mvp_real.networks.critic import Critic
from mvp_real.networks.mlp_policy import MlpPolicy
from mvp_real.networks.students import parameter_count


@pytest.mark.parametrize(
    ("size", "token", "count"),
    [
        (preset("thesis"), 102, 1_689_316),
        (preset("1.4M"), 102, 1_426_660),
        (preset("small"), 102, 101_476),
        (TransformerSize(blocks=3), 102, 1_392_292),
        (TransformerSize(mlp_ratio=1.0), 102, 1_393_636),
        (TransformerSize(), 66, 1_670_884),
    ],
)
def test_parameter_counts(size: TransformerSize, token: int, count: int) -> None:
    assert parameter_count(CausalTransformerPolicy(token, 36, size)) == count


def test_parameter_counts_of_the_parts_and_of_the_other_networks() -> None:
    network = CausalTransformerPolicy(102, 36)
    parts = (network.embed, network.blocks[0], network.norm, network.head)
    assert [parameter_count(part) for part in parts] == [413_888, 297_024, 384, 86_948]
    hidden = (512, 512, 256, 128)
    assert parameter_count(MlpPolicy(480, 36, hidden)) == 677_796
    assert parameter_count(Critic(480, hidden)) == 673_281


def test_an_unknown_size_suggests_a_near_one() -> None:
    with pytest.raises(MvpRealError, match="did you mean small"):
        preset("smal")


def test_positions_by_hand() -> None:
    table = interleaved_positions(16, 192)
    assert table[0].tolist() == [0.0, 1.0] * 96
    assert table[1, :4].tolist() == pytest.approx([0.841471, 0.540302, 0.788593, 0.614915], abs=1e-6)
    assert table[15, :4].tolist() == pytest.approx([0.650288, -0.759688, 0.873036, 0.487656], abs=1e-6)
    assert table[15, -2:].tolist() == pytest.approx([0.001651, 0.999999], abs=1e-6)


def test_attention_by_hand() -> None:
    attention = Attention(1, 1)
    with torch.no_grad():
        # q = k = x and v = 2 x + 1: keys 0, 1 and values 1, 3.
        attention.qkv.weight.copy_(torch.tensor([[1.0], [1.0], [2.0]]))
        attention.qkv.bias.copy_(torch.tensor([0.0, 0.0, 1.0]))
        attention.proj.weight.fill_(1.0)
        attention.proj.bias.zero_()
        causal = torch.ones(1, 1, 2, 2, dtype=torch.bool).tril()
        found = attention(torch.tensor([[[0.0], [1.0]]]), 0, causal)
    assert found.flatten().tolist() == pytest.approx([1.0, 2.462117], abs=1e-6)


@pytest.fixture
def network() -> CausalTransformerPolicy:
    torch.manual_seed(0)
    return CausalTransformerPolicy(102, 36).double()


@pytest.fixture
def tokens() -> torch.Tensor:
    return torch.randn(3, 16, 102, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_a_token_changes_nothing_before_it(network: CausalTransformerPolicy, tokens: torch.Tensor) -> None:
    every = torch.ones(3, 16, dtype=torch.bool)
    with torch.no_grad():
        before = network.hidden(tokens, every)
        for place in (1, 8, 15):
            other = tokens.clone()
            other[:, place] += 1.0
            after = network.hidden(other, every)
            assert (after[:, :place] - before[:, :place]).abs().max() == 0.0
            assert ((after[:, place:] - before[:, place:]).abs().amax(dim=(0, 2)) > 1e-9).all()


def test_what_is_masked_has_no_influence_at_all(
    network: CausalTransformerPolicy, tokens: torch.Tensor
) -> None:
    mask = torch.arange(16) >= torch.tensor([0, 9, 15])[:, None]
    with torch.no_grad():
        action = network(tokens, mask)
        other = torch.where(mask[..., None], tokens, 1e3 * torch.randn_like(tokens))
        assert torch.equal(network(other, mask), action)
        assert torch.equal(
            network.all_positions(other, mask)[mask], network.all_positions(tokens, mask)[mask]
        )
        # Zeros as tokens are something else than no tokens, and so is a shorter window.
        assert (network(tokens * mask[..., None], mask | True) - action)[1:].abs().min() > 0.0
        torch.testing.assert_close(network(tokens[1:2, 9:], mask[1:2, 9:]), action[1:2])


def test_the_last_token_alone_is_computed_alike(
    network: CausalTransformerPolicy, tokens: torch.Tensor
) -> None:
    mask = torch.arange(16) >= torch.tensor([0, 3, 12])[:, None]
    with torch.no_grad():
        assert network(tokens, mask).shape == (3, 36)
        torch.testing.assert_close(network.all_positions(tokens, mask)[:, -1], network(tokens, mask))
