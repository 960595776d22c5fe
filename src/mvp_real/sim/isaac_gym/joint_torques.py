"""Torques of servos, passive springs and tendons, computed explicitly because their numbers differ between simulations.

Isaac Gym's own drives are implicit, but their gains are set actor by actor from Python; a policy that changes gains at
every step needs them as tensors. Runs on Python 3.8.
"""

from __future__ import annotations

from typing import Any


class JointTorques:
    """MuJoCo's law of actuators and springs on tensors.

    Args:
        torch: The package.
        arrays: Numbers of the scene (`scene.export_scene`).
        count: Number of simulations, N.
        device: Where the tensors live.
        effort: (J,) bool, joints whose passive spring and damper are in the torque; the others' are in Isaac's drive.

    Attributes:
        joints: (A,) number of the joint that each actuator drives.
        control: (N, A) `ctrl` of the actuators.
        gain: (N or 1, A), bias: (N or 1, A, 3), limit: (N or 1, A, 2): force = gain ctrl + bias (1, q, qdot), clipped.
        damping: (N or 1, J), Nm s/rad.
    """

    def __init__(self, torch: Any, arrays: dict[str, Any], count: int, device: str, effort: Any) -> None:
        def tensor(values: Any) -> Any:
            return torch.as_tensor(values, dtype=torch.float32, device=device)

        self._torch = torch
        self.joints = torch.as_tensor(arrays["actuator_joint"], dtype=torch.int64, device=device)
        self._explicit = tensor(effort)
        self.control = torch.zeros((count, len(self.joints)), dtype=torch.float32, device=device)
        self.gain, self.bias = tensor(arrays["gain"])[None], tensor(arrays["bias"])[None]
        self.limit = tensor(arrays["limit"])[None]
        self.damping = tensor(arrays["joint_damping"])[None]
        self._stiffness, self._rest = tensor(arrays["joint_stiffness"]), tensor(arrays["joint_rest"])
        self._weights = tensor(arrays["tendon_weights"])
        self._tendon_stiffness, self._tendon_damping = (
            tensor(arrays["tendon_stiffness"]),
            tensor(arrays["tendon_damping"]),
        )
        self._tendon_rest = tensor(arrays["tendon_rest"])

    def __call__(self, position: Any, velocity: Any) -> tuple[Any, Any]:
        """Torques of all joints (N, J) and forces of the actuators (N, A) for positions and speeds (N, J)."""
        torch = self._torch
        place, speed = position[:, self.joints], velocity[:, self.joints]
        force = (
            self.gain * self.control
            + self.bias[..., 0]
            + self.bias[..., 1] * place
            + self.bias[..., 2] * speed
        )
        force = torch.max(torch.min(force, self.limit[..., 1]), self.limit[..., 0])
        torque = -self._explicit * (self.damping * velocity + self._stiffness * (position - self._rest))
        torque = torque.index_add(1, self.joints, force)
        if len(self._weights):
            length = position @ self._weights.T
            slack = torch.max(torch.min(length, self._tendon_rest[:, 1]), self._tendon_rest[:, 0])
            pull = self._tendon_stiffness * (slack - length) - self._tendon_damping * (
                velocity @ self._weights.T
            )
            torque = torque + pull @ self._weights
        return torque, force
