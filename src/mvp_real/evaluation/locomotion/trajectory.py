"""What N robots did, sampled once per control step: the only thing that measures are computed from."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray

STANDING_FORCE = 10.0  # N on a sole from which a foot counts as standing
ENDS = ("time", "fell", "diverged")


@dataclass(eq=False)
class Trajectory:
    """Arrays (T, N, ...) over T control steps of N robots; what comes after a fall is not meaningful.

    Attributes:
        period: Time between two steps, s.
        cycle: Period of the policy's gait clock, s.
        settling: Time at the start that measures of steady walking leave out, s.
        seeds: (N,) seeds of the robots.
        asked: (N, 3) command of the row.
        command: (T, N, 3) command that the policy was told: slew-limited, forward, sideways m/s, turn rad/s.
        position: (T, N, 3) of the base in the world, m.
        yaw: (T, N) heading, rad, unwrapped.
        velocity: (T, N, 2) forward and sideways velocity in the frame of the heading, m/s.
        turn: (T, N) turn rate about the vertical, rad/s.
        gravity: (T, N, 3) unit vector of gravity in the base frame.
        height: (T, N) of the base above the ground under it or above the lower sole, whichever is lower, m.
        sole: (T, N, 2, 3) soles in the world, left first, m.
        force: (T, N, 2) on the soles, N.
        motor_position: (T, N, 20) rad.
        motor_speed: (T, N, 20) largest absolute value within the step, rad/s.
        torque: (T, N, 20) largest absolute value within the step, Nm.
        kicked: (T, N) whether a kick was given at the step.
        steps: (N,) steps until the end of each robot's trial.
        end: (N,) index into `ENDS`.
    """

    period: float
    cycle: float
    settling: float
    seeds: NDArray[np.int64]
    asked: FloatArray
    command: FloatArray
    position: FloatArray
    yaw: FloatArray
    velocity: FloatArray
    turn: FloatArray
    gravity: FloatArray
    height: FloatArray
    sole: FloatArray
    force: FloatArray
    motor_position: FloatArray
    motor_speed: FloatArray
    torque: FloatArray
    kicked: NDArray[np.bool_]
    steps: NDArray[np.int64]
    end: NDArray[np.int64]

    @property
    def robots(self) -> int:
        """N."""
        return len(self.steps)

    @property
    def fell(self) -> NDArray[np.bool_]:
        """(N,) whether a robot did not stay on its feet until the end."""
        return self.end != ENDS.index("time")

    @property
    def tilt(self) -> FloatArray:
        """(T, N) angle between the base's and the world's vertical, rad."""
        return np.arctan2(np.linalg.norm(self.gravity[..., :2], axis=-1), -self.gravity[..., 2])

    @property
    def standing(self) -> NDArray[np.bool_]:
        """(T, N, 2) which feet carry the robot."""
        return np.asarray(self.force > STANDING_FORCE)

    def steady(self, robot: int) -> slice:
        """Steps of a robot between settling and its end; empty if it did not get that far."""
        first = round(self.settling / self.period)
        return slice(first, max(first, int(self.steps[robot])))

    def seconds(self, robot: int) -> float:
        """Time that a robot lasted, s."""
        return float(self.steps[robot] * self.period)


# What the pages draw: the rest of a trajectory is only in the figures of its trials.
_HEAD = ("period", "cycle", "settling")
_KEPT = ("asked", "command", "velocity", "turn", "gravity", "force", "kicked", "steps", "end", "seeds")


def save_traces(trajectory: Trajectory, path: Path) -> Path:
    """Write what the pages draw as a compressed NumPy file, single precision."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: getattr(trajectory, name) for name in _KEPT}
    small = {k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in arrays.items()}
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as stream:
        head = json.dumps({name: getattr(trajectory, name) for name in _HEAD})
        np.savez_compressed(stream, head=np.array(head), **small)
    temporary.replace(path)
    return path


def load_traces(path: Path) -> Trajectory:
    """Inverse of `save_traces`; arrays that were not kept have length zero.

    Raises:
        MvpRealError: The file is not of this version.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            head = json.loads(str(file["head"]))
            kept = {name: file[name] for name in _KEPT}
    except (OSError, KeyError, ValueError) as error:
        raise MvpRealError(
            f"'{path}' holds no traces of this version ({error}); delete it and run its row again"
        ) from error
    kept = {k: v.astype(np.float64) if v.dtype == np.float32 else v for k, v in kept.items()}
    empty = {f.name: np.zeros(0) for f in fields(Trajectory) if f.name not in (*_KEPT, *_HEAD)}
    return Trajectory(**{**empty, **kept, **head})
