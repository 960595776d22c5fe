"""Rows of `results.json`: one measured figure each, kept by name, so that scripts can run one at a time."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from mvp_real.evaluation.provenance import machine_note


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        name: What and which, e.g. "limiter_command_median".
        value, unit: The figure.
        peer: What it is compared with in the same run.
        ratio: Value over the peer's.
    """

    name: str
    value: float
    unit: str
    peer: str
    ratio: float


def write_rows(path: Path, rows: list[Row]) -> None:
    """Add rows to a file, replacing those of the same name, and print them."""
    kept = json.loads(path.read_text()) if path.is_file() else []
    names = {row.name for row in rows}
    note = machine_note()
    merged = [old for old in kept if old["name"] not in names]
    merged += [asdict(row) | {"machine_note": note} for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(sorted(merged, key=lambda row: row["name"]), indent=1) + "\n")
    for row in rows:
        print(f"{row.name:40s} {row.value:10.4g} {row.unit:6s} {row.ratio:6.2f} x {row.peer}")
