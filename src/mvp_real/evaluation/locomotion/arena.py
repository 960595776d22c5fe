"""The robots of one row in the full model: what they measure, what their motors are told, how they fare."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mvp_real.control.locomotion.spaces import PdTargets, default_joints
from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.evaluation.locomotion.draws import SPRINGS, Draws, draw_robots, stream
from mvp_real.evaluation.locomotion.protocol_file import Robots
from mvp_real.evaluation.locomotion.stage import Stage, hang
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import load_digit
from mvp_real.tasks.digit.config import Start, WalkConfig
from mvp_real.tasks.digit.delays import deliver
from mvp_real.tasks.digit.motion import Motion
from mvp_real.tasks.digit.noise import add_encoder_offset
from mvp_real.tasks.digit.simulation import DigitSimulation

PIECES = 4  # of a control step, after each of which torques and speeds are looked at
START = Start(
    joint=0.02, linear_velocity=0.05, angular_velocity=0.05, random_heading=False, random_phase=False
)


class Arena:
    """N robots, each of its own dynamics, on the ground and with the loads of a row.

    Args:
        condition: The row.
        robots: How robots differ.
        threads: Threads of the simulator; 0 is one per core.

    Attributes:
        draws: What was drawn.
        motion: What the robots do now.
        torque, speed: (N, 20) largest absolute values within the last control step, Nm and rad/s.
    """

    def __init__(self, condition: Condition, robots: Robots, threads: int = 0) -> None:
        table = load_digit()
        self.condition = condition
        self.period = table.control_period
        self.draws: Draws = draw_robots(condition, robots, self.period)
        count = condition.robots
        config = WalkConfig(num_envs=count, model="full", threads=threads)
        self.simulation = DigitSimulation(config, Stage(condition, count))
        backend = self.simulation.backend
        self._pieces = backend.decimation // PIECES
        self._force, self._velocity = backend.data_field("actuator_force"), backend.data_field("qvel")
        self._stand_up()
        self._drop = np.ones(len(table.motors))
        self._told_before: PdTargets | None = None
        self._step = 0
        self.motion: Motion = self.simulation.motion()
        self._measured_before: FloatArray | None = None
        self.torque = self.speed = np.zeros((count, len(table.motors)))

    def _stand_up(self) -> None:
        """Reset robot by robot, each with its own random numbers."""
        backend, simulation = self.simulation.backend, self.simulation
        model, hidden = backend.model, self.draws.hidden
        dynamics = self.draws.dynamics
        for robot, seed in enumerate(self.condition.seeds):
            own = type(dynamics)(
                **{name: values[robot : robot + 1] for name, values in vars(dynamics).items()}
            )
            simulation.reset(np.array([robot]), START, own, stream(seed, "start"))
        motors = np.array([model.jnt_dofadr[joint] for joint in model.actuator_trnid[:, 0]])
        springs = np.array([model.joint(name).id for name in SPRINGS])
        backend.model_field("jnt_stiffness")[:, springs] *= hidden.spring_stiffness
        backend.model_field("dof_frictionloss")[:, motors] *= hidden.joint_friction
        backend.model_field("dof_armature")[:, motors] *= hidden.armature
        backend.model_field("body_ipos")[:, model.body("base").id] += hidden.torso_offset
        # A strong motor is still cut at the limit of the data sheet.
        limit = backend.model_field("actuator_forcerange")
        np.clip(limit, model.actuator_forcerange[:, :1], model.actuator_forcerange[:, 1:], out=limit)
        backend.update_constants()
        hang(backend, self.condition)
        backend.forward()

    def measure(self) -> FloatArray:
        """(N, 61) what the policy is told of the robots now: noisy, with encoder offsets, at times one step late."""
        shifted = add_encoder_offset(self._true_measurement(), self.draws.dynamics.motor_offset)
        measured = shifted + self.draws.noise[self._step]
        before = measured if self._measured_before is None else self._measured_before
        self._measured_before = measured
        return deliver(self.draws.late_observation[self._step], measured, before)

    def _true_measurement(self) -> FloatArray:
        motion = self.motion
        return np.concatenate(
            [
                motion.linear_velocity,
                motion.angular_velocity,
                motion.joint_position - default_joints(),
                motion.joint_velocity,
                motion.gravity,
            ],
            axis=1,
        )

    def step(self, targets: PdTargets, alive: NDArray[np.intp]) -> None:
        """One control step of the robots that are alive.

        Args:
            targets: PD targets and gains of all N robots.
            alive: Indices of the robots to simulate; the others stay as they are.
        """
        condition, simulation = self.condition, self.simulation
        drop = condition.gain_drop
        if drop is not None and self._step == round(drop.time / self.period):
            self._drop[load_digit().motor(drop.motor)] = drop.factor
        late = self.draws.late_action[self._step]
        before = self._told_before or targets
        acting = PdTargets(
            *(
                deliver(late, getattr(targets, name), getattr(before, name))
                for name in ("position", "kp", "kd")
            )
        )
        self._told_before = targets
        weak = PdTargets(acting.position, acting.kp * self._drop, acting.kd * self._drop)
        simulation.command(weak, self.draws.dynamics)
        kicks = self.draws.kicks[self._step]
        kicked = alive[np.abs(kicks[alive]).any(axis=1)]
        if len(kicked):
            change = np.zeros((len(kicked), 6))
            change[:, :2] = kicks[kicked]
            simulation.push(kicked, change)
        self.torque = np.zeros_like(self.torque)
        self.speed = np.zeros_like(self.speed)
        for _ in range(PIECES):
            simulation.backend.advance(self._pieces, alive)
            np.maximum(self.torque, np.abs(self._force), out=self.torque)
            np.maximum(self.speed, np.abs(simulation.readout.motor_velocity(self._velocity)), out=self.speed)
        self.motion = simulation.motion()
        self._step += 1

    def state(self, robot: int) -> FloatArray:
        """(nq,) positions of a robot, for a picture."""
        return np.array(self.simulation.backend.data_field("qpos")[robot])
