"""Which demonstrations to leave out of the training: by their own figures, and by a replay on the robot.

The thesis replays every demonstration on the robot and drops those that do not reproduce (Xiao 2023, sec. 5.4); a
trajectory that the robot cannot follow through its limiter teaches motions that the policy could not make either.
"""

from __future__ import annotations

from dataclasses import dataclass

from mvp_real.demos.replay import PATH_TOLERANCE, ReplayReport
from mvp_real.demos.statistics import EpisodeStatistics


@dataclass(frozen=True)
class PruneRules:
    """What a demonstration must keep to.

    Attributes:
        min_steps: Shortest demonstration.
        max_step: Largest change of a joint that a label may ask for in one control step, rad: beyond it the limiter
            clamps (mvp_real sheet, rule 7).
        max_idle: Largest share of steps without motion.
        max_missing: Largest share of lost images.
        max_rms: Largest RMS distance of the replayed joint path, rad.
        max_refused: Replayed steps that the limiter may change or refuse.
    """

    min_steps: int = 5
    max_step: float = 0.15
    max_idle: float = 0.8
    max_missing: float = 0.05
    max_rms: float = PATH_TOLERANCE
    max_refused: int = 0


def own_faults(statistics: EpisodeStatistics, rules: PruneRules) -> list[str]:
    """Why a demonstration is left out, by its own figures; empty to keep it."""
    found = []
    if statistics.outcome != "success":
        found.append(f"its outcome is '{statistics.outcome}'")
    if statistics.steps < rules.min_steps:
        found.append(f"{statistics.steps} steps, at least {rules.min_steps} are needed")
    if statistics.largest_step > rules.max_step:
        found.append(
            f"a label asks {statistics.largest_step_joint} for {statistics.largest_step:.3f} rad in one step, "
            f"the limiter lets {rules.max_step:g} through"
        )
    if statistics.idle > rules.max_idle:
        found.append(f"nothing moves in {statistics.idle:.0%} of the steps")
    missing = statistics.missing_images or 0
    if missing > rules.max_missing * (statistics.images + missing):
        found.append(f"{missing} of {statistics.images + missing} images are missing")
    return found


def replay_faults(report: ReplayReport, rules: PruneRules, reached: bool | None = None) -> list[str]:
    """Why a demonstration is left out, by its replay; empty to keep it.

    Args:
        report: What the replay measured.
        rules: The bounds.
        reached: Whether the task was done again; None where nobody can tell.
    """
    found = []
    if report.rms > rules.max_rms:
        found.append(f"replayed {report.rms:.4f} rad RMS beside the recording, {rules.max_rms:g} are allowed")
    if len(report.refused) > rules.max_refused:
        found.append(f"the driver changed or refused {len(report.refused)} steps ({report.refused[0]})")
    if reached is False:
        found.append("the replay did not do the task")
    return found
