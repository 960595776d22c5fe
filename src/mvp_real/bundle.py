"""Policy bundles: folders with `model.onnx`, `weights.safetensors`, `card.yaml` and a README from the card.

The card says what the model may be wired to; a node refuses a bundle whose card does not match. Two kinds:

* `encoder`: `image` (B, 3, S, S) float32, normalised, to `tokens` (B, T, D) float32.
* `controller`: `feature` (B, T, D) and `proprioception` (B, n), float32, to `action` (B, n) float32.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mvp_real.errors import MvpRealError, unknown_name

SCHEMA_VERSION = 1
CARD_FILE = "card.yaml"
KINDS = ("encoder", "controller")
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
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BundleError(f"no {CARD_FILE} in '{directory}'; a bundle is made by: mvp_real export") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BundleError(f"'{path}' is not valid YAML: {error}") from error
    card = typing.cast(Card, _parse(content, Card, "card"))
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


def save_card(card: Card, directory: Path) -> Path:
    """Write `card.yaml` and the README rendered from it; return the card's path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / CARD_FILE
    path.write_text(
        yaml.safe_dump(_plain(card), sort_keys=False, allow_unicode=True, width=110), encoding="utf-8"
    )
    (directory / "README.md").write_text(render_readme(card), encoding="utf-8")
    return path


def render_readme(card: Card) -> str:
    """The bundle's README: the card as a page for people."""
    lines = [f"# {card.name}", "", card.summary, "", f"Kind: {card.kind}. Licence: {card.licence}.", ""]
    rows: list[tuple[str, str]] = []
    if card.task:
        rows.append(("task, robot", f"{card.task}, {card.robot}"))
    if card.image is not None:
        rows.append(("image", f"{card.image.crop} px {card.image.anchor} crop to {card.image.size} px"))
    if card.encoder is not None:
        rows += [("encoder", f"{card.encoder.name} ({card.encoder.sha256[:12] or 'simulator state'})")]
        rows += [("readout of the frozen encoder", card.readout)]
    if card.action is not None:
        rows.append(
            (
                "control period",
                f"{card.action.control_period} s, deltas from the {card.action.delta_reference} joints",
            )
        )
    rows += [(f"input `{t.name}`", " x ".join(map(str, t.shape))) for t in card.inputs]
    rows += [(f"output `{t.name}`", " x ".join(map(str, t.shape))) for t in card.outputs]
    lines += ["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows), ""]
    if card.metrics:
        lines += [
            "## Measured",
            "",
            "| what | figure | 95 % interval | command |",
            "| --- | --- | --- | --- |",
        ]
        lines += [_metric_row(metric) for metric in card.metrics] + [""]
    if card.training:
        lines += ["## Training", "", *_outline(card.training), ""]
    for title, sentences in (
        ("Deviations from the thesis", card.deviations),
        ("What it is not", card.limitations),
    ):
        if sentences:
            lines += [f"## {title}", "", *(f"- {sentence}" for sentence in sentences), ""]
    return "\n".join(lines)


def _metric_row(metric: Metric) -> str:
    figure = f"{metric.k}/{metric.n}" if metric.k is not None else f"{metric.value:.4g}"
    interval = "" if metric.low is None or metric.high is None else f"{metric.low:.3g} to {metric.high:.3g}"
    return f"| {metric.subject}: {metric.metric} | {figure} | {interval} | `{metric.command}` |"


def _outline(record: dict[str, Any]) -> list[str]:
    lines = []
    for key, value in record.items():
        if isinstance(value, (list, tuple)) and len(value) > 8:
            text = f"{len(value)} entries, listed in {CARD_FILE}"
        else:
            text = str(value)
        lines.append(f"- {key.replace('_', ' ')}: {text}")
    return lines


def _plain(value: Any) -> Any:
    """Dataclasses and tuples as YAML's own types; fields at their default are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: _plain(getattr(value, f.name))
            for f in dataclasses.fields(value)
            if not _is_default(value, f)
        }
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def _is_default(record: Any, item: dataclasses.Field[Any]) -> bool:
    value = getattr(record, item.name)
    if item.default_factory is not dataclasses.MISSING:
        return bool(value == item.default_factory())
    return item.name != "schema" and item.default is not dataclasses.MISSING and bool(value == item.default)


def _parse(value: Any, kind: Any, where: str) -> Any:
    """Check `value` against a type annotation and build the dataclasses it names.

    Raises:
        BundleError: A field is missing, unknown or of the wrong type; the message gives its path.
    """
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        inner = [option for option in typing.get_args(kind) if option is not type(None)]
        return None if value is None else _parse(value, inner[0], where)
    if origin is tuple:
        if not isinstance(value, list):
            raise BundleError(f"{where}: expected a list, got {value!r}")
        options = typing.get_args(kind)
        if options[-1] is Ellipsis:
            return tuple(_parse(item, options[0], f"{where}[{i}]") for i, item in enumerate(value))
        if len(options) != len(value):
            raise BundleError(f"{where}: expected {len(options)} entries, got {len(value)}")
        pairs = enumerate(zip(value, options, strict=True))
        return tuple(_parse(item, option, f"{where}[{i}]") for i, (item, option) in pairs)
    if dataclasses.is_dataclass(kind):
        return _parse_record(value, kind, where)
    if origin is dict:
        if not isinstance(value, dict):
            raise BundleError(f"{where}: expected a mapping, got {value!r}")
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BundleError(f"{where}: expected {kind.__name__}, got {value!r}")
    return value


def _parse_record(value: Any, kind: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise BundleError(f"{where}: expected a mapping, got {value!r}")
    hints = typing.get_type_hints(kind)
    for key in value:
        if key not in hints:
            raise BundleError(f"{where}: {unknown_name('field', str(key), hints)}")
    arguments = {}
    for item in dataclasses.fields(kind):
        if item.name in value:
            arguments[item.name] = _parse(value[item.name], hints[item.name], f"{where}.{item.name}")
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise BundleError(f"{where}: '{item.name}' is missing")
    for name in ("sha256", "preprocessing_hash"):
        digest = arguments.get(name, "")
        if digest and not re.fullmatch(r"[0-9a-f]{8,64}", digest):
            raise BundleError(f"{where}.{name}: '{digest}' is not a hexadecimal digest")
    return kind(**arguments)
