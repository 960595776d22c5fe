"""What of Digit collides and what is sensed: feet, torso, shanks, forearms; soles, touch sensors, IMU."""

from __future__ import annotations

import mujoco
import numpy as np

from mvp_real.robots.digit import SIDES
from mvp_real.sim.digit.facts import BoxFacts, DigitFacts, position_of, quaternion_of_euler
from mvp_real.sim.digit.inertia import rotation_of

# Who collides with whom: shapes touch when one's contype shares a bit with the other's conaffinity. Bit 1 is the
# terrain (every shape of a terrain has MuJoCo's default 1, 1), bit 2 the left leg, bit 4 the torso.
_LEFT_LEG, _RIGHT_LEG, _TORSO, _ARM = (2, 1), (0, 3), (4, 1), (0, 5)
# Contacts as of a rubber sole: time constant 20 ms (at least twice the largest step), critically damped. Feet have
# priority, so that their friction alone counts on every terrain.
_CONTACT = (0.02, 1.0)
_TORSIONAL_FRICTION, _ROLLING_FRICTION = 0.005, 0.0001
# A touch sensor counts contacts inside its site: the sole, a little larger.
_SOLE_SITE = (0.1225, 0.045, 0.02)
# Ends of the capsules that stand for lower leg and forearm, left side, in the frames of tarsus and elbow, m.
_SHANK = ((0.06, -0.025, 0.0), (0.36, -0.04, 0.0))
_FOREARM = ((0.03, 0.0, 0.0), (0.36, 0.0, 0.0))
_LIMB_RADIUS = 0.03


def add_contacts(spec: mujoco.MjSpec, facts: DigitFacts) -> None:
    """Add what collides and what is sensed: feet, torso, shanks, forearms; sole and IMU sites; touch sensors."""
    for side, foot in zip(SIDES, facts.feet, strict=True):
        leg = _LEFT_LEG if side == "left" else _RIGHT_LEG
        body = spec.body(foot.body)
        _add_box(body, foot.body, foot, leg, priority=1)
        turn = quaternion_of_euler((0.0, 0.0, -90.0), side)  # x forward: the foot's long axis is its own y
        quaternion = np.zeros(4)
        mujoco.mju_mulQuat(quaternion, foot.quaternion, turn)
        body.add_site(
            name=f"{side}_sole",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=_SOLE_SITE,
            pos=foot.position + rotation_of(foot.quaternion) @ (0.0, 0.0, -foot.size[2]),
            quat=quaternion,
            group=4,
        )
        spec.add_sensor(
            name=f"{side}_contact",
            type=mujoco.mjtSensor.mjSENS_TOUCH,
            objtype=mujoco.mjtObj.mjOBJ_SITE,
            objname=f"{side}_sole",
        )
        for part, name, ends, bits in (
            ("tarsus", "shank", _SHANK, leg),
            ("elbow", "forearm", _FOREARM, _ARM),
        ):
            start, end = (position_of(point, side) for point in ends)
            _add_capsule(spec.body(f"{side}_{part}"), f"{side}_{name}", (*start, *end), bits)
    _add_box(spec.body("base"), "torso", facts.torso, _TORSO, group=3)
    spec.body("base").add_site(name="imu", size=(0.01, 0.01, 0.01), group=4)


def _add_box(
    body: mujoco.MjsBody, name: str, box: BoxFacts, bits: tuple[int, int], priority: int = 0, group: int = 2
) -> None:
    body.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=box.size,
        pos=box.position,
        quat=box.quaternion,
        contype=bits[0],
        conaffinity=bits[1],
        friction=(box.friction, _TORSIONAL_FRICTION, _ROLLING_FRICTION),
        solref=_CONTACT,
        priority=priority,
        group=group,
        rgba=(0.16, 0.17, 0.19, 1.0),
    )


def _add_capsule(body: mujoco.MjsBody, name: str, ends: tuple[float, ...], bits: tuple[int, int]) -> None:
    body.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_CAPSULE,
        fromto=ends,
        size=(_LIMB_RADIUS, 0.0, 0.0),
        contype=bits[0],
        conaffinity=bits[1],
        solref=_CONTACT,
        group=3,
    )


def add_imu_sensors(spec: mujoco.MjSpec) -> None:
    """Add what the robot's IMU measures at the site `imu`: orientation, angular velocity, proper acceleration."""
    for name, kind in (
        ("orientation", mujoco.mjtSensor.mjSENS_FRAMEQUAT),
        ("angular_velocity", mujoco.mjtSensor.mjSENS_GYRO),
        ("linear_acceleration", mujoco.mjtSensor.mjSENS_ACCELEROMETER),
    ):
        spec.add_sensor(name=f"imu_{name}", type=kind, objtype=mujoco.mjtObj.mjOBJ_SITE, objname="imu")
