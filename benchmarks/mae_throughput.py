"""Images per second of masked pre-training on one core, for the shipped encoder and its neighbours.

Forward, backward and AdamW on random pixels, without data loading (which costs about 1 % here). The share of
the processor's own speed is printed beside: floating point operations per second of the matrix products over
that of a large square product in the same run.

Run: python benchmarks/mae_throughput.py --output benchmarks/results.json
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from mvp_real.networks.mae import DecoderConfig, MaskedAutoencoder
from mvp_real.networks.vit import ViTConfig
from result_rows import Row, write_rows

SIZES = {
    "d192x6_decoder_96x1": (ViTConfig(96, 8, 192, 6, 3), DecoderConfig(96, 1, 3)),
    "d192x6_decoder_128x2": (ViTConfig(96, 8, 192, 6, 3), DecoderConfig(128, 2, 4)),
    "d128x6_decoder_96x1": (ViTConfig(96, 8, 128, 6, 2), DecoderConfig(96, 1, 3)),
}


def product_speed(seconds: float = 1.0) -> float:
    """Floating point operations per second of a 1024 x 1024 single-precision product (best)."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    best, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.process_time()
        torch.mm(a, b)
        best = max(best, 2 * 1024**3 / (time.process_time() - start))
    return best


def operations(model: MaskedAutoencoder) -> float:
    """Floating point operations of the linear layers and attention products of one image, forward and
    backward."""
    encoder, decoder = model.config, model.decoder_config
    seen, total, removed = 1 + model.kept, 1 + encoder.patches, encoder.patches - model.kept
    products = encoder.blocks * (12 * seen * encoder.dim**2 + 2 * seen**2 * encoder.dim)
    products += model.kept * encoder.patch_values * encoder.dim + seen * encoder.dim * decoder.dim
    products += (decoder.blocks - 1) * (12 * total * decoder.dim**2 + 2 * total**2 * decoder.dim)
    products += 2 * total * decoder.dim**2 + 10 * removed * decoder.dim**2 + 2 * removed * total * decoder.dim
    products += removed * decoder.dim * encoder.patch_values
    return 3.0 * 2.0 * products


def throughput(encoder: ViTConfig, decoder: DecoderConfig, batch: int, steps: int) -> tuple[float, float]:
    """Images per second of processor time (median) and share of the speed of a large product."""
    torch.manual_seed(0)
    model = MaskedAutoencoder(encoder, decoder)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, fused=True)
    patches = torch.randn(batch, encoder.patches, encoder.patch_values)
    times = []
    for _ in range(steps + 2):
        start = time.process_time()
        loss = model.loss(patches, torch.rand(batch, encoder.patches))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        times.append(time.process_time() - start)
    rate = batch / float(np.median(times[2:]))
    return rate, rate * operations(model) / product_speed()


def main() -> None:
    """Measure and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results.json"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name, (encoder, decoder) in SIZES.items():
        rate, share = throughput(encoder, decoder, args.batch, args.steps)
        rows.append(Row(f"mae_step_{name}", rate, "img/s", "speed of a large matrix product", share))
    write_rows(args.output, rows)


if __name__ == "__main__":
    main()
