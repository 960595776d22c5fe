"""The controller has the thesis's size and initialisation."""

from __future__ import annotations

import math

import pytest
import torch

from mvp_real.networks.controller import Controller, ControllerConfig


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("dim", "size", "hidden", "expected", "norm"),
    [
        (768, 8, (256, 128, 64), 207_048, 1_536),
        (1024, 8, (256, 128, 64), 239_816, 2_048),
        (768, 8, (512, 256, 128), 396_424, 1_536),
        (1024, 8, (512, 256, 128), 429_192, 2_048),
        (768, 16, (256, 128, 64), 208_592, 1_536),
    ],
)
def test_parameter_counts(dim: int, size: int, hidden: tuple[int, ...], expected: int, norm: int) -> None:
    """mvp_real sheet, part 4: ViT-B and ViT-L, arm and hand, usual and PickSink head."""
    controller = Controller(
        ControllerConfig(197, dim, "class", proprioception=size, actions=size, hidden=hidden)
    )
    assert parameters(controller.norm) == norm
    assert parameters(controller) - norm == expected


def test_initialisation_is_orthogonal_with_a_quiet_last_layer() -> None:
    controller = Controller(ControllerConfig(1, 64, "flat"))
    weight = controller.mlp[0].weight
    torch.testing.assert_close(weight @ weight.T, 2.0 * torch.eye(256), atol=1e-4, rtol=0)
    last = controller.mlp[-1].weight
    torch.testing.assert_close(last @ last.T, 1e-4 * torch.eye(8), atol=1e-7, rtol=0)
    assert all(not layer.bias.any() for layer in controller.mlp if isinstance(layer, torch.nn.Linear))
    assert controller(torch.randn(2, 1, 64), torch.randn(2, 8)).abs().max() < 0.3


def test_without_proprioception_the_state_does_not_matter() -> None:
    blind = Controller(ControllerConfig(1, 4, "flat", use_proprioception=False))
    seeing = Controller(ControllerConfig(1, 4, "flat"))
    feature = torch.randn(1, 1, 4)
    low, high = torch.zeros(1, 8), torch.ones(1, 8)
    assert torch.equal(blind(feature, low), blind(feature, high))
    assert not torch.equal(seeing(feature, low), seeing(feature, high))


def test_standardisation_is_part_of_the_graph() -> None:
    controller = Controller(ControllerConfig(5, 3, "keypoints", keypoints=2))
    tokens, state = torch.randn(2, 5, 3), torch.randn(2, 8)
    expected = controller(tokens, state)
    controller.feature_mean.fill_(7.0)
    controller.feature_scale.fill_(0.25)
    torch.testing.assert_close(controller(tokens * 4 + 7, state), expected, atol=1e-5, rtol=1e-4)


def test_weight_decay_spares_norms_biases_and_temperatures() -> None:
    controller = Controller(ControllerConfig(17, 6, "keypoints", keypoints=4))
    groups = controller.parameter_groups(1e-3, 0.01, 3.0)
    assert sum(len(group["params"]) for group in groups) == len(list(controller.parameters()))
    for group in groups:
        for parameter in group["params"]:
            assert (parameter.ndim > 1) == (group["weight_decay"] == 0.01)
    fast = {id(p) for group in groups if math.isclose(group["lr"], 3e-3) for p in group["params"]}
    assert fast == {id(p) for p in controller.readout.parameters()}


def test_components_rotate_the_tokens_before_the_readout() -> None:
    torch.manual_seed(0)
    full = Controller(ControllerConfig(10, 6, "keypoints", keypoints=3))
    rotated = Controller(ControllerConfig(10, 6, "keypoints", keypoints=3, components=6))
    basis = torch.linalg.qr(torch.randn(6, 6)).Q
    state = {name: value for name, value in full.state_dict().items() if name != "feature_basis"}
    state["readout.maps.weight"] = state["readout.maps.weight"] @ basis
    rotated.load_state_dict({**state, "feature_basis": basis})
    tokens, proprioception = torch.randn(2, 10, 6), torch.randn(2, 8)
    torch.testing.assert_close(
        rotated(tokens, proprioception), full(tokens, proprioception), atol=1e-5, rtol=1e-4
    )
