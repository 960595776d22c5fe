"""A curriculum for walking: settings of the environment that change as the robots stop falling.

Stages follow one another; each begins when the one before has lasted long enough and few robots fall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.tasks.digit.config import WalkConfig, changed
from mvp_real.tasks.digit.environment import WalkEnvironment
from mvp_real.tasks.digit.sensing import Observations

SMOOTHING = 0.05  # weight of the newest iteration in the averaged rate of falls
FALLS_PER = 20.0  # s


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes:
        changes: Settings that this stage changes, nested as in `WalkConfig`.
        samples: Control steps of all robots together that the stage before must have lasted.
        falls: Falls per robot and 20 s, averaged over about twenty iterations, that must be undercut first.
    """

    changes: Mapping[str, Any] = field(default_factory=dict)
    samples: int = 0
    falls: float = float("inf")

    @staticmethod
    def from_dict(values: Mapping[str, Any], place: str) -> Stage:
        """A stage from a mapping.

        Raises:
            MvpRealError: A key is unknown.
        """
        known = {item.name for item in fields(Stage)}
        if not isinstance(values, Mapping):
            raise MvpRealError(f"{place} is {values!r}; needs a mapping with {', '.join(sorted(known))}")
        for key in values:
            if key not in known:
                raise unknown_name(f"key in {place}", str(key), known)
        return Stage(
            dict(values.get("changes", {})), int(values.get("samples", 0)), float(values.get("falls", "inf"))
        )


def stages_from(values: Sequence[Mapping[str, Any]]) -> tuple[Stage, ...]:
    """The stages of a `curriculum:` list."""
    return tuple(Stage.from_dict(value, f"curriculum[{number}]") for number, value in enumerate(values))


class StagedWalk(WalkEnvironment):
    """The walking environment with a curriculum.

    Args:
        config: Settings at the start.
        stages: What follows. All changes are tried on the settings first, so that a wrong one is found at once.

    Attributes:
        stage: Number of stages that have begun.
    """

    def __init__(self, config: WalkConfig, stages: Sequence[Stage]) -> None:
        super().__init__(config)
        self.stages = tuple(stages)
        self.stage = 0
        self._total = self._samples = 0.0  # of the run, and in this stage
        self._falls = -1.0  # per robot and 20 s; negative before the first iteration
        tried = config
        for stage in self.stages:
            tried = changed(tried, stage.changes)

    def curriculum(self, row: Mapping[str, Any]) -> dict[str, float]:
        """Take note of an iteration and begin the next stage when it is due.

        Args:
            row: `samples` of the run so far, `falls` in this iteration.

        Returns:
            Figures for the log.
        """
        done = float(row["samples"]) - self._total
        self._total = float(row["samples"])
        self._samples += done
        rate = float(row["falls"]) * FALLS_PER / (done * self.control_period)
        self._falls = rate if self._falls < 0.0 else self._falls + SMOOTHING * (rate - self._falls)
        if self.stage < len(self.stages):
            due = self.stages[self.stage]
            if self._samples >= due.samples and self._falls < due.falls:
                self.change(due.changes)
                self.stage += 1
                self._samples = 0.0
        return {"stage": self.stage, "falls_per_20s": self._falls}

    def random_state(self) -> dict[str, Any]:
        """As of `WalkEnvironment`, with the place in the curriculum."""
        place = {"stage": self.stage, "samples": self._samples, "falls": self._falls, "total": self._total}
        return {**super().random_state(), "curriculum": place}

    def restore(self, state: Mapping[str, Any]) -> Observations | None:
        """Go on exactly from `random_state`."""
        place = state["curriculum"]
        self.stage = int(place["stage"])
        self._samples, self._falls, self._total = (float(place[key]) for key in ("samples", "falls", "total"))
        return super().restore(state)
