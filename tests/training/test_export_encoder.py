"""Encoder bundles: parity with torch, a card that loads, weights that training can go on from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file

from mvp_real.bundle import load_card
from mvp_real.cameras.preprocessing import Preprocessing
from mvp_real.errors import MvpRealError
from mvp_real.networks.mae import DecoderConfig, MaskedAutoencoder
from mvp_real.networks.released import encoder_from
from mvp_real.networks.vit import VisionTransformer, ViTConfig
from mvp_real.resources import model_directory
from mvp_real.training.export_encoder import (
    check_parity,
    export_encoder,
    export_pretrained,
    pretraining_weights,
)
from mvp_real.training.pretrain.checkpoint import build_model, save_checkpoint
from mvp_real.training.pretrain.config import MaeTrainingConfig

SIZE = ViTConfig(image_size=32, patch=8, dim=32, blocks=2, heads=2)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as training writes it, after one step."""
    folder = tmp_path_factory.mktemp("run")
    config = MaeTrainingConfig(encoder=SIZE, decoder=DecoderConfig(16, 1, 2), batch=8)
    model = build_model(config)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad])
    model.loss(torch.randn(2, 16, 192), torch.rand(2, 16)).backward()
    optimizer.step()
    probes = {
        "class": {"mlp_median_mm": 30.0, "ridge_r2_x": 0.5, "ridge_r2_y": 0.25},
        "keypoints": {"median_mm": 9.0, "median_mm_near": 7.0, "r2_x": 0.9, "r2_y": 0.8},
    }
    history = [
        {"samples": 0, "probes": {"random": probes, "raw": probes}},
        {"samples": 8, "held_out_loss": 0.5, "held_out_loss_of_zero": 0.99},
        {"samples": 8, "probes": {"mae": probes}},
    ]
    state = {"config": config.as_dict(), "samples": 8, "seconds": 36.0, "history": history}
    save_checkpoint(folder, model, optimizer, {**state, "images": 100, "origin": None})
    return folder


@pytest.fixture(scope="module")
def bundle(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("models") / "mae_test"
    export_pretrained(run, directory, command="mvp_real train mae", data="Rendered tables.")
    return directory


def test_onnx_equals_torch_for_any_batch(run: Path, bundle: Path) -> None:
    from mvp_real.training.pretrain.checkpoint import load_model

    model, _, _ = load_model(run)
    session = onnxruntime.InferenceSession(str(bundle / "model.onnx"))
    for batch in (1, 5):
        images = torch.randn(batch, 3, 32, 32)
        (tokens,) = session.run(["tokens"], {"image": images.numpy()})
        with torch.no_grad():
            expected = model(images).numpy()
        assert tokens.shape == expected.shape == (batch, 17, 32)
        cosine = (
            (tokens * expected).sum(-1) / np.linalg.norm(tokens, axis=-1) / np.linalg.norm(expected, axis=-1)
        )
        assert cosine.min() > 0.9999
        assert np.abs(tokens - expected).max() < 1e-3


def test_the_card_says_what_it_is(bundle: Path) -> None:
    card = load_card(bundle)
    assert card.kind == "encoder"
    assert card.tensor("tokens").shape == (17, 32)
    assert card.image == Preprocessing(size=32).for_card()
    assert card.training["image_samples"] == 8
    assert card.training["recipe"]["encoder"]["heads"] == 2
    figures = {(metric.subject, metric.metric): metric.value for metric in card.metrics}
    assert figures[("this encoder", "keypoint probe, median error, mm")] == 9.0
    assert figures[("random encoder", "keypoint probe, R2 (mean of x and y)")] == 0.85
    assert any("not an encoder for real cameras" in sentence for sentence in card.limitations)
    assert "8 samples of 100 images" in (bundle / "README.md").read_text()


def test_training_goes_on_from_the_bundle(bundle: Path) -> None:
    tensors, origin = pretraining_weights(bundle)
    model = MaskedAutoencoder(SIZE, DecoderConfig(16, 1, 2))
    model.load_state_dict(tensors)
    assert origin["bundle"] == "mae_test"
    assert origin["image_samples"] == 8


def test_a_bundle_without_decoder_cannot_go_on(tmp_path: Path) -> None:
    encoder = VisionTransformer(SIZE)
    export_encoder(
        encoder, Preprocessing(size=32), tmp_path / "random", name="random", summary="Random.", training={}
    )
    with pytest.raises(MvpRealError, match="no decoder weights"):
        pretraining_weights(tmp_path / "random")
    with torch.no_grad():
        encoder.blocks[0].attn.proj.weight.mul_(1.5)
    with pytest.raises(MvpRealError, match="disagree"):
        check_parity(encoder, torch.randn(2, 3, 32, 32), tmp_path / "random" / "model.onnx")


def test_the_shipped_encoder_is_its_weights() -> None:
    directory = model_directory("mae_vit_p8_96")
    card = load_card(directory)
    tensors = load_file(directory / card.weights.file)
    encoder = encoder_from(tensors, ViTConfig(**card.training["recipe"]["encoder"]))
    check_parity(encoder, torch.randn(2, 3, 96, 96), directory / card.model.file)
    decoder = DecoderConfig(**card.training["recipe"]["decoder"])
    MaskedAutoencoder(encoder.config, decoder).load_state_dict(tensors)
