"""The adaptor of a policy in training gives what the robot's own window and network would give."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mvp_real.control.locomotion.history import History
from mvp_real.control.locomotion.spaces import ACTION_SIZE, OBSERVATION_SIZE
from mvp_real.errors import MvpRealError
from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.networks.mlp_policy import MlpPolicy
from mvp_real.networks.students import build_student
from mvp_real.training.rl.walk_policy import TorchWalkPolicy


def actor_of(source: str, inputs: int) -> GaussianActor:
    torch.manual_seed(0)
    if source == "tokens":
        network = build_student("transformer", inputs, ACTION_SIZE, "tiny", "elu", 16)
    else:
        network = MlpPolicy(inputs, ACTION_SIZE, [16], "elu")
    return GaussianActor(source, inputs, ACTION_SIZE, network).eval()


def test_windows_are_those_of_the_robot() -> None:
    actor = actor_of("tokens", OBSERVATION_SIZE + ACTION_SIZE)
    policy = TorchWalkPolicy(actor)
    random = np.random.default_rng(0)
    windows = [History(), History()]
    sent = np.zeros((2, ACTION_SIZE))
    for step in range(20):
        observation = random.normal(size=(2, OBSERVATION_SIZE))
        reset = np.array([step == 0, step in (0, 7)])
        sent[reset] = 0.0
        action = policy(observation, sent, reset)
        for window, one, last, begins in zip(windows, observation, sent, reset, strict=True):
            if begins:
                window.clear()
            window.append(one, last)
        tokens = torch.from_numpy(np.stack([window.tokens for window in windows]))
        mask = torch.from_numpy(np.stack([window.mask for window in windows])) > 0
        np.testing.assert_allclose(action, actor(tokens, mask).detach().numpy(), atol=1e-5)
        sent = np.clip(action, -1.0, 1.0)


def test_a_policy_on_observations_needs_no_window() -> None:
    actor = actor_of("observation", OBSERVATION_SIZE)
    observation = np.random.default_rng(0).normal(size=(3, OBSERVATION_SIZE))
    action = TorchWalkPolicy(actor)(observation, np.zeros((3, ACTION_SIZE)), np.ones(3, dtype=bool))
    wanted = actor(torch.from_numpy(observation.astype(np.float32))).detach().numpy()
    np.testing.assert_allclose(action, wanted, atol=1e-6)


def test_the_privileged_state_is_refused() -> None:
    with pytest.raises(MvpRealError, match="distil it"):
        TorchWalkPolicy(actor_of("state", 480))
