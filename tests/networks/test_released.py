"""Weights in the layout of the release: strict by name and shape, never unpickled."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mvp_real.errors import MvpRealError
from mvp_real.networks.released import encoder_from, load_encoder
from mvp_real.networks.vit import VisionTransformer, ViTConfig

SIZE = ViTConfig(image_size=32, patch=8, dim=24, blocks=12, heads=12)


@pytest.fixture
def released() -> dict[str, torch.Tensor]:
    """A checkpoint with the 150 tensors of a 12-block release."""
    torch.manual_seed(1)
    tensors = {key: torch.randn(value.shape) for key, value in VisionTransformer(SIZE).state_dict().items()}
    assert len(tensors) == 150
    return tensors


def test_every_tensor_arrives(released: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "vits.safetensors"
    save_file({**released, "head.weight": torch.zeros(3), "decoder_embed.bias": torch.zeros(2)}, path)
    loaded = load_encoder(path, SIZE).state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in released.items())


def test_missing_and_unknown_tensors_are_named(released: dict[str, torch.Tensor]) -> None:
    del released["blocks.3.norm1.bias"]
    with pytest.raises(MvpRealError, match=r"1 tensors are missing \(blocks\.3\.norm1\.bias\)"):
        encoder_from(released, SIZE)
    with pytest.raises(MvpRealError, match=r"1 are not of a vision Transformer \(blocks\.3\.norm_1\.bias\)"):
        encoder_from(
            {**released, "blocks.3.norm1.bias": torch.zeros(24), "blocks.3.norm_1.bias": torch.zeros(24)},
            SIZE,
        )


def test_wrong_shape_is_named(released: dict[str, torch.Tensor]) -> None:
    released["norm.weight"] = torch.zeros(23)
    with pytest.raises(MvpRealError, match=r"'norm.weight' has shape \(23,\), the encoder needs \(24,\)"):
        encoder_from(released, SIZE)


def test_position_table_of_another_grid_is_resized(released: dict[str, torch.Tensor]) -> None:
    released["pos_embed"] = torch.randn(1, 1 + 49, 24)
    encoder = encoder_from(released, SIZE)
    assert encoder.pos_embed.shape == (1, 17, 24)
    assert torch.equal(encoder.pos_embed[:, 0], released["pos_embed"][:, 0])


def test_pickled_files_are_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"not even a pickle")
    with pytest.raises(MvpRealError, match="pickled weights can run code"):
        load_encoder(path, SIZE)
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"nor this")
    with pytest.raises(MvpRealError, match="not a readable safetensors file"):
        load_encoder(path, SIZE)
