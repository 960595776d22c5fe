"""The facts about the Digit humanoid, read from `config/robots/digit.yaml`, and its left-right mirror.

The file lists the left side. On the right every joint position changes its sign (q_right = -q_left for mirrored
poses), so a mirror image swaps the sides and negates all joints.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.documents import is_number, read_document
from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.messages import FloatArray
from mvp_real.resources import config_file

SIDES = ("left", "right")
_MOTOR_COLUMNS = (
    "lower", "upper", "torque_limit", "speed_limit", "armature", "damping", "frictionloss", "kp", "kd",
    "default_pose",
)  # fmt: skip
_PASSIVE_COLUMNS = ("joint_lower", "joint_upper", "joint_default")
_SIGNED = ("default_pose", "joint_default")


@dataclass(frozen=True, eq=False)
class DigitTable:
    """Facts of the robot. Motor vectors are (20,), passive joint vectors (10,); rad, rad/s, Nm.

    Attributes:
        motors: Motor names in the order of the low-level interface.
        joints: Names of the measured joints without a motor, in its order.
        lower, upper: Ranges of the motors.
        torque_limit, speed_limit: Limits of the motors.
        armature: Reflected rotor inertia, kg m^2.
        damping, frictionloss: Nm s/rad and Nm.
        kp, kd: Nominal gains, Nm/rad and Nm s/rad.
        default_pose: Pose that an action of zero commands.
        joint_lower, joint_upper, joint_default: The same for the passive joints.
        gain_motors: Motors whose gains the policy sets.
        control_period: s between two actions.
        position_margin: rad that PD targets keep from the ranges.
        target_overshoot: rad by which those of the leg motors may lie outside, to carry loads with soft gains.
        target_speed_factor: Of the speed limits; how fast targets may move.
        target_scale: rad of PD target per unit of action.
        gain_scale: Share of the nominal gain per unit of action.
        gain_range: Smallest and largest share of the nominal gain.
        standing_height: Height of the base below which the policy is punished, m.
        fall_height: Height of the base below which the robot has fallen, m.
        fall_tilt: Norm of the projected gravity's horizontal part above which it has fallen.
    """

    name: str
    motors: tuple[str, ...]
    joints: tuple[str, ...]
    lower: FloatArray
    upper: FloatArray
    torque_limit: FloatArray
    speed_limit: FloatArray
    armature: FloatArray
    damping: FloatArray
    frictionloss: FloatArray
    kp: FloatArray
    kd: FloatArray
    default_pose: FloatArray
    joint_lower: FloatArray
    joint_upper: FloatArray
    joint_default: FloatArray
    gain_motors: tuple[str, ...]
    control_period: float
    position_margin: float
    target_overshoot: float
    target_speed_factor: float
    target_scale: float
    gain_scale: float
    gain_range: tuple[float, float]
    standing_height: float
    fall_height: float
    fall_tilt: float

    def motor(self, name: str) -> int:
        """Index of a motor; an unknown name suggests the near ones."""
        if name not in self.motors:
            raise unknown_name("motor of Digit", name, self.motors)
        return self.motors.index(name)

    def indices(self, part: str) -> NDArray[np.intp]:
        """Indices of the motors whose name ends in `part`, left before right."""
        return np.array([k for k, name in enumerate(self.motors) if name.endswith(part)], dtype=np.intp)

    @property
    def gain_indices(self) -> NDArray[np.intp]:
        """(8,) indices of `gain_motors` among the motors."""
        return np.array([self.motor(name) for name in self.gain_motors], dtype=np.intp)

    @property
    def target_lower(self) -> FloatArray:
        """(20,) lowest PD targets, rad."""
        return self.lower - self._beyond_range()

    @property
    def target_upper(self) -> FloatArray:
        """(20,) highest PD targets, rad."""
        return self.upper + self._beyond_range()

    @property
    def target_speed(self) -> FloatArray:
        """(20,) how fast PD targets may move, rad/s."""
        return self.target_speed_factor * self.speed_limit

    def _beyond_range(self) -> FloatArray:
        beyond = np.full(len(self.motors), -self.position_margin)
        beyond[self.gain_indices] = self.target_overshoot
        return beyond

    @property
    def toe_indices(self) -> NDArray[np.intp]:
        """(4,) indices of the toe motors."""
        return np.array([k for k, name in enumerate(self.motors) if "_toe_" in name], dtype=np.intp)

    @property
    def observed_motors(self) -> NDArray[np.intp]:
        """(16,) indices of the motors that the policy sees; the toes are seen as foot pitch and roll."""
        return np.array([k for k, name in enumerate(self.motors) if "_toe_" not in name], dtype=np.intp)

    @property
    def observed_joints(self) -> tuple[str, ...]:
        """(26,) names: the motors without the toes, then the passive joints (Xiao 2023, table 6.3)."""
        return (*(self.motors[k] for k in self.observed_motors), *self.joints)


def mirror_order(names: tuple[str, ...]) -> NDArray[np.intp]:
    """Permutation that swaps left and right: `mirrored = -values[..., order]` for joint positions.

    Raises:
        MvpRealError: A name has no partner on the other side.
    """
    order = []
    for name in names:
        side, _, rest = name.partition("_")
        if side not in SIDES:
            raise MvpRealError(
                f"joint '{name}' does not begin with left_ or right_, so it has no mirror image"
            )
        partner = f"{SIDES[1 - SIDES.index(side)]}_{rest}"
        if partner not in names:
            raise unknown_name(f"mirror image of '{name}'", partner, names)
        order.append(names.index(partner))
    return np.array(order, dtype=np.intp)


@lru_cache(maxsize=1)
def load_digit() -> DigitTable:
    """The table in `config/robots/digit.yaml`."""
    return read_digit(config_file("robots/digit.yaml"))


def read_digit(path: Path) -> DigitTable:
    """The table in a YAML file.

    Raises:
        MvpRealError: A key is missing or unknown, or a value is wrong; the message names all three.
    """
    document = read_document(path)
    if not isinstance(document, dict):
        raise MvpRealError(f"{path} does not hold a mapping of robot facts")
    scalars = [field.name for field in fields(DigitTable) if field.type in ("float", "str")]
    known = [*scalars, "leg", "arm", "passive", "gain_motors", "gain_range"]
    for key in document:
        if key not in known:
            raise unknown_name(f"key in {path}", str(key), known)
    for key in known:
        if key not in document:
            raise MvpRealError(f"{path}: key '{key}' is missing")
    leg, arm = (_rows(document[part], len(_MOTOR_COLUMNS), part, path) for part in ("leg", "arm"))
    passive = _rows(document["passive"], len(_PASSIVE_COLUMNS), "passive", path)
    motors = _both_sides(leg, _MOTOR_COLUMNS)
    arms = _both_sides(arm, _MOTOR_COLUMNS)
    joints = _both_sides(passive, _PASSIVE_COLUMNS)
    vectors = {key: np.concatenate([motors[key], arms[key]]) for key in _MOTOR_COLUMNS} | joints
    for vector in vectors.values():
        vector.setflags(write=False)
    gained, bounds = document["gain_motors"], document["gain_range"]
    if not isinstance(gained, list):
        raise MvpRealError(f"{path}: gain_motors is {gained!r}; needs a list of motors of a leg")
    for part in map(str, gained):
        if part not in leg:
            raise unknown_name(f"motor in {path}: gain_motors", part, leg)
    if not isinstance(bounds, list) or len(bounds) != 2 or not all(map(is_number, bounds)):
        raise MvpRealError(f"{path}: gain_range is {bounds!r}; needs two numbers")
    low, high = bounds
    values: dict[str, Any] = {key: document[key] for key in scalars} | vectors
    for field in fields(DigitTable):
        if field.type == "float" and not is_number(values[field.name]):
            raise MvpRealError(f"{path}: {field.name} is {values[field.name]!r}; needs a finite number")
        if field.type == "str":
            values[field.name] = str(values[field.name])
    table = DigitTable(
        motors=(*_names(leg), *_names(arm)),
        joints=_names(passive),
        gain_motors=tuple(f"{side}_{part}" for side in SIDES for part in gained),
        gain_range=(float(low), float(high)),
        **values,
    )
    _check(table, path)
    return table


def _rows(section: Any, columns: int, name: str, path: Path) -> dict[str, list[float]]:
    if not isinstance(section, dict) or not section:
        raise MvpRealError(f"{path}: {name} is {section!r}; needs a mapping of joint to {columns} numbers")
    for joint, row in section.items():
        if not isinstance(row, list) or len(row) != columns or not all(map(is_number, row)):
            raise MvpRealError(f"{path}: {name}.{joint} is {row!r}; needs {columns} finite numbers")
    return section


def _names(rows: dict[str, list[float]]) -> tuple[str, ...]:
    return tuple(f"{side}_{joint}" for side in SIDES for joint in rows)


def _both_sides(rows: dict[str, list[float]], columns: tuple[str, ...]) -> dict[str, FloatArray]:
    left = dict(zip(columns, np.array(list(rows.values()), dtype=np.float64).T, strict=True))
    right = {key: -value if key in _SIGNED else value for key, value in left.items()}
    for low, high in (("lower", "upper"), ("joint_lower", "joint_upper")):
        if low in left:
            right[low], right[high] = -left[high], -left[low]
    return {key: np.concatenate([left[key], right[key]]) for key in columns}


def _check(table: DigitTable, path: Path) -> None:
    margin = table.position_margin
    for joint, low, high, pose in zip(
        table.motors, table.lower, table.upper, table.default_pose, strict=True
    ):
        if not low + margin <= pose <= high - margin:
            raise MvpRealError(
                f"{path}: default pose of {joint} is {pose}, outside {low + margin:.4f} to {high - margin:.4f}"
            )
    positive = (table.torque_limit, table.speed_limit, table.kp, table.kd)
    if min(float(vector.min()) for vector in positive) <= 0.0 or table.control_period <= 0.0:
        raise MvpRealError(f"{path}: gains, limits and the control period must be greater than zero")
    low, high = table.gain_range
    if not 0.0 < low <= 1.0 <= high:
        raise MvpRealError(f"{path}: gain_range is {table.gain_range}; needs 0 < low <= 1 <= high")
