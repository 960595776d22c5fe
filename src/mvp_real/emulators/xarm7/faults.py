"""The faults that the emulated controller box can show."""

from __future__ import annotations

from mvp_real.emulators.fault_board import FaultSpec, common_faults

FAULTS: dict[str, FaultSpec] = {
    **common_faults(
        "error", "silence", "drop", "delay", "jitter", "garble", "freeze", "power_cycle", "wrong_version",
        "emergency_stop",
    ),
    "gripper_error": FaultSpec("the gripper reports this error of its own numbering", "number"),
}  # fmt: skip
