"""Off-screen rendering without a display: one GL context per compiled model, any image size, textures
re-uploaded in place.

Shadows and reflections are off unless asked for: with software GL they cost 10 to 25 times the rest of the
picture.
A context belongs to the thread that renders; every call makes it current first. Never fork after creating
one.
"""

from __future__ import annotations

import importlib
import os
import weakref
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError


class OffscreenRenderer:
    """Renders cameras of one model to numpy images.

    Args:
        model: Compiled model; `model.vis.global_.offwidth/offheight` bound the image size.
        max_geom: Largest number of shapes in a picture.
        samples: Samples per pixel against jagged edges; 0 costs half of 4 with software GL.

    Raises:
        MvpRealError: No OpenGL context could be made.
    """

    def __init__(self, model: mujoco.MjModel, max_geom: int = 400, samples: int = 4) -> None:
        self._model = model
        model.vis.quality.offsamples = samples  # read when the context below is made
        width, height = int(model.vis.global_.offwidth), int(model.vis.global_.offheight)
        try:
            self._gl = _context(width, height)
        except Exception as error:  # whatever the GL binding raises: import, attribute and EGL errors
            raise MvpRealError(
                f"no OpenGL context for off-screen rendering ({error}); install it with: "
                "apt-get install libegl1 libgl1-mesa-dri, or set MUJOCO_GL=osmesa and install libosmesa6"
            ) from error
        self._gl.make_current()
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._scene = mujoco.MjvScene(model, maxgeom=max_geom)
        self._option = mujoco.MjvOption()
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._perturb = mujoco.MjvPerturb()
        # Also at interpreter exit: a context that is freed later than its library prints an error.
        self._free = weakref.finalize(self, _free, self._gl, self._context)

    def upload_texture(self, name: str) -> None:
        """Send a texture that was changed in `model.tex_data` to the renderer."""
        self._gl.make_current()
        mujoco.mjr_uploadTexture(self._model, self._context, self._model.texture(name).id)

    def render(
        self,
        data: mujoco.MjData,
        camera: str,
        width: int,
        height: int,
        shadows: bool = False,
        sky: bool = True,
        groups: tuple[int, ...] = (0, 1, 2),
    ) -> NDArray[np.uint8]:
        """Picture of a camera, (height, width, 3) uint8 RGB.

        Needs `mj_forward` or at least `mj_kinematics`, `mj_camlight` after the last change of state.

        Args:
            data: State to show.
            camera: Name of the camera.
            width, height: Size of the picture, at most the model's off-screen buffer.
            shadows: Cast shadows (slow).
            sky: Draw the sky box.
            groups: Geom groups to show: 0 room and objects, 1 gripper, 2 arm, 3 whatever is parked.
        """
        self._gl.make_current()
        self._option.geomgroup[:] = [int(group in groups) for group in range(6)]
        self._camera.fixedcamid = self._model.camera(camera).id
        mujoco.mjv_updateScene(
            self._model,
            data,
            self._option,
            self._perturb,
            self._camera,
            mujoco.mjtCatBit.mjCAT_ALL,
            self._scene,
        )
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = shadows
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SKYBOX] = sky
        rectangle = mujoco.MjrRect(0, 0, width, height)
        mujoco.mjr_render(rectangle, self._scene, self._context)
        image = np.empty((height, width, 3), np.uint8)
        mujoco.mjr_readPixels(image, None, rectangle, self._context)
        return np.ascontiguousarray(image[::-1])

    def close(self) -> None:
        """Free the GL context; safe to call twice."""
        self._free()


def _free(gl: Any, context: mujoco.MjrContext) -> None:
    gl.make_current()
    context.free()
    gl.free()


def _context(width: int, height: int) -> Any:
    """A GL context of the binding named by MUJOCO_GL, EGL by default.

    MuJoCo itself decides when it is first imported, which may have happened before this package set the
    variable.
    """
    binding = os.environ.get("MUJOCO_GL", "egl").lower() or "egl"
    if binding in ("egl", "osmesa"):
        return importlib.import_module(f"mujoco.{binding}").GLContext(width, height)
    return mujoco.GLContext(width, height)


def set_texture(model: mujoco.MjModel, name: str, image: NDArray[np.uint8]) -> None:
    """Write an image (H, W, 3) over a texture of the same size in the compiled model.

    Raises:
        ValueError: The image has another size than the texture.
    """
    texture = model.texture(name).id
    height, width = int(model.tex_height[texture]), int(model.tex_width[texture])
    if image.shape != (height, width, 3):
        raise ValueError(f"texture '{name}' is ({height}, {width}, 3), the image is {image.shape}")
    start = int(model.tex_adr[texture])
    model.tex_data[start : start + image.size] = image.reshape(-1)
