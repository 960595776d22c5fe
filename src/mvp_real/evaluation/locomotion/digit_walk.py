"""`mvp_real evaluate digit_walk`: chosen rows with chosen policies, from the rollouts to the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mvp_real.errors import unknown_name
from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.evaluation.locomotion.film import Film
from mvp_real.evaluation.locomotion.measures import trials_of, with_clips
from mvp_real.evaluation.locomotion.page import write_page
from mvp_real.evaluation.locomotion.protocol_file import WalkProtocol
from mvp_real.evaluation.locomotion.results import WalkReport, write_results
from mvp_real.evaluation.locomotion.rollout import Filming, run_row
from mvp_real.evaluation.locomotion.subjects import WalkSubject
from mvp_real.evaluation.locomotion.trajectory import save_traces
from mvp_real.evaluation.locomotion.walk_trial import WalkLog, WalkTrial
from mvp_real.evaluation.order import rotated
from mvp_real.evaluation.protocol import Deadline
from mvp_real.evaluation.provenance import provenance

CLIPS = ("auto", "all", "none")
CLIP_LIMIT = 80  # rows times policies above which "auto" makes no videos
TRACES = "traces"


@dataclass(frozen=True)
class WalkEvaluation:
    """What to run.

    Attributes:
        subjects: Policies.
        rows: Conditions, with the seeds of their robots.
        protocol: Where they come from.
        seeds: Name of the block of seeds, or "quick".
        clips: "all", "none", or "auto": one video per row and policy if those are few.
        threads: Threads of the simulator; 0 is one per core.
    """

    subjects: Sequence[WalkSubject]
    rows: Sequence[Condition]
    protocol: WalkProtocol
    seeds: str
    clips: str = "auto"
    threads: int = 0

    def __post_init__(self) -> None:
        if self.clips not in CLIPS:
            raise unknown_name("value of --clips", self.clips, CLIPS)

    @property
    def planned(self) -> int:
        """Number of trials."""
        return len(self.subjects) * sum(row.robots for row in self.rows)

    @property
    def wants_clips(self) -> bool:
        """Whether videos are made."""
        few = len(self.subjects) * len(self.rows) <= CLIP_LIMIT
        return self.clips == "all" or (self.clips == "auto" and few)


def run(
    evaluation: WalkEvaluation,
    log: WalkLog,
    directory: Path,
    deadline: Deadline | None = None,
    progress: Callable[[str, float], None] = lambda text, share: None,
) -> bool:
    """Run what the log does not hold yet; True when nothing is missing any more.

    At each row all policies take turns, and who comes first rotates, so that a run stopped anywhere has met all alike
    but for the last row.

    Args:
        evaluation: What to run.
        log: Receives the trials, a row of a policy at a time.
        directory: Folder for traces and clips.
        deadline: No row starts after it.
        progress: Called with a text and the number of trials finished since the last call, which may be a fraction.
    """
    deadline = deadline or Deadline()
    for subject in evaluation.subjects:
        for row in evaluation.rows:
            log.require_same(subject.label, row.name, subject.digest, evaluation.protocol.digest(row))
    for number, row in enumerate(evaluation.rows):
        for subject in rotated(evaluation.subjects, number):
            if log.complete(subject.label, row.name, row.robots):
                continue
            if deadline.passed:
                return False
            log.append(_run_one(evaluation, subject, row, directory, progress))
    return True


def _run_one(
    evaluation: WalkEvaluation,
    subject: WalkSubject,
    row: Condition,
    directory: Path,
    progress: Callable[[str, float], None],
) -> list[WalkTrial]:
    began = time.perf_counter()
    filming = Filming((0,)) if evaluation.wants_clips else None
    film = Film(row) if evaluation.wants_clips else None
    trajectory = run_row(
        row,
        evaluation.protocol.robots,
        subject.policy(),
        evaluation.protocol.settling,
        subject.gait_period,
        evaluation.threads,
        filming,
        _Ticker(f"{subject.label}: {row.title}", row.robots, progress),
    )
    save_traces(trajectory, trace_file(directory, subject.label, row.name))
    wall = time.perf_counter() - began
    trials = trials_of(
        trajectory,
        row,
        evaluation.protocol.digest(row),
        subject.label,
        subject.card.name if subject.card else subject.label,
        subject.digest,
        wall,
    )
    if filming is None or film is None:
        return trials
    clips = film.write(filming, directory, f"{subject.label}_{row.name}")
    film.close()
    return with_clips(trials, clips)


class _Ticker:
    """Turns steps of a row into shares of its trials, about twenty times a row."""

    def __init__(self, text: str, robots: int, progress: Callable[[str, float], None]) -> None:
        self._text, self._robots, self._progress = text, robots, progress
        self._told = 0.0
        progress(text, 0.0)

    def __call__(self, done: float) -> None:
        if done - self._told >= 0.05 or done >= 1.0:
            self._progress(self._text, self._robots * (done - self._told))
            self._told = done


def trace_file(directory: Path, subject: str, row: str) -> Path:
    """Where the traces of a row with a policy lie."""
    return directory / TRACES / subject / f"{row}.npz"


def report_of(evaluation: WalkEvaluation, log: WalkLog, command: str) -> WalkReport:
    """The report on the rows of this evaluation; other trials in the same log stay out."""
    labels = [subject.label for subject in evaluation.subjects]
    names = {row.name for row in evaluation.rows}
    held_out = evaluation.seeds == "held_out"
    notes = (
        ["These are the held-out robots: no choice may be made on these results; tune on validation."]
        if held_out
        else []
    )
    if evaluation.seeds == "quick":
        notes.append("A quick look: few robots, short rows, nothing that a policy could be held to.")
    settling = evaluation.protocol.settling
    return WalkReport(
        title="Digit walks: "
        + ", ".join(labels[:3])
        + (f" and {len(labels) - 3} more" if len(labels) > 3 else ""),
        lead=(
            "Full model with its six closed loops at 1 ms, every robot with dynamics, noise, delays and kicks of its "
            "own; policies that are compared meet the same robots. Passed: on its feet until the end, by the rule that "
            f"stops the real driver, and past the goal where there is one. Velocities are means without the first "
            f"{settling:g} s."
        ),
        command=command,
        rows={row.name: row for row in evaluation.rows},
        seeds=evaluation.seeds,
        subjects=[subject.note() for subject in evaluation.subjects],
        trials=[trial for trial in log.trials if trial.subject in labels and trial.row in names],
        provenance=provenance(),
        notes=notes,
    )


def write(report: WalkReport, directory: Path) -> tuple[Path, Path]:
    """Write `results.json`, `report.md` and `report.html`; return the first and the last."""
    from mvp_real.evaluation.locomotion.markdown import write_markdown

    write_markdown(report, directory)
    return write_results(report, directory), write_page(report, directory)
