"""The zoo's released encoders: sizes that fit their tensor counts, and bundles from converted weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mvp_real.bundle import load_card
from mvp_real.errors import MvpRealError
from mvp_real.networks.vit import VisionTransformer, ViTConfig
from mvp_real.training import released_encoders as released
from mvp_real.training.export_encoder import check_parity


def test_every_row_of_the_zoo_builds_with_its_tensor_count() -> None:
    rows = released.released_encoders()
    assert set(rows) >= {"vits-mae-hoi", "vitb-mae-egosoup", "vitl-256-mae-egosoup"}
    for row in rows.values():
        with torch.device("meta"):
            assert len(VisionTransformer(row.encoder).state_dict()) == row.tensors
    assert rows["vits-mae-hoi"].encoder.heads == 12


def test_a_converted_file_becomes_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = ViTConfig(image_size=32, patch=16, dim=24, blocks=2, heads=12)
    row = released.ReleasedEncoder("small.pth", "somewhere", "MAE on a test", size, 30)
    monkeypatch.setattr(released, "released_encoders", lambda: {"tiny": row})
    torch.manual_seed(0)
    encoder = VisionTransformer(size)
    save_file(dict(encoder.state_dict()), tmp_path / "tiny.safetensors")
    card = released.export_released("tiny", tmp_path / "tiny.safetensors", tmp_path / "bundle")
    assert load_card(tmp_path / "bundle") == card
    assert card.training["encoder"]["heads"] == 12
    check_parity(encoder, torch.randn(2, 3, 32, 32), tmp_path / "bundle" / "model.onnx")
    with pytest.raises(MvpRealError, match=r"get small\.pth from somewhere and convert it"):
        released.export_released("tiny", tmp_path / "absent.safetensors", tmp_path / "bundle")


def test_unknown_names_suggest_the_near_one(tmp_path: Path) -> None:
    with pytest.raises(MvpRealError, match="vits-mae-hoi"):
        released.export_released("vits-mae-hoy", tmp_path / "x.safetensors", tmp_path)
