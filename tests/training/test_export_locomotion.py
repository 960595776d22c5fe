"""Every student and the plain policy export to one interface and agree with torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file

from mvp_real.errors import MvpRealError
from mvp_real.networks.gaussian_actor import GaussianActor
from mvp_real.networks.students import KINDS
from mvp_real.tasks.digit.privileged import Mirror
from mvp_real.training.export_locomotion import export_locomotion
from mvp_real.training.rl.build import build_actor
from tests.training.rl.conftest import settings


class Digit:
    """Sizes and mirror of Digit's spaces."""

    observation_size, state_size, action_size = 66, 480, 36


def policy(source: str, student: str = "transformer", symmetry: str = "none") -> GaussianActor:
    torch.manual_seed(0)
    config = settings(actor={"source": source, "student": student, "size": "tiny", "symmetry": symmetry})
    actor = build_actor(config, Digit, Mirror())  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in actor.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape))
    actor.normaliser.update(3.0 + 2.0 * torch.randn(100, actor.inputs))
    return actor


def session_of(directory: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(directory / "model.onnx"), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("student", KINDS)
def test_every_student_has_the_same_interface(tmp_path: Path, student: str) -> None:
    actor = policy("tokens", student)
    exported = export_locomotion(actor, tmp_path, 102)
    assert exported.difference <= 1e-5
    assert exported.inputs == {"tokens": (16, 102), "mask": (16,)}
    assert exported.outputs == {"action": (36,)}
    session = session_of(tmp_path)
    tokens = np.random.default_rng(1).normal(3.0, 2.0, (1, 16, 102)).astype(np.float32)
    for count in (1, 7, 16):
        mask = (np.arange(15, -1, -1) < count).astype(np.float32)[None]
        found = session.run(None, {"tokens": tokens, "mask": mask})[0]
        with torch.no_grad():
            expected = actor(torch.from_numpy(tokens), torch.from_numpy(mask) > 0.5).numpy()
        assert found.shape == (1, 36)
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    weights = load_file(tmp_path / "weights.safetensors")
    assert weights.keys() == actor.state_dict().keys()


def test_symmetry_is_inside_the_graph(tmp_path: Path) -> None:
    export_locomotion(policy("tokens", symmetry="phase"), tmp_path, 102)
    session, mirror = session_of(tmp_path), Mirror()
    tokens = np.random.default_rng(1).normal(size=(1, 16, 102)).astype(np.float32)
    image = np.concatenate([mirror.observation(tokens[..., :66]), mirror.action(tokens[..., 66:])], axis=-1)
    mask = np.ones((1, 16), np.float32)
    action = session.run(None, {"tokens": tokens, "mask": mask})[0]
    mirrored = session.run(None, {"tokens": image.astype(np.float32), "mask": mask})[0]
    np.testing.assert_array_equal(mirrored, mirror.action(action).astype(np.float32))
    assert np.abs(mirrored - action).max() > 1e-3


def test_a_policy_on_the_observation_reads_the_newest_token(tmp_path: Path) -> None:
    actor = policy("observation")
    export_locomotion(actor, tmp_path, 102)
    session = session_of(tmp_path)
    tokens = np.random.default_rng(1).normal(size=(1, 16, 102)).astype(np.float32)
    found = session.run(None, {"tokens": tokens, "mask": np.ones((1, 16), np.float32)})[0]
    with torch.no_grad():
        expected = actor(torch.from_numpy(tokens[:, -1, :66])).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_the_state_policy_does_not_leave_the_simulator(tmp_path: Path) -> None:
    with pytest.raises(MvpRealError, match="distil it into a student"):
        export_locomotion(policy("state"), tmp_path, 102)
