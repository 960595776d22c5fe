"""The reduced model of Digit for training: a tree without loops, about ten times faster than the full model.

What is left out and how it is made up for: the shin is rigid; Achilles rod, heel spring and toe cranks move with the
body that they are nearly at rest to; the four-bar, whose tarsus turns against the knee through the leaf springs, is
one spring on the sum of both angles; the toe motors drive the foot directly through the toe map.
"""

from __future__ import annotations

from dataclasses import replace

import mujoco

from mvp_real.robots.digit import SIDES, load_digit
from mvp_real.sim.digit.appearance import add_appearance
from mvp_real.sim.digit.contacts import add_contacts
from mvp_real.sim.digit.facts import BodyFacts, DigitFacts, load_facts
from mvp_real.sim.digit.inertia import body_frames, fuse, rigid_child
from mvp_real.sim.digit.skeleton import (
    Actuator,
    add_actuators,
    add_bodies,
    motor_actuators,
    motor_drives,
    new_spec,
)
from mvp_real.sim.digit.stage import Terrain, add_surroundings
from mvp_real.sim.digit.toe_map import foot_coefficients, foot_torques

TIMESTEP = 0.005
# Read off the full model standing under 0.5 to 1.5 times gravity: knee torque over the sum of knee and tarsus is 1850
# to 2000 Nm/rad, through both leaf springs and what the loops give.
LEAF_STIFFNESS = 1900.0
LEAF_DAMPING = 15.0
# The rod of the four-bar turns as the knee does; all else hangs on the tarsus.
FUSED = {
    "shin": "knee",
    "achilles_rod": "knee",
    "heel_spring": "tarsus",
    "toe_A": "tarsus",
    "toe_A_rod": "tarsus",
    "toe_B": "tarsus",
    "toe_B_rod": "tarsus",
}


def reduced_model(
    terrain: Terrain | None = None,
    timestep: float = TIMESTEP,
    joint_friction: bool = True,
    appearance: bool = True,
    facts: DigitFacts | None = None,
) -> mujoco.MjSpec:
    """Digit as a tree: nq 29, nv 28, nu 20, the mass of the full model.

    Names are those of `full_model`, but slots 4, 5, 10, 11 of the actuators are `left_toe_pitch`, `left_toe_roll`,
    `right_toe_pitch`, `right_toe_roll`, with gains, limits and armature mapped from the toe motors; there are no
    sensors of the IMU.

    Args:
        terrain: Adds the ground; None for a plane called `floor`.
        timestep: s.
        joint_friction: Whether the joints have dry friction; without it a step is faster.
        appearance: Whether to add the shapes that are only for pictures.
        facts: Bodies of the full model; None for those of `sim/digit.yaml`.
    """
    facts = facts or load_facts()
    spec = new_spec("digit_reduced", timestep)
    drives = motor_drives(joint_friction)
    for side in SIDES:
        crank = drives[f"{side}_toe_A"]
        pitch, roll = f"{side}_toe_pitch", f"{side}_toe_roll"
        shares = {key: foot_coefficients(getattr(crank, key)) for key in ("armature", "damping")} | {
            "frictionloss": foot_torques(crank.frictionloss)
        }
        drives[pitch] = replace(drives[pitch], **{key: pair[0] for key, pair in shares.items()})
        drives[roll] = replace(drives[roll], **{key: pair[1] for key, pair in shares.items()})
    add_bodies(spec, reduced_bodies(facts), drives)
    for side in SIDES:
        _couple(spec, side)
    add_contacts(spec, facts)
    add_actuators(spec, reduced_actuators())
    if appearance:
        add_appearance(spec, facts, {f"{side}_shin": f"{side}_knee" for side in SIDES})
    add_surroundings(spec, terrain)
    return spec


def reduced_bodies(facts: DigitFacts) -> list[BodyFacts]:
    """The bodies that are left when those of `FUSED` move with theirs."""
    frames = body_frames(facts.bodies)
    fused = {f"{side}_{part}": f"{side}_{whole}" for side in SIDES for part, whole in FUSED.items()}
    bodies = []
    for body in facts.bodies:
        if body.name in fused:
            continue
        parts = [facts.body(part) for part, whole in fused.items() if whole == body.name]
        whole = fuse(body, parts, frames)
        if body.parent in fused:
            whole = rigid_child(whole, fused[body.parent], frames)
        bodies.append(whole)
    return bodies


def reduced_actuators() -> list[Actuator]:
    """The actuators of the reduced model: those of the motors, the toe motors mapped to the foot's joints."""
    actuators = motor_actuators()
    for slot in load_digit().toe_indices:
        crank = actuators[slot]
        side, axis = crank.joint.split("_")[0], 0 if crank.joint.endswith("A") else 1
        actuators[slot] = Actuator(
            joint=f"{side}_toe_{('pitch', 'roll')[axis]}",
            kp=foot_coefficients(crank.kp)[axis],
            kd=foot_coefficients(crank.kd)[axis],
            torque_limit=foot_torques(crank.torque_limit)[axis],
        )
    return actuators


def _couple(spec: mujoco.MjSpec, side: str) -> None:
    tendon = spec.add_tendon(
        name=f"{side}_leaf_spring",
        stiffness=(LEAF_STIFFNESS, 0.0, 0.0),
        damping=(LEAF_DAMPING, 0.0, 0.0),
        springlength=(0.0, 0.0),
    )
    tendon.wrap_joint(f"{side}_knee", 1.0)
    tendon.wrap_joint(f"{side}_tarsus", 1.0)
