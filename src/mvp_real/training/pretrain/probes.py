"""Fruit-position probes: how well do frozen tokens tell where the fruit lies, seen from the gripper?

Two readouts of the same images (specs of the field: evaluate an encoder by a linear read-out of what control
needs): the class token (ridge and a small MLP) and keypoints (learned linear maps on standardised patch
tokens, spatial softmax, small head). The split is by position in the files: every probe image is its own
scene.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mvp_real.errors import MvpRealError

NEAR_METRES = 0.03
RIDGE_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


@dataclass(frozen=True)
class ProbeSet:
    """Images uint8 (N, S, S, 3) and fruit x, y relative to the gripper (N, 2) in metres; the first `train`
    are fitted."""

    images: np.ndarray
    offsets: np.ndarray
    train: int

    @property
    def near(self) -> np.ndarray:
        """Test images whose fruit lies within 3 cm of the gripper axis, bool (N - train,)."""
        return np.linalg.norm(self.offsets[self.train :], axis=1) < NEAR_METRES


def load_probe_set(directory: Path, train: int = 1500, test: int = 600) -> ProbeSet:
    """Read `images.npy` and `labels.npy` of a probe folder.

    Raises:
        MvpRealError: files are missing, disagree, or hold fewer than 30 images.
    """
    images_path, labels_path = directory / "images.npy", directory / "labels.npy"
    for path in (images_path, labels_path):
        if not path.is_file():
            raise MvpRealError(f"the probe set in {directory} lacks {path.name}")
    images = np.load(images_path, mmap_mode="r", allow_pickle=False)
    labels = np.load(labels_path, allow_pickle=False)
    if len(images) != len(labels) or len(images) < 30:
        raise MvpRealError(
            f"{directory}: {len(images)} images and {len(labels)} labels; need the same number, >= 30"
        )
    if len(images) < train + test:
        train = len(images) * 3 // 4
        test = len(images) - train
    count = train + test
    return ProbeSet(np.asarray(images[:count]), np.asarray(labels[:count, :2], dtype=np.float32), train)


def encode_images(
    encode: Callable[[Tensor], Tensor], images: np.ndarray, device: torch.device, batch: int = 50
) -> Tensor:
    """Tokens float32 (N, T, D) of uint8 images (N, S, S, 3); `encode` takes uint8 (B, S, S, 3)."""
    parts = []
    with torch.no_grad():
        for start in range(0, len(images), batch):
            chunk = torch.from_numpy(images[start : start + batch].copy()).to(device)
            parts.append(encode(chunk).float())
    return torch.cat(parts)


def standardise(values: Tensor, train: int) -> Tensor:
    """Zero mean, unit deviation per dimension (last axis), with the statistics of the training part."""
    flat = values[:train].reshape(-1, values.shape[-1])
    deviation, mean = torch.std_mean(flat, dim=0, unbiased=False)
    return (values - mean) / deviation.clamp_min(1e-4)


class KeypointProbe(nn.Module):
    """`maps` linear maps on patch tokens, softmax over positions, expected (x, y), small head to two
    numbers."""

    def __init__(self, dim: int, grid: int, maps: int = 8, hidden: int = 64) -> None:
        super().__init__()
        self.maps = nn.Linear(dim, maps)
        self.log_temperature = nn.Parameter(torch.zeros(maps))
        self.head = nn.Sequential(nn.Linear(2 * maps, hidden), nn.SELU(), nn.Linear(hidden, 2))
        axis = torch.linspace(-1.0, 1.0, grid)
        rows, columns = torch.meshgrid(axis, axis, indexing="ij")
        self.register_buffer("places", torch.stack([columns.reshape(-1), rows.reshape(-1)], dim=1))

    def forward(self, tokens: Tensor) -> Tensor:
        """Standardised patch tokens (B, N, D) -> (B, 2)."""
        scores = self.maps(tokens) * self.log_temperature.exp()
        points = torch.softmax(scores, dim=1).transpose(1, 2) @ self.places
        result: Tensor = self.head(points.flatten(1))
        return result


def fit(model: nn.Module, inputs: Tensor, targets: Tensor, steps: int, batch: int, seed: int) -> None:
    """AdamW with a one-cycle rate on the mean squared error of standardised targets."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=steps, pct_start=0.1)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        rows = torch.randint(len(inputs), (batch,), generator=generator)
        loss = (model(inputs[rows]) - targets[rows]).square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


