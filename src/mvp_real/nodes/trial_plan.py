"""Which placements the episode node runs, and what the user reads about the trials there."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.placements import NamedSetup, named_setups
from mvp_real.evaluation.statistics import proportion
from mvp_real.evaluation.trials import CATEGORIES, TrialRecord
from mvp_real.tasks.pick_fruit import EpisodeSetup

THROUGH = "nodes"


def chosen_setups(placements: str, scene: str, seed: int) -> list[NamedSetup]:
    """The placements that a user asked for.

    Args:
        placements: "evaluation", "validation", "random:N", "N" for the first N of the evaluation, indices
            such as "0,5,7" (a single one as "5,"), or the path of a JSON list of episode set-ups.
        scene: "plain" or "varied".
        seed: First seed of random placements.

    Raises:
        MvpRealError: None of these, an index that does not exist, or a placement that is named twice.
    """
    setups = _setups(placements, scene, seed)
    name, times = Counter(named.name for named in setups).most_common(1)[0]
    if times > 1:
        raise MvpRealError(f"placement '{name}' is named {times} times; name each one once")
    return setups


def _setups(placements: str, scene: str, seed: int) -> list[NamedSetup]:
    if placements.endswith(".json"):
        return _from_file(Path(placements))
    if re.fullmatch(r"[\d,\s]+", placements) and re.search(r"\d", placements):
        known = named_setups("evaluation", scene)
        numbers = [int(part) for part in placements.split(",") if part.strip()]
        if "," not in placements:
            count = numbers[0]
            if not 1 <= count <= len(known):
                raise MvpRealError(f"placements:={count} asks for the first {count} of {len(known)}")
            return known[:count]
        for number in numbers:
            if number >= len(known):
                raise MvpRealError(
                    f"there is no placement {number}; the evaluation has 0 to {len(known) - 1}"
                )
        return [known[number] for number in numbers]
    return named_setups(placements, scene, seed)


def _from_file(path: Path) -> list[NamedSetup]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise MvpRealError(f"placements file '{path}': {error}") from error
    if not isinstance(content, list) or not content or not all(isinstance(entry, dict) for entry in content):
        raise MvpRealError(f"placements file '{path}' holds no list of set-ups")
    return [
        NamedSetup(str(entry.get("name", f"{path.stem}-{i:03d}")), EpisodeSetup.from_dict(entry))
        for i, entry in enumerate(content)
    ]


def trial_line(record: TrialRecord, number: int, count: int, subjects: int) -> str:
    """One line for people about a finished trial."""
    result = "picked" if record.success else f"FAILED  {CATEGORIES[record.category]}"
    if record.reason:
        result += f" ({record.reason})"
    who = f"{record.subject}  " if subjects > 1 else ""
    width = len(str(count))
    return (
        f"{number:>{width}}/{count}  {who}{record.fruit:<10} at ({record.x:.2f}, {record.y:+.2f})  "
        f"{record.duration:4.1f} s  {result}"
    )


def summary_lines(trials: list[TrialRecord]) -> list[str]:
    """k/n with Wilson's interval and the failures by category, a line per subject."""
    lines = []
    for subject in dict.fromkeys(trial.subject for trial in trials):
        own = [trial for trial in trials if trial.subject == subject]
        failures: dict[str, int] = {}
        for trial in own:
            if not trial.success:
                failures[trial.category] = failures.get(trial.category, 0) + 1
        lines.append(
            f"{subject}: {proportion(sum(t.success for t in own), len(own))}, 95 % interval by Wilson"
        )
        if failures:
            texts = (f"{count} {CATEGORIES[name]}" for name, count in sorted(failures.items()))
            lines.append(f"  failures: {'; '.join(texts)}")
    return lines
