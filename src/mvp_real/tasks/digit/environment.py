"""The walking environment: N Digits that follow velocity commands, batched, with everything of Xiao 2023, sec. 6.4."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.control.locomotion.rate_limit import limit_rate
from mvp_real.control.locomotion.spaces import (
    ACTION_SIZE,
    ARMS,
    MOTORS,
    OBSERVATION_SIZE,
    decode_action,
    limit_action,
)
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import load_digit
from mvp_real.tasks.digit import rewards
from mvp_real.tasks.digit.commands import COMMANDS, draw_commands
from mvp_real.tasks.digit.config import WalkConfig, changed, merged
from mvp_real.tasks.digit.delays import deliver, toss_late
from mvp_real.tasks.digit.dynamics import Dynamics
from mvp_real.tasks.digit.episode import Episodes
from mvp_real.tasks.digit.gait import foot_targets
from mvp_real.tasks.digit.held_out import refuse_held_out
from mvp_real.tasks.digit.motion import Motion
from mvp_real.tasks.digit.noise import noise_deviations
from mvp_real.tasks.digit.privileged import STATE, STATE_SIZE, Mirror
from mvp_real.tasks.digit.pushes import draw_pushes
from mvp_real.tasks.digit.reference_gait import ReferenceGait
from mvp_real.tasks.digit.scoring import reward_terms, weighted_sum
from mvp_real.tasks.digit.sensing import Observations, observe, privileged_state
from mvp_real.tasks.digit.simulation import EVERY, DigitSimulation
from mvp_real.tasks.digit.termination import REASONS
from mvp_real.tasks.digit.terrain import Ground

FIXED = ("num_envs", "model", "timestep", "joint_friction", "engine", "device", "threads", "seed", "terrain")


@dataclass(frozen=True)
class Step:
    """What a control step gave; finished robots have already begun their next episode.

    Attributes:
        observations: After the step.
        reward: (N,).
        terminated: (N,) who fell.
        truncated: (N,) whose time was over.
        info: `sent_action` (N, 36); `finished` (k,) robots whose episode ended, with `final_observation` (k, 66),
            `final_state` (k, 480), `episode_length` (k,) in steps and `episode_return` (k,); `falls`, their number,
            and `fall_reasons`, numbers by reason; `metrics`, figures of this step by name.
    """

    observations: Observations
    reward: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    info: Mapping[str, Any]


class WalkEnvironment:
    """N robots that step together and reset themselves.

    Args:
        config: All settings.

    Attributes:
        config: As they are now; `change` makes new ones.
        num_envs, observation_size, state_size, action_size: Sizes.
        control_period: s.
        mirror: Mirror images of observations, states and actions.
        state_layout: Where the groups of the state are.
        exploration: (36,) how far training may stray at first, relative to the targets of the legs: swinging arms
            and changing gains only disturb a robot that cannot walk yet.
        simulation: The physics.
    """

    def __init__(self, config: WalkConfig) -> None:
        refuse_held_out(config.seed)
        self.config = config
        self.num_envs = config.num_envs
        self.observation_size, self.state_size, self.action_size = OBSERVATION_SIZE, STATE_SIZE, ACTION_SIZE
        self.control_period = load_digit().control_period
        self.mirror, self.state_layout = Mirror(), STATE
        self.exploration = np.ones(ACTION_SIZE)
        self.exploration[ARMS] = 0.3
        self.exploration[MOTORS:] = 0.5
        self.ground = Ground(config.terrain, config.num_envs)
        self.simulation = DigitSimulation(config, self.ground)
        self._random = np.random.default_rng(config.seed)
        self._episodes = Episodes.new(config.num_envs)
        self._dynamics = Dynamics.draw(self._random, config.num_envs, config.randomisation)
        self._changes: dict[str, Any] = {}
        self._current: Observations | None = None
        self._reference: ReferenceGait | None = None
        self._derive()

    def _derive(self) -> None:
        config = self.config
        self._weights = config.rewards.vector()
        self._deviations = noise_deviations(config.randomisation)
        self._steps_per_episode = round(config.episode / self.control_period)
        self._steps_per_command = round(config.commands.interval / self.control_period)
        self._average = min(self.control_period / config.gait.period, 1.0)

    def reset(self) -> Observations:
        """New episodes for all robots."""
        every = np.arange(self.num_envs)
        motion = self._begin(every)
        if self.config.stagger:
            self._episodes.limit[:] = self._random.integers(1, self._steps_per_episode + 1, self.num_envs)
        self._current = self._observe(every, motion, first=True)
        return self._current

    def step(self, action: NDArray[Any]) -> Step:
        """One control period of 20 ms with actions (N, 36) around zero.

        Raises:
            MvpRealError: The shape is wrong, an entry is not finite, or `reset` was not called.
        """
        action = self._checked(action)
        episodes, dynamics, config = self._episodes, self._dynamics, self.config
        sent = limit_rate(limit_action(action), episodes.sent, load_digit())
        late = toss_late(self._random, dynamics.action_delay)
        applied = deliver(late, sent, episodes.sent)
        episodes.action_difference, episodes.action_late = applied - sent, late
        episodes.gains = self.simulation.command(decode_action(applied), dynamics)
        pushed, change = draw_pushes(self._random, config.pushes, self.num_envs, self.control_period)
        self.simulation.push(pushed, change)
        episodes.push[:] = 0.0
        episodes.push[pushed] = change
        self.simulation.step()
        motion = self.simulation.motion()
        episodes.steps += 1
        episodes.phase = np.mod(episodes.phase + self.control_period / config.gait.period, 1.0)
        episodes.average(motion, self._average)
        reasons = config.termination.reasons(motion.height, motion.gravity, motion.collision, motion.diverged)
        terminated = reasons.any(axis=1)
        truncated = (episodes.steps >= episodes.limit) & ~terminated
        target = decode_action(sent).position
        terms = reward_terms(
            motion, episodes, action, target, self._foot_targets(EVERY, motion), terminated, config.scales,
            self.control_period,
        )  # fmt: skip
        reward = self.control_period * weighted_sum(terms, self._weights, config.scales.only_positive)
        episodes.gain += reward
        episodes.remember(motion, action, sent, target, self.control_period)
        error = np.abs(episodes.mean_velocity - episodes.command).mean(axis=0)
        self._renew_commands()
        observations = self._observe(EVERY, motion, first=False)
        finished = np.flatnonzero(terminated | truncated)
        fallen = reasons[terminated]
        info: dict[str, Any] = {
            "sent_action": sent.astype(np.float32),
            "finished": finished,
            "final_observation": observations.observation[finished],
            "final_state": observations.state[finished],
            "episode_length": episodes.steps[finished],
            "episode_return": episodes.gain[finished],
            "falls": int(terminated.sum()),
            "fall_reasons": {
                name: int(count) for name, count in zip(REASONS, fallen.sum(axis=0), strict=True)
            },
            "metrics": self._metrics(terms, error),
        }
        if len(finished):
            begun = self._observe(finished, self._begin(finished), first=True)
            observations.observation[finished], observations.state[finished] = begun.observation, begun.state
        self._current = observations
        return Step(observations, reward.astype(np.float32), terminated, truncated, info)

    def reference_action(self, observation: NDArray[Any]) -> FloatArray:
        """Actions (N, 36) of stepping in place by the clock of observations (N, 66): where a policy may begin."""
        if self._reference is None:
            self._reference = ReferenceGait(self.config.gait)
        return self._reference.action(observation)

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change settings while training goes on, e.g. `{"commands": {"forward": [-0.3, 1.0]}}`.

        What is drawn at a reset counts from each robot's next episode on.

        Raises:
            MvpRealError: A setting is unknown, out of range, or fixed once the robots exist.
        """
        for name in changes:
            if name in FIXED:
                raise MvpRealError(
                    f"environment: {name} cannot be changed while the robots walk; make a new one"
                )
        self.config = changed(self.config, changes)
        self._changes = merged(self._changes, changes)
        self._derive()

    def random_state(self) -> dict[str, Any]:
        """Everything that decides how the robots go on: numbers, texts, arrays and mappings of them."""
        current = self._current
        return {
            "random": json.dumps(self._random.bit_generator.state),
            "changes": json.dumps(self._changes),
            "episodes": {name: value.copy() for name, value in vars(self._episodes).items()},
            "dynamics": {name: value.copy() for name, value in vars(self._dynamics).items()},
            "ground": {"gradient": self.ground.gradient.copy(), "rough": self.ground.rough.copy()},
            "simulation": self.simulation.backend.snapshot(),
            "current": {} if current is None else {key: value.copy() for key, value in vars(current).items()},
        }

    def restore(self, state: Mapping[str, Any]) -> Observations | None:
        """Go on exactly from `random_state` of an environment with the same settings; returns what was seen last.

        Raises:
            MvpRealError: It was made with another model or number of robots.
        """
        self.simulation.backend.restore(state["simulation"])
        self.change(json.loads(state["changes"]))
        self._random.bit_generator.state = json.loads(state["random"])
        for name in ("episodes", "dynamics"):
            part = getattr(self, f"_{name}")
            for item in fields(part):
                setattr(part, item.name, np.array(state[name][item.name]))
        self.ground.gradient[:], self.ground.rough[:] = state["ground"]["gradient"], state["ground"]["rough"]
        self.simulation.backend.restore(state["simulation"])
        self._current = (
            Observations(**{key: np.array(value) for key, value in state["current"].items()})
            if state["current"]
            else None
        )
        return self._current

    def close(self) -> None:
        """Free the simulator."""
        self.simulation.backend.close()

    @staticmethod
    def _with(config: WalkConfig, changes: Mapping[str, Any]) -> WalkConfig:
        for name in changes:
            if name in FIXED:
                raise MvpRealError(
                    f"environment: {name} cannot be changed while the robots walk; make a new one"
                )
        return changed(config, changes)

    def _checked(self, action: NDArray[Any]) -> FloatArray:
        if self._current is None:
            raise MvpRealError("environment: call reset() before step()")
        values = np.array(action, dtype=np.float64)  # a copy: it is remembered
        if values.shape != (self.num_envs, ACTION_SIZE):
            raise MvpRealError(
                f"actions have the shape {values.shape}; need ({self.num_envs}, {ACTION_SIZE})"
            )
        if not np.isfinite(values).all():
            robot = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
            raise MvpRealError(f"the action of robot {robot} is not finite; check the policy for divergence")
        return values

    def _begin(self, rows: NDArray[np.intp]) -> Motion:
        """New episodes for some robots; returns their motion."""
        config, random, episodes = self.config, self._random, self._episodes
        count = len(rows)
        drawn = Dynamics.draw(random, count, config.randomisation)
        self._dynamics.replace_rows(rows, drawn)
        self.simulation.reset(rows, config.start, drawn, random)
        episodes.clear(rows)
        episodes.limit[rows] = self._steps_per_episode
        episodes.phase[rows] = random.random(count) if config.start.random_phase else 0.0
        episodes.command[rows] = draw_commands(random, count, config.commands)
        episodes.gains[rows] = np.concatenate([drawn.kp_factor, drawn.kd_factor], axis=1)
        motion = self.simulation.motion(rows)
        episodes.begin(rows, motion)
        return motion

    def _renew_commands(self) -> None:
        due = np.flatnonzero(self._episodes.steps % self._steps_per_command == 0)
        if len(due):
            self._episodes.command[due] = draw_commands(self._random, len(due), self.config.commands)

    def _foot_targets(self, rows: NDArray[np.intp] | slice, motion: Motion) -> FloatArray:
        episodes = self._episodes
        return foot_targets(
            episodes.phase[rows],
            episodes.command[rows],
            self.simulation.stance,
            self.config.gait,
            motion.linear_velocity[:, :2],
        )

    def _observe(self, rows: NDArray[np.intp] | slice, motion: Motion, first: bool) -> Observations:
        true, delivered, late = observe(
            self._random, rows, motion, self._episodes, self._dynamics, self._deviations, first
        )
        state = privileged_state(
            rows, motion, self._episodes, self._dynamics, self.ground, true, delivered, late,
            self._foot_targets(rows, motion), self.simulation.standing_height,
            self.config.scales.contact_threshold, self.config.gait.contact_deviation,
        )  # fmt: skip
        return Observations(delivered, state)

    def _metrics(self, terms: FloatArray, error: FloatArray) -> dict[str, float]:
        means = self.control_period * self._weights * terms.mean(axis=1)
        metrics = {f"reward/{name}": float(mean) for name, mean in zip(rewards.TERMS, means, strict=True)}
        return metrics | {f"error/{name}": float(value) for name, value in zip(COMMANDS, error, strict=True)}
