"""Policies and critics from settings, and back from the folder of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import torch
from torch import nn

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.networks.critic import Critic
from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.networks.mlp_policy import MlpPolicy
from mvp_real.networks.phase_mirror import PhaseMirror
from mvp_real.networks.students import build_student
from mvp_real.training.checkpoint_files import read_state
from mvp_real.training.rl.checkpoint import load_networks
from mvp_real.training.rl.config import ActorConfig, RlConfig, settings_from
from mvp_real.training.rl.mirroring import MirrorFunctions, phase_mirror


class Sizes(Protocol):
    """The sizes of an environment's spaces."""

    @property
    def observation_size(self) -> int: ...
    @property
    def state_size(self) -> int: ...
    @property
    def action_size(self) -> int: ...


def mirror_of(
    environment: Sizes, source: str, functions: MirrorFunctions | None, symmetry: str
) -> PhaseMirror:
    """The mirror of a policy on `source`.

    Raises:
        MvpRealError: The environment has none.
    """
    if functions is None:
        raise MvpRealError(
            f"symmetry '{symmetry}' needs an environment with a mirror; choose symmetry 'none'"
        )
    return phase_mirror(functions, source, input_size(environment, source), environment.action_size)


def input_size(environment: Sizes, source: str) -> int:
    """D of what a policy on `source` sees."""
    return {
        "observation": environment.observation_size,
        "state": environment.state_size,
        "tokens": environment.observation_size + environment.action_size,
    }[source]


def build_actor(
    config: RlConfig, environment: Sizes, functions: MirrorFunctions | None = None
) -> GaussianActor:
    """A fresh policy for the environment; `functions` are its mirror, for the symmetry "phase"."""
    actor = config.actor
    size, actions = input_size(environment, actor.source), environment.action_size
    mirror = (
        mirror_of(environment, actor.source, functions, actor.symmetry) if actor.symmetry == "phase" else None
    )
    network: nn.Module
    if actor.source == "tokens":
        network = build_student(actor.student, size, actions, actor.size, actor.activation, actor.window)
    else:
        network = MlpPolicy(size, actions, actor.hidden, actor.activation, _unseen(actor, environment))
    policy = GaussianActor(actor.source, size, actions, network, actor.initial_std, mirror)
    exploration = getattr(environment, "exploration", None)
    if exploration is not None:
        with torch.no_grad():
            policy.log_std.add_(torch.as_tensor(exploration, dtype=torch.float32).log())
    return policy


def _unseen(actor: ActorConfig, environment: Sizes) -> list[slice]:
    if not actor.unseen:
        return []
    layout: Mapping[str, slice] = getattr(environment, "state_layout", {})
    if actor.source != "state" or not layout:
        raise MvpRealError(
            "'unseen' names groups of the state; it needs source 'state' and an environment that has some"
        )
    for name in actor.unseen:
        if name not in layout:
            raise unknown_name("group of the state", name, layout)
    return [layout[name] for name in actor.unseen]


def build_critic(config: RlConfig, environment: Sizes, functions: MirrorFunctions | None = None) -> Critic:
    """A fresh critic; symmetric when the policy is and the state can be mirrored."""
    critic = config.critic
    mirror = None
    if config.actor.symmetry == "phase" and functions is not None and functions.state is not None:
        mirror = mirror_of(environment, "state", functions, "phase")
    return Critic(
        environment.state_size, critic.hidden, critic.activation, config.ppo.normalise_value, mirror
    )


def load_actor(
    directory: Path, environment: Sizes, functions: MirrorFunctions | None = None
) -> tuple[GaussianActor, RlConfig]:
    """The policy of a run as of its last checkpoint, and the run's settings.

    Called with an input of the source it was trained on, it gives the mean action.
    """
    config = settings_from(RlConfig, read_state(directory)["config"], str(directory))
    actor = build_actor(config, environment, functions)
    load_networks(directory, {"actor": actor})
    for parameter in actor.parameters():
        parameter.requires_grad_(False)
    return actor.eval(), config
