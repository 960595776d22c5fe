"""`mvp_real evaluate pick_fruit`: the protocol over chosen bundles, from the trials to the report."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mvp_real.errors import unknown_name
from mvp_real.evaluation.placements import NamedSetup, held_out_note, named_setups
from mvp_real.evaluation.protocol import Deadline, run_trials, trials_to_run
from mvp_real.evaluation.provenance import provenance
from mvp_real.evaluation.report import Report, write_results
from mvp_real.evaluation.report_page import write_page
from mvp_real.evaluation.subjects import Subject
from mvp_real.evaluation.trials import TrialLog, TrialRecord
from mvp_real.tasks.pick_fruit import SCENES, load_task

THROUGH = ("process", "nodes")
CLIP_LIMIT = 96  # with more trials than this, "auto" makes no clips
CLIPS = ("auto", "all", "none")


@dataclass(frozen=True)
class Evaluation:
    """What to run.

    Attributes:
        subjects: Rows of the table.
        scenes: "plain", "varied" or both.
        placements: Name of the set, see `placements.named_setups`.
        through: "process" or "nodes".
        seed: First seed of random placements.
        clips: "all", "none", or "auto": all if there are few trials.
        workers: Processes, for `through` "process".
        restart: Start the nodes anew for each subject, which then runs all placements: faster than loading
            another bundle for every trial. The simulator is reset exactly, so the outcomes are the same.
    """

    subjects: Sequence[Subject]
    scenes: Sequence[str]
    placements: str
    through: str = "process"
    seed: int = 0
    clips: str = "auto"
    workers: int = 1
    restart: bool = False

    def groups(self) -> list[list[NamedSetup]]:
        """The setups of each scene."""
        return [named_setups(self.placements, scene, self.seed) for scene in self.scenes]

    @property
    def planned(self) -> int:
        """Number of trials."""
        return len(self.subjects) * sum(map(len, self.groups()))

    @property
    def wants_clips(self) -> bool:
        """Whether trials are filmed."""
        return self.clips == "all" or (self.clips == "auto" and self.planned <= CLIP_LIMIT)


def scenes_of(name: str) -> tuple[str, ...]:
    """Scenes of the option `--scene`: one of them, or both.

    Raises:
        MvpRealError: No such scene.
    """
    if name == "both":
        return SCENES
    if name not in SCENES:
        raise unknown_name("scene", name, (*SCENES, "both"))
    return (name,)


def run(
    evaluation: Evaluation,
    log: TrialLog,
    directory: Path,
    deadline: Deadline | None = None,
    progress: Callable[[TrialRecord], None] = lambda record: None,
) -> bool:
    """Run what the log does not hold yet; True when nothing is missing any more.

    Args:
        evaluation: What to run.
        log: Receives the trials.
        directory: Folder for clips and for the logs of the nodes.
        deadline: No trial starts after it.
        progress: Called with every new trial.
    """
    deadline = deadline or Deadline()
    if evaluation.through not in THROUGH:
        raise unknown_name("way of running", evaluation.through, THROUGH)
    trials = trials_to_run(evaluation.subjects, evaluation.groups(), log, evaluation.through)
    if evaluation.through == "process":
        # Imported here: the reports need neither a simulator nor ONNX Runtime.
        from mvp_real.evaluation.rollout import Rollout

        clips = directory / "clips" if evaluation.wants_clips else None
        make = functools.partial(Rollout, clips)
        return run_trials(trials, log, make, deadline, evaluation.workers, progress)
    from mvp_real.evaluation.through_nodes import run_through_nodes

    for scene in evaluation.scenes:
        missing = {trial.subject.label for trial in trials if trial.setup.setup.scene == scene}
        subjects = [subject for subject in evaluation.subjects if subject.label in missing]
        if not subjects:
            continue
        name = f"{scene}_{evaluation.placements.replace(':', '_')}_{evaluation.seed}"
        for group in [[subject] for subject in subjects] if evaluation.restart else [subjects]:
            folder = directory / "nodes" / (f"{name}_{group[0].label}" if evaluation.restart else name)
            if not run_through_nodes(
                group, scene, evaluation.placements, evaluation.seed, log, folder, deadline, progress
            ):
                return False
    return True


def report_of(evaluation: Evaluation, log: TrialLog, command: str) -> Report:
    """The report on the trials of this evaluation; other trials in the same log stay out."""
    keys = {
        (subject.label, setup.setup.scene, setup.name, evaluation.through)
        for subject in evaluation.subjects
        for group in evaluation.groups()
        for setup in group
    }
    task = load_task()
    how = "through the ROS 2 nodes" if evaluation.through == "nodes" else "in one process"
    lead = (
        f"PickFruit, {' and '.join(evaluation.scenes)} scene, {evaluation.placements} placements, {how}, in "
        "simulation. At each placement all subjects one after another, in rotating order. Success: the fruit "
        f"is held {100 * task.success_height:.0f} cm above the table for "
        f"{(task.success_steps - 1) * task.control_period:.0f} s within "
        f"{task.time_limit_steps * task.control_period:.0f} s."
    )
    note = held_out_note(evaluation.placements)
    return Report(
        title="PickFruit: "
        + " vs ".join(subject.label for subject in evaluation.subjects[:3])
        + (f" and {len(evaluation.subjects) - 3} more" if len(evaluation.subjects) > 3 else ""),
        lead=lead,
        area=(*task.x_range, *task.y_range),
        command=command,
        planned=evaluation.planned,
        provenance=provenance(),
        trials=[trial for trial in log.trials if trial.key in keys],
        subjects=[subject.note() for subject in evaluation.subjects],
        notes=[note] if note else [],
    )


def write(report: Report, directory: Path) -> tuple[Path, Path]:
    """Write `results.json` and `report.html`; return their paths."""
    return write_results(report, directory), write_page(report, directory)
