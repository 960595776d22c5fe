"""The robot that the loop is tested on."""

from __future__ import annotations

import pytest

from mvp_real.robots.table import RobotTable, load_robot


@pytest.fixture(scope="session")
def table() -> RobotTable:
    return load_robot("xarm7")
