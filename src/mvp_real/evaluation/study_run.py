"""Runs a registered study, or goes on with it, and writes what it says so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from mvp_real.errors import MvpRealError
from mvp_real.evaluation import pick_fruit
from mvp_real.evaluation.protocol import Deadline
from mvp_real.evaluation.published import PublishedRow, published_rows
from mvp_real.evaluation.study import Block, Study, StudyError, label
from mvp_real.evaluation.study_file import require_registered
from mvp_real.evaluation.study_results import StudyResult, planned, write_study
from mvp_real.evaluation.subjects import Subject, load_subject
from mvp_real.evaluation.summary import success_rows
from mvp_real.evaluation.trials import Outcome, TrialLog, TrialRecord
from mvp_real.evaluation.verdict import trials_of

Progress = Callable[[TrialRecord], None]
ProgressBar = Callable[[int, Sequence[Outcome]], AbstractContextManager[Progress]]
REGISTRATION = "study.sha256"


def run_study(
    study: Study,
    directory: Path | None,
    deadline: Deadline,
    workers: int,
    only: Sequence[str],
    progress_bar: ProgressBar,
) -> StudyResult:
    """Run what is missing of a study within the deadline, then write results, report and figures beside it.

    Missing is what neither the trial log nor the results committed beside the study hold: a study goes on from
    what it has published.

    Args:
        study: A registered study.
        directory: Working folder with the trial log; by default `runs/studies/<name>`.
        deadline: No trial starts after it.
        workers: Processes for trials in one process.
        only: Names of blocks to run; empty for all. The report always covers the whole study.
        progress_bar: Makes a progress bar.

    Raises:
        StudyError: The study is not committed, or the folder or the published results belong to another version
            of it, or to another file of the same subject.
    """
    require_registered(study)
    directory = directory or Path("runs", "studies", study.name)
    _require_same_study(study, directory)
    log = TrialLog(directory)
    published = _taken_up(study, log)
    subjects, missing = _load_subjects(study, published)
    blocks = [block for block in study.blocks.values() if not only or block.name in only]
    finished: list[Outcome] = [*(trial for row in published for trial in row.trials()), *log.trials]
    done = [trial for block in blocks for trial in trials_of(block, finished)]
    try:
        with progress_bar(sum(planned(block) for block in blocks), done) as progress:
            for block in blocks:
                if not _run_block(block, subjects, published, log, directory, deadline, workers, progress):
                    break
    finally:
        # Read again: another process may have run another block meanwhile.
        result = write_study(study, TrialLog(directory), directory, subjects, missing, published)
    return result


def _run_block(
    block: Block,
    subjects: dict[tuple[str, str, int], Subject],
    published: Sequence[PublishedRow],
    log: TrialLog,
    directory: Path,
    deadline: Deadline,
    workers: int,
    progress: Progress,
) -> bool:
    """One block: through the nodes seed by seed, in one process all seeds at each placement."""
    covered = {row.success.key for row in published}
    for seeds in [(seed,) for seed in block.seeds] if block.through == "nodes" else [block.seeds]:
        for scene in block.scenes:
            available = [
                subjects[(name, scene, seed)]
                for seed in seeds
                for name in block.subjects
                if (name, scene, seed) in subjects and block.row_key(name, scene, seed) not in covered
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


def _taken_up(study: Study, log: TrialLog) -> list[PublishedRow]:
    """Published rows that the log does not hold as completely; of a trial, the log says more."""
    logged = {row.key: row.rate.n for row in success_rows(log.trials)}
    return [row for row in published_rows(study) if logged.get(row.success.key, 0) < row.success.rate.n]


def _load_subjects(
    study: Study, published: Sequence[PublishedRow]
) -> tuple[dict[tuple[str, str, int], Subject], list[str]]:
    """Subjects with trials to run, by (name, scene, seed), and the names of bundles that do not exist.

    Raises:
        StudyError: Other rows of the subject were published with another file.
    """
    digests = {(row.note["label"], row.note["bundle"]): row.note["digest"] for row in published}
    covered = {row.success.key for row in published}
    found: dict[tuple[str, str, int], Subject] = {}
    missing: list[str] = []
    for block in study.blocks.values():
        for name, scene, seed in block.rows():
            if (name, scene, seed) in found or block.row_key(name, scene, seed) in covered:
                continue
            subject = study.subjects[name]
            bundle = subject.bundle_of(scene, seed)
            try:
                loaded = load_subject(bundle, label(name, seed), subject.about)
            except MvpRealError as error:
                if "unknown bundle" not in str(error):
                    raise
                if bundle not in missing:
                    missing.append(bundle)
                continue
            published_with = digests.get((loaded.label, bundle), loaded.digest)
            if published_with != loaded.digest:
                raise StudyError(
                    f"rows of '{loaded.label}' were published with the file {published_with[:12]}, but bundle "
                    f"'{bundle}' is now {loaded.digest[:12]}; restore it, or keep it away to leave the row out"
                )
            found[(name, scene, seed)] = loaded
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
