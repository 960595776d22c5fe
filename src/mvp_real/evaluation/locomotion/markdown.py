"""The tables of an evaluation as Markdown: for a terminal, a pull request, a study's report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mvp_real.evaluation.locomotion.condition import GROUPS
from mvp_real.evaluation.locomotion.results import MIRRORED, STEPS_OF_THESIS, THESIS, WalkReport
from mvp_real.evaluation.locomotion.summary import Mean, RowResult, comparisons, fastest_command, mirror_ratio
from mvp_real.evaluation.locomotion.walk_trial import CATEGORIES
from mvp_real.evaluation.statistics import proportion

REPORT_FILE = "report.md"


def write_markdown(report: WalkReport, directory: Path) -> Path:
    """Write `report.md`."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / REPORT_FILE
    lines = [f"# {report.title}", "", report.lead, "", "Simulation, not a real robot.", ""]
    for note in notes_of(report):
        lines += [f"> {note}", ""]
    lines += [*body(report), *provenance_lines(report), ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def notes_of(report: WalkReport) -> list[str]:
    """What a reader must not miss, first of all that trials are missing."""
    missing = (
        [] if report.complete else [f"{len(report.trials)} of {report.planned} planned trials have been run."]
    )
    return [*missing, *report.notes]


def body(report: WalkReport) -> list[str]:
    """Every table of the report."""
    return [
        *survival_table(report),
        *steps_table(report),
        *overall_table(report),
        *gait_table(report),
        *pairs(report),
    ]


def survival_table(report: WalkReport) -> list[str]:
    """Who passed in which row, with the errors of the velocities and what was asked."""
    results = report.results
    lines: list[str] = []
    for group, heading in GROUPS.items():
        members = [result for result in results if report.rows[result.row].group == group]
        if not members:
            continue
        lines += [
            f"## {heading}",
            "",
            "| row | policy | passed | Wilson 95 % | speed error, m/s | turn error, rad/s | failures | asked |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        lines += [_survival_line(report, result) for result in members]
        lines.append("")
    return lines


def _survival_line(report: WalkReport, result: RowResult) -> str:
    rate = result.rate
    cells = [
        report.rows[result.row].title,
        result.subject,
        f"{rate.k}/{rate.n}",
        f"{100 * rate.low:.0f} to {100 * rate.high:.0f} %",
        mean_text(result.means.get("speed_error")),
        mean_text(result.means.get("turn_error")),
        ", ".join(f"{n} {CATEGORIES[name]}" for name, n in result.categories.items()),
        f"**{result.verdict}**" if result.verdict else "",
    ]
    return f"| {' | '.join(cells)} |"


def steps_table(report: WalkReport) -> list[str]:
    """Steps of all heights together, beside the thesis and the vendor."""
    lines = []
    for subject in report.subjects:
        total = report.steps_passed(subject.label)
        if total is not None:
            rate = proportion(*total)
            lines.append(
                f"| {subject.label} | {rate.k}/{rate.n} | {100 * rate.rate:.0f} % | "
                f"{100 * rate.low:.0f} to {100 * rate.high:.0f} % | |"
            )
    if not lines:
        return []
    for name, (k, _) in THESIS.items():
        rate = proportion(k, STEPS_OF_THESIS)
        lines.append(
            f"| thesis: {name} | | | {100 * rate.low:.0f} to {100 * rate.high:.0f} % | {k}/{STEPS_OF_THESIS} = "
            f"{100 * rate.rate:.0f} % |"
        )
    return [
        "## Steps of all heights together",
        "",
        "The thesis (table 6.5) measured in the vendor's simulator; its counts are percentages times 20.",
        "",
        "| policy | passed | rate | Wilson 95 % | thesis |",
        "| --- | --- | --- | --- | --- |",
        *lines,
        "",
    ]


def overall_table(report: WalkReport) -> list[str]:
    """Fastest command and the ratios of left to right."""
    sweeps = [row for row in report.rows.values() if row.sweep is not None]
    lines, said = [], False
    for subject in report.subjects:
        cells = [subject.label]
        for row in sweeps:
            found = fastest_command(report.of(subject.label, row.name), row)
            achieved = "" if found is None or found[1] is None else f" ({found[1]:.2f} achieved)"
            cells.append("" if found is None else f"{found[0]:g} m/s{achieved}")
        for measure, (left, right) in MIRRORED.items():
            cells.append(
                mean_text(
                    mirror_ratio(report.of(subject.label, left), report.of(subject.label, right), measure)
                )
            )
        said |= any(cells[1:])
        lines.append(f"| {' | '.join(cells)} |")
    if not said:
        return []
    head = ["policy", *(f"fastest: {row.title}" for row in sweeps), "sideways left/right", "turn left/right"]
    thesis = ", ".join(f"{name} {speed:g}" for name, (_, speed) in THESIS.items())
    return [
        "## Fastest command and symmetry",
        "",
        "Fastest: the highest command up to which no robot fell at any. In the thesis, in the vendor's simulator, m/s: "
        f"{thesis}.",
        "",
        f"| {' | '.join(head)} |",
        f"| {' | '.join('---' for _ in head)} |",
        *lines,
        "",
    ]


def gait_table(report: WalkReport) -> list[str]:
    """How they walk and what it takes, row by row."""
    columns = (
        ("sideways", "sideways, m/s", 1.0, 2),
        ("single", "one foot, %", 100.0, 0),
        ("flight", "no foot, %", 100.0, 0),
        ("clearance", "clearance, cm", 100.0, 1),
        ("stance_asymmetry", "left - right, %", 100.0, 1),
        ("arm_contralateral", "arm vs other leg", 1.0, 2),
        ("arm_amplitude", "arm swing, degrees", 57.29578, 1),
        ("torque", "torque, % of limit", 100.0, 0),
        ("saturated", "at the limit, %", 100.0, 1),
        ("speed", "speed, % of limit", 100.0, 0),
        ("recovery", "recovery, s", 1.0, 1),
    )
    lines = []
    for result in report.results:
        means = [
            f"{factor * result.means[name].value:.{digits}f}" if name in result.means else ""
            for name, _, factor, digits in columns
        ]
        if any(means):
            lines.append(f"| {report.rows[result.row].title} | {result.subject} | {' | '.join(means)} |")
    if not lines:
        return []
    head = ["row", "policy", *(heading for _, heading, _, _ in columns)]
    return [
        "## Gait and effort",
        "",
        "Means over robots; torque and speed are the largest over all motors. Recovery: mean over those that recover.",
        "",
        f"| {' | '.join(head)} |",
        f"| {' | '.join('---' for _ in head)} |",
        *lines,
        "",
    ]


def pairs(report: WalkReport) -> list[str]:
    """Paired comparisons, where there is more than one policy."""
    lines = [
        f"| {report.rows[pair.row].title} | {pair.first} vs {pair.second} | {pair.paired.n} | "
        f"{pair.paired.first_only} | {pair.paired.second_only} | {pair.paired.p:.4f} | {pair.holm:.4f} |"
        for pair in comparisons(report.trials, report.rows)
    ]
    if not lines:
        return []
    return [
        "## Paired comparisons",
        "",
        "The same robots; exact two-sided McNemar test, Holm over the pairs of a row.",
        "",
        "| row | pair | n | only first | only second | p | Holm p |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *lines,
        "",
    ]


def provenance_lines(report: WalkReport) -> list[str]:
    """How the report was made."""
    record = report.provenance
    packages = ", ".join(f"{name} {version}" for name, version in record.get("packages", {}).items())
    changes = " with uncommitted changes" if record.get("uncommitted_changes") else ""
    return [
        "## How it was made",
        "",
        f"- command: `{report.command}`",
        f"- robots: {report.seeds}; trials: {len(report.trials)} of {report.planned}",
        *_policies(report),
        f"- commit: `{record.get('commit')}`{changes}",
        f"- machine: {record.get('machine')}; Python {record.get('python')}; {packages}",
    ]


def _policies(report: WalkReport) -> Sequence[str]:
    return [
        f"- {subject.label}: {subject.about} ({subject.bundle} `{subject.digest[:12]}`, history {subject.history})"
        for subject in report.subjects
    ]


def mean_text(mean: Mean | None) -> str:
    """A mean with its interval, or nothing."""
    return "" if mean is None else f"{mean.value:.2f} ({mean.low:.2f} to {mean.high:.2f})"
