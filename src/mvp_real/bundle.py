"""Policy bundles: folders with `model.onnx`, `weights.safetensors`, `card.yaml` and a README from the card.

The card says what the model may be wired to; a node refuses a bundle whose card does not match. Three kinds:

* `encoder`: `image` (B, 3, S, S) float32, normalised, to `tokens` (B, T, D) float32.
* `controller`: `feature` (B, T, D) and `proprioception` (B, n), float32, to `action` (B, n) float32.
* `locomotion`: `tokens` (B, 16, 102) float32, oldest first, and `mask` (B, 16) float32, 1 for a token and 0 for
  padding, to `action` (B, 36) float32: the mean, not clipped. Normalisation of the inputs is inside the graph.
"""

from __future__ import annotations

import hashlib
import re
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mvp_real.documents import read_document
from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.records import RecordError, parse

SCHEMA_VERSION = 1
CARD_FILE = "card.yaml"
KINDS = ("encoder", "controller", "locomotion")
READOUTS = ("class", "mean", "grid", "keypoints", "attention", "flat")
ORACLE = "oracle"  # name of the encoder whose feature is the simulator's privileged state


class BundleError(MvpRealError):
    """A bundle that is incomplete, altered or wired to the wrong thing."""


@dataclass(frozen=True)
class Tensor:
    """Name and shape of one model input or output, without the batch dimension."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Asset:
    """A file of the bundle and its SHA-256, as 64 hexadecimal digits."""

    file: str
    sha256: str

    def __post_init__(self) -> None:
        _require_digest(f"sha256 of '{self.file}'", self.sha256)


@dataclass(frozen=True)
class EncoderReference:
    """The frozen encoder that a controller was trained on.

    Attributes:
        name: Bundle name, or "oracle" for the simulator's privileged state.
        sha256: Digest of the encoder's ONNX file; empty for the oracle.
        preprocessing_hash: `Preprocessing.hash()` of the image path used in training; empty for the oracle.
    """

    name: str
    sha256: str = ""
    preprocessing_hash: str = ""

    def __post_init__(self) -> None:
        _require_digest(f"sha256 of encoder '{self.name}'", self.sha256)
        _require_digest(f"preprocessing_hash of encoder '{self.name}'", self.preprocessing_hash)


@dataclass(frozen=True)
class ImageInput:
    """The image path, as fields of `mvp_real.cameras.preprocessing.Preprocessing`.

    Attributes:
        size: Side of the network's input, px.
        crop: Side of the square cut from the 640x480 image, px.
        anchor: Where the square lies vertically: "lower" or "centre".
        mean, std: Per-channel normalisation of values in 0..1, RGB.
        hash: `Preprocessing.hash()` of exactly this path.
    """

    size: int
    crop: int
    anchor: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    hash: str


@dataclass(frozen=True)
class Action:
    """How a controller's output moves the robot (Xiao 2023, sec. 5.3.2).

    Attributes:
        joints: Joint names in output order; the gripper comes last.
        gripper_scale: Value of a full gripper change in the last output.
        control_period: Time between two actions, s.
        delta_reference: "measured" (target = measured + delta) or "commanded" (target = last target + delta).
        max_step: Largest joint change per action that the driver's limiter lets through, rad, per joint.
    """

    joints: tuple[str, ...]
    gripper_scale: float
    control_period: float
    delta_reference: str
    max_step: tuple[float, ...]


@dataclass(frozen=True)
class Walking:
    """The robot that a walking policy was trained on, and what its numbers mean (Xiao 2023, sec. 6.4).

    `control.locomotion.wiring.walking_of` makes it from the robot's table, `check_walking` compares.

    Attributes:
        motors: Names in the order of the PD targets.
        gain_motors: Names in the order of the gains.
        observed_joints: Names in the order of the joint positions in the observation.
        default_pose: Motor angles at an action of zero, rad.
        default_joints: Positions of the observed joints that are subtracted in the observation, rad.
        kp, kd: Nominal gains of the motors, Nm/rad and Nm s/rad.
        target_lower, target_upper: Range of the PD targets, rad.
        target_speed: How fast PD targets may move, rad/s.
        target_scale: rad per unit of action.
        gain_scale: Share of the nominal gain per unit of action.
        gain_range: Smallest and largest share of the nominal gain.
        control_period: Time between two actions, s.
        window: Tokens in the context.
        gait_period: Time of one cycle of the clock input, s.
    """

    motors: tuple[str, ...]
    gain_motors: tuple[str, ...]
    observed_joints: tuple[str, ...]
    default_pose: tuple[float, ...]
    default_joints: tuple[float, ...]
    kp: tuple[float, ...]
    kd: tuple[float, ...]
    target_lower: tuple[float, ...]
    target_upper: tuple[float, ...]
    target_speed: tuple[float, ...]
    target_scale: float
    gain_scale: float
    gain_range: tuple[float, float]
    control_period: float
    window: int
    gait_period: float


@dataclass(frozen=True)
class Metric:
    """One measured figure and the command that reproduces it. `k` of `n` for rates, `value` otherwise."""

    subject: str
    metric: str
    command: str
    k: int | None = None
    n: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Card:
    """Everything a node and a reader must know about a bundle.

    Attributes:
        readout: How a controller reads the encoder's tokens, one of `READOUTS`; empty for an encoder.
        training: Free record of data ids, budget, seed and recipe; demo ids under `demos` for a controller.
        deviations: What differs from the thesis, one sentence each.
        limitations: What the model is not, one sentence each.
    """

    kind: str
    name: str
    summary: str
    licence: str
    model: Asset
    weights: Asset
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    task: str = ""
    robot: str = ""
    image: ImageInput | None = None
    encoder: EncoderReference | None = None
    readout: str = ""
    action: Action | None = None
    walking: Walking | None = None
    training: dict[str, Any] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    deviations: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    schema: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        if self.schema != SCHEMA_VERSION:
            raise BundleError(
                f"card '{self.name}' has schema {self.schema}, this version reads {SCHEMA_VERSION}; "
                "export the bundle again"
            )
        if self.kind not in KINDS:
            raise unknown_name("bundle kind", self.kind, KINDS)
        if self.kind == "encoder" and self.image is None:
            raise BundleError(
                f"encoder card '{self.name}' lacks 'image' (the preprocessing it was trained with)"
            )
        if self.kind == "locomotion" and self.walking is None:
            raise BundleError(f"locomotion card '{self.name}' lacks 'walking' (the robot it was trained on)")
        if self.kind == "controller":
            if self.encoder is None or self.action is None:
                raise BundleError(f"controller card '{self.name}' needs both 'encoder' and 'action'")
            if self.readout not in READOUTS:
                raise unknown_name("readout", self.readout, READOUTS)
            if self.action.delta_reference not in ("measured", "commanded"):
                raise unknown_name("delta reference", self.action.delta_reference, ("measured", "commanded"))
            if len(self.action.max_step) != len(self.action.joints) - 1:
                raise BundleError(
                    f"card '{self.name}': action.max_step has {len(self.action.max_step)} entries, expected "
                    f"{len(self.action.joints) - 1}: one for each joint but the gripper"
                )

    def tensor(self, name: str) -> Tensor:
        """The input or output called `name`.

        Raises:
            BundleError: The model has no such tensor.
        """
        for tensor in (*self.inputs, *self.outputs):
            if tensor.name == name:
                return tensor
        raise unknown_name(
            f"tensor of bundle '{self.name}'", name, [t.name for t in (*self.inputs, *self.outputs)]
        )


def _require_digest(what: str, digest: str) -> None:
    """Empty stands for none."""
    if digest and not re.fullmatch(r"[0-9a-f]{8,64}", digest):
        raise BundleError(f"{what}: '{digest}' is not a hexadecimal digest")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def asset(path: Path) -> Asset:
    """The record of an existing bundle file."""
    return Asset(path.name, sha256_of(path))


def load_card(directory: Path, verify: bool = True) -> Card:
    """Read and check `card.yaml` in a bundle folder.

    Args:
        directory: The bundle.
        verify: Also compare the SHA-256 of the model and the weights.

    Raises:
        BundleError: The card is missing, malformed, or a file differs from the digest in the card.
    """
    path = Path(directory) / CARD_FILE
    if not path.exists():
        raise BundleError(f"no {CARD_FILE} in '{directory}'; a bundle is made by: mvp_real export")
    content = read_document(path, BundleError)
    try:
        card = typing.cast(Card, parse(content, Card, "card"))
    except RecordError as error:
        raise BundleError(f"'{path}': {error}") from error
    if verify:
        for item in (card.model, card.weights):
            if not item.file:
                continue
            if Path(item.file).name != item.file:
                raise BundleError(
                    f"'{path}' names '{item.file}', which is not a plain file name in the bundle"
                )
            target = path.parent / item.file
            if not target.is_file():
                raise BundleError(f"bundle '{card.name}' lacks '{item.file}', which its card names")
            if sha256_of(target) != item.sha256:
                raise BundleError(
                    f"'{target}' does not match the digest in its card; it was altered after the export, "
                    "restore it or export the bundle again"
                )
    return card
