"""Every cell of the matrix, with the real client libraries, against emulators or (a safe part) against hardware."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .cells import CELLS, Cell
from .results import Results
from .rig import Reach, Rig
from .scenario import try_cell

pytestmark = [pytest.mark.nodes, pytest.mark.slow]
SAMPLE = ("silence", "killed driver")  # what CI can afford


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_the_state_is_reached_in_time(
    cell: Cell,
    rigs: Callable[[str], Rig],
    reach: Reach,
    whole_matrix: bool,
    repeats: int,
    results: Results,
) -> None:
    if not whole_matrix and cell.fault not in SAMPLE:
        pytest.skip("all cells: pytest tests/hil --matrix")
    if reach.real and not cell.hardware:
        pytest.skip("not done to real devices")
    rig = rigs(cell.device)
    outcomes = [try_cell(rig, cell) for _ in range(repeats)]
    results.devices[rig.device] = rig.identity
    results.add(cell, outcomes)
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    assert not failures, f"{len(failures)} of {len(outcomes)}: {failures[0]}"
