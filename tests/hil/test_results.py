"""The table of results and the matrix itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .cells import CELLS, MATRIX, not_applicable
from .results import Results
from .rigs import RIGS
from .scenario import Outcome


def test_every_device_has_every_row_that_makes_sense_for_it() -> None:
    cameras = ("camera frozen", "camera unplugged")
    assert {cell.device for cell in CELLS} == set(RIGS)
    assert not_applicable("xarm7") == not_applicable("allegro") == not_applicable("digit") == cameras
    # A camera has no controller, no error numbers and no emergency stop.
    assert not_applicable("realsense") == ("error code", "emergency stop", "killed controller")


def test_names_are_unique_and_times_are_stated() -> None:
    assert len({cell.name for cell in CELLS}) == len(CELLS)
    assert all(0.0 < cell.within < 10.0 for cell in CELLS)
    assert {row for cell in CELLS for row in [cell.fault]} >= set(MATRIX)


def test_nothing_that_sets_a_fault_or_kills_is_done_to_hardware() -> None:
    for cell in CELLS:
        if cell.hardware:
            assert not cell.action.startswith("fault")
            assert "kill" not in cell.action


def test_faults_of_cells_are_known_to_their_emulators() -> None:
    from mvp_real.emulators.allegro.hand import FAULTS as ALLEGRO
    from mvp_real.emulators.digit.faults import digit_faults
    from mvp_real.emulators.realsense.emulated_camera import FAULTS as REALSENSE
    from mvp_real.emulators.xarm7.faults import FAULTS as XARM7

    known = {"xarm7": XARM7, "realsense": REALSENSE, "allegro": ALLEGRO, "digit": digit_faults().specs}
    for cell in CELLS:
        if cell.action.startswith("fault "):
            assert cell.action.removeprefix("fault ") in known[cell.device], cell.name


def test_results_are_written_after_each_cell(tmp_path: Path) -> None:
    results = Results(tmp_path, "emulated")
    cell = next(cell for cell in CELLS if cell.name == "xarm7: error code")
    good = Outcome("stopped", 0.2, "controller error 31 (collision)", 2.0, "")
    results.devices["xarm7"] = {"serial": "XI1"}
    results.add(cell, [good, Outcome("hold", float("inf"), "late", 1.0, "not stopped within 1.0 s")])
    document = json.loads((tmp_path / "results.json").read_text())
    (entry,) = document["cells"]
    assert (entry["repeats"], entry["as expected"]) == (2, 1)
    assert entry["outcomes"][1]["seconds"] is None
    table = (tmp_path / "results.md").read_text()
    assert "| error code 31 | stopped | 1 | 1/2 | 0.200 | never | not stopped within 1.0 s |" in table
    assert "## xarm7 (serial XI1)" in table


def test_the_file_for_launch_testing_says_why_it_is_skipped() -> None:
    pytest.importorskip("rclpy")
    code = (
        "import sys, unittest; sys.modules['launch'] = None\n"
        "try:\n    import tests.hil.launch_test_matrix\n"
        "except unittest.SkipTest as skipped: print(skipped)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "run: python -m pytest tests/hil" in done.stdout, done.stderr


def test_a_state_in_which_a_cell_begins_must_last() -> None:
    """Else the cell would end before its fault has done anything."""
    for cell in CELLS:
        if {"running", "streaming"} & set(cell.states):
            assert cell.lasts > 0.0, cell.name
