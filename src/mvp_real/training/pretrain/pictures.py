"""Pictures of a pre-training run: loss curve, probe curve, reconstruction sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from mvp_real.errors import require
from mvp_real.networks.mae import MaskedAutoencoder
from mvp_real.networks.masking import random_masking
from mvp_real.networks.patches import patchify, unpatchify
from mvp_real.networks.vit import VisionTransformer
from mvp_real.training.pretrain.images import patchify_bytes
from mvp_real.training.pretrain.pixels import denormalise, normalise_bytes


def draw_curves(history: list[dict[str, Any]], path: Path) -> None:
    """Training and held-out loss, and the keypoint probe, over image samples (`history` as in the JSONL
    log)."""
    matplotlib = require("matplotlib", "learn")
    matplotlib.use("Agg")
    pyplot = require("matplotlib.pyplot", "learn")
    train = [row for row in history if "loss" in row]
    held_out = [row for row in history if "held_out_loss" in row]
    probes = [row for row in history if "probes" in row]
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 3.6), constrained_layout=True)
    axes[0].plot(
        [row["samples"] for row in train], [row["loss"] for row in train], lw=1, label="training crops"
    )
    axes[0].plot(
        [row["samples"] for row in held_out],
        [row["held_out_loss"] for row in held_out],
        "o-",
        ms=3,
        label="held-out images",
    )
    axes[0].set(xlabel="image samples", ylabel="masked loss (normalised pixels)", ylim=(0, None))
    axes[0].legend()
    for row_name, colour in (("keypoints", "C2"), ("class", "C3")):
        key = "median_mm" if row_name == "keypoints" else "mlp_median_mm"
        for name in sorted({name for row in probes for name in row["probes"]}):
            points = [
                (row["samples"], row["probes"][name][row_name][key])
                for row in probes
                if name in row["probes"]
            ]
            style = "o-" if name == "mae" else {"random": "--", "raw": ":"}.get(name, "-.")
            samples, values = zip(*points, strict=True)
            if name == "mae":
                axes[1].plot(samples, values, style, color=colour, label=f"{row_name}, {name}")
            else:
                axes[1].axhline(values[-1], ls=style, color=colour, label=f"{row_name}, {name}")
    axes[1].set(
        xlabel="image samples",
        ylabel="fruit position, median error (mm)",
        ylim=(0, None),
        xlim=(0, 1.05 * max((row["samples"] for row in history), default=0) + 1),
    )
    if probes:
        axes[1].legend(fontsize=7, loc="center")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def reconstruction_sheet(model: MaskedAutoencoder, images: np.ndarray, path: Path, seed: int = 0) -> None:
    """Columns: image, what the encoder sees, reconstruction. Removed patches are de-normalised with the true
    patch mean and deviation (the prediction holds neither), visible ones are copied."""
    cv2 = require("cv2", "learn")
    patch = model.config.patch
    device = next(model.parameters()).device
    patches = normalise_bytes(torch.from_numpy(patchify_bytes(images, patch)).to(device))
    noise = torch.rand(patches.shape[:2], generator=torch.Generator().manual_seed(seed)).to(device)
    masking = random_masking(noise, model.mask_ratio)
    with torch.no_grad():
        prediction = model.predict(model.encode(patches, masking.visible), masking)
    mean = patches.mean(dim=-1, keepdim=True)
    deviation = (patches.var(dim=-1, keepdim=True) + model.variance_floor).sqrt()
    mask = masking.mask.unsqueeze(-1)
    filled = patches * (1 - mask) + (prediction * deviation + mean) * mask
    columns = [images]
    for values in (patches * (1 - mask) + mask * -0.3, filled):
        columns.append(denormalise(unpatchify(values, patch)).cpu().numpy())
    rows = [np.concatenate([column[index] for column in columns], axis=1) for index in range(len(images))]
    half = (len(rows) + 1) // 2
    if len(rows) % 2:
        rows.append(np.zeros_like(rows[0]))
    sheet = np.concatenate([np.concatenate(rows[:half]), np.concatenate(rows[half:])], axis=1)
    sheet = cv2.resize(sheet, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    cv2.imwrite(str(path), np.ascontiguousarray(sheet[..., ::-1]))


def attention_sheet(model: VisionTransformer, images: np.ndarray, path: Path, heads: int = 3) -> None:
    """Per row: an image, then where the last block's class token looks, by head (Xiao 2023, fig. 4.9)."""
    cv2 = require("cv2", "learn")
    device = next(model.parameters()).device
    pixels = normalise_bytes(torch.from_numpy(images.copy()).to(device)).permute(0, 3, 1, 2)
    with torch.no_grad():
        x = model.with_class_token(
            model.patch_embed(patchify(pixels, model.config.patch)) + model.pos_embed[:, 1:]
        )
        for block in model.blocks[:-1]:
            x = block(x)
        last = model.blocks[-1]
        weights = last.attn.weights(last.norm1(x))[:, :heads, 0, 1:].cpu().numpy()
    grid, size = model.config.grid, model.config.image_size
    rows = []
    for image, maps in zip(images, weights, strict=True):
        row = [image]
        for values in maps:
            shades = (255 * values / values.max()).astype(np.uint8).reshape(grid, grid)
            grey = cv2.resize(shades, (size, size), interpolation=cv2.INTER_NEAREST)
            row.append(np.repeat(grey[..., None], 3, axis=2))
        rows.append(np.concatenate(row, axis=1))
    cv2.imwrite(str(path), np.ascontiguousarray(np.concatenate(rows)[..., ::-1]))
