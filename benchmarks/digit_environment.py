"""Control steps per second of the walking environment against its physics alone and against gymnasium's vector API.

The same actions throughout. Physics alone repeats the environment's own states: the time inside the engine while the
environment runs. The peer is one plain gymnasium environment per robot on the same model, with the same observation
and reward, no randomisation and no privileged state, in a `SyncVectorEnv`; ours has everything switched on.
Needs `pip install mvp_real[bench]`.

With one thread and for the peer, time is the process's, not the wall's: on a shared machine the wall clock would
measure the others. With two threads it has to be the wall's, so that this row is left out unless the machine is idle;
its peer is the environment with one thread, alternating with it, by the same clock.

Run: python benchmarks/digit_environment.py --results benchmarks/results.json
"""

from __future__ import annotations

import argparse
import copy
import os
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import gymnasium
import mujoco
import numpy as np

from mvp_real.control.locomotion.rate_limit import limit_rate
from mvp_real.control.locomotion.spaces import assemble_observation, decode_action, limit_action
from mvp_real.robots.digit import SIDES, load_digit
from mvp_real.sim.digit import JointReadout, reduced_model, standing_position
from mvp_real.tasks.digit.commands import CommandRanges, draw_commands
from mvp_real.tasks.digit.config import WalkConfig
from mvp_real.tasks.digit.environment import WalkEnvironment
from mvp_real.tasks.digit.episode import Episodes
from mvp_real.tasks.digit.gait import Gait, foot_targets
from mvp_real.tasks.digit.gait import clock as phase_clock
from mvp_real.tasks.digit.motion import Motion, rotation_matrices
from mvp_real.tasks.digit.rewards import RewardScales, RewardWeights
from mvp_real.tasks.digit.scoring import reward_terms, weighted_sum
from mvp_real.tasks.digit.termination import Termination
from result_rows import Row, write_rows

WARM_UP = 5
EPISODE_STEPS = 1000


@lru_cache(maxsize=1)
def compiled_model() -> mujoco.MjModel:
    """The reduced model."""
    return reduced_model(appearance=False).compile()


