"""Pictures of all simulations at once by the ray tracer of MuJoCo Warp."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from mvp_real.sim.model_names import number_of

_GROUPS = [0, 1, 2]  # as `OffscreenRenderer`: 0 room and objects, 1 gripper, 2 arm


class WarpRenderer:
    """Renders every camera of N simulations at one size.

    Args:
        warp, engine: The packages `warp` and `mujoco_warp`.
        model: Compiled model on the host.
        count: N.
        size: Width and height, pixels.
    """

    def __init__(
        self, warp: Any, engine: Any, model: mujoco.MjModel, count: int, size: tuple[int, int]
    ) -> None:
        self._warp, self._engine, self._model, self.size = warp, engine, model, size
        self._context = engine.create_render_context(
            model, nworld=count, cam_res=size, render_rgb=True, enabled_geom_groups=_GROUPS
        )
        self._picture = warp.zeros((count, size[1], size[0]), dtype=warp.vec3)

    def render(self, device_model: Any, device_data: Any, camera: str) -> NDArray[np.uint8]:
        """Pictures (N, height, width, 3) of a camera."""
        number = number_of(self._model, "camera", camera)
        self._engine.kinematics(device_model, device_data)
        self._engine.camlight(device_model, device_data)
        self._engine.refit_bvh(device_model, device_data, self._context)
        self._engine.render(device_model, device_data, self._context)
        self._engine.get_rgb(self._context, number, self._picture)
        return np.asarray(np.clip(self._picture.numpy() * 255.0 + 0.5, 0.0, 255.0).astype(np.uint8))
