"""Made-up robots with known answers; no figure of them is a measurement."""

from __future__ import annotations

from typing import Any

import numpy as np

from mvp_real.evaluation.locomotion.condition import Condition, Hold
from mvp_real.evaluation.locomotion.trajectory import Trajectory
from mvp_real.evaluation.locomotion.walk_trial import WalkTrial
from mvp_real.robots.digit import load_digit

PERIOD = 0.02
GAIT = 0.8  # s


def trajectory(seconds: float = 10.0, robots: int = 1, settling: float = 1.0, **changes: Any) -> Trajectory:
    """Robots that walk exactly as asked at 0.3 m/s, feet taking turns, arms and legs at rest."""
    steps = round(seconds / PERIOD)
    time = PERIOD * np.arange(steps)
    phase = (time / GAIT) % 1.0
    force = np.zeros((steps, robots, 2))
    force[..., 0], force[..., 1] = 400.0 * (phase < 0.5)[:, None], 400.0 * (phase >= 0.5)[:, None]
    sole = np.zeros((steps, robots, 2, 3))
    sole[..., 2] = 0.1 * (force == 0.0) * np.abs(np.sin(2.0 * np.pi * phase))[:, None, None]
    motors = len(load_digit().motors)
    position = np.zeros((steps, robots, 3))
    position[..., 0], position[..., 2] = 0.3 * time[:, None], 1.0
    sole[..., 0] = position[..., None, 0]
    gravity = np.zeros((steps, robots, 3))
    gravity[..., 2] = -1.0
    values: dict[str, Any] = {
        "asked": np.tile([0.3, 0.0, 0.0], (robots, 1)),
        "command": np.tile([0.3, 0.0, 0.0], (steps, robots, 1)),
        "position": position,
        "yaw": np.zeros((steps, robots)),
        "velocity": np.tile([0.3, 0.0], (steps, robots, 1)),
        "turn": np.zeros((steps, robots)),
        "gravity": gravity,
        "height": np.ones((steps, robots)),
        "sole": sole,
        "force": force,
        "motor_position": np.zeros((steps, robots, motors)),
        "motor_speed": np.zeros((steps, robots, motors)),
        "torque": np.zeros((steps, robots, motors)),
        "kicked": np.zeros((steps, robots), dtype=bool),
        "steps": np.full(robots, steps),
        "end": np.zeros(robots, dtype=np.int64),
        "seeds": np.arange(robots),
    }
    return Trajectory(PERIOD, GAIT, settling, **{**values, **changes})


def condition(name: str = "forward", robots: int = 4, **changes: Any) -> Condition:
    """A row of robots that walk forwards."""
    values: dict[str, Any] = {
        "name": name,
        "title": name.capitalize(),
        "group": "walking",
        "seed": 0,
        "trials": robots,
        "commands": ((0.3, 0.0, 0.0),),
        "seconds": 10.0,
        "hold": Hold(survival=1.0, speed_error=0.1),
    }
    return Condition(**{**values, **changes})


def trial(
    subject: str = "a", row: str = "forward", index: int = 0, success: bool = True, **changes: Any
) -> WalkTrial:
    """One trial."""
    values: dict[str, Any] = {
        "subject": subject,
        "row": row,
        "protocol": "0" * 16,
        "index": index,
        "seed": index,
        "command": (0.3, 0.0, 0.0),
        "bundle": subject,
        "digest": f"{subject:0<8}",
        "success": success,
        "category": "" if success else "fell",
        "seconds": 10.0 if success else 4.0,
        "planned": 10.0,
        "measures": {"speed_error": 0.05, "turn_error": 0.02, "forward": 0.27, "sideways": 0.0, "turn": 0.01},
    }
    return WalkTrial(**{**values, **changes})
