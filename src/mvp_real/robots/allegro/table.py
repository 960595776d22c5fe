"""The facts about one Allegro hand, read from `config/robots/allegro.yaml`.

Rows over joints are in the order of the wire: index, middle, ring, thumb, four joints each. The file gives
torques and gains in the vendor's normalised unit; everything here is in Nm.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mvp_real.documents import read_document
from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.messages import FloatArray
from mvp_real.resources import config_file

FINGERS = ("index", "middle", "ring", "thumb")
JOINTS_PER_FINGER = 4
JOINTS = len(FINGERS) * JOINTS_PER_FINGER
SIDES = ("right", "left")

_SCALARS = (
    "full_torque", "position_margin", "stop_slack", "velocity_limit", "acceleration_limit", "max_step",
    "control_period", "reach_fraction", "tracking_gap", "servo_period", "temperature_period", "filter_cutoff",
    "ki", "integral_limit", "torque_rate", "decay_time", "frame_age", "parent_age", "loop_age",
)  # fmt: skip
_ROWS = ("home", "kp", "kd")
_VARIANT_KEYS = ("wire", "feed_forward", "hand_type", "hardware", "torque_limit", "range")


@dataclass(frozen=True, eq=False)
class HandTable:
    """One hand; a `JointTable` without a gripper. Vectors are (16,).

    Attributes:
        variant: Key in the file's `variants`.
        side: "right" or "left"; ranges and gains are the same, the vendor mirrors axes.
        wire: Wire format, key of `scales.SCALES`.
        hand_type: Letter that the serial number must carry; empty for any.
        hardware: High byte of the hardware version that this table is for.
        range_lower, range_upper: What the joints can reach, rad.
        lower, upper: The same with `stop_slack`: where a hand may rest when it is enabled, rad.
        position_margin: Distance of targets from `lower` and `upper`, rad: the file's, plus the slack.
        kp, kd, ki: Nm/rad, Nm s/rad, Nm/(rad s).
        feed_forward: Torque for the speed of the set-point, Nm s/rad.
        torque_limit, integral_limit, torque_rate: Nm, Nm, Nm/s.
        tracking_gap: rad between target and joint that the limiter takes for blocked or lagging.
        servo_period, temperature_period: s between two reports of the hand.
        filter_cutoff: Hz.
        decay_time: s in which the torque goes to zero.
        frame_age, parent_age, loop_age: s of silence of the hand, of the driver and of the loop that stop it.
    """

    name: str
    variant: str
    side: str
    wire: str
    hand_type: str
    hardware: int
    joint_names: tuple[str, ...]
    range_lower: FloatArray
    range_upper: FloatArray
    lower: FloatArray
    upper: FloatArray
    home: FloatArray
    position_margin: float
    velocity_limit: FloatArray
    acceleration_limit: FloatArray
    max_step: float
    control_period: float
    reach_fraction: float
    tracking_gap: float
    full_torque: float
    kp: FloatArray
    kd: FloatArray
    ki: float
    feed_forward: float
    integral_limit: float
    torque_limit: FloatArray
    torque_rate: float
    servo_period: float
    temperature_period: float
    filter_cutoff: float
    decay_time: float
    frame_age: float
    parent_age: float
    loop_age: float

    @property
    def arm_joints(self) -> int:
        """Number of joints: a hand has no gripper."""
        return len(self.joint_names)


@lru_cache
def load_hand(variant: str = "v4", side: str = "right") -> HandTable:
    """The table of a hand in `config/robots/allegro.yaml`.

    Raises:
        MvpRealError: No such variant or side, or the file is wrong.
    """
    return read_hand(config_file("robots/allegro.yaml"), variant, side)


def read_hand(path: Path, variant: str, side: str = "right") -> HandTable:
    """The table in a YAML file.

    Raises:
        MvpRealError: A key is missing or unknown, or a value is wrong; the message names all three.
    """
    document = read_document(path)
    if not isinstance(document, dict):
        raise MvpRealError(f"{path} does not hold a mapping of hand facts")
    _check_keys(document, ("name", "joint_names", "variants", *_SCALARS, *_ROWS), path)
    variants = document["variants"]
    if not isinstance(variants, dict) or not isinstance(document["joint_names"], list):
        raise MvpRealError(f"{path}: variants must be a mapping and joint_names a list")
    if variant not in variants:
        raise unknown_name("variant of the Allegro hand", variant, variants)
    if side not in SIDES:
        raise unknown_name("side of the Allegro hand", side, SIDES)
    own = variants[variant]
    _check_keys(own, _VARIANT_KEYS, f"{path}: variants.{variant}")
    number = {key: _number(document[key], key, path) for key in _SCALARS}
    full = number["full_torque"]
    lower, upper = _ranges(own["range"], f"{path}: variants.{variant}.range")
    slack = number["stop_slack"]
    names = tuple(map(str, document["joint_names"]))
    if len(names) != JOINTS or len(set(names)) != JOINTS:
        raise MvpRealError(f"{path}: joint_names has {len(set(names))} different names; needs {JOINTS}")
    table = HandTable(
        name=str(document["name"]),
        variant=variant,
        side=side,
        wire=str(own["wire"]),
        hand_type=str(own["hand_type"]),
        hardware=int(_number(own["hardware"], "hardware", path)),
        joint_names=names,
        range_lower=lower,
        range_upper=upper,
        lower=_frozen(lower - slack),
        upper=_frozen(upper + slack),
        home=_row(document["home"], "home", path),
        position_margin=number["position_margin"] + slack,
        velocity_limit=_frozen(np.full(JOINTS, number["velocity_limit"])),
        acceleration_limit=_frozen(np.full(JOINTS, number["acceleration_limit"])),
        full_torque=full,
        kp=_frozen(full * _row(document["kp"], "kp", path)),
        kd=_frozen(full * _row(document["kd"], "kd", path)),
        ki=full * number["ki"],
        feed_forward=full * _number(own["feed_forward"], "feed_forward", path),
        integral_limit=full * number["integral_limit"],
        torque_limit=_frozen(full * _row(own["torque_limit"], f"variants.{variant}.torque_limit", path)),
        torque_rate=full * number["torque_rate"],
        **{
            key: number[key]
            for key in (
                "max_step", "control_period", "reach_fraction", "tracking_gap", "servo_period",
                "temperature_period", "filter_cutoff", "decay_time", "frame_age", "parent_age", "loop_age",
            )
        },
    )  # fmt: skip
    _check(table, path)
    return table


def _check_keys(entry: Any, keys: tuple[str, ...], where: Path | str) -> None:
    if not isinstance(entry, dict):
        raise MvpRealError(f"{where}: expected a mapping, got {entry!r}")
    for key in entry:
        if key not in keys:
            raise unknown_name(f"key in {where}", str(key), keys)
    for key in keys:
        if key not in entry:
            raise MvpRealError(f"{where}: key '{key}' is missing")


def _number(value: Any, key: str, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise MvpRealError(f"{path}: {key} is {value!r}; needs a finite number")
    return float(value)


def _row(value: Any, key: str, path: Path) -> FloatArray:
    """(16,) from the rows of a finger, taken three times, and of the thumb."""
    rows: list[list[float]] = []
    for part in ("finger", "thumb"):
        row = value.get(part) if isinstance(value, dict) else None
        if not isinstance(row, list) or len(row) != JOINTS_PER_FINGER:
            raise MvpRealError(
                f"{path}: {key} is {value!r}; needs four numbers each for 'finger' and 'thumb'"
            )
        rows.append([_number(item, key, path) for item in row])
    finger, thumb = rows
    return _frozen(np.array([*finger, *finger, *finger, *thumb]))


def _ranges(value: Any, where: str) -> tuple[FloatArray, FloatArray]:
    _check_keys(value, FINGERS, where)
    try:
        rows = np.array([value[finger] for finger in FINGERS], dtype=np.float64)
    except (TypeError, ValueError):
        rows = np.zeros(0)  # other types, or rows of other lengths
    if rows.shape != (len(FINGERS), JOINTS_PER_FINGER, 2) or not np.isfinite(rows).all():
        raise MvpRealError(f"{where}: needs four pairs of numbers for each of {', '.join(FINGERS)}")
    flat = rows.reshape(JOINTS, 2)
    return _frozen(flat[:, 0].copy()), _frozen(flat[:, 1].copy())


def _frozen(vector: FloatArray) -> FloatArray:
    vector.setflags(write=False)
    return vector


def _check(table: HandTable, path: Path) -> None:
    margin = table.position_margin
    for joint, low, high, home in zip(table.joint_names, table.lower, table.upper, table.home, strict=True):
        if not low + margin <= home <= high - margin:
            raise MvpRealError(
                f"{path}: home of {joint} is {home}, outside {low + margin:.3f} to {high - margin:.3f}"
            )
    if min(table.kp.min(), table.kd.min(), table.torque_limit.min()) <= 0.0 or table.ki < 0.0:
        raise MvpRealError(f"{path}: gains and torque limits must be greater than zero")
    times = (table.servo_period, table.control_period, table.decay_time, table.frame_age, table.parent_age)
    if min(times) <= 0.0 or table.frame_age <= 2.0 * table.servo_period:
        raise MvpRealError(
            f"{path}: times must be greater than zero and frame_age more than two servo periods"
        )
