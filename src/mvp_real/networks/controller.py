"""The controller: a small network on a frozen feature and proprioception (Xiao 2023, sec. 5.3.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from mvp_real.networks.blocks import NORM_EPSILON
from mvp_real.networks.readouts import make_readout

EMBEDDING = 128


@dataclass(frozen=True)
class ControllerConfig:
    """Shape of a controller.

    Attributes:
        tokens, dim: T and D of the encoder's output.
        readout: One of `mvp_real.networks.readouts.READOUTS`.
        keypoints: K of the readout "keypoints".
        proprioception: Length of the policy state.
        actions: Length of the action.
        hidden: Hidden layers; [512, 256, 128] for PickSink in the thesis.
        use_proprioception: False feeds zeros, for the ablation.
        dropout: Share of the joint embedding dropped in training.
        keypoint_hidden: Units of the hidden layer of a keypoint map; 0 for linear maps.
        components: Principal components that a learning readout sees of each token; 0 for all dimensions.
    """

    tokens: int
    dim: int
    readout: str = "keypoints"
    keypoints: int = 32
    proprioception: int = 8
    actions: int = 8
    hidden: tuple[int, ...] = (256, 128, 64)
    use_proprioception: bool = True
    dropout: float = 0.0
    components: int = 0
    keypoint_hidden: int = 0


class Controller(nn.Module):
    """feature (B, T, D) and proprioception (B, n) to action (B, n).

    Standardise with stored constants (the tokens before a readout that learns, the pooled feature after one that does
    not), LayerNorm, linear to 128; proprioception linear to 128; concatenate; SELU layers; a linear output.
    Orthogonal initialisation with gain sqrt(2), last layer 0.01.
    """

    def __init__(self, config: ControllerConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("feature_mean", torch.zeros(config.tokens, config.dim))
        self.register_buffer("feature_scale", torch.ones(config.tokens, config.dim))
        self.register_buffer("state_mean", torch.zeros(config.proprioception))
        self.register_buffer("state_scale", torch.ones(config.proprioception))
        self.register_buffer("action_scale", torch.ones(config.actions))
        self.register_buffer("feature_basis", torch.zeros(config.dim, config.components))
        seen = config.components or config.dim
        self.readout = make_readout(
            config.readout, config.tokens, seen, config.keypoints, config.keypoint_hidden
        )
        features = int(self.readout.features)
        self.register_buffer("pooled_mean", torch.zeros(features))
        self.register_buffer("pooled_scale", torch.ones(features))
        self.norm = nn.LayerNorm(features, eps=NORM_EPSILON)
        self.projector = nn.Linear(features, EMBEDDING)
        self.state = nn.Linear(config.proprioception, EMBEDDING)
        self.dropout = nn.Dropout(config.dropout)
        widths = [2 * EMBEDDING, *config.hidden]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.SELU()]
        layers.append(nn.Linear(widths[-1], config.actions))
        self.mlp = nn.Sequential(*layers)
        self.initialise()

    def initialise(self) -> None:
        """Orthogonal weights with gain sqrt(2), last layer 0.01, zero biases; a readout keeps its own defaults."""
        for layer in (self.projector, self.state, *self.mlp):
            if isinstance(layer, nn.Linear):
                nn.init.orthogonal_(layer.weight, math.sqrt(2))
                nn.init.zeros_(layer.bias)
        nn.init.orthogonal_(self.mlp[-1].weight, 0.01)

    def standardise(self, feature: Tensor) -> Tensor:
        """Each token dimension with the mean and spread it had over the demonstrations; then the components."""
        tokens = (feature - self.feature_mean) * self.feature_scale
        return tokens @ self.feature_basis if self.config.components else tokens

    def forward(self, feature: Tensor, proprioception: Tensor) -> Tensor:
        return self.act(self.readout(self.standardise(feature)), proprioception)

    def act(self, pooled: Tensor, proprioception: Tensor) -> Tensor:
        """Action (B, n) from what the readout gives, (B, F)."""
        if not self.config.use_proprioception:
            proprioception = proprioception * 0.0
        pooled = (pooled - self.pooled_mean) * self.pooled_scale
        image = self.projector(self.norm(pooled))
        state = self.state((proprioception - self.state_mean) * self.state_scale)
        joint = self.dropout(torch.cat([image, state], dim=1))
        action: Tensor = self.mlp(joint) * self.action_scale
        return action

    @property
    def readout_learns(self) -> bool:
        """Whether the readout has parameters; otherwise its output is a constant of each frame."""
        return any(True for _ in self.readout.parameters())

    def parameter_groups(
        self, learning_rate: float, weight_decay: float, readout_factor: float
    ) -> list[dict]:
        """AdamW groups: no decay on norms, biases and temperatures; the readout learns `readout_factor` times faster.

        Returns:
            Groups with `params`, `lr`, `weight_decay` and `initial_lr`, which a schedule scales.
        """
        groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
        for name, parameter in self.named_parameters():
            decays = parameter.ndim > 1
            in_readout = name.startswith("readout.")
            groups.setdefault((decays, in_readout), []).append(parameter)
        return [
            {
                "params": parameters,
                "lr": learning_rate * (readout_factor if in_readout else 1.0),
                "initial_lr": learning_rate * (readout_factor if in_readout else 1.0),
                "weight_decay": weight_decay if decays else 0.0,
            }
            for (decays, in_readout), parameters in groups.items()
        ]
