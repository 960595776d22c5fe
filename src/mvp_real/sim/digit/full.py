"""The full model of Digit: leaf springs, toe cranks and ball-jointed rods whose six loops are closed."""

from __future__ import annotations

import mujoco

from mvp_real.sim.digit.appearance import add_appearance
from mvp_real.sim.digit.contacts import add_contacts, add_imu_sensors
from mvp_real.sim.digit.facts import DigitFacts, load_facts
from mvp_real.sim.digit.skeleton import add_actuators, add_bodies, motor_actuators, motor_drives, new_spec
from mvp_real.sim.digit.stage import Terrain, add_surroundings

TIMESTEP = 0.001
# Loops as the public MJCF has them: nearly rigid, a little overdamped.
_LOOP_SOLREF = (0.002, 1.1)
_LOOP_SOLIMP = (0.9, 0.95, 0.001, 0.1, 2.0)


def full_model(
    terrain: Terrain | None = None,
    timestep: float = TIMESTEP,
    joint_friction: bool = True,
    appearance: bool = True,
    facts: DigitFacts | None = None,
) -> mujoco.MjSpec:
    """Digit with everything that moves: nq 61, nv 54, nu 20, six `connect` loops.

    Joints and actuators carry the names of the robot's table, actuators its order; `ctrl` is the PD target of each
    motor. Bodies `base` (free), `left_foot`, `right_foot`; geoms `left_foot`, `right_foot`, `torso`, `floor`; sites
    `left_sole`, `right_sole` (x forward, z up), `imu`; sensors `left_contact`, `right_contact` (N),
    `imu_orientation`, `imu_angular_velocity`, `imu_linear_acceleration`; cameras `side`, `front`, `scene`.

    Args:
        terrain: Adds the ground; None for a plane called `floor`.
        timestep: s.
        joint_friction: Whether the joints have dry friction.
        appearance: Whether to add the shapes that are only for pictures.
        facts: Bodies; None for those of `sim/digit.yaml`.
    """
    facts = facts or load_facts()
    spec = new_spec("digit_full", timestep)
    add_bodies(spec, facts.bodies, motor_drives(joint_friction))
    for loop in facts.loops:
        equality = spec.add_equality(
            name=f"{loop.name}_loop",
            type=mujoco.mjtEq.mjEQ_CONNECT,
            objtype=mujoco.mjtObj.mjOBJ_BODY,
            name1=loop.body,
            name2=loop.rod,
            solref=_LOOP_SOLREF,
            solimp=_LOOP_SOLIMP,
        )
        equality.data[:3] = loop.anchor
    add_contacts(spec, facts)
    add_imu_sensors(spec)
    add_actuators(spec, motor_actuators())
    if appearance:
        add_appearance(spec, facts)
    add_surroundings(spec, terrain)
    return spec
