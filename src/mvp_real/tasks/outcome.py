"""Success of one episode of PickFruit, judged once per control step, and the kind of failure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mvp_real.messages import FloatArray
from mvp_real.tasks.pick_fruit import PickFruitConfig

# A gripper that closes further than this from the fruit's centre has aimed at the wrong place, m.
MISS_DISTANCE = 0.025
LIFTED = 0.02


@dataclass(frozen=True)
class Outcome:
    """What became of an episode.

    Attributes:
        success: The fruit was held at the success height for the required steps.
        height: Present height of the fruit's centre above the table, m.
        failure_category: "" on success; "perception_miss" (closed beside the fruit), "grasp_slip" (closed at
            the fruit but did not hold it), "timeout" (never closed, or too late), "diverged" (physics
            failed).
        steps: Control steps so far.
        done: Success, time limit or divergence.
        closing_distance: Horizontal distance of fruit and tool centre point when the gripper first closed,
            m; NaN before.
    """

    success: bool
    height: float
    failure_category: str
    steps: int
    done: bool
    closing_distance: float


class OutcomeTracker:
    """Follows one episode.

    Args:
        task: The task's numbers.
        open_threshold: Measured opening fraction above which the gripper counts as open.
    """

    def __init__(self, task: PickFruitConfig, open_threshold: float) -> None:
        self._task, self._threshold = task, open_threshold
        self._steps = self._held = 0
        self._success = self._lifted = False
        self._closing_distance = float("nan")
        self._height = 0.0

    def observe(self, fruit: FloatArray, tool: FloatArray, opening: float) -> None:
        """Judge one control step.

        Args:
            fruit: (3,) fruit's centre, m.
            tool: (3,) tool centre point, m.
            opening: Measured opening fraction.
        """
        self._steps += 1
        self._height = float(fruit[2])
        self._held = self._held + 1 if self._height >= self._task.success_height else 0
        if self._steps <= self._task.time_limit_steps and self._held >= self._task.success_steps:
            self._success = True
        self._lifted |= self._height >= LIFTED + 0.03
        if opening < self._threshold and np.isnan(self._closing_distance):
            self._closing_distance = float(np.hypot(*(fruit[:2] - tool[:2])))

    def outcome(self, diverged: bool) -> Outcome:
        """The verdict so far; before the end the category says what it would be if the episode ended now."""
        if self._success:
            category = ""
        elif diverged:
            category = "diverged"
        elif np.isnan(self._closing_distance) or self._held > 0:
            category = "timeout"
        elif self._closing_distance > MISS_DISTANCE and not self._lifted:
            category = "perception_miss"
        else:
            category = "grasp_slip"
        done = self._success or diverged or self._steps >= self._task.time_limit_steps
        return Outcome(self._success, self._height, category, self._steps, done, self._closing_distance)
