"""A walking policy in ONNX Runtime: the right numbers, on one thread, and no other kind of bundle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

from mvp_real.bundle import BundleError
from mvp_real.control.locomotion.spaces import OBSERVATION
from mvp_real.inference.locomotion import LocomotionSession

from .tiny_bundles import controller_bundle, encoder_bundle
from .walking_bundles import gait_bundle, last_token_bundle


def test_the_newest_token_decides_and_padding_does_not(tmp_path: Path) -> None:
    session = LocomotionSession(last_token_bundle(tmp_path / "last", gain=0.5))
    random = np.random.default_rng(0)
    tokens = random.normal(size=(16, 102)).astype(np.float32)
    mask = np.ones(16, np.float32)
    action = session(tokens, mask)
    assert action.shape == (36,)
    assert action.dtype == np.float64
    np.testing.assert_allclose(action, 0.5 * tokens[-1, :36], rtol=1e-6)
    np.testing.assert_array_equal(session(tokens, mask), action)


def test_a_wrong_shape_is_refused(tmp_path: Path) -> None:
    session = LocomotionSession(last_token_bundle(tmp_path / "last"))
    with pytest.raises(
        BundleError, match=r"takes tokens \(16, 102\) and a mask \(16,\), got \(15, 102\) and \(16,\)"
    ):
        session(np.zeros((15, 102), np.float32), np.ones(16, np.float32))


def test_many_robots_at_once_are_many_single_ones(tmp_path: Path) -> None:
    session = LocomotionSession(last_token_bundle(tmp_path / "last", gain=0.5))
    tokens = np.random.default_rng(0).normal(size=(5, 16, 102)).astype(np.float32)
    mask = np.ones((5, 16), np.float32)
    actions = session.batch(tokens, mask)
    assert actions.shape == (5, 36)
    for one, window in zip(actions, tokens, strict=True):
        np.testing.assert_allclose(session(window, mask[0]), one, rtol=1e-6)
    with pytest.raises(BundleError, match="takes tokens"):
        session.batch(tokens, mask[:4])


def test_warm_up_times_two_hundred_calls(tmp_path: Path) -> None:
    latency = LocomotionSession(last_token_bundle(tmp_path / "last")).warm_up()
    assert latency.calls == 200
    assert 0.0 < latency.median <= latency.p95 <= latency.largest


def test_a_gait_follows_the_clock_of_the_newest_token(tmp_path: Path) -> None:
    """The bundle that the tests of the nodes walk with."""
    phases = np.arange(40) / 40
    actions = (
        np.sin(2 * np.pi * phases)[:, None] * np.linspace(0, 1, 36) + np.cos(6 * np.pi * phases)[:, None]
    )
    session = LocomotionSession(gait_bundle(tmp_path / "gait", phases, actions))
    tokens = np.zeros((16, 102), np.float32)
    for phase, action in zip(phases, actions, strict=True):
        tokens[-1, OBSERVATION["clock"]] = np.sin(2 * np.pi * phase), np.cos(2 * np.pi * phase)
        np.testing.assert_allclose(session(tokens, np.ones(16, np.float32)), action, atol=1e-5)


def test_another_kind_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "controller"
    controller_bundle(directory, encoder_bundle(tmp_path / "encoder"))
    with pytest.raises(BundleError, match="of kind 'controller', but one of kind 'locomotion' is needed"):
        LocomotionSession(directory)
