"""What a study says so far: results, verdicts, report and figures from its finished trials."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mvp_real.evaluation.placements import named_setups
from mvp_real.evaluation.provenance import provenance
from mvp_real.evaluation.published import PublishedRow
from mvp_real.evaluation.report import Report, SubjectNote, write_results
from mvp_real.evaluation.report_page import write_page
from mvp_real.evaluation.study import Block, Study, label
from mvp_real.evaluation.study_figures import write_figures
from mvp_real.evaluation.study_report import write_markdown
from mvp_real.evaluation.subjects import Subject
from mvp_real.evaluation.summary import result_rows, row_key
from mvp_real.evaluation.trials import Outcome, TrialLog
from mvp_real.evaluation.verdict import Verdict, decide, trials_of
from mvp_real.tasks.pick_fruit import load_task

_SEED = re.compile(r"(.+)_seed(\d+)")


@dataclass(frozen=True)
class StudyResult:
    """What a run of a study left behind."""

    report: Report
    verdicts: list[Verdict]
    results: Path
    markdown: Path


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
    published: Sequence[PublishedRow] = (),
) -> StudyResult:
    """Write `results.json`, `report.md` and figures beside the study, and the page into `directory`.

    Args:
        study: The study.
        log: Trials; those of a row that is in `published` stay out.
        directory: Working folder.
        subjects: What was tested, by (name, scene, seed).
        missing: Names of bundles that do not exist.
        published: Rows that stand as they were published.
    """
    covered = {row.success.key for row in published}
    trials = [
        trial
        for block in study.blocks.values()
        for trial in trials_of(block, log.trials)
        if row_key(trial) not in covered
    ]
    outcomes: list[Outcome] = [*(trial for row in published for trial in row.trials()), *trials]
    verdicts = [
        decide(claim, study, outcomes, placements_of(study.blocks[claim.block])) for claim in study.claims
    ]
    task = load_task()
    notes = [f"No bundle, so no trials: {', '.join(missing)}."] if missing else []
    notes += [
        f"{name}: {done} of {asked} planned trials." for name, done, asked in _unfinished(study, outcomes)
    ]
    report = Report(
        title=study.title,
        lead=study.question,
        area=(*task.x_range, *task.y_range),
        command=f"mvp_real evaluate --study studies/{study.name}/study.yaml",
        planned=sum(planned(block) for block in study.blocks.values()),
        provenance=provenance(),
        trials=trials,
        subjects=_notes(study, subjects, published),
        notes=notes,
        published=published,
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
    figures = write_figures(study, report.rows, verdicts, home)
    markdown = write_markdown(study, report, verdicts, figures, home)
    return StudyResult(report, verdicts, results, markdown)


def with_study_rows(report: Report, study: Study, verdicts: Sequence[Verdict]) -> Report:
    """The report with rows that carry training seeds and verdicts, and one row per claim."""
    rows: list[dict[str, Any]] = []
    for row in result_rows(report.rows):
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


def _unfinished(study: Study, trials: Sequence[Outcome]) -> list[tuple[str, int, int]]:
    counts = [(block.name, len(trials_of(block, trials)), planned(block)) for block in study.blocks.values()]
    return [(name, done, asked) for name, done, asked in counts if done < asked]


def _notes(
    study: Study, subjects: dict[tuple[str, str, int], Subject], published: Sequence[PublishedRow]
) -> list[SubjectNote]:
    """One note per label and file, in the order of the study; published rows bring theirs."""
    loaded = [subject.note() for subject in subjects.values()]
    taken = [
        SubjectNote(**{**row.note, "card_metrics": tuple(row.note["card_metrics"])}) for row in published
    ]
    seeds = sorted({seed for block in study.blocks.values() for seed in block.seeds})
    order = [label(name, seed) for name in study.subjects for seed in seeds]
    unique = {(note.label, note.bundle, note.digest): note for note in [*taken, *loaded]}
    return sorted(unique.values(), key=lambda note: (order.index(note.label), note.bundle))
