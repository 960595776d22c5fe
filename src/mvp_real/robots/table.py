"""The facts about one robot that software needs, read from `config/robots/<name>.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from mvp_real.documents import read_document
from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.messages import FloatArray
from mvp_real.resources import config_file, share_directory
from mvp_real.robots.kinematics import CHAINS, SerialChain


class RobotTableError(MvpRealError):
    """A robot's YAML file is wrong; the message names the file, the key and the value."""


@dataclass(frozen=True, eq=False)
class RobotTable:
    """One arm with a gripper. Vectors over joints hold the gripper last, as opening fraction 0 closed .. 1
    open.

    Attributes:
        name: Name of the robot and of its file.
        kinematics: Key of the link geometry in `kinematics.CHAINS`.
        joint_names: (n,) names, the order of every vector below and of every message.
        lower, upper: (n,) limits of the device, rad.
        position_margin: Distance that targets keep from these limits, rad.
        velocity_limit: (n-1,) rad/s.
        acceleration_limit: (n-1,) rad/s^2.
        max_step: Largest change of a joint in one control period, rad.
        control_period: s.
        reach_fraction: Share of the period after which the interpolator has reached the target.
        servo_rate: Rate of the interpolated set-points, Hz.
        home: (n,) start pose, rad.
        gripper_stroke: Opening for the fraction 1.0, m.
        gripper_open_threshold: Measured fraction above which the gripper counts as open.
        tool_offset: Flange to tool centre point along the flange's z axis, m.
        workspace_lower, workspace_upper: (3,) box of the tool centre point in the base frame, m.
        table_height: Height of the table's surface, m.
        tool_clearance, link_clearance: Least height above it of the tool centre point and of elbow and
            wrist, m.
    """

    name: str
    kinematics: str
    joint_names: tuple[str, ...]
    lower: FloatArray
    upper: FloatArray
    position_margin: float
    velocity_limit: FloatArray
    acceleration_limit: FloatArray
    max_step: float
    control_period: float
    reach_fraction: float
    servo_rate: float
    home: FloatArray
    gripper_stroke: float
    gripper_open_threshold: float
    tool_offset: float
    workspace_lower: FloatArray
    workspace_upper: FloatArray
    table_height: float
    tool_clearance: float
    link_clearance: float

    @property
    def arm_joints(self) -> int:
        """Number of joints without the gripper."""
        return len(self.joint_names) - 1

    @property
    def chain(self) -> SerialChain:
        """Link geometry of the arm."""
        return CHAINS[self.kinematics]

    def tool_pose(self, position: FloatArray) -> FloatArray:
        """(4, 4) pose of the tool centre point for an arm vector (n,) or its joint part (n-1,), m."""
        return self.chain.pose(
            np.asarray(position, dtype=np.float64)[: self.arm_joints].tolist(), self.tool_offset
        )

    def proprioception(self, position: FloatArray) -> FloatArray:
        """(n,) input of a policy: joint angles in rad, then 1.0 if the measured gripper is open, else 0.0."""
        state = np.array(position, dtype=np.float64)
        state[-1] = 1.0 if state[-1] > self.gripper_open_threshold else 0.0
        return state


OTHERS = ("digit", "allegro")  # files in the same folder that `robots/digit.py` and `robots/allegro` read

# Nested keys of the file and the attribute that each one fills.
_NESTED = {
    ("gripper", "stroke"): "gripper_stroke",
    ("gripper", "open_threshold"): "gripper_open_threshold",
    ("workspace", "lower"): "workspace_lower",
    ("workspace", "upper"): "workspace_upper",
    ("table", "height"): "table_height",
    ("table", "tool_clearance"): "tool_clearance",
    ("table", "link_clearance"): "link_clearance",
}
_LENGTHS = {
    "lower": 0, "upper": 0, "home": 0, "velocity_limit": -1, "acceleration_limit": -1,
}  # fmt: skip


