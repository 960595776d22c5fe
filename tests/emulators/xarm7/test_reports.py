"""Reports as the vendor's own structures read them."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest

from mvp_real.emulators.xarm7.controller_box import FIRMWARE, ControllerBox
from mvp_real.emulators.xarm7.reports import BUILDERS, NORMAL_BYTES, REAL_BYTES, RICH_BYTES

report_module = pytest.importorskip("xarm.x3.report")
HOME = np.array([0.1, -0.2, 0.3, 0.8, -0.1, 1.0, 0.2, 0.7])


@pytest.mark.parametrize(
    ("kind", "port", "size"),
    [("normal", 30001, NORMAL_BYTES), ("rich", 30002, RICH_BYTES), ("real", 30003, REAL_BYTES)],
)
def test_the_vendors_structure_reads_what_the_box_says(kind: str, port: int, size: int) -> None:
    box = ControllerBox(HOME)
    box.enable_motion(8, True)
    box.set_mode(1)
    box.set_state(0)
    frame = BUILDERS[kind](box.report())
    assert len(frame) == size == struct.unpack(">I", frame[:4])[0]
    data = report_module.ReportDataStructure.create(port, is_radian=True)
    data.update(frame)
    assert (data.mode, data.state, data.cmd_num) == (1, 2, 0)
    assert data.actual_joint_angle == pytest.approx(HOME[:7].tolist(), abs=1e-6)
    assert data.actual_tcp_pose == pytest.approx(box.pose(HOME[:7]), abs=1e-3)
    if kind != "real":
        assert (data.motor_brake_status, data.motor_enable_status, data.error_code) == (0x7F, 0x7F, 0)
        assert 0 <= data.collision_sens <= 5
    if kind == "rich":
        assert data.version.rstrip("\0") == FIRMWARE
        assert data.joint_max_speed == pytest.approx(math.pi, abs=1e-4)


def test_an_error_is_in_the_slow_reports_and_not_in_the_fast_one() -> None:
    box = ControllerBox(HOME)
    before = BUILDERS["real"](box.report())
    box.raise_error(31)
    assert BUILDERS["normal"](box.report())[89] == 31
    assert BUILDERS["real"](box.report()) == before
