"""Progress and tables in the terminal (rich)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mvp_real.errors import require
from mvp_real.evaluation.report import Report
from mvp_real.evaluation.summary import comparison_rows
from mvp_real.evaluation.trials import Outcome, TrialRecord, count
from mvp_real.evaluation.verdict import INCONCLUSIVE, NOT_SUPPORTED, SUPPORTED, Verdict

COLOURS = {SUPPORTED: "green", NOT_SUPPORTED: "red", INCONCLUSIVE: "yellow"}


@contextmanager
def progress_bar(total: int, done: Sequence[Outcome] = ()) -> Iterator[Callable[[TrialRecord], None]]:
    """A bar over all planned trials that shows the last trial and the rate so far.

    Args:
        total: Planned trials.
        done: Those that an earlier run has finished.
    """
    progress = require("rich.progress", "report")
    successes, finished = count(done)
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns) as bar:
        task = bar.add_task("trials", total=total, completed=finished)

        def update(record: TrialRecord) -> None:
            nonlocal successes, finished
            successes, finished = successes + record.success, finished + 1
            outcome = "success" if record.success else record.category
            text = f"{record.subject} {record.scene} {record.placement}: {outcome}"
            bar.update(task, completed=finished, description=f"{text[:58]:<58}")

        yield update


def print_report(report: Report, verdicts: Sequence[Verdict] = (), console: Any = None) -> None:
    """Success rates, paired comparisons and verdicts as tables."""
    console = console or require("rich.console", "report").Console()
    tables = require("rich.table", "report")
    rates = tables.Table(title="Success (Wilson 95 %)", title_justify="left")
    for heading, side in [
        ("subject", "left"), ("scene", "left"), ("placements", "left"), ("k/n", "right"), ("rate", "right"),
        ("interval", "right"), ("failures", "left"),
    ]:  # fmt: skip
        rates.add_column(heading, justify=side)
    for row in report.rows:
        rates.add_row(
            row.subject,
            row.scene,
            f"{row.placements}, {row.through}",
            f"{row.rate.k}/{row.rate.n}",
            f"{100 * row.rate.rate:.1f} %",
            f"{100 * row.rate.low:.1f}-{100 * row.rate.high:.1f} %",
            ", ".join(f"{n} {name}" for name, n in row.categories.items()),
        )
    console.print(rates)
    pairs = [row for row in comparison_rows(report.outcomes) if row.paired.n]
    if pairs:
        table = tables.Table(title="Paired (exact McNemar, Holm per scene and set)", title_justify="left")
        for heading in ("pair", "scene", "n", "only first", "only second", "p", "Holm p"):
            table.add_column(heading, justify="left" if heading in ("pair", "scene") else "right")
        for pair in pairs:
            table.add_row(
                f"{pair.first} vs {pair.second}",
                pair.scene,
                str(pair.paired.n),
                str(pair.paired.first_only),
                str(pair.paired.second_only),
                f"{pair.paired.p:.4f}",
                f"{pair.holm:.4f}",
            )
        console.print(table)
    for verdict in verdicts:
        extent = "" if verdict.complete else " (trials are missing)"
        console.print(f"{verdict.claim}: [bold {COLOURS[verdict.answer]}]{verdict.answer}[/]{extent}")
