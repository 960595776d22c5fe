"""Released MVP encoders as bundles: named in `models/zoo.yaml`, downloaded and converted by the user."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mvp_real.bundle import Card
from mvp_real.cameras.preprocessing import Preprocessing
from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.networks.released import load_encoder
from mvp_real.networks.vit import ViTConfig
from mvp_real.resources import share_directory
from mvp_real.training.export_encoder import export_encoder


@dataclass(frozen=True)
class ReleasedEncoder:
    """One row of the release's model zoo.

    Attributes:
        file: Name of the released file.
        source: Where its owners offer it.
        objective: What it was trained for and on.
        encoder: Its size; the head count cannot be read from the weights.
        tensors: How many tensors it holds.
        md5_prefix: First digits of the released file's MD5, where the release notes give them.
    """

    file: str
    source: str
    objective: str
    encoder: ViTConfig
    tensors: int
    md5_prefix: str = ""


def released_encoders(path: Path | None = None) -> dict[str, ReleasedEncoder]:
    """The `released` section of `models/zoo.yaml`, by name."""
    path = path or share_directory() / "models" / "zoo.yaml"
    rows: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["released"]
    return {
        name: ReleasedEncoder(**{**row, "encoder": ViTConfig(**row["encoder"])}) for name, row in rows.items()
    }


def export_released(name: str, weights: Path, directory: Path) -> Card:
    """Bundle of a released encoder from its weights as safetensors.

    Args:
        name: A name of the zoo, e.g. "vits-mae-hoi".
        weights: The converted file (docs/how-to/use_released_weights.md).
        directory: The bundle; its last part is the bundle's name.

    Raises:
        MvpRealError: the name is unknown, or the file does not hold exactly that encoder.
    """
    known = released_encoders()
    if name not in known:
        raise unknown_name("released encoder", name, known)
    if not weights.is_file():
        raise MvpRealError(
            f"there is no file {weights}; get {known[name].file} from {known[name].source} and convert it: "
            "docs/how-to/use_released_weights.md"
        )
    row = known[name]
    encoder = load_encoder(weights, row.encoder).eval()
    return export_encoder(
        encoder,
        Preprocessing(size=row.encoder.image_size),
        directory,
        name=directory.name,
        summary=f"{name} of the MVP release: {row.objective}.",
        training={
            "method": row.objective,
            "source": row.source,
            "released_file": row.file,
            "converted_file_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
            "encoder": dataclasses.asdict(row.encoder),
        },
        limitations=(
            "The weights belong to their authors; their licence, not this package's, applies to them.",
        ),
    )
