"""Progress and tables in the terminal (rich)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mvp_real.errors import require
from mvp_real.evaluation.locomotion.results import THESIS, VENDOR, WalkReport
from mvp_real.evaluation.locomotion.summary import fastest_command
from mvp_real.evaluation.statistics import proportion
from mvp_real.evaluation.terminal import COLOURS as ANSWERS
from mvp_real.evaluation.verdict import Verdict

COLOURS = {"reached": "green", "missed": "red", "": "white"}


@contextmanager
def progress_bar(total: int, done: int = 0) -> Iterator[Callable[[str, float], None]]:
    """A bar over all planned trials; it moves while a row runs.

    Args:
        total: Planned trials.
        done: Those that an earlier run has finished.
    """
    progress = require("rich.progress", "report")
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TextColumn("{task.percentage:>3.0f} %"),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns) as bar:
        task = bar.add_task("trials", total=total, completed=done)

        def update(text: str, trials: float) -> None:
            bar.update(task, advance=trials, description=f"{text[:58]:<58}")

        yield update


def print_verdicts(verdicts: Sequence[Verdict], console: Any = None) -> None:
    """The answer to each claim of a study."""
    console = console or require("rich.console", "report").Console()
    for verdict in verdicts:
        extent = "" if verdict.complete else " (trials are missing)"
        console.print(f"{verdict.claim}: [bold {ANSWERS[verdict.answer]}]{verdict.answer}[/]{extent}")


def print_report(report: WalkReport, console: Any = None) -> None:
    """Who passed, what was asked, and the overall figures as tables."""
    console = console or require("rich.console", "report").Console()
    tables = require("rich.table", "report")
    table = tables.Table(title="Passed (Wilson 95 %)", title_justify="left")
    for heading, side in [
        ("row", "left"), ("policy", "left"), ("k/n", "right"), ("interval", "right"), ("m/s off", "right"),
        ("rad/s off", "right"), ("", "left"),
    ]:  # fmt: skip
        table.add_column(heading, justify=side)
    for result in report.results:
        means = result.means
        table.add_row(
            report.rows[result.row].title,
            result.subject,
            f"{result.rate.k}/{result.rate.n}",
            f"{100 * result.rate.low:.0f}-{100 * result.rate.high:.0f} %",
            f"{means['speed_error'].value:.2f}" if "speed_error" in means else "",
            f"{means['turn_error'].value:.2f}" if "turn_error" in means else "",
            f"[{COLOURS[result.verdict]}]{result.verdict}[/]",
        )
    console.print(table)
    for subject in report.subjects:
        total = report.steps_passed(subject.label)
        if total is not None:
            console.print(
                f"{subject.label}, steps of all heights: {proportion(*total)} "
                f"(thesis {THESIS['Transformer'][0]}/20, vendor {THESIS[VENDOR][0]}/20)"
            )
        for row in report.rows.values():
            if row.sweep is not None:
                found = fastest_command(report.of(subject.label, row.name), row)
                if found is not None:
                    achieved = "" if found[1] is None else f", {found[1]:.2f} m/s achieved"
                    console.print(f"{subject.label}, fastest command: {found[0]:g} m/s{achieved}")