def ridge(inputs: Tensor, targets: Tensor, strength: float) -> Tensor:
    """Weights (D + 1, 2) of a ridge regression with an unpenalised intercept (inputs are standardised)."""
    design = torch.cat([inputs, torch.ones(len(inputs), 1)], dim=1).double()
    penalty = strength * len(inputs) * torch.eye(design.shape[1], dtype=torch.float64)
    penalty[-1, -1] = 0.0
    return torch.linalg.solve(design.T @ design + penalty, design.T @ targets.double())


def scores(predicted: np.ndarray, actual: np.ndarray, near: np.ndarray) -> dict[str, float]:
    """R2 of x and y, median error in mm over all test images and over the near ones (metres in)."""
    error = np.linalg.norm(predicted - actual, axis=1) * 1000.0
    residual = np.square(predicted - actual).sum(axis=0)
    r2 = 1.0 - residual / np.square(actual - actual.mean(axis=0)).sum(axis=0)
    return {
        "r2_x": float(r2[0]),
        "r2_y": float(r2[1]),
        "median_mm": float(np.median(error)),
        "median_mm_near": float(np.median(error[near])) if near.any() else float("nan"),
        "near_images": int(near.sum()),
    }


def class_probe(feature: Tensor, probe: ProbeSet, seed: int = 0) -> dict[str, float]:
    """Ridge (strength picked on the last fifth of the training part) and a small MLP on one vector per
    image."""
    feature = standardise(feature, probe.train)
    offsets = torch.from_numpy(probe.offsets)
    split = probe.train * 4 // 5
    held = [
        (
            float(
                (
                    _with_one(feature[split : probe.train])
                    @ ridge(feature[:split], offsets[:split], strength).float()
                    - offsets[split : probe.train]
                )
                .square()
                .mean()
            ),
            strength,
        )
        for strength in RIDGE_STRENGTHS
    ]
    weights = ridge(feature[: probe.train], offsets[: probe.train], min(held)[1]).float()
    linear = scores(
        (_with_one(feature[probe.train :]) @ weights).numpy(), probe.offsets[probe.train :], probe.near
    )
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(feature.shape[1], 64), nn.SELU(), nn.Dropout(0.2), nn.Linear(64, 2))
    predicted = _fit_and_predict(network, feature, probe, steps=400, seed=seed)
    nonlinear = scores(predicted, probe.offsets[probe.train :], probe.near)
    return {
        **{f"ridge_{key}": value for key, value in linear.items()},
        **{f"mlp_{key}": value for key, value in nonlinear.items()},
    }


def keypoint_probe(tokens: Tensor, probe: ProbeSet, steps: int = 600, seed: int = 0) -> dict[str, float]:
    """Keypoints over patch tokens (N, P, D)."""
    tokens = standardise(tokens, probe.train)
    torch.manual_seed(seed)
    model = KeypointProbe(tokens.shape[-1], round(tokens.shape[1] ** 0.5))
    return scores(
        _fit_and_predict(model, tokens, probe, steps, seed), probe.offsets[probe.train :], probe.near
    )


def _fit_and_predict(model: nn.Module, inputs: Tensor, probe: ProbeSet, steps: int, seed: int) -> np.ndarray:
    train = torch.from_numpy(probe.offsets[: probe.train])
    deviation, mean = torch.std_mean(train, dim=0)
    model.train()
    fit(
        model,
        inputs[: probe.train],
        (train - mean) / deviation,
        steps,
        batch=min(128, probe.train),
        seed=seed,
    )
    model.eval()
    with torch.no_grad():
        predicted = model(inputs[probe.train :]) * deviation + mean
    return np.asarray(predicted.numpy())


def _with_one(values: Tensor) -> Tensor:
    return torch.cat([values, torch.ones(len(values), 1)], dim=1)


def probe_tokens(tokens: Tensor, probe: ProbeSet) -> dict[str, dict[str, float]]:
    """Both probes on encoder tokens (N, 1 + P, D), class token first."""
    tokens = tokens.cpu()
    return {"class": class_probe(tokens[:, 0], probe), "keypoints": keypoint_probe(tokens[:, 1:], probe)}