class PlainWalk(gymnasium.Env[np.ndarray, np.ndarray]):
    """One robot as one would write it for gymnasium: `mj_step`, observation and reward of the batched environment."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (66,), np.float32)
    action_space = gymnasium.spaces.Box(-np.inf, np.inf, (36,), np.float32)

    def __init__(self) -> None:
        self.model = copy.copy(compiled_model())  # its own, as gains are written into it
        self.data = mujoco.MjData(self.model)
        self.readout, self.standing = JointReadout(self.model), standing_position(self.model)
        self.table, self.period = load_digit(), load_digit().control_period
        self.substeps = round(self.period / self.model.opt.timestep)
        self.soles = [self.model.site(f"{side}_sole").id for side in SIDES]
        self.data.qpos[:] = self.standing
        mujoco.mj_kinematics(self.model, self.data)
        self.stance = self.data.site_xpos[self.soles, :2] - self.standing[:2]
        self.gait, self.scales, self.weights = Gait(), RewardScales(), RewardWeights().vector()

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        """The default pose with a random command and phase."""
        super().reset(seed=seed)
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:] = self.standing
        mujoco.mj_forward(self.model, self.data)
        self.episodes = Episodes.new(1)
        self.episodes.phase[:] = self.np_random.random()
        self.episodes.command[:] = draw_commands(self.np_random, 1, CommandRanges())
        motion = self.motion()
        self.episodes.begin(np.zeros(1, dtype=np.intp), motion)
        return self.observation(motion), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        """One control period."""
        episodes, action = self.episodes, np.array(action, dtype=np.float64)[None]
        sent = limit_rate(limit_action(action), episodes.sent, self.table)
        targets = decode_action(sent)
        self.data.ctrl[:] = self.readout.control(targets.position[0])
        motors = self.table.observed_motors
        self.model.actuator_gainprm[motors, 0] = targets.kp[0, motors]
        self.model.actuator_biasprm[motors, 1] = -targets.kp[0, motors]
        self.model.actuator_biasprm[motors, 2] = -targets.kd[0, motors]
        mujoco.mj_step(self.model, self.data, self.substeps)
        mujoco.mj_step1(self.model, self.data)
        motion = self.motion()
        episodes.steps += 1
        episodes.phase = np.mod(episodes.phase + self.period / self.gait.period, 1.0)
        episodes.average(motion, 0.025)
        clear = np.zeros(1, dtype=bool)
        terminated = Termination().reasons(motion.height, motion.gravity, clear, clear).any(axis=1)
        aims = foot_targets(episodes.phase, episodes.command, self.stance, self.gait)
        terms = reward_terms(
            motion, episodes, action, targets.position, aims, terminated, self.scales, self.period
        )
        reward = self.period * weighted_sum(terms, self.weights)
        episodes.remember(motion, action, sent, targets.position, self.period)
        truncated = bool(episodes.steps[0] >= EPISODE_STEPS)
        return self.observation(motion), float(reward[0]), bool(terminated[0]), truncated, {}

    def motion(self) -> Motion:
        """What the robot does, as a batch of one on the plane."""
        data, qpos, qvel = self.data, self.data.qpos[None], self.data.qvel[None]
        rotation = rotation_matrices(qpos[:, 3:7])
        ahead = rotation[:, :2, 0]
        motors, speeds = self.readout.motor_position(qpos), self.readout.motor_velocity(qvel)
        seen = self.table.observed_motors
        return Motion(
            place=qpos[:, :3].copy(),
            rotation=rotation,
            heading=ahead / np.linalg.norm(ahead, axis=1, keepdims=True),
            linear_velocity=np.einsum("nij,ni->nj", rotation, qvel[:, :3]),
            angular_velocity=qvel[:, 3:6].copy(),
            gravity=-rotation[:, 2],
            motor_position=motors,
            motor_velocity=speeds,
            joint_position=np.concatenate([motors[:, seen], self.readout.joint_position(qpos)], axis=1),
            joint_velocity=np.concatenate([speeds[:, seen], self.readout.joint_velocity(qvel)], axis=1),
            torque=data.actuator_force[None].copy(),
            sole=data.site_xpos[self.soles][None],
            sole_rotation=data.site_xmat[self.soles].reshape(1, 2, 3, 3),
            foot_force=np.array([[data.sensor(f"{side}_contact").data[0] for side in SIDES]]),
            collision=np.zeros(1, dtype=bool),
            diverged=np.zeros(1, dtype=bool),
            ground=np.zeros(1),
            sole_ground=np.zeros((1, 2)),
        )

    def observation(self, motion: Motion) -> np.ndarray:
        """(66,) without noise."""
        return assemble_observation(
            motion.linear_velocity, motion.angular_velocity, motion.joint_position, motion.joint_velocity,
            motion.gravity, phase_clock(self.episodes.phase), self.episodes.command,
        )[0].astype(np.float32)  # fmt: skip


def actions(count: int, steps: int) -> np.ndarray:
    """(steps, count, 36) small random actions."""
    return 0.2 * np.random.default_rng(0).standard_normal((steps, count, 36)).astype(np.float32)


def measure(count: int, steps: int, threads: int, clock: Callable[[], float]) -> tuple[float, float]:
    """Control steps per second of the whole environment, and of the physics inside it, by a clock."""
    environment = WalkEnvironment(
        WalkConfig.from_dict({"num_envs": count, "threads": threads, "pushes": {"speed": 0.4}})
    )
    environment.reset()
    sequence, inside = actions(count, WARM_UP + steps), 0.0
    plain = environment.simulation.backend.step

    def timed() -> None:
        nonlocal inside
        began = clock()
        plain()
        inside += clock() - began

    for action in sequence[:WARM_UP]:
        environment.step(action)
    environment.simulation.backend.step = timed  # type: ignore[method-assign]
    began = clock()
    for action in sequence[WARM_UP:]:
        environment.step(action)
    elapsed = clock() - began
    return count * steps / elapsed, count * steps / inside


def measure_peer(count: int, steps: int) -> float:
    """Control steps per second of `SyncVectorEnv`."""
    peer = gymnasium.vector.SyncVectorEnv([PlainWalk] * count)
    peer.reset(seed=0)
    sequence = actions(count, WARM_UP + steps)
    for action in sequence[:WARM_UP]:
        peer.step(action)
    began = time.process_time()
    for action in sequence[WARM_UP:]:
        peer.step(action)
    elapsed = time.process_time() - began
    peer.close()
    return count * steps / elapsed


def main() -> None:
    """Measure, print and write the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=256, help="robots")
    parser.add_argument("--steps", type=int, default=40, help="control steps of each in one turn")
    parser.add_argument("--turns", type=int, default=3, help="turns; the median counts")
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results.json"))
    args = parser.parse_args()
    idle = os.getloadavg()[0] < 0.5
    rates: dict[str, list[float]] = {"whole": [], "share": [], "peer": [], "one": [], "two": []}
    for _ in range(args.turns):
        whole, physics = measure(args.count, args.steps, 1, time.process_time)
        rates["whole"].append(whole)
        rates["share"].append(whole / physics)
        rates["peer"].append(measure_peer(args.count, max(args.steps // 4, 1)))
        for name, threads in (("one", 1), ("two", 2)) if idle else ():
            rates[name].append(measure(args.count, args.steps, threads, time.perf_counter)[0])
    median = {name: float(np.median(values)) for name, values in rates.items() if values}
    peer, name = "gymnasium SyncVectorEnv on the same model", "digit_environment"
    rows = [
        Row(f"{name}_steps_per_cpu_second", median["whole"], "1/s", peer, median["whole"] / median["peer"]),
        Row(f"{name}_share_of_physics_rate", median["share"], "", "physics alone", median["share"]),
    ]
    if idle:
        ratio = median["two"] / median["one"]
        rows.append(Row(f"{name}_steps_2_threads", median["two"], "1/s", "1 thread, wall clock", ratio))
    else:
        print(f"two threads left out: the load of the machine is {os.getloadavg()[0]:.1f}")
    write_rows(args.results, rows)


if __name__ == "__main__":
    main()
