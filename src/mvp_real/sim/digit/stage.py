"""Where the robot stands: light, sky, cameras that follow it, and a plane to walk on."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import numpy as np

from mvp_real.messages import FloatArray

Terrain = Callable[[mujoco.MjSpec], None]

# Cameras that keep their direction while they follow the base: name, position relative to it in m, vertical opening
# in degrees. They look at the middle of the robot.
_CAMERAS = {"side": (0.0, -3.2, 0.35), "front": (3.2, 0.0, 0.35), "scene": (2.3, -2.1, 0.55)}
_LOOK_AT_HEIGHT = -0.22
_OPENING = 38.0
_SUN = np.array([0.30, 0.38, -1.0])  # direction of its light
PICTURE_SIZE = (1280, 960)


def add_plane(spec: mujoco.MjSpec) -> None:
    """The default terrain: an endless plane called `floor` with a metre grid."""
    spec.worldbody.add_geom(
        name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=(0.0, 0.0, 0.5), material="ground", group=0
    )


def add_surroundings(spec: mujoco.MjSpec, terrain: Terrain | None = None) -> None:
    """Add light, sky, ground material, cameras `side`, `front`, `scene`, and the terrain.

    Args:
        spec: Model with a body `base`.
        terrain: Adds the ground to the model; its material may be `ground`. None for a plane called `floor`.
    """
    spec.visual.global_.offwidth, spec.visual.global_.offheight = PICTURE_SIZE
    spec.visual.headlight.ambient = (0.35, 0.35, 0.36)
    spec.visual.headlight.diffuse = (0.35, 0.35, 0.35)
    spec.visual.headlight.specular = (0.1, 0.1, 0.1)
    spec.visual.rgba.haze = (0.80, 0.84, 0.88, 1.0)
    spec.visual.map.znear = 0.01
    spec.visual.quality.shadowsize = 4096
    spec.stat.extent = 2.0
    spec.stat.center = (0.0, 0.0, 0.8)
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=(0.62, 0.72, 0.82),
        rgb2=(0.90, 0.92, 0.94),
        width=256,
        height=1536,
    )
    spec.add_texture(
        name="ground",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=(0.72, 0.73, 0.74),
        rgb2=(0.66, 0.67, 0.69),
        mark=mujoco.mjtMark.mjMARK_EDGE,
        markrgb=(0.55, 0.56, 0.58),
        width=300,
        height=300,
    )
    material = spec.add_material(
        name="ground", texuniform=True, texrepeat=(1.0, 1.0), reflectance=0.0, specular=0.1
    )
    material.textures[int(mujoco.mjtTextureRole.mjTEXROLE_RGB)] = "ground"
    # Both are carried along. The shadow is the spot's, because a sun's shadow map speckles the ground at its border.
    for name, kind, brightness, shadow in (
        ("sun", mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, 0.32, False),
        ("spot", mujoco.mjtLightType.mjLIGHT_SPOT, 0.30, True),
    ):
        spec.body("base").add_light(
            name=name,
            mode=mujoco.mjtCamLight.mjCAMLIGHT_TRACK,
            type=kind,
            pos=-8.0 * _SUN,
            dir=_SUN,
            cutoff=35.0,
            exponent=1.0,
            diffuse=(brightness, brightness, 0.96 * brightness),
            specular=(0.1, 0.1, 0.1),
            castshadow=shadow,
        )
    for name, place in _CAMERAS.items():
        x, y, z = place
        spec.body("base").add_camera(
            name=name,
            mode=mujoco.mjtCamLight.mjCAMLIGHT_TRACK,
            pos=place,
            fovy=_OPENING,
            quat=_camera_quaternion(np.array([-x, -y, _LOOK_AT_HEIGHT - z])),
        )
    (terrain or add_plane)(spec)


def _camera_quaternion(direction: FloatArray) -> FloatArray:
    """(4,) orientation of a camera that looks along `direction`, its x axis level; it looks along its own -z."""
    right = np.cross(direction, (0.0, 0.0, 1.0))
    axes = np.stack([right, np.cross(right, direction), -direction], axis=1)
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, (axes / np.linalg.norm(axes, axis=0)).reshape(-1))
    return quaternion
