"""What a walking policy saw and said, tick by tick: written on the robot, computed again at the desk."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mvp_real.control.locomotion.history import History
from mvp_real.control.locomotion.loop import WalkingPolicy
from mvp_real.control.locomotion.spaces import WINDOW
from mvp_real.control.locomotion.state import TickRecord
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray

COLUMNS = ("stamp", "fresh", "observation", "previous", "action", "sent")
LARGEST = 180_000  # ticks, one hour at 50 Hz; more would fill the robot's memory


class TickLog:
    """Collects the records of the loop; the first hour is kept."""

    def __init__(self) -> None:
        self._records: list[TickRecord] = []

    def __len__(self) -> int:
        """Number of ticks."""
        return len(self._records)

    def add(self, record: TickRecord) -> None:
        """Keep one tick."""
        if len(self._records) < LARGEST:
            self._records.append(record)

    def save(self, path: Path) -> None:
        """Write a `.npz` with one array per column, one row per tick."""
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = {name: np.array([getattr(record, name) for record in self._records]) for name in COLUMNS}
        np.savez_compressed(path, **columns)  # type: ignore[arg-type]  # its stub takes keywords for options


def load_ticks(path: Path) -> list[TickRecord]:
    """The ticks of a log.

    Raises:
        MvpRealError: Not a log of the walking loop.
    """
    try:
        with np.load(path) as content:  # arrays only: pickled objects are refused
            columns = [content[name] for name in COLUMNS]
    except (OSError, KeyError, ValueError) as error:
        raise MvpRealError(f"'{path}' is not a log of the walking loop: {error}") from error
    return [
        TickRecord(float(stamp), bool(fresh), observation, previous, action, sent)
        for stamp, fresh, observation, previous, action, sent in zip(*columns, strict=True)
    ]


def replay(ticks: list[TickRecord], policy: WalkingPolicy, window: int = WINDOW) -> FloatArray:
    """(n, 36) actions that a policy gives for the windows of a log; with the policy of the log, exactly its own."""
    history = History(window)
    actions = []
    for tick in ticks:
        if tick.fresh:
            history.clear()
        history.append(tick.observation, tick.previous)
        actions.append(policy(history.tokens, history.mask))
    return np.array(actions)
