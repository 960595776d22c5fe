"""The pictures of reports: tracking, gait, tilt under kicks, recovery, steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mvp_real.control.locomotion.command import AXES
from mvp_real.evaluation.locomotion.charts import Chart
from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.evaluation.locomotion.measures import bins_of_trial
from mvp_real.evaluation.locomotion.recovery import recovery
from mvp_real.evaluation.locomotion.results import STEPS_OF_THESIS, THESIS, WalkReport
from mvp_real.evaluation.locomotion.trajectory import Trajectory, load_traces
from mvp_real.evaluation.statistics import proportion

GAIT_SECONDS = 4.0  # of walking in a gait diagram
GAIT_ROW = ("forward_0.6", "forward_0.3", "stepping")  # the first of these that was run
UNITS = {"forward": "m/s", "sideways": "m/s", "turn": "rad/s"}
_TRACES = "traces"


@dataclass(frozen=True)
class Picture:
    """A chart with its file name and what it shows."""

    name: str
    chart: Chart
    caption: str


def traces_of(directory: Path, subject: str, row: str) -> Trajectory | None:
    """Traces of a row, or None where they were not kept."""
    path = directory / _TRACES / subject / f"{row}.npz"
    return load_traces(path) if path.is_file() else None


def tracking_pictures(report: WalkReport) -> list[Picture]:
    """Achieved over commanded velocity on each axis, over all flat rows without kicks, loads or weak motors."""
    flat = [name for name, row in report.rows.items() if _undisturbed(row)]
    labels = [subject.label for subject in report.subjects]
    figures = []
    for axis, measure in enumerate(AXES):
        points = [
            (labels.index(trial.subject), trial.command[axis], trial.measures[measure], trial)
            for trial in report.trials
            if trial.row in flat and measure in trial.measures
        ]
        if len({command for _, command, _, _ in points}) < 2:
            continue
        low = min(min(command, value) for _, command, value, _ in points) - 0.05
        high = max(max(command, value) for _, command, value, _ in points) + 0.05
        chart = Chart(
            f"{measure}: achieved over commanded",
            (low, high),
            (low, high),
            f"{measure} commanded, {UNITS[measure]}",
            f"achieved, {UNITS[measure]}",
            height=300,
        )
        chart.line((low, high), (low, high), len(labels), thin=True)
        for series in range(len(labels)):
            own = [point for point in points if point[0] == series]
            chart.dots(
                [command for _, command, _, _ in own],
                [value for _, _, value, _ in own],
                series,
                [f"{one.subject}, {one.row}: {command:g} to {value:.2f}" for _, command, value, one in own],
            )
        caption = f"{measure.capitalize()}: every robot on flat ground; the thin line is exact."
        figures.append(Picture(f"tracking_{measure}", chart, caption))
    return figures


def gait_pictures(report: WalkReport, directory: Path) -> list[Picture]:
    """Which foot stands when, of one robot per policy."""
    figures = []
    walked = {trial.row for trial in report.trials}
    row = next((name for name in GAIT_ROW if name in walked), None)
    for series, subject in enumerate(report.subjects):
        traces = traces_of(directory, subject.label, row) if row else None
        if row is None or traces is None:
            continue
        standing = [robot for robot in range(traces.robots) if not traces.fell[robot]]
        robot = standing[0] if standing else int(np.argmax(traces.steps))
        end = int(traces.steps[robot]) * traces.period
        start = max(0.0, min(traces.settling, end - GAIT_SECONDS))
        chart = Chart(
            f"contacts of {subject.label}", (start, start + GAIT_SECONDS), (0.0, 2.0), "time, s", "foot",
            height=120, y_ticks=False,
        )  # fmt: skip
        chart.label(start + 0.03, 1.8, "left")
        chart.label(start + 0.03, 0.8, "right")
        inside = slice(round(start / traces.period), round(min(end, start + GAIT_SECONDS) / traces.period))
        for foot, base in ((0, 1.0), (1, 0.0)):
            for first, last in _runs(traces.standing[inside, robot, foot]):
                place = start + traces.period * np.array([first, last])
                chart.bar(float(place[0]), float(place[1]), base + 0.1, base + 0.6, series)
        caption = f"{subject.label}, {report.rows[row].title}: bars where a foot carries the robot."
        figures.append(Picture(f"gait_{subject.label}", chart, caption))
    return figures


def kick_pictures(report: WalkReport, directory: Path) -> list[Picture]:
    """Tilt of every robot over time in the rows with kicks."""
    figures = []
    for name, row in report.rows.items():
        if row.kicks is None:
            continue
        for series, subject in enumerate(report.subjects):
            traces = traces_of(directory, subject.label, name)
            if traces is None:
                continue
            time = traces.period * np.arange(len(traces.gravity))
            chart = Chart(
                f"tilt of {subject.label}", (0.0, row.seconds), (0.0, 40.0), "time, s", "tilt, degrees"
            )
            for kick in np.flatnonzero(traces.kicked.any(axis=1)):
                chart.vertical(float(time[kick]))
            for robot in range(traces.robots):
                last = int(traces.steps[robot])
                tilt = np.degrees(traces.tilt[:last, robot])
                chart.line(time[:last:2].tolist(), tilt[::2].tolist(), series, thin=True)
            fallen = int(traces.fell.sum())
            caption = (
                f"{subject.label}, {row.title}: {traces.robots - fallen} of {traces.robots} keep their feet."
            )
            figures.append(Picture(f"tilt_{name}_{subject.label}", chart, f"{caption} Dashed: kicks."))
    return figures


def recovery_pictures(report: WalkReport) -> list[Picture]:
    """Tracking error and tilt energy in bins around a gain drop, means over the robots on their feet."""
    rows = [row for row in report.rows.values() if row.gain_drop is not None]
    labels = [subject.label for subject in report.subjects]
    figures = []
    for row in rows:
        curves = []
        for series, label in enumerate(labels):
            bins = [bins_of_trial(trial) for trial in report.of(label, row.name)]
            curve = recovery([one for one in bins if one is not None])
            if curve is not None:
                curves.append((series, curve))
        for what, unit in (("error", "m/s"), ("tilt", "squared sine")):
            values = [np.asarray(getattr(curve, what)) for _, curve in curves]
            finite = [value[np.isfinite(value)] for value in values]
            if not any(len(value) for value in finite):
                continue
            top = 1.1 * max(float(value.max()) for value in finite if len(value))
            times = curves[0][1].times
            chart = Chart(
                f"{what} around the drop: {row.title}",
                (float(times[0]), float(times[-1])),
                (0.0, max(top, 1e-6)),
                "time after the drop, s",
                f"{'tracking error' if what == 'error' else 'tilt energy'}, {unit}",
            )
            chart.vertical(0.0)
            for (series, curve), value in zip(curves, values, strict=True):
                chart.line((curve.times + 0.25).tolist(), value.tolist(), series)
            times_text = ", ".join(
                f"{labels[series]} {_seconds(curve.seconds)}" for series, curve in curves if what == "error"
            )
            caption = f"{row.title}: means of 0.5 s over the robots on their feet."
            caption += f" Back within 10 % after: {times_text}." if times_text else ""
            figures.append(Picture(f"recovery_{what}_{row.name}", chart, caption))
    return figures


def steps_pictures(report: WalkReport) -> list[Picture]:
    """Success over the height of the step, with the thesis's and the vendor's totals in words."""
    rows = [row for row in report.rows.values() if row.group == "steps"]
    labels = [subject.label for subject in report.subjects]
    if not rows:
        return []
    chart = Chart(
        "success over step height",
        (2.0, 18.0),
        (0.0, 100.0),
        "height of the step, cm",
        "passed, %",
        height=240,
    )
    totals = []
    for series, label in enumerate(labels):
        heights, rates = [], []
        for row in rows:
            trials = report.of(label, row.name)
            if trials:
                heights.append(100.0 * row.ground.height + 0.15 * (series - len(labels) / 2))
                rates.append(100.0 * sum(trial.success for trial in trials) / len(trials))
        chart.line(heights, rates, series)
        chart.dots(heights, rates, series, radius=4)
        total = report.steps_passed(label)
        if total is not None:
            totals.append(f"{label} {proportion(*total)}")
    ours = f"All heights together, five robots each: {'; '.join(totals)}. " if totals else ""
    theirs = "; ".join(f"{name} {k}/{STEPS_OF_THESIS}" for name, (k, _) in THESIS.items())
    note = f"{ours}In the thesis, in the vendor's simulator (table 6.5): {theirs}."
    return [Picture("steps", chart, note)]


def _undisturbed(row: Condition) -> bool:
    return row.ground.kind == "plane" and not row.loads and row.kicks is None and row.gain_drop is None


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if math.isfinite(value) else "never"


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
