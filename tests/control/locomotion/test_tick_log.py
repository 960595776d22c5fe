"""A log is replayed exactly by the same policy, and to 1e-5 by the same policy in another format (rule 9)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

from mvp_real.control.locomotion.tick_log import TickLog, load_ticks, replay
from mvp_real.errors import MvpRealError
from mvp_real.inference.locomotion import LocomotionSession

from ...inference.walking_bundles import FEATURES, linear_bundle
from .loop_robot import LoopRobot

RANDOM = np.random.default_rng(3)
MATRIX = RANDOM.normal(0.0, 0.05, (FEATURES, 36))
OFFSET = RANDOM.normal(0.0, 0.1, 36)


def session(directory: Path) -> LocomotionSession:
    return LocomotionSession(linear_bundle(directory / "linear", MATRIX, OFFSET))


def numpy_policy(tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The same linear policy from its weights in double precision: another format."""
    token = tokens[-1].astype(np.float64)
    clock = complex(token[62], token[61])  # cosine + i sine
    powers = [clock**k for k in range(1, 7)]
    features = np.concatenate([token, [part for z in powers for part in (z.imag, z.real)]])
    return features @ MATRIX.astype(np.float32).astype(np.float64) + OFFSET.astype(np.float32)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Of a walk with two engagements: shadow, blending, walking, each time."""
    robot = LoopRobot()
    network = session(tmp_path)
    robot.loop._policy = network  # the loop's own: the log holds what it said
    log = TickLog()
    for _ in range(2):
        robot.walk()
        for _ in range(20):
            robot.loop.velocity_command.take(np.array([0.6, 0.0, 0.5]), robot.now)
            robot.tick()
        robot.loop.disengage("for the test")
        robot.loop.clear_fault()
    for output in robot.outputs:
        if output.record is not None:
            log.add(output.record)
    assert len(log) == 2 * 61
    log.save(tmp_path / "logs" / "walk.npz")
    return tmp_path / "logs" / "walk.npz"


def test_the_same_log_gives_identical_actions(log: Path, tmp_path: Path) -> None:
    ticks = load_ticks(log)
    assert [k for k, tick in enumerate(ticks) if tick.fresh] == [0, 61]
    said = np.array([tick.action for tick in ticks])
    np.testing.assert_array_equal(replay(ticks, session(tmp_path)), said)
    np.testing.assert_array_equal(replay(ticks, session(tmp_path)), said)


def test_another_format_of_the_same_policy_agrees(log: Path) -> None:
    ticks = load_ticks(log)
    said = np.array([tick.action for tick in ticks])
    difference = np.abs(replay(ticks, numpy_policy) - said).max() / np.abs(said).max()
    assert 0.0 < difference <= 1e-5, "another way to compute, the same policy"


def test_another_policy_does_not_agree(log: Path) -> None:
    ticks = load_ticks(log)
    said = np.array([tick.action for tick in ticks])
    assert np.abs(replay(ticks, lambda tokens, mask: 1.01 * numpy_policy(tokens, mask)) - said).max() > 1e-3


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", stamp=np.zeros(3))
    (tmp_path / "text.npz").write_text("no log")
    np.savez(tmp_path / "pickled.npz", stamp=np.array([object()]))
    for name in ("other", "text", "pickled", "missing"):
        with pytest.raises(MvpRealError, match="is not a log of the walking loop"):
            load_ticks(tmp_path / f"{name}.npz")
