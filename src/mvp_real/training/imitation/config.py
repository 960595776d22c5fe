"""Settings of behaviour cloning, read from `config/train/bc.yaml` and overridden by the command line."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mvp_real.errors import MvpRealError, unknown_name

STANDARDISATIONS = ("none", "dimension", "position")


@dataclass(frozen=True)
class BehaviourCloningConfig:
    """One training of a controller (defaults: mvp_real sheet, part 4).

    Attributes:
        name: Name of the bundle.
        encoder: Bundle of the frozen encoder; "oracle" for the simulator's state, "cnn" to train a convolutional
            trunk end to end.
        readout: How the tokens are read.
        keypoints: Maps of the readout "keypoints".
        keypoint_hidden: Units of the hidden layer of a keypoint map; 0 for linear maps.
        demos: Folders of demonstrations.
        labels: "commanded" or "measured_delta".
        step_threshold: Joint change that makes a step worth keeping, rad; 0 keeps all.
        frame_skip: Only with "measured_delta".
        views: Views of each frame: 1 the frame alone, 2 with its mirror image, 4 with both in other colours.
        standardisation: Of the tokens: per "dimension" over all patches, per "position" and dimension, or "none".
        components: Principal components of the tokens that a learning readout sees; 0 for all dimensions. Fewer
            make training faster.
        standardise_state: Also standardise proprioception (the thesis feeds raw radians).
        standardise_action: Learn actions in units of their spread (the thesis learns radians).
        token_noise: Gaussian noise on standardised tokens in training.
        state_noise: Gaussian noise on the joint angles in training, rad.
        dropout: On the joint embedding.
        readout_lr_factor: The readout's learning rate over the head's.
        gripper_weight: Weight of the gripper channel in the loss.
        delta_reference: How the robot applies the deltas: "measured" or "commanded".
    """

    name: str = "controller"
    encoder: str = "mae"
    readout: str = "keypoints"
    keypoints: int = 32
    keypoint_hidden: int = 0
    demos: tuple[str, ...] = ()
    task: str = "pick_fruit"
    robot: str = "xarm7"
    seed: int = 1
    epochs: int = 400
    warmup_epochs: int = 40
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    readout_lr_factor: float = 3.0
    hidden: tuple[int, ...] = (256, 128, 64)
    labels: str = "commanded"
    step_threshold: float = 0.004
    frame_skip: int = 0
    views: int = 1
    standardisation: str = "dimension"
    components: int = 0
    standardise_state: bool = False
    standardise_action: bool = False
    token_noise: float = 0.0
    state_noise: float = 0.0
    dropout: float = 0.0
    gripper_weight: float = 1.0
    use_proprioception: bool = True
    control_period: float = 0.2
    delta_reference: str = "measured"

    def __post_init__(self) -> None:
        if self.standardisation not in STANDARDISATIONS:
            raise unknown_name("standardisation", self.standardisation, STANDARDISATIONS)
        if not 0 <= self.warmup_epochs < self.epochs:
            raise MvpRealError(
                f"warm-up of {self.warmup_epochs} epochs does not fit {self.epochs} epochs; lower warmup_epochs"
            )


def load_config(path: Path | None, **overrides: Any) -> BehaviourCloningConfig:
    """Settings from a YAML file, then from the keyword arguments that are not None.

    Raises:
        MvpRealError: An unknown setting, or a value of the wrong type.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, yaml.YAMLError) as error:
            raise MvpRealError(f"cannot read the settings '{path}': {error}") from error
        if not isinstance(values, dict):
            raise MvpRealError(f"'{path}' must be a mapping of settings, got {type(values).__name__}")
    values |= {name: value for name, value in overrides.items() if value is not None}
    return make_config(values)


def make_config(values: dict[str, Any]) -> BehaviourCloningConfig:
    """Settings from a mapping, each checked against the type of its field."""
    hints = typing.get_type_hints(BehaviourCloningConfig)
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name not in hints:
            raise unknown_name("setting of behaviour cloning", name, hints)
        checked[name] = _checked(name, value, hints[name])
    return BehaviourCloningConfig(**checked)


def plain(config: BehaviourCloningConfig) -> dict[str, Any]:
    """The settings as YAML's own types."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(config).items()
    }


def _checked(name: str, value: Any, kind: Any) -> Any:
    if typing.get_origin(kind) is tuple:
        items = [value] if isinstance(value, (str, int)) else list(value)
        return tuple(_checked(name, item, typing.get_args(kind)[0]) for item in items)
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if kind is float and isinstance(value, str):
        # YAML 1.1 reads 1e-3 (without a dot) as text.
        try:
            return float(value)
        except ValueError:
            pass
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise MvpRealError(f"setting '{name}' must be a {kind.__name__}, got {value!r}")
