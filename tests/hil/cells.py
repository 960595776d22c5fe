"""The matrix: what is done to which device, the state that must follow, and the longest time it may take.

A cell says nothing about how the device is reached. Times are wall time from the moment the fault is set to the
moment its state is heard of over ROS; those of reactions are twice the design's own (specifications of the drivers)
plus what a busy two-core computer takes to pass a message on. In normal operation a busy computer may make a driver
hold for a moment, and never stop.
"""

from __future__ import annotations

from dataclasses import dataclass

MATRIX = (
    "normal", "silence", "drop and reconnect", "delay", "garble", "error code", "emergency stop", "killed driver",
    "killed controller", "camera frozen", "camera unplugged", "clock jump",
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One cell of the matrix.

    Attributes:
        device: Name of the rig.
        fault: Row of the matrix, or a further fault of this device.
        action: What the rig does: "fault NAME" sets a fault of the emulator, other words are methods of the rig.
        expected: State that must be reached; several are joined by "|".
        within: Longest time until then, s.
        value: Of the fault.
        reason: Part of the reason that the device must give.
        lasts: How long the state must stay as expected, s; 0 looks only at reaching it.
        back: State after the fault has ended by itself, without an operator; empty: an operator clears it.
        hardware: May also be run with the real device: nothing can be damaged, the robot hardly moves.
    """

    device: str
    fault: str
    action: str
    expected: str
    within: float
    value: float | None = None
    reason: str = ""
    lasts: float = 0.0
    back: str = ""
    hardware: bool = False

    @property
    def name(self) -> str:
        """Name of the test."""
        return f"{self.device}: {self.fault}"

    @property
    def states(self) -> tuple[str, ...]:
        """All states that satisfy the cell."""
        return tuple(self.expected.split("|"))


CELLS: list[Cell] = [
    # The arm: the box's reports are 100 Hz, its replies must come within 0.3 s.
    Cell("xarm7", "normal", "wait", "running|hold", 0.5, lasts=3.0, hardware=True),
    Cell("xarm7", "silence", "fault silence", "stopped", 1.5),
    Cell("xarm7", "drop and reconnect", "fault drop", "stopped", 1.5),
    Cell("xarm7", "delay", "fault delay", "stopped", 1.5, value=0.5),
    Cell("xarm7", "garble", "fault garble", "stopped|hold", 2.0, value=0.5),
    Cell("xarm7", "error code", "fault error", "stopped", 1.0, value=31, reason="error 31"),
    Cell("xarm7", "emergency stop", "fault emergency_stop", "stopped", 1.0),
    Cell("xarm7", "killed driver", "kill_driver", "still", 1.0),
    Cell("xarm7", "killed controller", "pause_controller", "hold", 1.5, reason="no command", hardware=True),
    Cell("xarm7", "clock jump", "clock_back", "hold", 1.0, value=5.0, reason="command comes", hardware=True),
    Cell(
        "xarm7", "clock ahead", "clock_ahead", "hold", 1.0, value=5.0, reason="command comes", hardware=True
    ),
    Cell("xarm7", "operator's stop", "stop", "stopped", 1.0, reason="operator", hardware=True),
    Cell("xarm7", "power cycle", "fault power_cycle", "stopped", 1.5),
    Cell("xarm7", "wrong target", "send_nan", "hold", 1.5, reason="not finite", hardware=True),
    # The camera: stale after 3 image periods, lost after 1 s; said once a second.
    Cell("realsense", "normal", "wait", "streaming", 0.5, lasts=3.0, hardware=True),
    Cell("realsense", "silence", "fault silence", "lost", 4.5, back="streaming"),
    Cell("realsense", "drop and reconnect", "fault drop", "lost", 4.5, back="streaming"),
    Cell("realsense", "delay", "fault delay", "stale|lost", 3.0, value=0.5, back="streaming"),
    Cell("realsense", "garble", "fault garble", "streaming", 0.5, value=0.5, lasts=2.0, back="streaming"),
    Cell("realsense", "killed driver", "kill_driver", "silent", 2.0),
    Cell("realsense", "camera frozen", "fault freeze", "frozen", 3.0, back="streaming"),
    Cell("realsense", "camera unplugged", "fault drop", "lost", 4.5, back="streaming"),
    Cell(
        "realsense",
        "clock jump",
        "fault clock_jump",
        "stale|lost|streaming",
        3.0,
        value=5.0,
        lasts=2.0,
        back="streaming",
    ),
    Cell("realsense", "power cycle", "fault power_cycle", "stale|lost", 4.5),
    # The hand: four finger frames every 3 ms; the patience of emulated hands is four times that of real ones.
    Cell("allegro", "normal", "wait", "running|hold", 0.5, lasts=3.0, hardware=True),
    Cell("allegro", "silence", "fault silence", "stopped", 1.5),
    Cell("allegro", "drop and reconnect", "fault drop", "stopped", 1.5),
    Cell("allegro", "delay", "fault delay", "stopped|hold", 1.5, value=0.5),
    Cell("allegro", "garble", "fault garble", "stopped|hold|running", 1.5, value=0.3, lasts=2.0),
    Cell("allegro", "error code", "fault error", "stopped", 2.0, value=2),
    Cell("allegro", "emergency stop", "fault emergency_stop", "stopped", 3.0),
    Cell("allegro", "killed driver", "kill_driver", "released", 3.0),
    Cell("allegro", "killed controller", "pause_controller", "hold", 1.5, reason="no command", hardware=True),
    Cell(
        "allegro", "clock jump", "clock_back", "hold", 1.0, value=5.0, reason="command comes", hardware=True
    ),
    Cell(
        "allegro", "clock ahead", "clock_ahead", "hold", 1.0, value=5.0, reason="command comes", hardware=True
    ),
    Cell("allegro", "operator's stop", "stop", "stopped", 1.0, reason="operator", hardware=True),
    Cell("allegro", "power cycle", "fault power_cycle", "stopped", 2.0),
    # Digit: a policy must speak within 0.1 s of the robot's time, whose clock the rig slows down ten times; the link
    # within 0.5 s of wall time.
    Cell("digit", "normal", "wait", "running|hold", 0.5, lasts=3.0, hardware=True),
    Cell("digit", "silence", "fault silence", "stopped", 1.5, reason="silent"),
    Cell("digit", "drop and reconnect", "fault drop", "stopped", 1.5, reason="silent"),
    Cell("digit", "delay", "fault delay", "stopped", 3.0, value=0.5),
    Cell("digit", "garble", "fault garble", "stopped|running", 1.0, value=0.3, lasts=2.0),
    Cell("digit", "error code", "fault error", "stopped", 1.0, reason="reports an error"),
    Cell("digit", "emergency stop", "fault emergency_stop", "stopped", 1.5),
    Cell("digit", "killed driver", "kill_driver", "damping", 2.0),
    Cell(
        "digit", "killed controller", "pause_controller", "stopped", 2.0, reason="no command", hardware=True
    ),
    Cell("digit", "clock jump", "clock_back", "stopped", 3.0, value=5.0, hardware=True),
    Cell("digit", "operator's stop", "stop", "stopped", 1.0, reason="operator", hardware=True),
    Cell("digit", "power cycle", "fault power_cycle", "stopped", 2.0),
]


def not_applicable(device: str) -> tuple[str, ...]:
    """Rows of the matrix that this device does not have, e.g. a frozen camera on an arm."""
    covered = {cell.fault for cell in CELLS if cell.device == device}
    return tuple(row for row in MATRIX if row not in covered)
