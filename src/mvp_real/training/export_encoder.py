"""A frozen encoder as a bundle: one ONNX file, safetensors (with the decoder, to train on), card and
README."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from mvp_real import bundle
from mvp_real.bundle import Card, Metric, Tensor
from mvp_real.bundle_writer import save_card
from mvp_real.cameras.preprocessing import Preprocessing
from mvp_real.errors import MvpRealError, require
from mvp_real.networks.vit import VisionTransformer
from mvp_real.training.bundle_files import MODEL, WEIGHTS, save_weights
from mvp_real.training.onnx_graph import export_graph
from mvp_real.training.pretrain.checkpoint import load_model

SMALLEST_COSINE = 0.9999
LARGEST_DIFFERENCE = 1e-3


def export_encoder(
    module: nn.Module,
    preprocessing: Preprocessing,
    directory: Path,
    *,
    name: str,
    summary: str,
    training: dict[str, Any],
    limitations: Sequence[str] = (),
    deviations: Sequence[str] = (),
    metrics: Sequence[Metric] = (),
    weights: dict[str, torch.Tensor] | None = None,
) -> Card:
    """Write the bundle of any module that maps normalised images (B, 3, S, S) to tokens (B, T, D).

    Args:
        weights: What to keep as safetensors (default: the module's state); a masked autoencoder keeps its
            decoder there, so that training can go on from the bundle.

    Raises:
        MvpRealError: ONNX Runtime and torch disagree by more than 1e-3, or in direction (cosine below
        0.9999).
    """
    directory.mkdir(parents=True, exist_ok=True)
    size = preprocessing.size
    images = torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(0))
    export_graph(module, {"image": images}, "tokens", directory / MODEL, tolerance=LARGEST_DIFFERENCE)
    check_parity(module, images, directory / MODEL)
    save_weights(module.state_dict() if weights is None else weights, directory / WEIGHTS)
    with torch.no_grad():
        shape = tuple(module(images).shape[1:])
    card = Card(
        kind="encoder",
        name=name,
        summary=summary,
        licence="Apache-2.0",
        model=bundle.asset(directory / MODEL),
        weights=bundle.asset(directory / WEIGHTS),
        inputs=(Tensor("image", (3, size, size)),),
        outputs=(Tensor("tokens", shape),),
        image=preprocessing.for_card(),
        training=training,
        metrics=tuple(metrics),
        deviations=tuple(deviations),
        limitations=tuple(limitations),
    )
    save_card(card, directory)
    return card


def check_parity(module: nn.Module, images: torch.Tensor, path: Path) -> tuple[float, float]:
    """Smallest cosine over tokens and largest absolute difference between torch and ONNX Runtime.

    Raises:
        MvpRealError: cosine <= 0.9999 or difference >= 1e-3.
    """
    runtime = require("onnxruntime", "infer")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: images.numpy()})[0]
    with torch.no_grad():
        expected = module(images).numpy()
    lengths = np.linalg.norm(found, axis=-1) * np.linalg.norm(expected, axis=-1)
    used = lengths > 1e-12
    cosine = float(((found * expected).sum(axis=-1)[used] / lengths[used]).min()) if used.any() else 1.0
    difference = float(np.abs(found - expected).max())
    if cosine <= SMALLEST_COSINE or difference >= LARGEST_DIFFERENCE:
        raise MvpRealError(
            f"'{path}' and the torch module disagree: cosine {cosine:.6f} (needs > {SMALLEST_COSINE}), "
            f"largest difference {difference:.2g} (needs < {LARGEST_DIFFERENCE}); export again with "
            f"another torch "
            "or onnxruntime version"
        )
    return cosine, difference


def export_pretrained(run: Path, directory: Path, command: str, data: str) -> Card:
    """Bundle of the encoder in the checkpoint folder `run`, with its loss and probe table on the card.

    Args:
        command: The command that trained it.
        data: One sentence on the training images.
    """
    model, config, state = load_model(run)
    encoder = encoder_of(model)
    held_out = [row for row in state["history"] if "held_out_loss" in row]
    references = [row["probes"] for row in state["history"] if "random" in row.get("probes", {})]
    probed = [row for row in state["history"] if "mae" in row.get("probes", {})]
    metrics: list[Metric] = []
    if held_out:
        last = held_out[-1]
        metrics += [
            Metric(
                "masked loss, held-out images",
                "MSE of normalised pixels",
                command,
                value=last["held_out_loss"],
            ),
            Metric(
                "the same, predicting zero",
                "MSE of normalised pixels",
                command,
                value=last["held_out_loss_of_zero"],
            ),
        ]
    tables = ([("this encoder", probed[-1]["probes"]["mae"])] if probed else []) + (
        [("random encoder", references[0]["random"]), ("raw 8-px patches", references[0]["raw"])]
        if references
        else []
    )
    for subject, table in tables:
        metrics += _probe_metrics(subject, table, command)
    training = {
        "method": "masked autoencoder (He 2022; Xiao 2023, ch. 4)",
        "data": data,
        "images": state["images"],
        "image_samples": state["samples"],
        "hours_on_one_cpu_core": round(state["seconds"] / 3600.0, 2),
        "recipe": config.as_dict(),
        "started_from": state["origin"] or "random weights",
        "held_out_loss_by_samples": [[row["samples"], round(row["held_out_loss"], 4)] for row in held_out],
        "keypoint_probe_median_mm_by_samples": [
            [row["samples"], round(row["probes"]["mae"]["keypoints"]["median_mm"], 2)] for row in probed
        ],
    }
    size = config.encoder
    return export_encoder(
        encoder,
        Preprocessing(size=size.image_size),
        directory,
        name=directory.name,
        summary=(
            f"Small vision Transformer ({size.patches} patches of {size.patch} px at {size.image_size} px, "
            f"width "
            f"{size.dim}, {size.blocks} blocks, {size.heads} heads), pre-trained as a masked autoencoder "
            f"on rendered "
            f"images: {state['samples']:,} image samples on one CPU core."
        ),
        training=training,
        metrics=metrics,
        deviations=(
            f"The thesis trains ViT-S to ViT-L at 224 px with 16-px patches on 0.7 to 4.5 million "
            f"photographs, "
            f"hundreds of times each; this one saw {state['samples']:,} samples of {state['images']:,} "
            f"images.",
            f"Variance floor of the pixel normalisation {config.variance_floor:g} instead of 1e-6, crop "
            f"scale "
            f"{config.crop_scale[0]:g} to {config.crop_scale[1]:g}, decoder {config.decoder.dim} x "
            f"{config.decoder.blocks} instead of 512 x 8.",
        ),
        limitations=(
            "It is small and under-trained; it knows rendered tables with fruit and little else.",
            "It is not an encoder for real cameras: use the released MVP weights there (models/zoo.yaml).",
        ),
        weights=dict(model.state_dict()),
    )


def _probe_metrics(subject: str, table: dict[str, dict[str, float]], command: str) -> list[Metric]:
    keypoints, token = table["keypoints"], table["class"]
    rows = [
        ("keypoint probe, median error, mm", keypoints["median_mm"]),
        ("keypoint probe, median error within 3 cm of the fruit, mm", keypoints["median_mm_near"]),
        ("keypoint probe, R2 (mean of x and y)", (keypoints["r2_x"] + keypoints["r2_y"]) / 2),
        ("class-token probe (MLP), median error, mm", token["mlp_median_mm"]),
        ("class-token probe (ridge), R2 (mean of x and y)", (token["ridge_r2_x"] + token["ridge_r2_y"]) / 2),
    ]
    return [
        Metric(subject, name, command, value=round(float(value), 4))
        for name, value in rows
        if np.isfinite(value)
    ]


def encoder_of(model: VisionTransformer) -> VisionTransformer:
    """The encoder alone, with the weights of a masked autoencoder."""
    with torch.random.fork_rng(devices=[]):
        encoder = VisionTransformer(model.config)
    encoder.load_state_dict({key: model.state_dict()[key] for key in encoder.state_dict()})
    return encoder.eval()


def pretraining_weights(directory: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Encoder and decoder tensors of a bundle, and the record of where they came from.

    Raises:
        MvpRealError: the bundle holds an encoder only.
    """
    card = bundle.load_card(directory)
    tensors = load_file(directory / card.weights.file)
    if "mask_token" not in tensors:
        raise MvpRealError(
            f"the bundle {directory} has no decoder weights, so pre-training cannot go on from it"
        )
    origin = {
        "bundle": card.name,
        "sha256": card.weights.sha256,
        "image_samples": card.training.get("image_samples"),
    }
    return tensors, origin
