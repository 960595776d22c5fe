"""The body of the emulated hand: our MuJoCo model under the torques that the host commands."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.robots.allegro.table import HandTable
from mvp_real.sim.allegro.model import PALM_UP, TIMESTEP, TIPS, build_hand

LONGEST = 0.05  # s that are made up for at once; a computer that is later than this loses the time
AMBIENT = 28.0  # degrees Celsius
# Ours, so that temperatures move in a plausible way: full torque warms a motor by 45 degrees with this time constant.
FULL_RISE, WARM_UP = 45.0, 120.0


class HandPhysics:
    """One hand lying on its back, palm up.

    Args:
        table: Variant and side.

    Attributes:
        temperature: (16,) of the motors, degrees Celsius.
    """

    def __init__(self, table: HandTable) -> None:
        self._full = table.full_torque
        self.model = build_hand(table, PALM_UP).compile()
        self.data = mujoco.MjData(self.model)
        self.data.qpos[:] = np.clip(0.0, table.range_lower, table.range_upper)
        self.temperature = np.full(self.model.nu, AMBIENT)
        self._tips = [self.model.body(tip).id for tip in TIPS]
        mujoco.mj_forward(self.model, self.data)

    @property
    def angles(self) -> list[float]:
        """(16,) joint angles, rad."""
        angles: list[float] = self.data.qpos.tolist()
        return angles

    @property
    def velocity(self) -> FloatArray:
        """(16,) rad/s."""
        velocity: FloatArray = self.data.qvel.copy()
        return velocity

    def apply(self, torques: Sequence[float]) -> None:
        """Torques (16,) in Nm from now on; like the hand's motors, these hold until others come."""
        self.data.ctrl[:] = torques

    def advance(self, seconds: float) -> float:
        """Run for the whole steps that fit into `seconds`, and return what is left."""
        steps = int(min(seconds, LONGEST) / TIMESTEP + 1e-9)
        if steps:
            mujoco.mj_step(self.model, self.data, steps)
            heat = AMBIENT + FULL_RISE * (self.data.ctrl / self._full) ** 2
            self.temperature += (heat - self.temperature) * (steps * TIMESTEP / WARM_UP)
        return 0.0 if seconds > LONGEST else seconds - steps * TIMESTEP

    def fingertip_forces(self) -> list[float]:
        """(4,) normal contact force at each fingertip, N."""
        forces = [0.0] * len(self._tips)
        wrench = np.zeros(6)
        for number in range(self.data.ncon):
            contact = self.data.contact[number]
            bodies = (self.model.geom_bodyid[contact.geom1], self.model.geom_bodyid[contact.geom2])
            for k, tip in enumerate(self._tips):
                if tip in bodies:
                    mujoco.mj_contactForce(self.model, self.data, number, wrench)
                    forces[k] += float(wrench[0])
        return forces
