"""The baseline without a frozen encoder: a convolutional trunk and the controller, trained together on pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mvp_real.networks.cnn import ConvolutionalTrunk
from mvp_real.networks.controller import Controller
from mvp_real.training.imitation import standardisation
from mvp_real.training.imitation.behaviour_cloning import (
    Progress,
    TrainingReport,
    fit,
    new_controller,
    refuse_idle_policy,
    training_report,
)
from mvp_real.training.imitation.config import BehaviourCloningConfig
from mvp_real.training.imitation.dataset import ImitationDataset


class EndToEndPolicy(nn.Module):
    """Trunk and controller as one module, so that one optimiser holds both."""

    def __init__(self, trunk: ConvolutionalTrunk, controller: Controller) -> None:
        super().__init__()
        self.trunk = trunk
        self.controller = controller

    def forward(self, image: Tensor, proprioception: Tensor) -> Tensor:
        action: Tensor = self.controller(self.trunk(image), proprioception)
        return action


def train_end_to_end(
    config: BehaviourCloningConfig,
    dataset: ImitationDataset,
    normalise: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    run: Path | None = None,
    progress: Progress | None = None,
) -> tuple[EndToEndPolicy, TrainingReport]:
    """Train trunk and controller on preprocessed images.

    Args:
        config: Settings; token noise and standardisation do not apply.
        dataset: Pairs whose inputs are pixels (M, S, S, 3) uint8.
        normalise: The image path's normalisation, to (M, 3, S, S) float32.
        run: Folder for the loss table and the checkpoint.
        progress: Called with (epoch, epochs, loss of the epoch).

    Raises:
        MvpRealError: The result is no better than standing still.
    """
    torch.manual_seed(config.seed)
    states = torch.from_numpy(dataset.proprioception)
    actions = torch.from_numpy(dataset.actions)
    trunk = ConvolutionalTrunk()
    controller = new_controller(config, trunk.tokens(dataset.inputs.shape[1]), trunk.dim, dataset)
    if config.standardise_state or config.standardise_action:
        no_tokens = torch.zeros(2, controller.config.tokens, controller.config.dim)
        standardisation.fit(
            controller,
            no_tokens,
            states,
            actions,
            "none",
            config.standardise_state,
            config.standardise_action,
        )
    policy = EndToEndPolicy(trunk, controller)

    def predict(rows: Tensor, noisy: bool) -> Tensor:
        images = torch.from_numpy(normalise(dataset.inputs[rows.numpy()]))
        action: Tensor = policy(images, states[rows])
        return action

    groups = controller.parameter_groups(
        config.learning_rate, config.weight_decay, config.readout_lr_factor
    ) + _trunk_groups(trunk, config)
    losses = fit(policy, predict, actions, config, controller.action_scale, run, progress, groups)
    report = training_report(policy, predict, actions, losses)
    refuse_idle_policy(report)
    return policy, report


def _trunk_groups(trunk: ConvolutionalTrunk, config: BehaviourCloningConfig) -> list[dict]:
    rate = config.learning_rate
    decaying = [parameter for parameter in trunk.parameters() if parameter.ndim > 1]
    plain = [parameter for parameter in trunk.parameters() if parameter.ndim <= 1]
    return [
        {"params": decaying, "lr": rate, "initial_lr": rate, "weight_decay": config.weight_decay},
        {"params": plain, "lr": rate, "initial_lr": rate, "weight_decay": 0.0},
    ]
