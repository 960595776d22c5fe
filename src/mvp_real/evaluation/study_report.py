"""The report of a study as Markdown: the answer first, then every figure with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mvp_real.evaluation.report import Report
from mvp_real.evaluation.study import Claim, Study
from mvp_real.evaluation.summary import SuccessRow
from mvp_real.evaluation.trials import CATEGORIES
from mvp_real.evaluation.verdict import Verdict, rows_of

DEVIATIONS_FILE = "deviations.md"


def write_markdown(
    study: Study,
    report: Report,
    verdicts: Sequence[Verdict],
    figures: Mapping[str, Path],
    directory: Path,
) -> Path:
    """Write `report.md`."""
    path = directory / "report.md"
    path.write_text(render(study, report, verdicts, figures), encoding="utf-8")
    return path


def render(study: Study, report: Report, verdicts: Sequence[Verdict], figures: Mapping[str, Path]) -> str:
    """The report's text; figures are linked by their file names."""
    lines = [f"# {study.title}", "", study.question, "", "Simulation, not a real robot.", ""]
    for note in report.notes:
        lines += [f"> {note}", ""]
    lines += ["## Answers", "", "| claim | verdict | trials |", "| --- | --- | --- |"]
    for claim, verdict in zip(study.claims, verdicts, strict=True):
        mark = "**primary:** " if claim.primary else ""
        extent = "complete" if verdict.complete else "incomplete"
        lines.append(f"| {mark}{claim.statement} | **{verdict.answer}** | {extent} |")
    lines.append("")
    for claim, verdict in zip(study.claims, verdicts, strict=True):
        if claim.kind == "beats":
            lines += _contrasts(claim, verdict)
        elif claim.kind == "same_outcomes":
            lines += _agreement(claim, verdict)
    lines += ["## Success", ""]
    for block in study.blocks.values():
        rows = rows_of(block, report.rows)
        if not rows:
            continue
        how = "through the ROS 2 nodes" if block.through == "nodes" else "in one process"
        lines += [
            f"### {block.name}: {block.placements} placements, {how}",
            "",
            *_rates(rows),
            "",
        ]
    for title, path in figures.items():
        lines += [f"![{title}]({path.name})", ""]
    lines += ["## Subjects", "", "| subject | what it is |", "| --- | --- |"]
    lines += [f"| {subject.name} | {subject.about} |" for subject in study.subjects.values()]
    lines += ["", *_deviations(study), "## How it was made", "", *_provenance(study, report), ""]
    return "\n".join(lines)


def _deviations(study: Study) -> list[str]:
    """What somebody wrote down beside the study about trials that did not go by the protocol."""
    path = study.path.parent / DEVIATIONS_FILE
    if not path.is_file():
        return []
    return ["## Deviations from the protocol", "", path.read_text(encoding="utf-8").strip(), ""]


def _contrasts(claim: Claim, verdict: Verdict) -> list[str]:
    lines = [
        f"## {claim.name}: paired differences",
        "",
        "Per training seed exact McNemar over the same placements, Holm over the contrasts. Supported: "
        f"every seed better at a corrected p below {claim.rule['alpha']}. Not supported: the 95 % bootstrap "
        f"interval of the mean difference ends below {100 * claim.rule['margin']:.0f} points, or a seed is "
        f"worse at a corrected p below {claim.rule['alpha']}.",
        "",
        "| contrast | seed | n | only first | only second | difference | p | Holm p | verdict |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for record in verdict.evidence:
        pair = f"{record['first']} - {record['second']}"
        for seed in record["seeds"]:
            if not seed["n"]:
                lines.append(f"| {pair} | {seed['seed']} | no trials | | | | | | {record['answer']} |")
                continue
            lines.append(
                f"| {pair} | {seed['seed']} | {seed['n']} | {seed['first_only']} | {seed['second_only']} | "
                f"{_points(seed['difference'])} | {_probability(seed['p'])} | {_probability(seed['holm'])} | |"
            )
        if record.get("difference") is not None:
            interval = (
                f"{_points(record['difference'])} ({_points(record['low'])} to {_points(record['high'])})"
            )
            lines.append(f"| {pair} | all | | | | {interval} | | | {record['answer']} |")
    return [*lines, ""]


def _agreement(claim: Claim, verdict: Verdict) -> list[str]:
    record = verdict.evidence[0]
    lines = [
        f"## {claim.name}",
        "",
        f"{record['n']} trials were run both ways; {len(record['different'])} differ.",
    ]
    lines += [f"- {name}" for name in record["different"]]
    return [*lines, ""]


def _rates(rows: Sequence[SuccessRow]) -> list[str]:
    used = [name for name in CATEGORIES if name and any(name in row.categories for row in rows)]
    head = [
        "subject",
        "scene",
        "k/n",
        "rate",
        "Wilson 95 %",
        "median miss",
        *(CATEGORIES[name] for name in used),
    ]
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    for row in sorted(rows, key=lambda row: (row.scene, -row.rate.rate, row.subject)):
        miss = "" if row.median_miss is None else f"{1000 * row.median_miss:.0f} mm"
        cells: list[Any] = [
            row.subject,
            row.scene,
            f"{row.rate.k}/{row.rate.n}",
            f"{100 * row.rate.rate:.1f} %",
            f"{100 * row.rate.low:.1f} to {100 * row.rate.high:.1f} %",
            miss,
            *(row.categories.get(name, "") for name in used),
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def _provenance(study: Study, report: Report) -> list[str]:
    record = report.provenance
    lines = [
        f"- command: `{report.command}`",
        f"- trials: {report.finished} of {report.planned} planned",
        *_taken_up(report),
        f"- study file: SHA-256 `{study.digest}`, registered before the first trial",
        f"- commit: `{record['commit']}`"
        + (" with uncommitted changes" if record["uncommitted_changes"] else ""),
        f"- machine: {record['machine']}; Python {record['python']}",
        f"- packages: {', '.join(f'{name} {version}' for name, version in record['packages'].items())}",
    ]
    files = {note.bundle: note.digest[:12] for note in report.subjects if note.digest}
    return [*lines, f"- controllers: {', '.join(f'{name} `{digest}`' for name, digest in files.items())}"]


def _taken_up(report: Report) -> list[str]:
    """One line per earlier run whose published rows stand here."""
    trials: dict[str, int] = {}
    for row in report.published:
        trials[row.success.measured] = trials.get(row.success.measured, 0) + row.success.rate.n
    return [f"- of these {n} trials as published before, measured at {where}" for where, n in trials.items()]


def _probability(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def _points(difference: float | None) -> str:
    return "" if difference is None else f"{100 * difference:+.1f}"
