"""Writes a bundle's card, and the README rendered from it. Nothing that runs with a robot needs this."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from mvp_real.bundle import CARD_FILE, Card, Metric
from mvp_real.records import plain


def save_card(card: Card, directory: Path) -> Path:
    """Write `card.yaml` and the README rendered from it; return the card's path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / CARD_FILE
    path.write_text(
        yaml.safe_dump(plain(card), sort_keys=False, allow_unicode=True, width=110), encoding="utf-8"
    )
    (directory / "README.md").write_text(render_readme(card), encoding="utf-8")
    return path


def render_readme(card: Card) -> str:
    """The bundle's README: the card as a page for people."""
    lines = [f"# {card.name}", "", card.summary, "", f"Kind: {card.kind}. Licence: {card.licence}.", ""]
    rows: list[tuple[str, str]] = []
    if card.task:
        rows.append(("task, robot", f"{card.task}, {card.robot}"))
    if card.image is not None:
        rows.append(("image", f"{card.image.crop} px {card.image.anchor} crop to {card.image.size} px"))
    if card.encoder is not None:
        rows += [("encoder", f"{card.encoder.name} ({card.encoder.sha256[:12] or 'simulator state'})")]
        rows += [("readout of the frozen encoder", card.readout)]
    if card.action is not None:
        rows.append(
            (
                "control period",
                f"{card.action.control_period} s, deltas from the {card.action.delta_reference} joints",
            )
        )
    if card.walking is not None:
        rows.append(
            ("control period", f"{card.walking.control_period} s, window of {card.walking.window} tokens")
        )
        rows.append(("gait period", f"{card.walking.gait_period} s"))
    rows += [(f"input `{t.name}`", " x ".join(map(str, t.shape))) for t in card.inputs]
    rows += [(f"output `{t.name}`", " x ".join(map(str, t.shape))) for t in card.outputs]
    lines += ["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows), ""]
    if card.metrics:
        lines += [
            "## Measured",
            "",
            "| what | figure | 95 % interval | command |",
            "| --- | --- | --- | --- |",
        ]
        lines += [_metric_row(metric) for metric in card.metrics] + [""]
    if card.training:
        lines += ["## Training", "", *_outline(card.training), ""]
    for title, sentences in (
        ("Deviations from the thesis", card.deviations),
        ("What it is not", card.limitations),
    ):
        if sentences:
            lines += [f"## {title}", "", *(f"- {sentence}" for sentence in sentences), ""]
    return "\n".join(lines)


def _metric_row(metric: Metric) -> str:
    figure = f"{metric.k}/{metric.n}" if metric.k is not None else f"{metric.value:.4g}"
    interval = "" if metric.low is None or metric.high is None else f"{metric.low:.3g} to {metric.high:.3g}"
    return f"| {metric.subject}: {metric.metric} | {figure} | {interval} | `{metric.command}` |"


LONGEST_ENTRY = 700  # characters of a line of the README; longer records are in the card alone


def _outline(record: dict[str, Any]) -> list[str]:
    lines = []
    for key, value in record.items():
        if isinstance(value, (list, tuple)) and len(value) > 8:
            text = f"{len(value)} entries, listed in {CARD_FILE}"
        else:
            text = str(value)
            if len(text) > LONGEST_ENTRY:
                text = f"listed in {CARD_FILE}"
        lines.append(f"- {key.replace('_', ' ')}: {text}")
    return lines
