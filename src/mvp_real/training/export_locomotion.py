"""A trained walking policy as model files: ONNX graph and safetensors, normaliser and symmetry inside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mvp_real.errors import MvpRealError
from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.networks.students import parameter_count
from mvp_real.training.onnx_graph import export_graph

MODEL, WEIGHTS = "model.onnx", "weights.safetensors"
WINDOW = 16
EXAMPLES = 6


@dataclass(frozen=True)
class ExportedPolicy:
    """What was written.

    Attributes:
        model, weights: Files.
        inputs, outputs: Shapes by name, without the batch dimension.
        parameters: Numbers that were learnt in the network of the mean.
        difference: Largest difference between ONNX Runtime and torch, over the largest output.
    """

    model: Path
    weights: Path
    inputs: dict[str, tuple[int, ...]]
    outputs: dict[str, tuple[int, ...]]
    parameters: int
    difference: float


class DeployedPolicy(nn.Module):
    """tokens (B, 16, O + A) and mask (B, 16), 1 for a token and 0 for none, float32 -> mean action (B, A).

    One interface for every policy: one on the observation takes it from the newest token.
    """

    def __init__(self, actor: GaussianActor) -> None:
        super().__init__()
        if actor.source == "state":
            raise MvpRealError(
                "a policy on the privileged state cannot run on a robot; distil it into a student"
            )
        self.actor = actor

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        if self.actor.source == "observation":
            newest = tokens[:, -1] * mask[:, -1:]
            action: Tensor = self.actor(newest[:, : self.actor.inputs])
        else:
            action = self.actor(tokens, mask > 0.5)
        return action


def export_locomotion(
    actor: GaussianActor, directory: Path, token: int, window: int = WINDOW
) -> ExportedPolicy:
    """Write the files of a walking policy.

    Args:
        actor: On tokens or on the observation.
        directory: Where to.
        token: O + A.
        window: Tokens of the input.

    Returns:
        Names, shapes and the parity that was found.

    Raises:
        MvpRealError: The policy sees the privileged state, or the graph computes something else than the network.
    """
    policy = DeployedPolicy(actor.cpu()).eval()
    example = parity_inputs(actor, token, window)
    directory.mkdir(parents=True, exist_ok=True)
    difference = export_graph(policy, example, "action", directory / MODEL)
    weights = {name: value.detach().contiguous() for name, value in actor.state_dict().items()}
    save_file(weights, directory / WEIGHTS)
    return ExportedPolicy(
        model=directory / MODEL,
        weights=directory / WEIGHTS,
        inputs={"tokens": (window, token), "mask": (window,)},
        outputs={"action": (actor.actions,)},
        parameters=parameter_count(actor.network),
        difference=difference,
    )


def parity_inputs(actor: GaussianActor, token: int, window: int) -> dict[str, Tensor]:
    """Windows like those in use: full, half full and with one token, in both halves of the gait."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randn(EXAMPLES, window, token, generator=generator)
    if actor.source == "tokens":
        tokens = actor.normaliser.inverse(tokens)
    if actor.mirror is not None:
        phase = 2.0 * torch.pi * (torch.arange(EXAMPLES) + 0.5) / EXAMPLES
        sine, cosine = actor.mirror.clock
        tokens[:, -1, sine], tokens[:, -1, cosine] = phase.sin(), phase.cos()
    count = torch.tensor([window, window, window, window // 2, 1, 1])
    mask = (torch.arange(window - 1, -1, -1) < count[:, None]).to(torch.float32)
    return {"tokens": tokens.to(torch.float32), "mask": mask}
