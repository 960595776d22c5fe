"""Reading `config/tasks/digit_walk.yaml`: the rows, the robots' dynamics, and the blocks of seeds."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.records import parse, plain
from mvp_real.resources import config_file

PROTOCOL_FILE = "tasks/digit_walk.yaml"
RULES = 3  # raised whenever the code that runs or judges a row changes what comes out
DYNAMICS = (
    "mass", "friction", "motor_strength", "motor_damping", "kp_factor", "kd_factor", "motor_offset",
    "observation_delay", "action_delay",
)  # fmt: skip
HELD_OUT_DYNAMICS = ("spring_stiffness", "joint_friction", "armature", "torso_offset")
NOISE = (
    "joint_position", "joint_velocity", "base_linear_velocity", "base_angular_velocity", "projected_gravity",
)  # fmt: skip
Ranges = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Robots:
    """How robots differ from each other.

    Attributes:
        ranges: Smallest and largest value of each of `DYNAMICS` and `HELD_OUT_DYNAMICS`.
        noise: Standard deviation of the noise of each group of the observation, in its unit.
    """

    ranges: Ranges
    noise: dict[str, float]


@dataclass(frozen=True)
class WalkProtocol:
    """The whole protocol.

    Attributes:
        rows: Conditions by name, in order.
        blocks: First and last seed of "validation" and "held_out".
        settling: s that measures of steady walking leave out.
        robots: How robots differ.
        quick: Names of the rows of a quick look.
        quick_trials, quick_seconds: Robots per command and duration of a quick look.
    """

    rows: dict[str, Condition]
    blocks: dict[str, tuple[int, int]]
    settling: float
    robots: Robots
    quick: tuple[str, ...]
    quick_trials: int
    quick_seconds: float

    def chosen(self, names: list[str], seeds: str) -> list[Condition]:
        """Rows by name, or by group with a colon ("steps:"); all without a name, with robots from a block.

        Raises:
            MvpRealError: No such row, group or block.
        """
        if seeds not in self.blocks:
            raise unknown_name("block of seeds", seeds, self.blocks)
        groups = {f"{row.group}:" for row in self.rows.values()}
        found: dict[str, Condition] = {}
        for name in names or list(self.rows):
            if name in groups:
                found |= {row.name: row for row in self.rows.values() if f"{row.group}:" == name}
            elif name in self.rows:
                found[name] = self.rows[name]
            else:
                raise unknown_name("row of the protocol", name, (*self.rows, *groups))
        first, last = self.blocks[seeds]
        rows = [dataclasses.replace(row, seed=first + row.seed) for row in found.values()]
        for row in rows:
            if row.seeds[-1] > last:
                raise MvpRealError(
                    f"row '{row.name}' needs seeds up to {row.seeds[-1]}, block '{seeds}' ends at {last}"
                )
        return rows

    def quick_rows(self) -> list[Condition]:
        """A look at a policy in a few minutes: fewer rows, fewer and shorter trials, validation robots."""
        return [
            shortened(row, self.quick_trials, self.quick_seconds)
            for row in self.chosen(list(self.quick), "validation")
        ]

    def digest(self, row: Condition) -> str:
        """SHA-256 of everything that decides what a row measures, as 16 hexadecimal digits."""
        content = {"row": plain(row), "robots": plain(self.robots), "settling": self.settling, "rules": RULES}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def shortened(row: Condition, trials: int, seconds: float) -> Condition:
    """The row with fewer robots and less time; a gain drop comes in its middle, and nothing has to be held."""
    drop = row.gain_drop
    if drop is not None:
        drop = dataclasses.replace(drop, time=min(drop.time, seconds / 2))
    return dataclasses.replace(
        row,
        trials=min(trials, row.trials),
        seconds=min(seconds, row.seconds),
        gain_drop=drop,
        hold=dataclasses.replace(row.hold, **{f.name: None for f in dataclasses.fields(row.hold)}),
    )


def load_protocol(path: Path | None = None) -> WalkProtocol:
    """The protocol in a YAML file, by default the package's own.

    Raises:
        MvpRealError: A key is missing, unknown or of the wrong kind; the message gives its path.
    """
    path = path or config_file(PROTOCOL_FILE)
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        blocks = {name: _pair(document["seeds"], name, "seeds") for name in ("validation", "held_out")}
        shared = {name: _pair(document["dynamics"], name, "dynamics") for name in DYNAMICS}
        hidden = {
            name: _pair(document["held_out_dynamics"], name, "held_out_dynamics")
            for name in HELD_OUT_DYNAMICS
        }
        for section, known in (
            ("dynamics", DYNAMICS),
            ("held_out_dynamics", HELD_OUT_DYNAMICS),
            ("noise", NOISE),
        ):
            for name in document[section]:
                if name not in known:
                    raise unknown_name(f"key of {section}", str(name), known)
        quick = document["quick"]
        protocol = WalkProtocol(
            rows={name: _row(name, values) for name, values in document["rows"].items()},
            blocks={name: (int(first), int(last)) for name, (first, last) in blocks.items()},
            settling=float(document["settling"]),
            robots=Robots({**shared, **hidden}, {name: float(document["noise"][name]) for name in NOISE}),
            quick=tuple(quick["rows"]),
            quick_trials=int(quick["trials"]),
            quick_seconds=float(quick["seconds"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise MvpRealError(f"'{path}': a key is missing or of the wrong kind: {error}") from error
    except MvpRealError as error:
        raise MvpRealError(f"'{path}': {error}") from error
    for name in protocol.quick:
        if name not in protocol.rows:
            raise unknown_name(f"quick row in '{path}'", name, protocol.rows)
    return protocol


def _row(name: str, values: dict[str, Any]) -> Condition:
    content = dict(values)
    if "seed" in content:
        raise MvpRealError(f"row '{name}': give 'offset' in the block of seeds, not 'seed'")
    content |= {"name": name, "seed": content.pop("offset", None)}
    row: Condition = parse(content, Condition, f"rows.{name}")
    return row


def _pair(section: dict[str, Any], name: str, where: str) -> tuple[float, float]:
    if name not in section:
        raise MvpRealError(f"{where}: '{name}' is missing")
    low, high = section[name]
    if not low <= high:
        raise MvpRealError(f"{where}.{name} is [{low}, {high}]; the first must not exceed the second")
    return float(low), float(high)
