"""How a scene looks in one episode: drawn from a generator, written into the compiled model in place.

`Look.plain()` is the fixed look. `draw_look` re-draws table texture, light, camera pose, background and the
distractors' colours and sizes. `LookWriter` restores the compiled values before each write, so no look leaks
into the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import mujoco
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mvp_real.sim.distractor import DISTRACTORS, draw_size, resize
from mvp_real.sim.rendering import set_texture
from mvp_real.sim.scene import OBJECT_TEXTURE_SIDE, TABLE_TEXTURE_SIDE
from mvp_real.sim.texture import plain_table, random_colours, random_texture

FloatArray = NDArray[np.float64]
_RESTORED = (
    "geom_rgba", "geom_size", "geom_pos", "geom_rbound", "geom_aabb", "bvh_aabb", "geom_group", "mat_rgba",
    "light_pos", "light_dir", "light_diffuse", "light_specular", "cam_pos", "cam_quat", "cam_fovy",
    "body_gravcomp",
)  # fmt: skip
WRIST_CAMERA = "gripper/wrist"


@dataclass(frozen=True)
class Look:
    """One draw of everything visual.

    Attributes:
        textures: Texture name to image; the table's is (512, 512, 3), objects' (64, 64, 3) uint8.
        sun_direction: (3,) direction of the main light, pointing down.
        sun_colour, fill_colour, ambient: (3,) RGB intensities.
        camera_offset: (3,) m, added to the wrist camera's position in the gripper frame.
        camera_rotation: (3,) rotation vector, rad, applied to the wrist camera.
        camera_fovy: Added to the vertical field of view, deg.
        floor: (3,) RGB of the floor.
        fruit_gain: Brightness factor of the fruits.
        distractor_colours: Distractor name to (n parts, 3) RGB.
        distractor_sizes: Distractor name to (3,) m.
    """

    textures: dict[str, NDArray[np.uint8]]
    sun_direction: FloatArray | None = None
    sun_colour: FloatArray | None = None
    fill_colour: FloatArray | None = None
    ambient: FloatArray | None = None
    camera_offset: FloatArray = field(default_factory=lambda: np.zeros(3))
    camera_rotation: FloatArray = field(default_factory=lambda: np.zeros(3))
    camera_fovy: float = 0.0
    floor: FloatArray | None = None
    fruit_gain: float = 1.0
    distractor_colours: dict[str, FloatArray] = field(default_factory=dict)
    distractor_sizes: dict[str, FloatArray] = field(default_factory=dict)

    @staticmethod
    def plain() -> Look:
        """The fixed look of the plain scene: pale wood, one light, nothing jittered."""
        return Look(textures={"table": plain_table(TABLE_TEXTURE_SIDE)})


def draw_look(generator: Generator, strength: float = 1.0) -> Look:
    """Draw a look.

    Args:
        generator: Source of all randomness.
        strength: Scales the camera jitter (1: up to 5 mm, about 1.5 degrees, 1 degree of field of view).
    """
    textures = {"table": random_texture(generator, TABLE_TEXTURE_SIDE)}
    for item in DISTRACTORS.values():
        if item.textured:
            textures[f"distractor/{item.name}"] = random_texture(generator, OBJECT_TEXTURE_SIDE)
    tilt, heading = generator.uniform(0.0, 0.9), generator.uniform(0.0, 2 * np.pi)
    # Colour temperature: warm light loses blue, cold light loses red.
    warmth = generator.uniform(-1.0, 1.0)
    tint = np.array([1.0 + 0.10 * warmth, 1.0, 1.0 - 0.16 * warmth])
    sun = generator.uniform(0.30, 0.85)
    return Look(
        textures=textures,
        sun_direction=np.array(
            [np.sin(tilt) * np.cos(heading), np.sin(tilt) * np.sin(heading), -np.cos(tilt)]
        ),
        sun_colour=sun * tint,
        fill_colour=generator.uniform(0.05, 0.25) * (2.0 - tint),
        ambient=generator.uniform(0.22, 0.48) * (0.5 + 0.5 * tint),
        camera_offset=strength * generator.uniform(-0.005, 0.005, 3),
        camera_rotation=strength * generator.uniform(-0.026, 0.026, 3),
        camera_fovy=strength * generator.uniform(-1.0, 1.0),
        floor=random_colours(generator, 1)[0].astype(np.float64),
        fruit_gain=float(generator.uniform(0.85, 1.1)),
        distractor_colours={
            item.name: random_colours(generator, len(item.parts)).astype(np.float64)
            for item in DISTRACTORS.values()
        },
        distractor_sizes={
            item.name: draw_size(item, generator) for item in DISTRACTORS.values() if item.low is not None
        },
    )


class LookWriter:
    """Writes looks into a compiled model.

    Args:
        model: Model of `scene.tabletop_spec`.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        self._base = {name: getattr(model, name).copy() for name in _RESTORED}
        self._fruit_geoms = [
            geom
            for geom in range(model.ngeom)
            if model.body(model.geom_bodyid[geom]).name.startswith("fruit/")
        ]
        self._headlight = (model.vis.headlight.ambient.copy(), model.vis.headlight.diffuse.copy())

    def write(self, look: Look) -> set[str]:
        """Restore the compiled values, then apply `look`; returns the names of the textures to upload."""
        model = self._model
        for name, values in self._base.items():
            getattr(model, name)[...] = values
        model.vis.headlight.ambient[:], model.vis.headlight.diffuse[:] = self._headlight
        for name, image in look.textures.items():
            set_texture(model, name, image)
        sun, fill = model.light("sun").id, model.light("fill").id
        if look.sun_direction is not None:
            model.light_dir[sun] = look.sun_direction
            model.light_pos[sun] = np.array([0.35, 0.0, 0.0]) - 2.3 * look.sun_direction
        if look.sun_colour is not None:
            model.light_diffuse[sun] = look.sun_colour
            model.light_specular[sun] = 0.4 * look.sun_colour
        if look.fill_colour is not None:
            model.light_diffuse[fill] = look.fill_colour
        if look.ambient is not None:
            model.vis.headlight.ambient[:] = look.ambient
        if look.floor is not None:
            model.mat_rgba[model.material("floor").id, :3] = look.floor
        self._write_camera(look)
        model.geom_rgba[self._fruit_geoms, :3] = np.clip(
            look.fruit_gain * model.geom_rgba[self._fruit_geoms, :3], 0, 1
        )
        for name, colours in look.distractor_colours.items():
            for index, colour in enumerate(colours):
                model.geom_rgba[model.geom(f"distractor/{name}/{index}").id, :3] = colour
            if DISTRACTORS[name].textured:  # a texture is multiplied by the colour
                model.geom_rgba[model.geom(f"distractor/{name}/0").id, :3] = 1.0
        for name, size in look.distractor_sizes.items():
            resize(model, DISTRACTORS[name], size)
        return set(look.textures)

    def _write_camera(self, look: Look) -> None:
        model, camera = self._model, self._model.camera(WRIST_CAMERA).id
        model.cam_pos[camera] += look.camera_offset
        model.cam_fovy[camera] += look.camera_fovy
        turn = np.zeros(4)
        angle = float(np.linalg.norm(look.camera_rotation))
        axis = look.camera_rotation / angle if angle > 0 else np.array([1.0, 0.0, 0.0])
        mujoco.mju_axisAngle2Quat(turn, axis, angle)
        turned = np.zeros(4)
        mujoco.mju_mulQuat(turned, model.cam_quat[camera], turn)
        model.cam_quat[camera] = turned
