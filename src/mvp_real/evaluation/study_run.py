"""Runs a registered study, or goes on with it, and writes what it says so far."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mvp_real.errors import MvpRealError
from mvp_real.evaluation import pick_fruit
from mvp_real.evaluation.placements import named_setups
from mvp_real.evaluation.protocol import Deadline
from mvp_real.evaluation.provenance import provenance
from mvp_real.evaluation.report import Report, SubjectNote, write_results
from mvp_real.evaluation.report_page import write_page
from mvp_real.evaluation.study import Block, Study, StudyError, label
from mvp_real.evaluation.study_figures import write_figures
from mvp_real.evaluation.study_file import require_registered
from mvp_real.evaluation.study_report import write_markdown
from mvp_real.evaluation.subjects import Subject, load_subject
from mvp_real.evaluation.summary import result_rows
from mvp_real.evaluation.trials import TrialLog, TrialRecord
from mvp_real.evaluation.verdict import Verdict, decide, trials_of
from mvp_real.tasks.pick_fruit import load_task

Progress = Callable[[TrialRecord], None]
ProgressBar = Callable[[int, Sequence[TrialRecord]], AbstractContextManager[Progress]]
REGISTRATION = "study.sha256"
_SEED = re.compile(r"(.+)_seed(\d+)")


@dataclass(frozen=True)
class StudyResult:
    """What a run of a study left behind."""

    report: Report
    verdicts: list[Verdict]
    results: Path
    markdown: Path


def run_study(
    study: Study,
    directory: Path | None,
    deadline: Deadline,
    workers: int,
    only: Sequence[str],
    progress_bar: ProgressBar,
) -> StudyResult:
    """Run what is missing of a study within the deadline, then write results, report and figures beside it.

    Args:
        study: A registered study.
        directory: Working folder with the trial log; by default `runs/studies/<name>`.
        deadline: No trial starts after it.
        workers: Processes for trials in one process.
        only: Names of blocks to run; empty for all. The report always covers the whole study.
        progress_bar: Makes a progress bar.

    Raises:
        StudyError: The study is not committed, or the folder holds trials of another version of it.
    """
    require_registered(study)
    directory = directory or Path("runs", "studies", study.name)
    _require_same_study(study, directory)
    log = TrialLog(directory)
    subjects, missing = _load_subjects(study)
    blocks = [block for block in study.blocks.values() if not only or block.name in only]
    wanted = [trial for block in blocks for trial in trials_of(block, log.trials)]
    try:
        with progress_bar(sum(planned(block) for block in blocks), wanted) as progress:
            for block in blocks:
                if not _run_block(block, subjects, log, directory, deadline, workers, progress):
                    break
    finally:
        # Read again: another process may have run another block meanwhile.
        result = write_study(study, TrialLog(directory), directory, subjects, missing)
    return result


def planned(block: Block) -> int:
    """Number of trials that a block asks for."""
    return len(block.scenes) * placements_of(block) * len(block.subjects) * len(block.seeds)


def placements_of(block: Block) -> int:
    """Number of placements per scene."""
    return len(named_setups(block.placements, block.scenes[0], block.placement_seed))


def write_study(
    study: Study,
    log: TrialLog,
    directory: Path,
    subjects: dict[tuple[str, str, int], Subject],
    missing: Sequence[str],
) -> StudyResult:
    """Write `results.json`, `report.md` and figures beside the study, and the page into `directory`."""
    trials = [trial for block in study.blocks.values() for trial in trials_of(block, log.trials)]
    verdicts = [
        decide(claim, study, trials, placements_of(study.blocks[claim.block])) for claim in study.claims
    ]
    task = load_task()
    notes = [f"No bundle, so no trials: {', '.join(missing)}."] if missing else []
    notes += [
        f"{name}: {done} of {asked} planned trials." for name, done, asked in _unfinished(study, trials)
    ]
    report = Report(
        title=study.title,
        lead=study.question,
        area=(*task.x_range, *task.y_range),
        command=f"mvp_real evaluate --study studies/{study.name}/study.yaml",
        planned=sum(planned(block) for block in study.blocks.values()),
        provenance=provenance(),
        trials=trials,
        subjects=_notes(study, subjects),
        notes=notes,
        extra={
            "study": study.name,
            "study_sha256": study.digest,
            "verdicts": [asdict(verdict) for verdict in verdicts],
            "provenance_items": {"study file, SHA-256": study.digest},
        },
    )
    home = study.path.parent
    write_page(report, directory)
    results = write_results(with_study_rows(report, study, verdicts), home)
    figures = write_figures(study, trials, verdicts, home)
    markdown = write_markdown(study, report, verdicts, figures, home)
    return StudyResult(report, verdicts, results, markdown)


def with_study_rows(report: Report, study: Study, verdicts: Sequence[Verdict]) -> Report:
    """The report with rows that carry training seeds and verdicts, and one row per claim."""
    rows: list[dict[str, Any]] = []
    for row in result_rows(report.trials):
        match = _SEED.fullmatch(row["subject"])
        rows.append({**row, "seeds": [int(match[2])] if match else [], "verdict": ""})
    for claim, verdict in zip(study.claims, verdicts, strict=True):
        rows.append(
            {
                "subject": claim.name,
                "metric": "verdict",
                "k": None,
                "n": None,
                "value": None,
                "low": None,
                "high": None,
                "seeds": list(study.blocks[claim.block].seeds),
                "verdict": verdict.answer,
                "complete": verdict.complete,
            }
        )
    extra = {key: value for key, value in report.extra.items() if key != "provenance_items"}
    return Report(**{**report.__dict__, "extra": {**extra, "rows": rows}})


def _run_block(
    block: Block,
    subjects: dict[tuple[str, str, int], Subject],
    log: TrialLog,
    directory: Path,
    deadline: Deadline,
    workers: int,
    progress: Progress,
) -> bool:
    """One block: through the nodes seed by seed, in one process all seeds at each placement."""
    for seeds in [(seed,) for seed in block.seeds] if block.through == "nodes" else [block.seeds]:
        for scene in block.scenes:
            available = [
                subjects[(name, scene, seed)]
                for seed in seeds
                for name in block.subjects
                if (name, scene, seed) in subjects
            ]
            if not available:
                continue
            evaluation = pick_fruit.Evaluation(
                available,
                (scene,),
                block.placements,
                block.through,
                block.placement_seed,
                "none",
                workers,
                True,
            )
            folder = directory / block.name / f"seed_{'_'.join(map(str, seeds))}"
            if not pick_fruit.run(evaluation, log, folder, deadline, progress):
                return False
    return True


def _load_subjects(study: Study) -> tuple[dict[tuple[str, str, int], Subject], list[str]]:
    """Every subject whose bundle exists, by (name, scene, seed), and the names of bundles that do not."""
    found: dict[tuple[str, str, int], Subject] = {}
    missing: list[str] = []
    for block in study.blocks.values():
        for name in block.subjects:
            for scene in block.scenes:
                for seed in block.seeds:
                    if (name, scene, seed) in found:
                        continue
                    subject = study.subjects[name]
                    bundle = subject.bundle.format(scene=scene, seed=seed)
                    try:
                        found[(name, scene, seed)] = load_subject(bundle, label(name, seed), subject.about)
                    except MvpRealError as error:
                        if "unknown bundle" not in str(error):
                            raise
                        if bundle not in missing:
                            missing.append(bundle)
    return found, missing


def _require_same_study(study: Study, directory: Path) -> None:
    """The first run notes the study's digest beside the trials; later runs must bring the same file."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / REGISTRATION
    if not path.is_file():
        path.write_text(study.digest + "\n", encoding="utf-8")
    elif path.read_text(encoding="utf-8").strip() != study.digest:
        raise StudyError(
            f"'{directory}' holds trials of another version of '{study.path}'; a study is not changed after "
            "its first trial: restore the file, or start again with another --out"
        )


def _unfinished(study: Study, trials: Sequence[TrialRecord]) -> list[tuple[str, int, int]]:
    counts = [(block.name, len(trials_of(block, trials)), planned(block)) for block in study.blocks.values()]
    return [(name, done, asked) for name, done, asked in counts if done < asked]


def _notes(study: Study, subjects: dict[tuple[str, str, int], Subject]) -> list[SubjectNote]:
    order = list(study.subjects)
    return [subjects[key].note() for key in sorted(subjects, key=lambda key: (order.index(key[0]), key[1:]))]
