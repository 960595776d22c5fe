"""The frames that the controller box pushes on its report ports, byte by byte.

Port base + 1 ("normal", 145 bytes), + 2 ("rich", 587 bytes) and + 3 ("real", 135 bytes, ten times as often).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from mvp_real.emulators.xarm7.protocol import floats

NORMAL_BYTES, RICH_BYTES, REAL_BYTES = 145, 587, 135
# Offset from the base port to kind and rate, Hz.
RATES: dict[int, tuple[str, float]] = {1: ("normal", 5.0), 2: ("rich", 5.0), 3: ("real", 100.0)}


@dataclass(frozen=True)
class BoxReport:
    """What the box knows of itself at one moment.

    Attributes:
        mode, state, queue: As in the vendor's protocol.
        joints: (7,) rad.
        pose: x, y, z in mm and roll, pitch, yaw in rad of the tool.
        torques: (7,) Nm.
        speeds: (7,) rad/s.
        brakes, enabled: One bit a joint.
    """

    mode: int
    state: int
    queue: int
    joints: tuple[float, ...]
    pose: tuple[float, ...]
    torques: tuple[float, ...]
    speeds: tuple[float, ...]
    brakes: int
    enabled: int
    error: int
    warning: int
    version: str
    collision_sensitivity: int = 3
    teach_sensitivity: int = 3
    offset: tuple[float, ...] = (0.0, 0.0, 172.0, 0.0, 0.0, 0.0)
    load: tuple[float, ...] = (0.82, 0.0, 0.0, 48.0)
    gravity: tuple[float, ...] = field(default=(0.0, 0.0, -1.0))


def real(report: BoxReport) -> bytes:
    """The fast frame: joints, pose and torques, but neither errors nor brakes."""
    return _finish(_head(report) + floats([0.0] * 12), REAL_BYTES)


def normal(report: BoxReport) -> bytes:
    """The slow frame with errors, brakes and settings."""
    return _finish(_head(report) + _settings(report), NORMAL_BYTES)


def rich(report: BoxReport) -> bytes:
    """The slow frame with everything; what concerns neither motion nor errors is zero."""
    body = _head(report) + _settings(report)
    body += bytes([7, 7, 2, 2, 1, 2]) + report.version.encode("ascii", "replace")[:29].ljust(30, b"\0")
    body += floats([1000.0, 1.0, 50000.0, 0.1, 1000.0, 20.0, 0.01, 20.0, 0.0001, 3.141593, 2.3, 2.7])
    body += bytes(16) + bytes([30] * 7)  # servo codes, temperatures
    body += floats([0.0, *report.speeds])
    body += struct.pack(">I", 0) + floats([0.0] * 6) + bytes(2)
    body += bytes([0, 1, 1]) + floats([0.0] * 6)
    body += struct.pack(">7H", *[4800] * 7) + floats([0.0] * 7)
    body = body.ljust(508 - 4, b"\0") + floats([1000.0, 3.141593])
    return _finish(body.ljust(RICH_BYTES - 4, b"\0"), RICH_BYTES)


BUILDERS = {"normal": normal, "rich": rich, "real": real}


def _head(report: BoxReport) -> bytes:
    state = (report.mode & 0x0F) << 4 | report.state & 0x0F
    return struct.pack(">BH", state, report.queue) + floats([*report.joints, *report.pose, *report.torques])


def _settings(report: BoxReport) -> bytes:
    masks = bytes([report.brakes, report.enabled, report.error, report.warning])
    sensitivities = bytes([report.collision_sensitivity, report.teach_sensitivity])
    return masks + floats([*report.offset, *report.load]) + sensitivities + floats(report.gravity)


def _finish(body: bytes, size: int) -> bytes:
    assert len(body) + 4 == size, f"a report of {len(body) + 4} bytes, needs {size}"
    return struct.pack(">I", size) + body
