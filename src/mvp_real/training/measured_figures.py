"""Figures that an evaluation measured, into the cards of bundles."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from mvp_real import bundle
from mvp_real.bundle import Card, Metric
from mvp_real.bundle_writer import save_card
from mvp_real.errors import MvpRealError


def metrics_of(path: Path, subject: str) -> list[Metric]:
    """The figures of a subject in a `results.json` of `mvp_real evaluate`.

    Raises:
        MvpRealError: The file is something else, or has no figure of the subject.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = [row for row in content["rows"] if row["subject"] == subject]
        found = [
            Metric(
                subject=subject,
                metric=str(row["metric"]),
                command=str(content.get("command") or "mvp_real evaluate"),
                **{
                    name: row[name]
                    for name in ("k", "n", "value", "low", "high")
                    if row.get(name) is not None
                },
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MvpRealError(f"'{path}' is not a results.json of mvp_real evaluate: {error!r}") from error
    if not found:
        known = sorted({str(row["subject"]) for row in content["rows"]})
        raise MvpRealError(f"'{path}' has no figure of '{subject}'; it has {', '.join(known) or 'none'}")
    return found


def add_metrics(directory: Path, metrics: tuple[Metric, ...]) -> Card:
    """Put measured figures into an existing bundle's card, in place of older ones of the same subject and metric."""
    card = bundle.load_card(directory)
    measured = {(metric.subject, metric.metric) for metric in metrics}
    kept = tuple(metric for metric in card.metrics if (metric.subject, metric.metric) not in measured)
    card = replace(card, metrics=kept + metrics)
    save_card(card, directory)
    return card
