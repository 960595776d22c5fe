"""Settings: shipped files are valid, unknown keys are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvp_real.errors import MvpRealError
from mvp_real.resources import config_file
from mvp_real.training.pretrain.config import MaeTrainingConfig, load_mae_config


@pytest.mark.parametrize(
    "name", ["mae_vit_p8_96", "mae_vit_small_224", "mae_vit_base_224", "mae_vit_large_224"]
)
def test_shipped_settings_are_valid(name: str) -> None:
    config = load_mae_config(config_file(f"train/{name}.yaml"))
    assert config.encoder.patches >= 144
    assert MaeTrainingConfig.from_dict(config.as_dict()) == config


def test_the_recipe_of_the_thesis_is_the_default(tmp_path: Path) -> None:
    config = load_mae_config(config_file("train/mae_vit_small_224.yaml"))
    assert (config.mask_ratio, config.variance_floor, config.betas) == (0.75, 1e-6, (0.9, 0.95))
    assert (config.weight_decay, config.batch, config.gradient_clip) == (0.05, 4096, 0.0)
    assert config.learning_rate == pytest.approx(2.4e-3)


def test_unknown_settings_suggest_the_near_one(tmp_path: Path) -> None:
    path = tmp_path / "mae.yaml"
    path.write_text("mask_ration: 0.5\n")
    with pytest.raises(MvpRealError, match="mask_ratio"):
        load_mae_config(path)
    path.write_text("encoder: {patchs: 8}\n")
    with pytest.raises(MvpRealError, match="unknown encoder setting 'patchs'"):
        load_mae_config(path)


def test_hash_follows_the_content(config: MaeTrainingConfig) -> None:
    other = MaeTrainingConfig.from_dict({**config.as_dict(), "seed": 2})
    assert config.hash() == MaeTrainingConfig.from_dict(config.as_dict()).hash()
    assert config.hash() != other.hash()
