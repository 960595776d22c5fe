"""Pictures of a run show what they say."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from mvp_real.networks.mae import DecoderConfig, MaskedAutoencoder
from mvp_real.networks.vit import ViTConfig
from mvp_real.training.pretrain.pictures import attention_sheet, draw_curves, reconstruction_sheet

SIZE = ViTConfig(image_size=16, patch=4, dim=16, blocks=2, heads=4)


def test_reconstructions_copy_what_was_seen(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = MaskedAutoencoder(SIZE, DecoderConfig(8, 1, 2))
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    reconstruction_sheet(model, images, tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))[..., ::-1]
    assert sheet.shape == (64, 192, 3)  # two rows of three columns, twice, enlarged 2 times
    again = sheet[::2, ::2]
    np.testing.assert_array_equal(again[:16, :16], images[0])
    same = (again[:16, 32:48] == images[0]).all(axis=-1).mean()
    assert 0.25 <= same < 0.5  # the visible quarter, to the byte


def test_attention_sheet_has_a_column_per_head(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = MaskedAutoencoder(SIZE, DecoderConfig(8, 1, 2))
    attention_sheet(model, np.full((2, 16, 16, 3), 90, np.uint8), tmp_path / "attention.png")
    sheet = cv2.imread(str(tmp_path / "attention.png"))
    assert sheet.shape == (32, 64, 3)
    assert (sheet[:, :16] == 90).all()
    assert sheet[:16, 16:32].max() == 255


def test_curves_of_a_run_without_probes(tmp_path: Path) -> None:
    history = [
        {"samples": 8, "loss": 1.0},
        {"samples": 16, "loss": 0.5},
        {"samples": 16, "held_out_loss": 0.6},
    ]
    draw_curves(history, tmp_path / "curve.png")
    assert cv2.imread(str(tmp_path / "curve.png")) is not None
