"""Isaac Gym's own process: messages, errors and its end; the stand-in takes the package's place there as well."""

from __future__ import annotations

import ast
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mvp_real.errors import MvpRealError
from mvp_real.sim.isaac_gym import frames, worker
from mvp_real.sim.isaac_gym.frames import read_message, write_message
from mvp_real.sim.isaac_gym.process import PYTHON_VARIABLE, IsaacGymProcess
from mvp_real.sim.isaac_gym_backend import IsaacGymBackend
from mvp_real.sim.mujoco_backend import MujocoBackend
from tests.sim.small_scene import small_scene

REPOSITORY = Path(__file__).parents[3]
STAND_IN = f"""
import sys
print("Importing module 'gym_38'")  # as the real package does, on stdout
sys.path.insert(0, {str(REPOSITORY)!r})
from tests.sim.recording_isaac_gym import RecordingGym, modules
sys.modules.update(modules(RecordingGym()))
"""


@pytest.fixture
def python(tmp_path: Path) -> str:
    """An interpreter that has the stand-in as `isaacgym`."""
    package = tmp_path / "packages" / "isaacgym"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(STAND_IN)
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{package.parent}" exec {sys.executable} "$@"\n')
    script.chmod(0o755)
    return str(script)


@given(
    arrays(
        st.sampled_from([np.float32, np.float64, np.int32, np.uint8]), array_shapes(min_dims=0, min_side=0)
    ),
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3),
)
def test_messages_arrive_as_they_were(values: np.ndarray, content: dict[str, object]) -> None:
    stream = io.BytesIO()
    write_message(stream, content, {"values": values, "more": np.arange(3)})
    stream.seek(0)
    message = read_message(stream)
    assert message is not None
    assert message[0] == content
    np.testing.assert_array_equal(message[1]["values"], values)
    assert message[1]["values"].dtype == values.dtype
    assert read_message(stream) is None


def test_a_broken_message_is_the_end() -> None:
    stream = io.BytesIO()
    write_message(stream, {"call": "step"}, {"values": np.zeros(5)})
    assert read_message(io.BytesIO(stream.getvalue()[:-1])) is None


def test_the_same_motion_through_the_process(python: str) -> None:
    ours = IsaacGymBackend(small_scene(0.001), 2, 10, device="cpu", python=python)
    theirs = MujocoBackend(small_scene(0.001), 2, 10, persistent=True)
    for engine in (ours, theirs):
        engine.set_joint_targets(np.array([[0.3], [-0.3]]))
        engine.step(5)
    np.testing.assert_allclose(ours.joint_pos, theirs.joint_pos, atol=3e-3)
    ours.close()
    ours.close()


def test_refusals_come_back_and_the_process_lives_on(python: str) -> None:
    process = IsaacGymProcess(python)
    for _ in range(2):
        with pytest.raises(MvpRealError, match="unknown call 'jump'"):
            process.call("jump")
    process.close()


def test_a_process_that_dies_leaves_its_last_words(python: str) -> None:
    process = IsaacGymProcess(python)
    with pytest.raises(MvpRealError, match=r"(?s)ended by itself.*KeyError: 'settings'"):
        process.call("start")
    process.close()


def test_without_isaac_gym_the_way_to_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PYTHON_VARIABLE, raising=False)
    with pytest.raises(MvpRealError, match=PYTHON_VARIABLE):
        IsaacGymBackend(small_scene(), 1)
    monkeypatch.setenv(PYTHON_VARIABLE, "/nowhere/python3.8")
    with pytest.raises(MvpRealError, match="cannot be started"):
        IsaacGymBackend(small_scene(), 1)
    monkeypatch.setenv(PYTHON_VARIABLE, sys.executable)
    with pytest.raises(MvpRealError, match="Isaac Gym Preview 4"):
        IsaacGymBackend(small_scene(), 1, device="cpu")


def test_what_runs_there_is_python_3_8() -> None:
    """Its syntax, and no import of what only newer versions or our side have."""
    folder = Path(worker.__file__).parent
    seen, waiting = set(), ["worker"]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"), feature_version=(3, 8))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert node.module != "mujoco"
                if node.module.startswith("mvp_real.sim.isaac_gym."):
                    waiting.append(node.module.rsplit(".", 1)[1])
    assert Path(frames.__file__).stem in seen
    assert not seen & {"scene", "urdf", "process", "variation", "mirror_state", "rods"}
