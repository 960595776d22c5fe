"""The results file of a run, and where it goes."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mvp_real.evaluation.provenance import provenance
from mvp_real.evaluation.statistics import proportion
from mvp_real.evaluation.subjects import Subject
from mvp_real.evaluation.trials import TrialRecord

RESULTS_FILE = "results.json"


def default_folder() -> Path:
    """`runs/pick_fruit/<local time>` below the working directory."""
    return Path("runs") / "pick_fruit" / time.strftime("%Y-%m-%d_%H-%M-%S")


def write_results(
    folder: Path, trials: Sequence[TrialRecord], subjects: Sequence[Subject], settings: Mapping[str, Any]
) -> Path:
    """Write `results.json` in one piece: provenance, settings, bundles, summary, every trial."""
    summary = []
    for subject in subjects:
        own = [trial for trial in trials if trial.subject == subject.label]
        rate = proportion(sum(trial.success for trial in own), len(own))
        failures: dict[str, int] = {}
        for trial in own:
            if trial.category:
                failures[trial.category] = failures.get(trial.category, 0) + 1
        interval = {"low": rate.low, "high": rate.high}
        summary.append({"subject": subject.label, "k": rate.k, "n": rate.n, **interval, "failures": failures})
    content = {
        "provenance": provenance(),
        "settings": dict(settings),
        "bundles": [
            {
                "subject": subject.label,
                "bundle": subject.bundle,
                "controller_sha256": subject.digest,
                "encoder": None
                if subject.card is None or subject.card.encoder is None
                else subject.card.encoder.name,
                "encoder_sha256": ""
                if subject.card is None or subject.card.encoder is None
                else subject.card.encoder.sha256,
            }
            for subject in subjects
        ],
        "summary": summary,
        "trials": [dataclasses.asdict(trial) for trial in trials],
    }
    path = folder / RESULTS_FILE
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, path)
    return path
