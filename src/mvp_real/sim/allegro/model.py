"""The Allegro hand as a MuJoCo model: one table, both hands, ranges of V4 or V5.

Bodies and joints have the names of the vendor's description (`link_0.0`, `joint_0.0`, tips `link_3.0_tip`,
`link_7.0_tip`, `link_11.0_tip`, `link_15.0_tip`, root `wrist`), tips and wrist are sites as well. Each joint has
a torque actuator of its own name, in Nm.
"""

from __future__ import annotations

import mujoco
import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.robots.allegro.table import FINGERS, JOINTS_PER_FINGER, HandTable, load_hand
from mvp_real.sim.allegro.facts import Link, load_facts

WRIST = "wrist"
TIPS = ("link_3.0_tip", "link_7.0_tip", "link_11.0_tip", "link_15.0_tip")
TIMESTEP = 0.001
# The hand lies on its back: its x axis, out of the palm, points up.
PALM_UP = (float(np.sqrt(0.5)), 0.0, -float(np.sqrt(0.5)), 0.0)
_MIRROR_POSITION = np.array([1.0, -1.0, 1.0])
_MIRROR_AXIS = np.array([-1.0, 1.0, -1.0])  # an axis is a pseudovector
_BLACK, _WHITE = (0.13, 0.13, 0.14, 1.0), (0.9, 0.9, 0.88, 1.0)


def build_hand(
    table: HandTable | None = None, mount: tuple[float, float, float, float] = PALM_UP
) -> mujoco.MjSpec:
    """The hand, fixed to the world.

    Args:
        table: Variant and side; V4 right if None.
        mount: Quaternion (w, x, y, z) of the wrist in the world.
    """
    table = table or load_hand()
    facts = load_facts()
    left = table.side == "left"
    spec = mujoco.MjSpec()
    spec.modelname = f"allegro_{table.side}"
    spec.compiler.degree = False
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0
    wrist = spec.worldbody.add_body(name=WRIST, quat=list(mount))
    wrist.add_site(name=WRIST, size=[0.003, 0.0, 0.0], group=4)
    _add_shape(wrist, facts.palm, left, mujoco.mjtGeom.mjGEOM_BOX, _BLACK)
    number = 0
    for finger in FINGERS:
        body = wrist
        for k, link in enumerate(facts.links[finger]):
            body = _add_body(body, f"link_{number}.0", link, left)
            axis = link.axis * _MIRROR_AXIS if left and finger == "thumb" and k < 2 else link.axis
            body.add_joint(
                name=table.joint_names[number],
                axis=axis.tolist(),
                range=[float(table.range_lower[number]), float(table.range_upper[number])],
                limited=mujoco.mjtLimited.mjLIMITED_TRUE,
                damping=facts.damping,
                frictionloss=facts.frictionloss,
                armature=facts.armature,
            )
            _add_shape(body, link, left, mujoco.mjtGeom.mjGEOM_BOX, _BLACK)
            number += 1
        name = TIPS[FINGERS.index(finger)]
        tip = _add_body(body, name, facts.tips[finger], left)
        tip.add_site(name=name, size=[0.003, 0.0, 0.0], group=4)
        _add_shape(tip, facts.tips[finger], left, mujoco.mjtGeom.mjGEOM_CAPSULE, _WHITE)
    for name in table.joint_names:
        actuator = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        actuator.ctrllimited = mujoco.mjtLimited.mjLIMITED_TRUE
        actuator.ctrlrange = [-table.full_torque, table.full_torque]
    _exclude(spec)
    return spec


def _add_body(parent: mujoco.MjsBody, name: str, link: Link, left: bool) -> mujoco.MjsBody:
    position = link.position * _MIRROR_POSITION if left else link.position
    quaternion = _quaternion(link.rpy)
    if left:
        quaternion *= np.array([1.0, *_MIRROR_AXIS])
    return parent.add_body(name=name, pos=position.tolist(), quat=quaternion.tolist())


def _add_shape(
    body: mujoco.MjsBody,
    link: Link,
    left: bool,
    shape: mujoco.mjtGeom,
    colour: tuple[float, float, float, float],
) -> None:
    center = link.center * _MIRROR_POSITION if left else link.center
    body.add_geom(
        type=shape,
        size=link.half.tolist(),
        pos=center.tolist(),
        mass=link.mass,
        friction=[1.0, 0.005, 0.0001],
        condim=4,
        rgba=list(colour),
    )


def _quaternion(rpy: FloatArray) -> FloatArray:
    """(4,) of roll, pitch, yaw about fixed axes, degrees."""
    quaternion = np.zeros(4)
    mujoco.mju_euler2Quat(quaternion, np.radians(rpy), "XYZ")
    return quaternion


def _exclude(spec: mujoco.MjSpec) -> None:
    """Neighbours whose boxes overlap by construction; MuJoCo leaves out parent and child by itself."""
    first = [f"link_{JOINTS_PER_FINGER * k}.0" for k in range(len(FINGERS))]
    pairs = [
        *((WRIST, name) for name in first),
        *((WRIST, f"link_{JOINTS_PER_FINGER * k + 1}.0") for k in range(len(FINGERS))),
        *((f"link_{4 * k + 2}.0", TIPS[k]) for k in range(len(FINGERS))),
        (first[0], first[1]),
        (first[1], first[2]),
    ]
    for one, other in pairs:
        spec.add_exclude(bodyname1=one, bodyname2=other)
