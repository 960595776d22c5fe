"""The scripted expert of PickFruit: align above the fruit, descend in a funnel, close, lift, hold.

It sees privileged state, so it is a teacher and a yardstick, not a policy. Perturbations are added to what
is executed, never to the label (DART: Laskey et al. 2017, "Noise injection for robust imitation learning"),
and shrink towards the fruit: constant noise near the object starves the one moment that matters, the closing
of the gripper.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.robots.table import load_robot
from mvp_real.sim.inverse_kinematics import ArmInverseKinematics, downward_pose
from mvp_real.tasks.pick_fruit_world import PickFruitWorld

STEP = 0.03  # longest way of the tool in one control step, m
# Of the tool centre point at the grasp. One height for all fruits, because then the joints alone tell when to
# close; the pads reach 7.5 mm up and down, which meets the widest part of every fruit.
GRASP_HEIGHT = 0.022
SLOWING = 0.35  # share of the remaining height that one step of the descent may take ...
SLOWEST = 0.008  # ... but at least this much, m
YAW_STEP = 0.10  # rad
FUNNEL = 6.0  # height above the grasp that one metre beside the fruit asks for, m/m
FUNNEL_MOUTH = 0.003  # this far beside the fruit the descent may end, m
ALIGNED = 0.005  # close when the tool is this near to the grasp in the plane, m
AT_HEIGHT = 0.005
YAW_ALIGNED = 0.06
CLOSING_STEPS = 6  # longest wait for the gripper to report closed; an empty hand lifts as well
LIFT = 0.20
JOINT_STEP = 0.14  # rad, below the limiter's 0.15
NEAR = 0.25  # size of the perturbation at the fruit, as a share of that far from it
LOWEST = 0.0135  # of the tool centre point: the tips end 7.5 mm below it


@dataclass(frozen=True)
class ExpertStep:
    """What the expert wants in one control step.

    Attributes:
        clean: (8,) target to learn from: seven angles in rad, gripper 0 or 1.
        executed: (8,) target to send to the arm: `clean` plus the perturbation.
        phase: "approach", "close" or "lift".
    """

    clean: FloatArray
    executed: FloatArray
    phase: str


class PickFruitExpert:
    """Expert for one episode. Call `step` once per control period and send `executed` to the arm.

    Args:
        world: World after its reset.
        seed: Seed of the perturbations.
        perturb: Whether to perturb.
        amplitude: Standard deviation of the perturbation far from the fruit, m; `NEAR` of it at the fruit.
    """

    def __init__(
        self, world: PickFruitWorld, seed: int = 0, perturb: bool = True, amplitude: float = 0.012
    ) -> None:
        self._world = world
        self._generator = np.random.default_rng(np.random.SeedSequence([21, seed]))
        self._amplitude = amplitude if perturb else 0.0
        self._table = load_robot("xarm7")
        self._rest = np.array(world.task.start_joints)
        self._kinematics = ArmInverseKinematics(self._rest)
        self._phase = "approach"
        self._still_steps = 0
        self._grasp = np.zeros(3)
        self._grasp_yaw = 0.0

    @property
    def phase(self) -> str:
        """Present phase."""
        return self._phase

    def step(self) -> ExpertStep:
        """Decide from the measured state; does not move the world."""
        joints = self._world.joint_reading().position
        closed = joints[-1] <= self._table.gripper_open_threshold
        pose = self._table.tool_pose(joints)
        tool, yaw = pose[:3, 3], float(np.arctan2(pose[1, 0], pose[0, 0]))
        if self._phase == "approach":
            grasp, grasp_yaw = self._grasp_now()
            beside = float(np.hypot(*(grasp[:2] - tool[:2])))
            if (
                beside < ALIGNED
                and abs(tool[2] - grasp[2]) < AT_HEIGHT
                and abs(grasp_yaw - yaw) < YAW_ALIGNED
            ):
                self._phase, self._grasp, self._grasp_yaw = "close", grasp, grasp_yaw
        # Lift on the first picture that shows the hand closed: one state, one label.
        if self._phase == "close" and (closed or self._still_steps >= CLOSING_STEPS):
            self._phase = "lift"
        if self._phase == "approach":
            target, target_yaw = self._approach(tool, yaw)
        elif self._phase == "close":
            self._still_steps += 1
            target, target_yaw = self._grasp, self._grasp_yaw
        else:
            height = min(tool[2] + STEP, self._grasp[2] + LIFT)
            target, target_yaw = np.array([*self._grasp[:2], height]), self._grasp_yaw
        gripper = 1.0 if self._phase == "approach" else 0.0
        clean = self._joints_for(joints, target, target_yaw, gripper)
        noise, turn = self._perturbation(tool, target)
        executed = (
            self._joints_for(joints, target + noise, target_yaw + turn, gripper) if noise.any() else clean
        )
        return ExpertStep(clean, executed, self._phase)

    def _grasp_now(self) -> tuple[FloatArray, float]:
        """Where to close: over the fruit's centre, and the gripper's turn onto its narrow axis."""
        return np.array([*self._world.fruit_position()[:2], GRASP_HEIGHT]), self._world.grasp_yaw()

    def _approach(self, tool: FloatArray, yaw: float) -> tuple[FloatArray, float]:
        """One step towards the fruit; no lower than the funnel allows beside it."""
        grasp, grasp_yaw = self._grasp_now()
        aside = grasp[:2] - tool[:2]
        distance = float(np.hypot(*aside))
        across = min(distance, STEP)
        if distance > 0.0:
            aside = aside * (across / distance)
        # Aligning comes first: height gets what the sideways motion leaves of the step. Where this step ends
        # beside the fruit decides how low it may end; a tool inside the forbidden cone does not sink further.
        floor = grasp[2] + FUNNEL * max(distance - across - FUNNEL_MOUTH, 0.0)
        descent = min(float(np.sqrt(STEP**2 - across**2)), SLOWING * (tool[2] - grasp[2]) + SLOWEST)
        height = max(floor, tool[2] - descent)
        height = max(min(height, tool[2]), grasp[2])
        target = np.array([tool[0] + aside[0], tool[1] + aside[1], height])
        return target, yaw + float(np.clip(grasp_yaw - yaw, -YAW_STEP, YAW_STEP))

    def _perturbation(self, tool: FloatArray, target: FloatArray) -> tuple[FloatArray, float]:
        if self._amplitude == 0.0 or self._generator.random() > 0.6:
            return np.zeros(3), 0.0
        away = float(np.linalg.norm(tool - self._grasp_now()[0]))
        scale = float(np.clip(NEAR + (1 - NEAR) * (away - 0.02) / 0.10, NEAR, 1.0))
        if self._phase != "approach":
            # Small, but not nothing: the clone must know the way back from beside the grasp, too.
            scale = NEAR
        noise = scale * self._amplitude * self._generator.standard_normal(3)
        noise[2] = max(noise[2], LOWEST - target[2])
        return noise, float(scale * 0.08 * self._generator.standard_normal())

    def _joints_for(self, joints: FloatArray, target: FloatArray, yaw: float, gripper: float) -> FloatArray:
        # Always solved from the rest pose, so that equal tool poses give equal joints whatever came before.
        angles, _ = self._kinematics.solve(downward_pose(*target, yaw), self._rest)
        delta = angles - joints[:7]
        largest = float(np.max(np.abs(delta)))
        if largest > JOINT_STEP:
            delta *= JOINT_STEP / largest
        return np.append(joints[:7] + delta, gripper)
