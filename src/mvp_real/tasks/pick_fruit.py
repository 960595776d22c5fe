"""The task PickFruit: what an episode is, where fruits may lie, and which placements are kept for evaluation.

Sixteen evaluation and sixteen validation placements are written in `config/tasks/pick_fruit.yaml`. Code
refuses to train on them (`refuse_held_out`), and random draws keep clear of them. Seeds of different
purposes never share a random stream, because the purpose is part of the seed sequence.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import yaml
from numpy.random import Generator

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.resources import config_file

SCENES = ("plain", "varied")
STARTS = ("fixed", "random")
PURPOSES = {"training": 1, "validation": 2, "evaluation": 3, "trial": 4}


@dataclass(frozen=True)
class Placement:
    """Where one fruit lies.

    Attributes:
        fruit: Name of the fruit.
        x, y: Position of its centre on the table in the robot's base frame, m.
        yaw: Turn about the vertical, rad.
    """

    fruit: str
    x: float
    y: float
    yaw: float

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Placement:
        """Inverse of `dataclasses.asdict`."""
        return Placement(str(values["fruit"]), float(values["x"]), float(values["y"]), float(values["yaw"]))


@dataclass(frozen=True)
class EpisodeSetup:
    """Everything that decides how an episode begins; equal setups give equal bytes.

    Attributes:
        scene: "plain", or "varied" (texture, light, camera and distractors re-drawn from the seed).
        placement: The fruit.
        seed: Number of the random stream.
        start: "fixed" start pose, or "random" joints near it.
        purpose: Which stream the seed belongs to: training, validation, evaluation or trial.
    """

    scene: str
    placement: Placement
    seed: int
    start: str = "fixed"
    purpose: str = "training"

    def __post_init__(self) -> None:
        if self.scene not in SCENES:
            raise unknown_name("scene", str(self.scene), SCENES)
        if self.start not in STARTS:
            raise unknown_name("start", str(self.start), STARTS)
        if self.purpose not in PURPOSES:
            raise unknown_name("purpose", str(self.purpose), PURPOSES)
        if self.seed < 0:
            raise MvpRealError(f"the seed of an episode is {self.seed}; needs 0 or more")

    @staticmethod
    def from_dict(values: dict[str, Any]) -> EpisodeSetup:
        """Inverse of `dataclasses.asdict`; raises MvpRealError naming what is missing or wrong."""
        try:
            return EpisodeSetup(
                scene=str(values["scene"]),
                placement=Placement.from_dict(values["placement"]),
                seed=int(values["seed"]),
                start=str(values.get("start", "fixed")),
                purpose=str(values.get("purpose", "training")),
            )
        except KeyError as error:
            raise MvpRealError(
                f"the episode set-up lacks {error}; needs scene, placement and seed"
            ) from error
        except (TypeError, ValueError) as error:
            raise MvpRealError(f"the episode set-up {values!r} has a wrong value: {error}") from error

    def generator(self, stream: str) -> Generator:
        """A random generator of this episode for one use, e.g. "look"; other streams and purposes are
        independent.
        """
        word = int.from_bytes(stream.encode()[:8], "little")
        return np.random.default_rng(np.random.SeedSequence([PURPOSES[self.purpose], self.seed, word]))


@dataclass(frozen=True)
class PickFruitConfig:
    """Numbers of `config/tasks/pick_fruit.yaml`; see the comments there.

    Attributes:
        fruits: Names of the fruits of the task.
        x_range, y_range: (low, high) of the fruit's centre, m.
        yaw_range: (low, high), rad.
        start_joints: (7,) start pose, rad; the gripper is open.
        start_noise: Half width of the uniform joint noise of a random start, rad.
        control_period: s.
        time_limit_steps: Control steps after which an episode ends.
        success_height: Height of the fruit's centre above the table, m.
        success_steps: Consecutive control steps at that height.
        exclusion_radius: A training placement of the same fruit keeps this far from held-out ones, m.
        evaluation, validation: Held-out placements.
    """

    fruits: tuple[str, ...]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    yaw_range: tuple[float, float]
    start_joints: tuple[float, ...]
    start_noise: float
    control_period: float
    time_limit_steps: int
    success_height: float
    success_steps: int
    exclusion_radius: float
    evaluation: tuple[Placement, ...]
    validation: tuple[Placement, ...]


@lru_cache(maxsize=1)
def load_task() -> PickFruitConfig:
    """The task's configuration.

    Raises:
        MvpRealError: A key is missing or a value is wrong.
    """
    path = config_file("tasks/pick_fruit.yaml")
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        values = dict(document)
        for name in ("x_range", "y_range", "yaw_range", "start_joints"):
            values[name] = tuple(float(v) for v in values[name])
        values["fruits"] = tuple(str(name) for name in values["fruits"])
        for name in ("evaluation", "validation"):
            values[name] = tuple(
                Placement(str(fruit), float(x), float(y), float(yaw)) for fruit, x, y, yaw in values[name]
            )
        task = PickFruitConfig(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise MvpRealError(f"{path} is not a valid task: {error}") from error
    for placement in (*task.evaluation, *task.validation):
        if placement.fruit not in task.fruits:
            raise unknown_name(f"fruit in {path}", placement.fruit, task.fruits)
    return task


def evaluation_setups(scene: str) -> list[EpisodeSetup]:
    """The 16 held-out placements, two of each fruit, with fixed seeds."""
    return [EpisodeSetup(scene, p, k, "fixed", "evaluation") for k, p in enumerate(load_task().evaluation)]


def validation_setups(scene: str) -> list[EpisodeSetup]:
    """The 16 placements that choices are made on, two of each fruit, with fixed seeds."""
    return [EpisodeSetup(scene, p, k, "fixed", "validation") for k, p in enumerate(load_task().validation)]


def random_setup(
    seed: int, scene: str, purpose: str = "training", start: str = "fixed", fruit: str | None = None
) -> EpisodeSetup:
    """A random placement, clear of the held-out ones.

    Args:
        seed: Number of the stream within the purpose.
        scene: "plain" or "varied".
        purpose: "training" for demonstrations, "trial" for further evaluation on random placements.
        start: "fixed" or "random".
        fruit: A certain fruit, or None for a random one.

    Raises:
        MvpRealError: Unknown scene, start, purpose or fruit.
    """
    task = load_task()
    if fruit is not None and fruit not in task.fruits:
        raise unknown_name("fruit", fruit, task.fruits)
    nowhere = Placement(fruit or task.fruits[0], task.x_range[0], task.y_range[0], 0.0)
    generator = EpisodeSetup(scene, nowhere, seed, start, purpose).generator("place")
    while True:
        placement = Placement(
            fruit=fruit or task.fruits[int(generator.integers(len(task.fruits)))],
            x=float(generator.uniform(*task.x_range)),
            y=float(generator.uniform(*task.y_range)),
            yaw=float(generator.uniform(*task.yaw_range)),
        )
        if _nearest_held_out(placement)[1] >= task.exclusion_radius:
            return EpisodeSetup(scene, placement, seed, start, purpose)


def refuse_held_out(setup: EpisodeSetup) -> None:
    """Raise if a setup may not be used for training.

    Raises:
        MvpRealError: Its seed stream is not the training one, or the same fruit lies within 5 mm of an
            evaluation or validation placement.
    """
    if setup.purpose != "training":
        raise MvpRealError(
            f"episode {setup.seed} has the purpose '{setup.purpose}'; training data needs 'training'"
        )
    nearest, distance = _nearest_held_out(setup.placement)
    if distance < load_task().exclusion_radius:
        raise MvpRealError(
            f"{setup.placement} lies {1000 * distance:.1f} mm from the held-out {nearest}; "
            f"training needs {1000 * load_task().exclusion_radius:.0f} mm"
        )


def setup_to_dict(setup: EpisodeSetup) -> dict[str, Any]:
    """Plain JSON types."""
    return asdict(setup)


def _nearest_held_out(placement: Placement) -> tuple[Placement | None, float]:
    task = load_task()
    nearest, best = None, float("inf")
    for held_out in (*task.evaluation, *task.validation):
        if held_out.fruit == placement.fruit:
            distance = float(np.hypot(held_out.x - placement.x, held_out.y - placement.y))
            if distance < best:
                nearest, best = held_out, distance
    return nearest, best
