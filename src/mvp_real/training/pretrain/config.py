"""Everything that decides a masked pre-training run, read from `config/train/mae_*.yaml`."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.networks.mae import DecoderConfig
from mvp_real.networks.vit import ViTConfig


@dataclass(frozen=True)
class MaeTrainingConfig:
    """One run. Counts are in image samples (one image seen once), never in steps or epochs."""

    encoder: ViTConfig = field(default_factory=ViTConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    mask_ratio: float = 0.75
    variance_floor: float = 1e-6
    """Added to the variance in the per-patch normalisation of the target. 1e-6 is MAE's; on rendered images
    with flat patches a larger floor keeps the loss from chasing quantisation steps."""
    crop_scale: tuple[float, float] = (0.2, 1.0)
    """Area of the random crop as a share of the image."""
    crop_aspect: tuple[float, float] = (3.0 / 4.0, 4.0 / 3.0)
    flip: bool = True
    interpolation: str = "bicubic"
    batch: int = 4096
    micro_batch: int = 0
    """Images per forward pass, gradients summed over the passes of a batch; 0: the whole batch at once."""
    base_learning_rate: float = 1.5e-4
    """Per 256 images: the rate is `base * batch / 256` (He 2022)."""
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.05
    warmup_samples: int = 40 * 700_000
    max_samples: int = 1600 * 700_000
    gradient_clip: float = 0.0
    """Largest gradient norm; 0 leaves gradients alone (MAE's recipe)."""
    precision: str = "fp32"
    """"bf16" runs matrix products in bfloat16; only CPUs with AVX512_BF16 or AMX and GPUs gain from it."""
    seed: int = 1
    threads: int = 1
    checkpoint_minutes: float = 5.0
    validate_samples: int = 20_000
    """Held-out loss every so many samples."""
    probe_samples: int = 200_000
    """Fruit-position probes every so many samples; 0 turns them off."""

    def __post_init__(self) -> None:
        if self.interpolation not in ("bicubic", "bilinear"):
            raise unknown_name("interpolation", self.interpolation, ("bicubic", "bilinear"))
        if self.precision not in ("fp32", "bf16"):
            raise unknown_name("precision", self.precision, ("fp32", "bf16"))
        if not 0.0 < self.crop_scale[0] <= self.crop_scale[1] <= 1.0:
            raise MvpRealError(
                f"crop_scale {self.crop_scale} must be two shares with 0 < smallest <= largest <= 1"
            )

    @property
    def learning_rate(self) -> float:
        """Peak rate: base 1.5e-4 at batch 4096 is 2.4e-3."""
        return self.base_learning_rate * self.batch / 256

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types; `from_dict` reads it back."""
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain

    def training_settings(self) -> dict[str, Any]:
        """What decides the weights: everything but how often a run measures and saves, and how long it is."""
        aside = {
            "threads",
            "micro_batch",
            "checkpoint_minutes",
            "validate_samples",
            "probe_samples",
            "max_samples",
        }
        return {key: value for key, value in self.as_dict().items() if key not in aside}

    def hash(self) -> str:
        """First 16 hex digits of the SHA-256 of the sorted JSON form."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:16]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> MaeTrainingConfig:
        """Build from plain values.

        Raises:
            MvpRealError: a key does not exist; near ones are suggested.
        """
        values = dict(values)
        known = {entry.name for entry in dataclasses.fields(cls)}
        for key in values:
            if key not in known:
                raise unknown_name("training setting", key, known)
        for key, kind in (("encoder", ViTConfig), ("decoder", DecoderConfig)):
            section = values.get(key)
            if isinstance(section, dict):
                names = {entry.name for entry in dataclasses.fields(kind)}
                for name in section:
                    if name not in names:
                        raise unknown_name(f"{key} setting", name, names)
                values[key] = kind(**section)
        for key in ("crop_scale", "crop_aspect", "betas"):
            if key in values:
                values[key] = tuple(float(item) for item in values[key])
        return cls(**values)


def load_mae_config(path: Path) -> MaeTrainingConfig:
    """Read a YAML file of `MaeTrainingConfig` fields.

    Raises:
        MvpRealError: There is no such file, it is no YAML, or it holds a setting that does not exist.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MvpRealError(f"cannot read the settings '{path}': {error}") from error
    if not isinstance(values, dict):
        raise MvpRealError(f"{path} must hold a mapping of settings, found {type(values).__name__}")
    return MaeTrainingConfig.from_dict(values)
