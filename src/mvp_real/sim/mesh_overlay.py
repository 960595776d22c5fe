"""Optional looks: the vendor's link meshes drawn over our primitives, from a menagerie checkout.

Nothing changes for physics: the primitives stay as (hidden) collision shapes and all masses stay ours. Set
MENAGERIE_ROOT to a checkout of mujoco_menagerie; its `ufactory_xarm7` model is BSD-3-Clause and not shipped
with this package. Meshes cost several times the rendering time, so only people looking at the robot want them.
"""

from __future__ import annotations

import os
from pathlib import Path

import mujoco

from mvp_real.errors import MvpRealError

# Link of ours to mesh file of the checkout; both use the same link frames.
_LINKS = {name: f"{name}.stl" for name in ("link_base", *(f"link{k}" for k in range(1, 7)))}
_LINKS["link7"] = "end_tool.stl"
HIDDEN_GROUP = 3
ARM_GROUP = 2


def menagerie_assets() -> Path | None:
    """Folder of the arm's meshes in the checkout that MENAGERIE_ROOT names; None if the variable is not set.

    Raises:
        MvpRealError: The variable is set but the meshes are not there.
    """
    root = os.environ.get("MENAGERIE_ROOT")
    if not root:
        return None
    assets = Path(root) / "ufactory_xarm7" / "assets"
    missing = [name for name in _LINKS.values() if not (assets / name).is_file()]
    if missing:
        raise MvpRealError(
            f"MENAGERIE_ROOT is {root}, but {assets} lacks {', '.join(missing)}; "
            "point it to a checkout of mujoco_menagerie, or unset it"
        )
    return assets


def overlay_meshes(spec: mujoco.MjSpec, assets: Path) -> None:
    """Draw the vendor's meshes instead of the arm's primitives.

    Args:
        spec: A scene that holds the arm (see `scene.tabletop_spec`), not compiled yet.
        assets: Folder with `link_base.stl` .. `link6.stl` and `end_tool.stl`.
    """
    for link, file in _LINKS.items():
        body = spec.body(link)
        for geom in body.geoms:
            geom.group = HIDDEN_GROUP
        spec.add_mesh(name=f"mesh/{link}", file=str(assets / file))
        body.add_geom(
            name=f"mesh/{link}",
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=f"mesh/{link}",
            material="arm_grey" if link == "link7" else "arm_white",
            contype=0,
            conaffinity=0,
            mass=0.0,
            group=ARM_GROUP,
        )
