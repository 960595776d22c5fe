"""Forces and torques of virtual spring rods on the bodies at their ends (Xiao 2023, sec. 6.4.2). Runs on Python 3.8."""

from __future__ import annotations

from typing import Any

from mvp_real.sim.isaac_gym.conventions import cross, rotate
from mvp_real.sim.virtual_spring_rods import VirtualSpringRods


class RodForces:
    """R rods between bodies of N simulations.

    Args:
        torch: The package.
        arrays: `rod_bodies` (R, 2), `rod_points` (R, 2, 3), `rod_length`, `rod_stiffness`, `rod_damping`, `rod_mass`
            (R,), `body_center` (B, 3).
        timestep: Of a sub-step, s.
        device: Where the tensors live.
    """

    def __init__(self, torch: Any, arrays: dict[str, Any], timestep: float, device: str) -> None:
        self._torch, self._device, self._timestep = torch, device, timestep
        self._ends = torch.as_tensor(arrays["rod_bodies"], dtype=torch.int64, device=device)
        self._points = torch.as_tensor(arrays["rod_points"], dtype=torch.float32, device=device)
        centers = torch.as_tensor(arrays["body_center"], dtype=torch.float32, device=device)
        self._from_center = self._points - centers[self._ends]
        self._rods = VirtualSpringRods(
            arrays["rod_length"], arrays["rod_stiffness"], arrays["rod_damping"], arrays["rod_mass"]
        )

    def __call__(self, states: Any, quaternions: Any, substep: int) -> Any:
        """Force and torque (N, B, 6) at the centres of mass, world frame.

        Args:
            states: (N, B, 13) Isaac Gym's states of the bodies.
            quaternions: (N, B, 4) their orientations, (w, x, y, z).
            substep: Number of the sub-step in its physics step.
        """
        torch = self._torch
        turns = quaternions[:, self._ends]
        arms = rotate(turns, self._from_center)
        position = states[:, self._ends, :3] + rotate(turns, self._points)
        velocity = states[:, self._ends, 7:10] + cross(states[:, self._ends, 10:13], arms)
        # The law of the rods is numpy's; the end points of a few rods are little to carry to the host and back.
        values = self._rods.substep_forces(
            position.cpu().numpy().astype("float64"),
            velocity.cpu().numpy().astype("float64"),
            substep,
            self._timestep,
        )
        forces = torch.as_tensor(values, dtype=torch.float32, device=self._device)
        wrench = torch.cat([forces, cross(arms, forces)], dim=-1)
        result = states.new_zeros((*states.shape[:2], 6))
        return result.index_add(1, self._ends.reshape(-1), wrench.reshape(len(states), -1, 6))
