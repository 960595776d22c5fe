"""Rods as virtual springs, for engines whose robots must be trees (Xiao 2023, sec. 6.4.2).

Isaac Gym cannot close a kinematic loop. There a rod is left out and a stiff spring between its two end points takes its
place: the deviation from the nominal length pushes the bodies at both ends apart or pulls them together. An explicit
spring may only be as stiff as the physics step allows, so sub-steps alternate between this spring and one that pulls
the length back within a few sub-steps. MuJoCo needs none of it: its `connect` is solved together with the contacts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray

# Share of the length error that one relaxing sub-step takes away, and of the rate at which it grows. The whole error at
# once would leave a rate of error / timestep behind; with a quarter, effective masses may be 1.7 times too large.
_RELAXED_ERROR = 0.25
_RELAXED_RATE = 1.0


@dataclass(frozen=True, eq=False)
class VirtualSpringRods:
    """R massless rods. A pure function of where their ends are and how they move; keeps no state.

    Attributes:
        length: (R,) nominal lengths, m.
        stiffness: (R,) or a number, N/m.
        damping: (R,) or a number, of the rate of the length, N s/m.
        effective_mass: (R,) or a number: what a rod feels along itself, 1 / (J M^-1 J^T), kg. It sets the strength
            of the relaxing sub-steps; too small is slow, more than 1.7 times too large is unstable.

    Raises:
        MvpRealError: A length, stiffness or mass is not positive, or the damping is negative.
    """

    length: FloatArray
    stiffness: FloatArray | float
    damping: FloatArray | float
    effective_mass: FloatArray | float

    def __post_init__(self) -> None:
        for name in ("length", "stiffness", "effective_mass"):
            if not np.all(np.asarray(getattr(self, name)) > 0.0):
                raise MvpRealError(
                    f"virtual spring rods: {name} is {getattr(self, name)}; needs to be positive"
                )
        if not np.all(np.asarray(self.damping) >= 0.0):
            raise MvpRealError(f"virtual spring rods: damping is {self.damping}; needs zero or more")

    def forces(self, position: FloatArray, velocity: FloatArray) -> FloatArray:
        """(..., R, 2, 3) forces on the bodies at both ends of each rod, in the world frame, N.

        Along the rod, equal and opposite: `stiffness * (distance - length) + damping * rate` pulls the ends together.

        Args:
            position: (..., R, 2, 3) end points, m.
            velocity: (..., R, 2, 3) their velocities, m/s.
        """
        return self._forces(position, velocity, self.stiffness, self.damping)

    def relaxing_forces(self, position: FloatArray, velocity: FloatArray, timestep: float) -> FloatArray:
        """The same for a relaxing sub-step, which takes a quarter of the error and all of its rate away.

        The spring that does so in one semi-implicit step of `timestep` s has the stiffness m / (4 timestep^2) and the
        damping m / timestep. Where that is softer than the rod itself, the rod's own force stays.
        """
        mass = np.asarray(self.effective_mass)
        stiffness, damping = _RELAXED_ERROR * mass / timestep**2, _RELAXED_RATE * mass / timestep
        stiffer = stiffness > self.stiffness
        return self._forces(
            position,
            velocity,
            np.where(stiffer, stiffness, self.stiffness),
            np.where(stiffer, damping, self.damping),
        )

    def substep_forces(
        self, position: FloatArray, velocity: FloatArray, substep: int, timestep: float
    ) -> FloatArray:
        """The forces of sub-step 0, 1, 2, ...: springs in the even ones, relaxation in the odd ones."""
        if substep % 2:
            return self.relaxing_forces(position, velocity, timestep)
        return self.forces(position, velocity)

    def stretch(self, position: FloatArray) -> FloatArray:
        """(..., R) how much longer than nominal each rod is, m."""
        return np.linalg.norm(position[..., 1, :] - position[..., 0, :], axis=-1) - self.length

    def _forces(
        self,
        position: FloatArray,
        velocity: FloatArray,
        stiffness: FloatArray | float,
        damping: FloatArray | float,
    ) -> FloatArray:
        along = position[..., 1, :] - position[..., 0, :]
        distance = np.linalg.norm(along, axis=-1)
        direction = along / np.maximum(distance, 1e-9)[..., None]
        rate = np.sum((velocity[..., 1, :] - velocity[..., 0, :]) * direction, axis=-1)
        tension = stiffness * (distance - self.length) + damping * rate
        pull = tension[..., None] * direction
        return np.stack([pull, -pull], axis=-2)


def largest_timestep(stiffness: float, effective_mass: float) -> float:
    """Largest step of a semi-implicit Euler integrator at which an undamped spring stays finite, s: 2 sqrt(m / k)."""
    return 2.0 * float(np.sqrt(effective_mass / stiffness))
