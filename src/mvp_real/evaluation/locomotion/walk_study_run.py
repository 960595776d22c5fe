"""Runs a registered study of walking policies, or goes on with it, and writes what it says so far."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.evaluation.locomotion import digit_walk
from mvp_real.evaluation.locomotion.page import write_page
from mvp_real.evaluation.locomotion.results import WalkReport, result_rows, write_results
from mvp_real.evaluation.locomotion.subjects import WalkSubject, load_subject
from mvp_real.evaluation.locomotion.walk_study import WalkStudy
from mvp_real.evaluation.locomotion.walk_study_report import write_study_report
from mvp_real.evaluation.locomotion.walk_trial import WalkLog, WalkTrial
from mvp_real.evaluation.locomotion.walk_verdict import decide
from mvp_real.evaluation.protocol import Deadline
from mvp_real.evaluation.provenance import provenance
from mvp_real.evaluation.study import StudyError
from mvp_real.evaluation.study_file import require_registered
from mvp_real.evaluation.verdict import Verdict

Progress = Callable[[str, float], None]
ProgressBar = Callable[[int, int], AbstractContextManager[Progress]]
REGISTRATION = "study.sha256"


@dataclass(frozen=True)
class WalkStudyResult:
    """What a run of a study left behind."""

    report: WalkReport
    verdicts: list[Verdict]
    results: Path
    markdown: Path
    complete: bool


def run_walk_study(
    study: WalkStudy,
    directory: Path | None,
    deadline: Deadline,
    threads: int,
    only: Sequence[str],
    progress_bar: ProgressBar,
) -> WalkStudyResult:
    """Run what is missing of a study within the deadline, then write results, report and pictures beside it.

    Args:
        study: A registered study.
        directory: Working folder with the trial log; by default `runs/studies/<name>`.
        deadline: No row starts after it.
        threads: Threads of the simulator.
        only: Names of blocks to run; empty for all. The report always covers the whole study.
        progress_bar: Makes a progress bar from the planned and the finished trials.

    Raises:
        StudyError: The study is not committed, or the folder holds trials of another version of it.
        MvpRealError: A bundle has changed since its first trial.
    """
    require_registered(study)  # type: ignore[arg-type]  # it looks at the path alone
    for name in only:
        if name not in study.blocks:
            raise unknown_name("block of the study", name, study.blocks)
    directory = directory or Path("runs", "studies", study.name)
    _require_same_study(study, directory)
    log = WalkLog(directory)
    subjects, missing = _load_subjects(study)
    blocks = [block for block in study.blocks.values() if not only or block.name in only]
    wanted = {
        (subject, row.name): row
        for block in blocks
        for row in study.rows(block.rows)
        for subject in block.subjects
        if subject in subjects
    }
    done = sum(
        row.robots for (subject, _), row in wanted.items() if log.complete(subject, row.name, row.robots)
    )
    try:
        with progress_bar(sum(row.robots for row in wanted.values()), done) as progress:
            for block in blocks:
                walkers = [subjects[name] for name in block.subjects if name in subjects]
                evaluation = digit_walk.WalkEvaluation(
                    walkers, study.rows(block.rows), study.protocol, study.robots, "none", threads
                )
                if walkers and not digit_walk.run(evaluation, log, directory, deadline, progress):
                    break
    finally:
        # Read again: another process may have run another block meanwhile.
        result = write_walk_study(study, WalkLog(directory), directory, subjects, missing)
    return result


def write_walk_study(
    study: WalkStudy, log: WalkLog, directory: Path, subjects: dict[str, WalkSubject], missing: Sequence[str]
) -> WalkStudyResult:
    """Write `results.json`, `report.md` and pictures beside the study, and the page into `directory`."""
    planned = study.planned()
    by_row: dict[tuple[str, str], list[WalkTrial]] = {}
    for trial in log.trials:
        by_row.setdefault((trial.subject, trial.row), []).append(trial)
    finished = {key: by_row[key] for key, row in planned.items() if len(by_row.get(key, ())) == row.robots}
    verdicts = [decide(claim, study, finished) for claim in study.claims]
    asked, done = (
        sum(row.robots for row in planned.values()),
        sum(len(trials) for trials in finished.values()),
    )
    notes = [f"No bundle, so no trials: {', '.join(missing)}."] if missing else []
    if done < asked:
        notes.append(f"{done} of {asked} planned trials have been run.")
    report = WalkReport(
        title=study.title,
        lead=study.question,
        command=f"mvp_real evaluate --study studies/{study.name}/study.yaml",
        rows={row.name: row for row in study.rows()},
        seeds=study.robots,
        subjects=[subject.note() for subject in subjects.values()],
        trials=[trial for trials in finished.values() for trial in trials],
        provenance=provenance(),
        notes=notes,
        extra={
            "study": study.name,
            "study_sha256": study.digest,
            "verdicts": [asdict(verdict) for verdict in verdicts],
        },
        asked=asked,
    )
    home = study.path.parent
    page = {**report.extra, "provenance_items": {"study file, SHA-256": study.digest}}
    write_page(dataclasses.replace(report, extra=page), directory)
    rows = [*result_rows(report), *(_verdict_row(verdict) for verdict in verdicts)]
    results = write_results(dataclasses.replace(report, extra={**report.extra, "rows": rows}), home)
    markdown = write_study_report(study, report, verdicts, directory, home)
    return WalkStudyResult(report, verdicts, results, markdown, done == asked)


def _verdict_row(verdict: Verdict) -> dict[str, Any]:
    empty = dict.fromkeys(("k", "n", "value", "low", "high"))
    return {
        "subject": verdict.claim,
        "metric": "verdict",
        **empty,
        "seeds": [],
        "verdict": verdict.answer,
        "complete": verdict.complete,
    }


def _load_subjects(study: WalkStudy) -> tuple[dict[str, WalkSubject], list[str]]:
    """Every policy whose bundle exists, by name, and the names of bundles that do not."""
    found: dict[str, WalkSubject] = {}
    missing: list[str] = []
    for subject in study.subjects.values():
        name = subject.bundle if subject.history == "full" else f"{subject.bundle}:{subject.history}"
        try:
            found[subject.name] = load_subject(name, subject.name, subject.about)
        except MvpRealError as error:
            if "unknown bundle" not in str(error):
                raise
            if subject.bundle not in missing:
                missing.append(subject.bundle)
    return found, missing


def _require_same_study(study: WalkStudy, directory: Path) -> None:
    """The first run notes the study's digest beside the trials; later runs must bring the same file."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / REGISTRATION
    if not path.is_file():
        path.write_text(study.digest + "\n", encoding="utf-8")
    elif path.read_text(encoding="utf-8").strip() != study.digest:
        raise StudyError(
            f"'{directory}' holds trials of another version of '{study.path}'; a study is not changed after its first "
            "trial: restore the file, or start again with another --out"
        )
