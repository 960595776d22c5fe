"""What the full and the reduced model have in common: options, bodies, joints and PD actuators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco

from mvp_real.robots.digit import load_digit
from mvp_real.sim.digit.facts import BodyFacts

GRAVITY = 9.806


@dataclass(frozen=True)
class Actuator:
    """A PD position actuator: joint, gains in Nm/rad and Nm s/rad, largest torque in Nm."""

    joint: str
    kp: float
    kd: float
    torque_limit: float


@dataclass(frozen=True)
class Drive:
    """Numbers of a joint: range in rad, armature in kg m^2, damping in Nm s/rad, dry friction in Nm."""

    lower: float
    upper: float
    armature: float = 0.0
    damping: float = 0.0
    frictionloss: float = 0.0


def new_spec(name: str, timestep: float) -> mujoco.MjSpec:
    """An empty model with the options that both models share.

    Args:
        name: Name of the model.
        timestep: s.
    """
    spec = mujoco.MjSpec()
    spec.modelname = name
    spec.compiler.degree = False
    spec.compiler.autolimits = True
    spec.option.timestep = timestep
    spec.option.gravity = (0.0, 0.0, -GRAVITY)
    # The gains of the motors act as damping on light joints; only an implicit step keeps that stable.
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    return spec


def motor_drives(joint_friction: bool) -> dict[str, Drive]:
    """Numbers of the 20 motors and the 10 passive joints from the robot's table, by joint name.

    Args:
        joint_friction: Whether the joints have dry friction; without it a step is about a fifth faster.
    """
    table = load_digit()
    drives = {
        name: Drive(
            float(table.lower[k]),
            float(table.upper[k]),
            float(table.armature[k]),
            float(table.damping[k]),
            float(table.frictionloss[k]) if joint_friction else 0.0,
        )
        for k, name in enumerate(table.motors)
    }
    for k, name in enumerate(table.joints):
        drives[name] = Drive(float(table.joint_lower[k]), float(table.joint_upper[k]))
    return drives


def motor_actuators() -> list[Actuator]:
    """The 20 motors at their nominal gains, in the order of the low-level interface."""
    table = load_digit()
    return [
        Actuator(name, float(table.kp[k]), float(table.kd[k]), float(table.torque_limit[k]))
        for k, name in enumerate(table.motors)
    ]


def add_bodies(spec: mujoco.MjSpec, bodies: Sequence[BodyFacts], drives: dict[str, Drive]) -> None:
    """Add bodies, parents first, with their joints.

    Args:
        bodies: The bodies.
        drives: Numbers of the hinges by name; a hinge without an entry is free.
    """
    for facts in bodies:
        parent = spec.worldbody if facts.parent == "world" else spec.body(facts.parent)
        body = parent.add_body(name=facts.name, pos=facts.position, quat=facts.quaternion)
        body.mass = facts.mass
        body.ipos = facts.center_of_mass
        body.fullinertia = facts.inertia
        body.explicitinertial = True
        if facts.joint is None:
            body.add_freejoint(name=facts.name)
        elif facts.joint.ball:
            body.add_joint(
                name=facts.joint.name,
                type=mujoco.mjtJoint.mjJNT_BALL,
                damping=_polynomial(facts.joint.damping),
            )
        else:
            _add_hinge(body, facts, drives.get(facts.joint.name))


def _add_hinge(body: mujoco.MjsBody, facts: BodyFacts, drive: Drive | None) -> None:
    assert facts.joint is not None
    joint = body.add_joint(
        name=facts.joint.name,
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=facts.joint.axis,
        stiffness=_polynomial(facts.joint.stiffness),
        damping=_polynomial(facts.joint.damping),
    )
    if drive is not None:
        joint.range = (drive.lower, drive.upper)
        joint.armature = drive.armature
        joint.damping = _polynomial(drive.damping)
        joint.frictionloss = drive.frictionloss


def add_actuators(spec: mujoco.MjSpec, actuators: Sequence[Actuator]) -> None:
    """Add PD actuators: torque = kp (ctrl - q) - kd qdot, clipped at the limit."""
    for facts in actuators:
        actuator = spec.add_actuator(name=facts.joint, target=facts.joint, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        actuator.set_to_position(kp=facts.kp, kv=facts.kd)
        actuator.forcerange = (-facts.torque_limit, facts.torque_limit)


def _polynomial(coefficient: float) -> tuple[float, float, float]:
    """Springs and dampers are polynomials in MuJoCo; ours are linear."""
    return (coefficient, 0.0, 0.0)
