"""What PPO needs of an environment: a batch of robots behind numpy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Observations(Protocol):
    """What the policies see.

    Attributes:
        observation: For the policy that runs on the robot, (N, O).
        state: Privileged, for the critic and the state policy, (N, S).
    """

    @property
    def observation(self) -> Array: ...
    @property
    def state(self) -> Array: ...


class Step(Protocol):
    """What one control step gave; finished robots have been reset already.

    Attributes:
        observations: After the step; of a finished robot the first of its next episode.
        reward: (N,).
        terminated: Falls: nothing follows, (N,) bool.
        truncated: Time-outs: the value of the last state stands for what would follow, (N,) bool.
        info: `final_observation` (., O) and `final_state` (., S): last ones of the finished robots, either with N
            rows or with one row per finished robot, in order. Optional: `sent_action` (N, A), the action that was
            carried out after clipping and delay; `metrics`, figures by name to be logged.
    """

    @property
    def observations(self) -> Observations: ...
    @property
    def reward(self) -> Array: ...
    @property
    def terminated(self) -> Array: ...
    @property
    def truncated(self) -> Array: ...
    @property
    def info(self) -> Mapping[str, Any]: ...


class VectorEnvironment(Protocol):
    """N robots that step together.

    An environment may also offer:

    * `random_state()`, a mapping of numbers, texts, arrays and further mappings, and `restore(state)`, so that a
      resumed run equals an uninterrupted one. `restore` returns the current `Observations` when it brought back
      the robots too, or None when it brought back only the random numbers; the run then resets the robots.
    * `curriculum(statistics)`, called after each iteration with the row of the log; it may make the task harder and
      returns figures to be logged, or None.
    * `mirror`, a `mvp_real.training.rl.mirroring.MirrorFunctions`, for policies that use the symmetry of the robot.
    * `reference_action(observation)`, (N, A), for the initialisation of the policy.
    * `state_layout`, names of groups of the state to slices, for policies that do not read all of it.
    * `exploration`, (A,), factors on the policy's initial standard deviation.
    """

    @property
    def num_envs(self) -> int: ...
    @property
    def observation_size(self) -> int: ...
    @property
    def state_size(self) -> int: ...
    @property
    def action_size(self) -> int: ...
    def reset(self) -> Observations: ...
    def step(self, action: Array) -> Step: ...


def final_rows(info: Mapping[str, Any], name: str, finished: Array, wanted: Array) -> Array:
    """Rows of `info[name]` for the robots in `wanted` (N,) bool, a subset of `finished` (N,) bool."""
    rows = np.asarray(info[name])
    if len(rows) == len(finished):
        return rows[wanted]
    return rows[wanted[finished]]
