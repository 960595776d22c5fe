"""Runs one cell on one rig and says how it went."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .cells import Cell
from .processes import PATIENCE, wait_until
from .rig import REST_WITHIN, Rig

RESTING = {"stopped", "hold", "still", "released"}


@dataclass(frozen=True)
class Outcome:
    """How one run of a cell went.

    Attributes:
        state: Reached, or the last one if the expected one was not reached.
        seconds: From the fault to the state; infinite if it was not reached.
        reason: The device's own.
        recovered: s from the end of the fault until the device worked again.
        failure: What is wrong; empty if all is as expected.
    """

    state: str
    seconds: float
    reason: str
    recovered: float
    failure: str


def try_cell(rig: Rig, cell: Cell) -> Outcome:
    """Run a cell; a device that cannot be brought to work, before or after, is an outcome, too."""
    try:
        return run_cell(rig, cell)
    except AssertionError as error:
        return Outcome(rig.state, float("inf"), "", float("inf"), str(error) or "an assertion failed")


def run_cell(rig: Rig, cell: Cell) -> Outcome:
    """Bring the device to work, do what the cell says, time the reaction, and make it work again."""
    rig.moving()
    before = len(rig.history)
    already = rig.state in cell.states
    started = time.monotonic()
    rig.act(cell.action, cell.value)

    def reached() -> bool:
        return already or any(seen.state in cell.states for seen in rig.history[before:])

    wait_until(reached, max(3.0 * cell.within, cell.within + 5.0))
    failure, seconds, seen = "", float("inf"), rig.history[-1]
    if already:
        seconds = 0.0
    elif reached():
        seen = next(seen for seen in rig.history[before:] if seen.state in cell.states)
        seconds = max(0.0, seen.at - started)
    if seconds > cell.within:
        failure = f"not {cell.expected} within {cell.within} s, but {seen.state}: {seen.reason}"
    if cell.reason and cell.reason not in seen.reason:
        failure = failure or f"reason '{seen.reason}' does not hold '{cell.reason}'"
    if cell.lasts and wait_until(lambda: rig.state not in cell.states, cell.lasts):
        failure = failure or f"left {cell.expected} for {rig.state}: {rig.history[-1].reason}"
    if seen.state in RESTING and not wait_until(lambda: rig.rests() or rig.state not in RESTING, REST_WITHIN):
        failure = failure or f"{seen.state}, and still moving after {REST_WITHIN} s"
    rig.undo()
    ended = time.monotonic()
    if cell.back:
        wait_until(
            lambda: rig.state == cell.back, PATIENCE, f"{rig.device} is {cell.back}; {rig.history[-4:]}"
        )
    else:
        rig.moving()
    return Outcome(seen.state, seconds, seen.reason, time.monotonic() - ended, failure)
