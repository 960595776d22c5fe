"""The matrix under launch_testing, where ROS is sourced: `launch_test tests/hil/launch_test_matrix.py`.

The launch description only carries the test: each rig starts and kills its own processes, as cells of the matrix
demand, and so runs the very same scenarios as `pytest tests/hil`.
"""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.hil.cells import CELLS
from tests.hil.results import Results
from tests.hil.rig import Reach
from tests.hil.rigs import RIGS, missing_packages
from tests.hil.scenario import try_cell

try:
    import launch
    import launch_testing.actions
except ImportError as error:  # the pip path has no launch_testing
    raise unittest.SkipTest(
        "launch_testing is not installed; run: python -m pytest tests/hil --matrix"
    ) from error


def generate_test_description() -> launch.LaunchDescription:
    """Nothing but the signal that tests may begin."""
    return launch.LaunchDescription([launch_testing.actions.ReadyToTest()])


class TestMatrix(unittest.TestCase):
    """One test per device; each cell is a sub-test."""

    def test_devices(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="hil_"))
        results = Results(folder, "emulated")
        for device, kind in RIGS.items():
            if missing_packages(device):
                continue
            rig = kind(Reach(), folder)
            rig.open()
            try:
                for cell in (cell for cell in CELLS if cell.device == device):
                    with self.subTest(cell.name):
                        outcome = try_cell(rig, cell)
                        results.add(cell, [outcome])
                        assert not outcome.failure, outcome.failure
            finally:
                rig.close()
        print(f"results in {folder}")
