"""Domain randomisation (Xiao 2023, table 6.1): every row as data, with a strength that a curriculum can raise.

At strength 0 nothing is randomised, at 1 the printed range is drawn. Rows marked as an episode's are drawn at a
reset, those of a step at every control step. Where the table is silent we decide: masses per link, motor rows per
motor, the rest per robot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.messages import FloatArray

DISTRIBUTIONS = ("gaussian", "uniform", "loguniform")
OPERATORS = ("additive", "scaling", "probability")


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        unit: Of the range.
        low, high: Range of a uniform draw, or mean and standard deviation of a Gaussian one.
        operator: "additive", "scaling", or "probability" of being one control period late.
        distribution: "gaussian", "uniform" or "loguniform".
        drawn: "step" or "episode".
        per: What gets a value of its own: "entry" of the observation, "motor", "link" or "robot".
        applied: Where the value acts.
    """

    unit: str
    low: float
    high: float
    operator: str
    distribution: str
    drawn: str
    per: str
    applied: str


TABLE: dict[str, Row] = {
    "joint_position": Row("rad", 0.0, 0.175, "additive", "gaussian", "step", "entry", "observation"),
    "joint_velocity": Row("rad/s", 0.0, 0.15, "additive", "gaussian", "step", "entry", "observation"),
    "base_linear_velocity": Row("m/s", 0.0, 0.15, "additive", "gaussian", "step", "entry", "observation"),
    "base_angular_velocity": Row("rad/s", 0.0, 0.15, "additive", "gaussian", "step", "entry", "observation"),
    "projected_gravity": Row("-", 0.0, 0.075, "additive", "gaussian", "step", "entry", "observation"),
    "observation_delay": Row("-", 0.0, 0.2, "probability", "uniform", "episode", "robot", "observation"),
    "action_delay": Row("-", 0.0, 0.2, "probability", "uniform", "episode", "robot", "action"),
    "motor_offset": Row(
        "rad", 0.0, 0.035, "additive", "uniform", "episode", "motor", "encoder: q and target"
    ),
    "motor_strength": Row(
        "-", 0.85, 1.15, "scaling", "uniform", "episode", "motor", "gains and torque limit"
    ),
    "motor_damping": Row("-", 0.3, 4.0, "scaling", "loguniform", "episode", "motor", "dof_damping"),
    "mass": Row("-", 0.5, 1.5, "scaling", "uniform", "episode", "link", "body_mass and body_inertia"),
    "kp_factor": Row("-", 0.9, 1.1, "scaling", "uniform", "episode", "motor", "actuator gains"),
    "kd_factor": Row("-", 0.9, 1.1, "scaling", "uniform", "episode", "motor", "actuator gains"),
    "gravity": Row("m/s^2", 0.0, 0.67, "additive", "uniform", "episode", "robot", "opt.gravity"),
    "friction": Row("-", 0.3, 2.0, "scaling", "uniform", "episode", "robot", "geom_friction of the feet"),
    "restitution": Row("-", 0.0, 0.4, "additive", "uniform", "episode", "robot", "geom_solref of the feet"),
}
NOISE_GROUPS = (
    "base_linear_velocity",
    "base_angular_velocity",
    "joint_position",
    "joint_velocity",
    "projected_gravity",
)


@dataclass(frozen=True)
class Randomisation:
    """How strongly the table is applied.

    Attributes:
        strength: Of all rows; 0 none, 1 as printed.
        rows: Factors on `strength` of single rows, by name.
        symmetric: Whether motor offsets have both signs and the added gravity a random direction. The printed
            ranges are one-sided, which on a robot whose right joints count backwards would favour a side.
    """

    strength: float = 1.0
    rows: Mapping[str, float] = field(default_factory=dict)
    symmetric: bool = True

    def __post_init__(self) -> None:
        for name, factor in self.rows.items():
            if name not in TABLE:
                raise unknown_name("row of the randomisation", name, TABLE)
            if not 0.0 <= float(factor) <= 4.0:
                raise MvpRealError(f"randomisation row '{name}' has the factor {factor}; needs 0 to 4")
        if not 0.0 <= self.strength <= 2.0:
            raise MvpRealError(f"randomisation strength is {self.strength}; needs 0 to 2")

    def of(self, name: str) -> float:
        """Strength of a row."""
        return self.strength * float(self.rows.get(name, 1.0))

    def draw(self, name: str, random: Generator, shape: tuple[int, ...]) -> FloatArray:
        """Values of a row at its strength, with both signs where `symmetric` says so."""
        values = draw(TABLE[name], random, shape, self.of(name))
        if self.symmetric and name == "motor_offset":
            values *= random.choice((-1.0, 1.0), shape)
        return values

    def draw_gravity(self, random: Generator, count: int) -> FloatArray:
        """(count, 3) m/s^2 added to gravity: of random direction, or upwards if not `symmetric`."""
        size = self.draw("gravity", random, (count, 1))
        if not self.symmetric:
            return size * np.array([0.0, 0.0, 1.0])
        direction = random.standard_normal((count, 3))
        return size * direction / np.linalg.norm(direction, axis=1, keepdims=True)


def bounds(row: Row, strength: float) -> tuple[float, float]:
    """Range of a row at a strength, never beyond what the quantity can be (a scale stays above 0.05)."""
    if row.distribution == "loguniform":
        return row.low**strength, row.high**strength
    if row.operator == "scaling":
        return max(1.0 + strength * (row.low - 1.0), 0.05), 1.0 + strength * (row.high - 1.0)
    if row.operator == "probability":
        return strength * row.low, min(strength * row.high, 1.0)
    return strength * row.low, strength * row.high


def draw(row: Row, random: Generator, shape: tuple[int, ...], strength: float = 1.0) -> FloatArray:
    """Values of a row: scales around 1, additions around 0, probabilities from 0."""
    low, high = bounds(row, strength)
    if row.distribution == "gaussian":
        return low + high * random.standard_normal(shape)
    if row.distribution == "loguniform":
        return np.exp(random.uniform(np.log(low), np.log(high), shape))
    return random.uniform(low, high, shape)
