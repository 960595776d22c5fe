"""A planar four-bar driven against a spring, its rod once held by `connect` and once by virtual springs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import mujoco
import numpy as np

from mvp_real.sim.virtual_spring_rods import VirtualSpringRods

CRANK, ROD = 0.10, 0.30
DRIVE = 3.0  # Nm, reached within a tenth of a second
DURATION = 0.3  # s
_TIP_MASS, _ROD_MASS = 0.15, 0.10
_APART = 0.05  # m
_LINK = """
<body name="{name}" pos="{x} 0 0">
  <joint name="{name}" axis="0 -1 0" damping="0.05" stiffness="{stiffness}"/>
  <inertial pos="0 0 {length}" mass="{mass}" diaginertia="1e-4 1e-4 1e-4"/>
  <site name="{name}" pos="0 0 {length}"/>
  {child}
</body>"""
_ROD_BODY = """
<body name="rod" pos="0 0 {length}">
  <joint name="rod" axis="0 -1 0"/>
  <inertial pos="{middle} 0 0" mass="{mass}" diaginertia="1e-6 {inertia} {inertia}"/>
  <site name="rod" pos="{rod} 0 0"/>
</body>"""


@dataclass(frozen=True)
class Run:
    """What the drive did: crank angles (T,) rad each 5 ms, largest rod error in m, whether it stayed finite."""

    crank: np.ndarray
    gap: float
    stable: bool


@cache
def with_connect(timestep: float) -> Run:
    """The rod is a body, held to the rocker by an equality constraint."""
    body = _ROD_BODY.format(
        length=CRANK, middle=ROD / 2, rod=ROD, mass=_ROD_MASS, inertia=_ROD_MASS * ROD**2 / 4
    )
    model = _model(body, _TIP_MASS, timestep, closed=True)

    def gap(data: mujoco.MjData) -> float:
        return float(np.linalg.norm(data.site("rod").xpos - data.site("rocker").xpos))

    return _drive(model, gap, None, 1)


@cache
def with_springs(
    timestep: float, stiffness: float, damping: float = 20.0, substeps: int = 1, alternate: bool = False
) -> Run:
    """The rod is left out, its mass put on both ends; forces of the virtual spring act in every sub-step."""
    mass = _TIP_MASS + _ROD_MASS / 2
    model = _model("", mass, timestep / substeps, closed=False)
    # Both tips move along the rod as m + I / r^2 each.
    effective = 0.5 * (mass + 1e-4 / CRANK**2)
    rods = VirtualSpringRods(np.array([ROD]), stiffness, damping, effective)

    def gap(data: mujoco.MjData) -> float:
        return float(abs(rods.stretch(_ends(data)[0])[0]))

    def push(data: mujoco.MjData, substep: int) -> None:
        position, velocity = _ends(data)
        if alternate:
            forces = rods.substep_forces(position, velocity, substep, timestep / substeps)
        else:
            forces = rods.forces(position, velocity)
        for name, place, force in zip(("crank", "rocker"), position[0], forces[0], strict=True):
            mujoco.mj_applyFT(model, data, force, np.zeros(3), place, model.body(name).id, data.qfrc_applied)

    return _drive(model, gap, push, substeps)


def _model(child: str, mass: float, timestep: float, closed: bool) -> mujoco.MjModel:
    crank = _LINK.format(name="crank", x=0.0, stiffness=0.0, length=CRANK, mass=mass, child=child)
    rocker = _LINK.format(name="rocker", x=ROD, stiffness=6.0, length=CRANK, mass=mass, child="")
    loop = '<equality><connect site1="rod" site2="rocker" solref="0.002 1.1"/></equality>' if closed else ""
    return mujoco.MjModel.from_xml_string(
        f'<mujoco><option timestep="{timestep}" gravity="0 0 0"/>'
        f"<worldbody>{crank}{rocker}</worldbody>{loop}"
        '<actuator><motor joint="crank"/></actuator></mujoco>'
    )


def _ends(data: mujoco.MjData) -> tuple[np.ndarray, np.ndarray]:
    """(1, 2, 3) positions and velocities of the rod's ends."""
    position, velocity = np.empty((1, 2, 3)), np.empty((1, 2, 3))
    for end, name in enumerate(("crank", "rocker")):
        angle, speed = data.joint(name).qpos[0], data.joint(name).qvel[0]
        place = np.array([-np.sin(angle), 0.0, np.cos(angle)]) * CRANK
        position[0, end] = place + ((0.0, 0.0, 0.0), (ROD, 0.0, 0.0))[end]
        velocity[0, end] = speed * np.array([-place[2], 0.0, place[0]])
    return position, velocity


def _drive(model: mujoco.MjModel, gap, push, substeps: int) -> Run:
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    crank, worst, steps = [], 0.0, round(DURATION / model.opt.timestep)
    for step in range(steps):
        data.ctrl[0] = DRIVE * min(1.0, data.time / 0.1)
        data.qfrc_applied[:] = 0.0
        if push is not None:
            push(data, step % substeps if substeps > 1 else step)
        mujoco.mj_step(model, data)
        mujoco.mj_kinematics(model, data)
        # MuJoCo resets a simulation that diverged; before that the rod is visibly apart.
        if any(warning.number for warning in data.warning) or gap(data) > _APART:
            return Run(np.array(crank), np.inf, False)
        worst = max(worst, gap(data))
        if round(data.time / model.opt.timestep) % round(0.005 / model.opt.timestep) == 0:
            crank.append(float(data.joint("crank").qpos[0]))
    return Run(np.array(crank), worst, True)
