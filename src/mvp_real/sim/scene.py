"""The tabletop scene as MjSpec functions: room and table, xArm7 with gripper and wrist camera, fruits,
distractors.

One scene is compiled once; what differs between episodes (which fruit, textures, light, camera, distractors)
is written into the compiled model in place, which takes milliseconds instead of a fresh compilation and a
fresh GL context.
"""

from __future__ import annotations

from collections.abc import Iterable

import mujoco

from mvp_real.resources import sim_file
from mvp_real.sim.distractor import DISTRACTORS, add_distractor
from mvp_real.sim.fruit import FRUITS, add_fruit

TABLE_TEXTURE_SIDE = 512
OBJECT_TEXTURE_SIDE = 64
# Bodies not in use wait here, behind and above every camera.
PARKING = (-6.0, 0.0, 3.0)


def parking_place(slot: int) -> tuple[float, float, float]:
    """Where unused body number `slot` waits, m."""
    return (PARKING[0], PARKING[1] + 0.4 * slot, PARKING[2])


def xarm7_spec() -> mujoco.MjSpec:
    """The arm alone, its base at the origin."""
    return mujoco.MjSpec.from_file(str(sim_file("xarm7.xml")))


def attach_gripper(arm: mujoco.MjSpec) -> mujoco.MjSpec:
    """Put the parallel gripper with the wrist camera on the arm's flange."""
    gripper = mujoco.MjSpec.from_file(str(sim_file("parallel_gripper.xml")))
    frame = arm.body("link7").add_frame()
    frame.attach_body(gripper.body("gripper"), "gripper/", "")
    return arm


def tabletop_spec(
    fruits: Iterable[str] = tuple(FRUITS), distractors: Iterable[str] = tuple(DISTRACTORS)
) -> mujoco.MjSpec:
    """The whole scene (`tabletop.xml` includes the arm) with the named fruits and distractors, all parked.

    Names: joints `joint1`..`joint7`, `gripper/left_finger`, `gripper/right_finger`; actuators
    `joint1`..`joint7`, `gripper/gripper` (opening in m); cameras `gripper/wrist`, `scene`; sites `flange`,
    `gripper/tcp`; bodies `fruit/<name>` (free), `distractor/<name>` (mocap); textures `table`,
    `distractor/<name>`.
    """
    scene = mujoco.MjSpec.from_file(str(sim_file("tabletop.xml")))
    _add_texture(scene, "table", TABLE_TEXTURE_SIDE)
    for name in distractors:
        if DISTRACTORS[name].textured:
            _add_texture(scene, f"distractor/{name}", OBJECT_TEXTURE_SIDE)
    scene.worldbody.add_geom(
        name="table_top",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=(0.56, 0.62, 0.14),
        pos=(0.26, 0.0, 0.0),
        material="table",
        contype=1,
        conaffinity=3,
        friction=(0.9, 0.01, 0.0015),
        group=0,
    )
    attach_gripper(scene)
    for slot, name in enumerate(fruits):
        add_fruit(scene, FRUITS[name], parking_place(slot))
    for slot, name in enumerate(distractors):
        add_distractor(scene, DISTRACTORS[name], parking_place(len(FRUITS) + slot))
    return scene


def _add_texture(scene: mujoco.MjSpec, name: str, side: int) -> None:
    texture = scene.add_texture(
        name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, width=side, height=side, nchannel=3
    )
    texture.builtin = mujoco.mjtBuiltin.mjBUILTIN_FLAT
    texture.rgb1 = (0.7, 0.7, 0.7)
    material = scene.add_material(
        name=name, texuniform=False, texrepeat=(1.0, 1.0), specular=0.15, shininess=0.3
    )
    material.textures[int(mujoco.mjtTextureRole.mjTEXROLE_RGB)] = name
