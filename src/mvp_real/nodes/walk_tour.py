"""Tours of a walking robot: velocity commands one after another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.messages import FloatArray

FREE = "free"  # the tour of whoever holds the keyboard or the gamepad


@dataclass(frozen=True)
class Stretch:
    """One command for some time: s, forward and sideways in m/s, turn in rad/s."""

    seconds: float
    forward: float = 0.0
    sideways: float = 0.0
    turn: float = 0.0

    @property
    def command(self) -> FloatArray:
        """(3,) the velocity command."""
        return np.array([self.forward, self.sideways, self.turn])


@dataclass(frozen=True)
class Tour:
    """Stretches in order; a tour without any is a free one, which lasts until somebody ends it."""

    name: str
    stretches: tuple[Stretch, ...]

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return sum(stretch.seconds for stretch in self.stretches) if self.stretches else math.inf

    def at(self, seconds: float) -> int | None:
        """Index of the stretch at this time since the start; None on a free tour and after the end."""
        passed = 0.0
        for index, stretch in enumerate(self.stretches):
            passed += stretch.seconds
            if seconds < passed - 1e-9:
                return index
        return None


_QUARTER, _CIRCLE = 0.5 * math.pi / 0.5, 2.0 * math.pi / 0.4  # s at 0.5 and at 0.4 rad/s
TOURS = {
    "stand": (Stretch(10.0),),
    "forward": (Stretch(2.0), Stretch(10.0, forward=0.4), Stretch(2.0)),
    "square": (
        Stretch(2.0),
        *(Stretch(5.0, forward=0.4), Stretch(_QUARTER, turn=0.5)) * 4,
        Stretch(2.0),
    ),
    "figure_eight": (
        Stretch(2.0),
        Stretch(_CIRCLE, forward=0.3, turn=0.4),
        Stretch(_CIRCLE, forward=0.3, turn=-0.4),
        Stretch(2.0),
    ),
    "sideways": (Stretch(2.0), Stretch(6.0, sideways=0.25), Stretch(6.0, sideways=-0.25), Stretch(2.0)),
    "fast": (
        Stretch(2.0),
        *(Stretch(3.0, forward=speed) for speed in (0.2, 0.4, 0.6, 0.8)),
        Stretch(8.0, forward=1.0),
        Stretch(4.0),
    ),
    FREE: (),
}


def load_tour(text: str) -> Tour:
    """A tour by its name, or from a YAML list of `{seconds, forward, sideways, turn}`.

    Raises:
        MvpRealError: No such tour or file, or an entry that is wrong; the message names it.
    """
    if text in TOURS:
        return Tour(text, TOURS[text])
    path = Path(text)
    if path.suffix not in (".yaml", ".yml"):
        raise unknown_name("tour", text, [*TOURS, "FILE.yaml"])
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MvpRealError(f"tour '{text}' cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise MvpRealError(f"tour '{text}' is not valid YAML: {error}") from error
    if not isinstance(content, list) or not content:
        raise MvpRealError(f"tour '{text}' is a list of stretches, got {type(content).__name__}")
    return Tour(path.stem, tuple(_stretch(entry, f"{path.name}[{k}]") for k, entry in enumerate(content)))


def _stretch(entry: object, where: str) -> Stretch:
    known = ("seconds", "forward", "sideways", "turn")
    if not isinstance(entry, dict) or "seconds" not in entry:
        raise MvpRealError(
            f"{where}: a stretch has 'seconds' and any of {', '.join(known[1:])}, got {entry!r}"
        )
    for key, value in entry.items():
        if key not in known:
            raise MvpRealError(f"{where}: {unknown_name('key', str(key), known)}")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise MvpRealError(f"{where}: {key} is {value!r}; needs a number")
    if not 0.0 < entry["seconds"] <= 3600.0:
        raise MvpRealError(f"{where}: seconds is {entry['seconds']}; needs more than 0, at most 3600")
    return Stretch(**{key: float(value) for key, value in entry.items()})
