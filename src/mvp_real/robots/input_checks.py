"""Form and age of what reaches the limiter. Each check returns what is wrong, or an empty string."""

from __future__ import annotations

from math import isfinite

from mvp_real.messages import JointReading, JointTarget
from mvp_real.robots.limits import Limits

CLOCK_TOLERANCE = 0.01  # s; a stamp further in the future, or a clock further back, has jumped


def bad_target(target: JointTarget, limits: Limits, now: float) -> str:
    """A target with the wrong joints, a value that is not finite, or from too old an image."""
    names = limits.table.joint_names
    if target.names != names:
        return f"joint names are {', '.join(target.names)}; expected {', '.join(names)}"
    if target.position.shape != (len(names),):
        return f"target has shape {target.position.shape}; expected ({len(names)},)"
    if not all(map(isfinite, target.position.tolist())):
        return f"target is not finite: {target.position.tolist()}"
    age = now - target.stamp
    if not -CLOCK_TOLERANCE <= age <= limits.command_age:
        return f"command comes from {age:.3f} s ago; the limit is {limits.command_age:.3f} s"
    return ""


def bad_reading(reading: JointReading, limits: Limits, now: float) -> str:
    """A joint reading with the wrong joints, a value that is not finite, or too old."""
    names = limits.table.joint_names
    if reading.names != names or reading.position.shape != (len(names),):
        return f"joint state names {', '.join(reading.names)}; expected {', '.join(names)}"
    if not all(map(isfinite, reading.position.tolist())):
        return f"joint state is not finite: {reading.position.tolist()}"
    age = now - reading.stamp
    if not -CLOCK_TOLERANCE <= age <= limits.reading_age:
        return f"joint state is {age:.3f} s old; the limit is {limits.reading_age:.3f} s"
    return ""


def out_of_range(reading: JointReading, limits: Limits) -> str:
    """A joint that stands outside the device's own range."""
    table = limits.table
    names = table.joint_names[: table.arm_joints]
    for name, q, low, high in zip(names, reading.position, table.lower, table.upper, strict=False):
        if not low <= q <= high:
            return (
                f"{name} is at {q:.3f} rad, outside the device's {low:.3f} to {high:.3f} rad; "
                "move it back by hand first"
            )
    return ""
