"""Engines by name: the right class, named options, helpful refusals; and that the engines offer the same."""

from __future__ import annotations

import importlib.util
import inspect
from typing import get_type_hints

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.sim.backend import Capabilities, SimBackend
from mvp_real.sim.engines import ENGINES, make_backend
from mvp_real.sim.isaac_gym_backend import IsaacGymBackend
from mvp_real.sim.mujoco_backend import MujocoBackend
from mvp_real.sim.warp_backend import WarpBackend
from tests.sim.small_scene import small_scene

BACKENDS = [MujocoBackend, WarpBackend, IsaacGymBackend]
# Beyond the protocol, what tasks use that write states and model fields themselves.
FIELDS = ["data_field", "model_field", "sensor", "reset_state", "advance", "forward", "update_constants", "snapshot",
          "restore"]  # fmt: skip


def test_the_default_runs() -> None:
    backend = make_backend("mujoco", small_scene(), 2, decimation=4, threads=1)
    assert isinstance(backend, MujocoBackend)
    backend.step()
    np.testing.assert_allclose(backend.time, 0.02)


def test_names_lead_to_their_backends() -> None:
    assert [engine.load for engine in ENGINES.values()] == BACKENDS


@pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))
def test_options_are_those_of_the_backend(engine: object) -> None:
    parameters = inspect.signature(engine.load).parameters  # type: ignore[attr-defined]
    for name in (*engine.options, *engine.fixed):  # type: ignore[attr-defined]
        assert name in parameters


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_engine_has_every_call_with_the_same_parameters(backend: type) -> None:
    methods = [name for name in vars(SimBackend) if not name.startswith("_")]
    assert len(methods) >= 13
    for name in methods:
        expected, found = getattr(SimBackend, name), getattr(backend, name)
        if isinstance(expected, property):
            assert isinstance(found, property)
        else:
            assert list(inspect.signature(found).parameters) == list(inspect.signature(expected).parameters)
    for name in FIELDS:
        assert inspect.signature(getattr(backend, name)) == inspect.signature(getattr(MujocoBackend, name))
    assert isinstance(backend.capabilities, Capabilities)  # type: ignore[attr-defined]
    assert set(get_type_hints(Capabilities)) == set(vars(backend.capabilities))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("isaacgym", {}, "did you mean isaac_gym"),
        ("wrap", {}, "did you mean warp"),
        ("mujoco", {"device": "cuda"}, "has no option 'device'; it has: threads"),
        ("warp", {"threads": 2}, "device, contacts, constraints"),
    ],
)
def test_refusals_name_the_remedy(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        make_backend(name, small_scene(), 1, **options)


@pytest.mark.skipif(importlib.util.find_spec("mujoco_warp") is not None, reason="MuJoCo Warp is installed")
def test_a_missing_package_names_its_extra() -> None:
    with pytest.raises(MvpRealError, match=r"pip install 'mvp_real\[warp\]'"):
        make_backend("warp", small_scene(), 1)
