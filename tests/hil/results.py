"""The table of results: what was expected, what happened how often, how long it took."""

from __future__ import annotations

import json
import math
import platform
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from mvp_real import __version__

from .cells import CELLS, MATRIX, Cell, not_applicable
from .scenario import Outcome


class Results:
    """Outcomes of a run, written anew after each cell so that a run that was broken off leaves its results."""

    def __init__(self, folder: Path, reach: str) -> None:
        self._folder, self._reach = folder, reach
        self._outcomes: dict[str, tuple[Cell, list[Outcome]]] = {}
        self.devices: dict[str, dict[str, str]] = {}

    def add(self, cell: Cell, outcomes: list[Outcome]) -> None:
        """Take the outcomes of one cell and write the files."""
        self._outcomes[cell.name] = (cell, outcomes)
        self._folder.mkdir(parents=True, exist_ok=True)
        document = self.document()
        (self._folder / "results.json").write_text(json.dumps(document, indent=1) + "\n")
        (self._folder / "results.md").write_text(self.table())

    def document(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "device": self._reach,
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "version": __version__,
            "python": platform.python_version(),
            "devices": self.devices,
            "cells": [
                {
                    **asdict(cell),
                    "repeats": len(outcomes),
                    "as expected": sum(not outcome.failure for outcome in outcomes),
                    "outcomes": [_finite(asdict(outcome)) for outcome in outcomes],
                }
                for cell, outcomes in self._outcomes.values()
            ],
        }

    def table(self) -> str:
        """Markdown: one table per device, rows in the order of the matrix."""
        lines = [f"# Hardware in the loop, {self._reach} devices", ""]
        for name in dict.fromkeys(cell.device for cell in CELLS):
            rows = [entry for entry in self._outcomes.values() if entry[0].device == name]
            if not rows:
                continue
            identity = ", ".join(f"{key} {value}" for key, value in self.devices.get(name, {}).items())
            lines += [f"## {name}" + (f" ({identity})" if identity else ""), ""]
            lines += [
                "| fault | expected | within s | as expected | median s | longest s | reason |",
                "| --- | --- | --- | --- | --- | --- | --- |",
            ]
            rows.sort(key=lambda entry: _rank(entry[0].fault))
            lines += [_row(cell, outcomes) for cell, outcomes in rows]
            lines += ["", f"Not applicable: {', '.join(not_applicable(name)) or 'none'}.", ""]
        return "\n".join(lines)


def _rank(fault: str) -> int:
    return MATRIX.index(fault) if fault in MATRIX else len(MATRIX)


def _row(cell: Cell, outcomes: list[Outcome]) -> str:
    good = sum(not outcome.failure for outcome in outcomes)
    seconds = [outcome.seconds for outcome in outcomes if math.isfinite(outcome.seconds)]
    median = f"{float(np.median(seconds)):.3f}" if seconds else "never"
    longest = f"{max(seconds):.3f}" if len(seconds) == len(outcomes) else "never"
    failures = {outcome.failure for outcome in outcomes if outcome.failure}
    reason = "; ".join(sorted(failures)) or outcomes[0].reason or outcomes[0].state
    value = f" {cell.value:g}" if cell.value is not None else ""
    expected = cell.expected.replace("|", " or ")
    reason = reason.replace("|", "\\|")
    return (
        f"| {cell.fault}{value} | {expected} | {cell.within:g} | {good}/{len(outcomes)} | {median} | {longest} "
        f"| {reason} |"
    )


def _finite(outcome: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in outcome.items()}
