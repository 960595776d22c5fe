"""Settings of the walking environment, from a mapping: the section `environment` of `config/train/digit_*.yaml`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.sim.engines import ENGINES
from mvp_real.tasks.digit.commands import CommandRanges
from mvp_real.tasks.digit.gait import Gait
from mvp_real.tasks.digit.pushes import Pushes
from mvp_real.tasks.digit.randomisation import Randomisation
from mvp_real.tasks.digit.rewards import RewardScales, RewardWeights
from mvp_real.tasks.digit.termination import Termination
from mvp_real.tasks.digit.terrain import Terrain

MODELS = ("reduced", "full")


@dataclass(frozen=True)
class Start:
    """How an episode begins: in the default pose on the ground, with random deviations.

    Attributes:
        joint: Largest deviation of the hips, shoulders and elbows, rad.
        linear_velocity: Largest component of the base's velocity, m/s.
        angular_velocity: Largest component of the base's angular velocity, rad/s.
        random_heading: Whether the robot looks in a random direction, else along x.
        random_phase: Whether the gait begins at a random phase, else at zero.
        spread: Half side of the square in which the robots on rough ground begin, m.
    """

    joint: float = 0.05
    linear_velocity: float = 0.1
    angular_velocity: float = 0.1
    random_heading: bool = True
    random_phase: bool = True
    spread: float = 4.0


@dataclass(frozen=True)
class WalkConfig:
    """Everything about the environment.

    Attributes:
        num_envs: Robots.
        model: "reduced" (a tree, for training) or "full" (closed loops).
        timestep: Physics step, s; None for the model's own. It must divide the control period of 20 ms.
        joint_friction: Whether joints have dry friction; without it a step is faster.
        engine: Simulator: "mujoco", "warp" or "isaac_gym" (`mvp_real.sim.engines`).
        device: Where the engines on a GPU run: "cpu", "cuda" or "cuda:<number>".
        threads: Threads of the simulator; 0 is one per core.
        seed: Of all random numbers.
        episode: Length after which an episode is cut, s.
        stagger: Whether the first episodes are cut at random times, so that not all robots time out together.
    """

    num_envs: int = 256
    model: str = "reduced"
    timestep: float | None = None
    joint_friction: bool = True
    engine: str = "mujoco"
    device: str = "cpu"
    threads: int = 1
    seed: int = 0
    episode: float = 20.0
    stagger: bool = False
    start: Start = field(default_factory=Start)
    gait: Gait = field(default_factory=Gait)
    commands: CommandRanges = field(default_factory=CommandRanges)
    rewards: RewardWeights = field(default_factory=RewardWeights)
    scales: RewardScales = field(default_factory=RewardScales)
    randomisation: Randomisation = field(default_factory=Randomisation)
    pushes: Pushes = field(default_factory=Pushes)
    terrain: Terrain = field(default_factory=Terrain)
    termination: Termination = field(default_factory=Termination)

    def __post_init__(self) -> None:
        if self.num_envs < 1:
            raise MvpRealError(f"environment: num_envs is {self.num_envs}; needs 1 or more")
        if self.model not in MODELS:
            raise unknown_name("model of Digit", self.model, MODELS)
        if self.engine not in ENGINES:
            raise unknown_name("engine", self.engine, ENGINES)
        if self.device != "cpu" and "device" not in ENGINES[self.engine].options:
            raise MvpRealError(
                f"environment: device is '{self.device}', but the engine '{self.engine}' runs on the CPU; choose"
                " 'warp' or 'isaac_gym', or device: cpu"
            )
        if self.episode <= 0.0:
            raise MvpRealError(f"environment: episode is {self.episode} s; needs more than 0")

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> WalkConfig:
        """Settings from nested mappings; what is left out has its default.

        Raises:
            MvpRealError: A key is unknown (near ones are suggested) or a value is out of range.
        """
        return changed(WalkConfig(), values)


def changed(settings: Any, changes: Mapping[str, Any], path: str = "environment") -> Any:
    """A copy of a dataclass with nested changes; lists become tuples.

    Raises:
        MvpRealError: A key is unknown, a section is no mapping, or a value is of the wrong kind.
    """
    known = {item.name: item for item in fields(settings)}
    values: dict[str, Any] = {}
    for key, value in changes.items():
        if key not in known:
            raise unknown_name(f"key in {path}", str(key), known)
        current, place = getattr(settings, key), f"{path}.{key}"
        if is_dataclass(current) or isinstance(current, Mapping):
            if not isinstance(value, Mapping):
                raise MvpRealError(f"{place} is {value!r}; needs a mapping of settings")
            values[key] = (
                {**current, **value} if isinstance(current, Mapping) else changed(current, value, place)
            )
        else:
            values[key] = _of_kind(value, current, str(known[key].type), place)
    return replace(settings, **values)


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Nested changes in one mapping, the newer ones over the older."""
    together = dict(old)
    for key, value in new.items():
        known = together.get(key)
        both = isinstance(value, Mapping) and isinstance(known, Mapping)
        together[key] = merged(known, value) if both else value
    return together


def _of_kind(value: Any, current: Any, kind: str, path: str) -> Any:
    """The value as the kind of number, text, switch or tuple of numbers that the setting has."""
    if value is None and kind.endswith("| None"):
        return None
    if isinstance(current, (bool, str)):
        if not isinstance(value, type(current)):
            raise MvpRealError(f"{path} is {value!r}; needs a {type(current).__name__}, such as {current!r}")
        return value
    if isinstance(current, tuple):
        if not isinstance(value, (list, tuple)) or len(value) != len(current):
            raise MvpRealError(f"{path} is {value!r}; needs {len(current)} numbers")
        return tuple(_of_kind(part, 0.0, "float", path) for part in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise MvpRealError(f"{path} is {value!r}; needs a number")
    if kind == "int":
        if value != int(value):
            raise MvpRealError(f"{path} is {value!r}; needs a whole number")
        return int(value)
    return float(value)
