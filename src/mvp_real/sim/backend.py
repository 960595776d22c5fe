"""The batched simulator interface: N copies of one scene, stepped together, whatever the engine.

Arrays carry a leading dimension of `num_envs` and may be live views that the next call overwrites: copy what
you keep.
Quaternions are (w, x, y, z); lengths in m, angles in rad, forces in N.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mvp_real.messages import FloatArray

Environments = Sequence[int] | NDArray[np.intp] | None


@dataclass(frozen=True)
class Capabilities:
    """What an engine can do.

    Attributes:
        closed_loops: Kinematic loops as constraints.
        gpu_tensors: State lives on a GPU.
        cameras: `render` works.
        per_env_params: `randomize` works.
        body_forces: `apply_body_forces` works.
    """

    closed_loops: bool
    gpu_tensors: bool
    cameras: bool
    per_env_params: bool
    body_forces: bool


class SimBackend(Protocol):
    """N simulations of one scene. `env_ids` selects simulations; None is all of them."""

    num_envs: int
    capabilities: Capabilities

    def reset(
        self,
        env_ids: Environments = None,
        joint_pos: FloatArray | None = None,
        body_pose: dict[str, FloatArray] | None = None,
    ) -> None:
        """Back to the scene's initial state at rest.

        Args:
            env_ids: Which simulations.
            joint_pos: (n, joints) actuated joints; the servos hold them.
            body_pose: Free body to (n, 7) position and quaternion.
        """
        ...

    def set_joint_targets(self, targets: FloatArray, env_ids: Environments = None) -> None:
        """Servo set-points (n, actuators), held until changed."""
        ...

    def apply_body_forces(
        self, body: str, force: FloatArray, torque: FloatArray | None = None, env_ids: Environments = None
    ) -> None:
        """Force (n, 3) and torque (n, 3) in the world frame at a body's centre of mass, held until
        changed.
        """
        ...

    def step(self, count: int = 1) -> None:
        """Run `count` control steps (`decimation` physics steps each) in every simulation."""
        ...

    @property
    def time(self) -> FloatArray:
        """(N,) s."""
        ...

    @property
    def joint_pos(self) -> FloatArray:
        """(N, joints) positions of the actuated joints."""
        ...

    @property
    def joint_vel(self) -> FloatArray:
        """(N, joints) speeds of the actuated joints."""
        ...

    def body_state(self, body: str) -> tuple[FloatArray, FloatArray]:
        """Position (N, 3) and quaternion (N, 4) of a body."""
        ...

    def site_position(self, site: str) -> FloatArray:
        """(N, 3) position of a site."""
        ...

    def render(self, camera: str, width: int, height: int, env_ids: Environments = None) -> NDArray[np.uint8]:
        """Pictures (n, height, width, 3) uint8 RGB."""
        ...

    def randomize(self, field: str, values: NDArray[np.generic], env_ids: Environments = None) -> None:
        """Give a model field per-simulation values (n, ...)."""
        ...

    def diverged(self) -> NDArray[np.bool_]:
        """(N,) whether the physics failed since the simulation's last reset."""
        ...

    def close(self) -> None:
        """Free the engine's resources."""
        ...
