"""What holds a simulated Digit before a policy has it: a hoist on a spring, lowered as the policy takes over.

With the nominal gains and fixed toes a standing posture cannot carry the robot: it falls within a second. The
vendor's own standing controller is not public, so the simulator stands in for it with PD control of the default pose
under this hoist.
"""

from __future__ import annotations

import mujoco
import numpy as np

from mvp_real.messages import FloatArray

STIFFNESS, DAMPING = 8000.0, 1200.0  # N/m, Ns/m: the robot of 48 kg settles in a fifth of a second
TURN_STIFFNESS, TURN_DAMPING = 1500.0, 150.0  # Nm/rad, Nms/rad


class Hoist:
    """Carries the base of a model at a place; `apply` once per physics step.

    Args:
        model: The robot's model with a free body `base`.
        height: Of the base when it hangs with its soles just above the ground, m.

    Attributes:
        support: 1 carries the whole robot, 0 hangs loose.
    """

    def __init__(self, model: mujoco.MjModel, height: float) -> None:
        self._base = model.body("base").id
        self._weight = -float(model.opt.gravity[2] * model.body_subtreemass[self._base])
        self._height = height
        self.support = 1.0
        self._lowering = 0.0  # share per second
        self._place = np.array([0.0, 0.0, height])
        self._heading = 0.0

    def catch(self, position: FloatArray, heading: float, ground: float = 0.0) -> None:
        """Carry the robot upright where it is.

        Args:
            position: (3,) of the base, m.
            heading: rad.
            ground: Height of the ground there, m.
        """
        self.support, self._lowering = 1.0, 0.0
        self._place = np.array([position[0], position[1], ground + self._height])
        self._heading = heading

    def lower(self, seconds: float) -> None:
        """Let the robot down evenly over this time."""
        self._lowering = 1.0 / seconds

    def let_go(self) -> None:
        """Carry nothing any more, at once."""
        self.support = self._lowering = 0.0

    def apply(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Write the force of this physics step into `data.xfrc_applied`."""
        self.support = max(0.0, self.support - self._lowering * model.opt.timestep)
        if self.support == 0.0:
            data.xfrc_applied[self._base] = 0.0
            return
        force = STIFFNESS * (self._place - data.qpos[:3]) - DAMPING * data.qvel[:3]
        force[2] += self._weight
        turn, inverse, error = np.empty(4), np.empty(4), np.empty(3)
        mujoco.mju_negQuat(inverse, data.qpos[3:7])
        wanted = np.array([np.cos(0.5 * self._heading), 0.0, 0.0, np.sin(0.5 * self._heading)])
        mujoco.mju_mulQuat(turn, inverse, wanted)
        mujoco.mju_quat2Vel(error, turn, 1.0)
        torque = np.empty(3)  # spring and damper in the base frame, the force in the world's
        mujoco.mju_rotVecQuat(torque, TURN_STIFFNESS * error - TURN_DAMPING * data.qvel[3:6], data.qpos[3:7])
        data.xfrc_applied[self._base, :3] = self.support * force
        data.xfrc_applied[self._base, 3:] = self.support * torque
