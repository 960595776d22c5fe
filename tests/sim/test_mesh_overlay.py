"""The mesh overlay changes what is drawn and nothing else."""

from __future__ import annotations

import struct
from pathlib import Path

import mujoco
import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.sim.mesh_overlay import HIDDEN_GROUP, menagerie_assets, overlay_meshes
from mvp_real.sim.scene import tabletop_spec

FILES = ("link_base", "link1", "link2", "link3", "link4", "link5", "link6", "end_tool")


def write_tetrahedron(path: Path) -> None:
    """A binary STL of four triangles."""
    corners = 0.05 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    faces = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
    body = b"".join(
        struct.pack("<12fH", 0.0, 0.0, 0.0, *corners[list(face)].ravel().tolist(), 0) for face in faces
    )
    path.write_bytes(b"\0" * 80 + struct.pack("<I", len(faces)) + body)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    assets = tmp_path / "ufactory_xarm7" / "assets"
    assets.mkdir(parents=True)
    for name in FILES:
        write_tetrahedron(assets / f"{name}.stl")
    return tmp_path


def test_without_the_variable_there_is_no_overlay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MENAGERIE_ROOT", raising=False)
    assert menagerie_assets() is None


def test_a_wrong_checkout_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MENAGERIE_ROOT", str(tmp_path))
    with pytest.raises(MvpRealError, match=r"lacks link_base\.stl"):
        menagerie_assets()


def test_physics_stay_the_same(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> None:
    monkeypatch.setenv("MENAGERIE_ROOT", str(checkout))
    assets = menagerie_assets()
    assert assets is not None
    spec = tabletop_spec(fruits=["apple"], distractors=[])
    overlay_meshes(spec, assets)
    drawn, plain = spec.compile(), tabletop_spec(fruits=["apple"], distractors=[]).compile()
    assert drawn.nmesh == 8
    np.testing.assert_allclose(drawn.body_mass, plain.body_mass)
    np.testing.assert_allclose(drawn.body_inertia, plain.body_inertia)
    states = []
    for model in (drawn, plain):
        data = mujoco.MjData(model)
        data.ctrl[:7] = 0.1
        mujoco.mj_step(model, data, 100)
        states.append(data.qpos.copy())
    np.testing.assert_allclose(*states, atol=1e-12)
    links = [drawn.body(name).id for name in ("link_base", "link3", "link7")]
    for link in links:
        mine = [g for g in range(drawn.ngeom) if drawn.geom_bodyid[g] == link]
        shown = [g for g in mine if drawn.geom_group[g] != HIDDEN_GROUP]
        assert [drawn.geom_type[g] for g in shown] == [mujoco.mjtGeom.mjGEOM_MESH]
        assert all(drawn.geom_contype[g] == 0 for g in shown)