def load_robot(name: str) -> RobotTable:
    """The table of an arm in `config/robots/`.

    Raises:
        MvpRealError: No such robot (the near names are suggested).
        RobotTableError: The file is wrong.
    """
    directory = share_directory() / "config" / "robots"
    known = [path.stem for path in directory.glob("*.yaml") if path.stem not in OTHERS]
    if name not in known:
        raise unknown_name("robot", name, known)
    return read_robot(config_file(f"robots/{name}.yaml"))


def read_robot(path: Path) -> RobotTable:
    """The table in a YAML file.

    Raises:
        RobotTableError: A key is missing or unknown, or a value is wrong.
    """
    document = read_document(path, RobotTableError)
    if not isinstance(document, dict):
        raise RobotTableError(f"{path} does not hold a mapping of robot facts")
    values = _flatten(document, path)
    names = values.get("joint_names")
    if isinstance(names, list):
        names = [str(name) for name in names]
    if not isinstance(names, list) or len(names) < 2 or len(set(names)) != len(names):
        raise RobotTableError(
            f"{path}: joint_names is {names!r}; needs at least two different names, gripper last"
        )
    values["joint_names"] = tuple(names)
    for field in fields(RobotTable):
        if field.name not in values:
            raise RobotTableError(f"{path}: key '{field.name}' is missing")
        if field.type == "FloatArray":
            length = len(names) + _LENGTHS[field.name] if field.name in _LENGTHS else 3
            values[field.name] = _vector(values[field.name], length, field.name, path)
        elif field.type == "float":
            values[field.name] = _number(values[field.name], field.name, path)
        elif field.type == "str":
            values[field.name] = str(values[field.name])
    if values["kinematics"] not in CHAINS:
        raise unknown_name("kinematics", values["kinematics"], CHAINS)
    table = RobotTable(**values)
    _check(table, path)
    return table


def _flatten(document: dict[str, Any], path: Path) -> dict[str, Any]:
    groups = {group for group, _ in _NESTED}
    flat = {key: value for key, value in document.items() if key not in groups}
    for (group, key), attribute in _NESTED.items():
        section = document.get(group)
        if isinstance(section, dict) and key in section:
            flat[attribute] = section[key]
    known = {field.name for field in fields(RobotTable)}
    for key in flat:
        if key not in known:
            raise unknown_name(f"key in {path}", str(key), known)
    return flat


def _number(value: Any, key: str, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise RobotTableError(f"{path}: {key} is {value!r}; needs a finite number")
    return float(value)


def _vector(value: Any, length: int, key: str, path: Path) -> FloatArray:
    if not isinstance(value, list) or len(value) != length:
        raise RobotTableError(f"{path}: {key} is {value!r}; needs a list of {length} numbers")
    array = np.array([_number(item, key, path) for item in value])
    array.setflags(write=False)
    return array


def _check(table: RobotTable, path: Path) -> None:
    """Values that contradict each other.

    Raises:
        RobotTableError: The message names the joint and the value.
    """
    for joint, low, high, home in zip(table.joint_names, table.lower, table.upper, table.home, strict=True):
        margin = 0.0 if joint == table.joint_names[-1] else table.position_margin
        if not low + margin < high - margin:
            raise RobotTableError(f"{path}: {joint} has no range left between {low} and {high}")
        if not low + margin <= home <= high - margin:
            raise RobotTableError(
                f"{path}: home of {joint} is {home}, outside {low + margin} to {high - margin}"
            )
    positive = (
        table.max_step,
        table.control_period,
        table.reach_fraction,
        table.servo_rate,
        table.gripper_stroke,
    )
    if min(*positive, *table.velocity_limit, *table.acceleration_limit) <= 0.0:
        raise RobotTableError(f"{path}: steps, periods, rates and limits must be greater than zero")
    if len(table.chain.links) != table.arm_joints:
        raise RobotTableError(
            f"{path}: {table.arm_joints} arm joints, "
            f"but kinematics '{table.kinematics}' has {len(table.chain.links)}"
        )
    if not np.all(table.workspace_lower < table.workspace_upper):
        raise RobotTableError(
            f"{path}: workspace lower corner {table.workspace_lower.tolist()} is not below the upper"
        )
