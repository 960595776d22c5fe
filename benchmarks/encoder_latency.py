"""Latency of a ViT-B/16 at 224 px, batch 1: our encoder in ONNX Runtime against timm's eager network.

Both hold the same (random) weights, so the script also checks that the two compute the same tokens. Calls alternate,
so that other load on the machine meets both alike; processor time is reported beside the wall clock. How fast a large
matrix product runs is measured too: no fp32 runtime can be faster than the operations of the network at that speed.
Needs timm, which the package itself does not: pip install --no-deps timm torchvision huggingface_hub.

Run: python benchmarks/encoder_latency.py --threads 1 --output benchmarks/results.json
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mvp_real.errors import MvpRealError
from mvp_real.networks.released import encoder_from
from mvp_real.networks.vit import RELEASED_SIZES
from mvp_real.training.onnx_graph import export_graph
from result_rows import Row, write_rows


def import_timm() -> Any:
    """timm, beside the CPU build of torch: torchvision's own operators are declared, never called."""
    try:
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import timm
    except ImportError as error:
        raise MvpRealError(
            "this benchmark compares with timm; install it with: "
            "pip install --no-deps timm torchvision huggingface_hub"
        ) from error
    return timm


def session(path: Path, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """The ONNX file as a function of one image batch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    run = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = run.get_inputs()[0].name
    return lambda image: run.run(None, {name: image})[0]


def matrix_product_speed(rounds: int = 20) -> float:
    """Operations per second of processor time of a 1024 x 1024 product, the best of some rounds, GFLOP/s."""
    a, b = torch.randn(2, 1024, 1024)
    best = np.inf
    for _ in range(rounds):
        start = time.process_time()
        torch.mm(a, b)
        best = min(best, time.process_time() - start)
    return 2 * 1024**3 / best / 1e9


def operations(ours: torch.nn.Module, image: torch.Tensor) -> float:
    """GFLOP of one forward pass, counted by torch."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        ours(image)
    return counter.get_total_flops() / 1e9


def quantise(path: Path, target: Path) -> None:
    """Dynamic int8 of the matrix products, per channel."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        path, target, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"]
    )


def alternate(subjects: dict[str, Callable[[], Any]], rounds: int) -> dict[str, np.ndarray]:
    """Wall and processor milliseconds of each call, (rounds, 2) per subject."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, call in subjects.items():
            wall, cpu = time.perf_counter(), time.process_time()
            call()
            times[name].append((1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu)))
    return {name: np.array(values) for name, values in times.items()}


def main() -> None:
    """Measure and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results.json"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    peer = import_timm().create_model("vit_base_patch16_224", pretrained=False, num_classes=0).eval()
    ours = encoder_from(dict(peer.state_dict()), RELEASED_SIZES["vit_base"], "timm").eval()
    image = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        path, small = Path(folder) / "model.onnx", Path(folder) / "int8.onnx"
        export_graph(ours, {"image": image.repeat(2, 1, 1, 1)}, "tokens", path, tolerance=1e-3)
        quantise(path, small)
        fp32, int8 = session(path, args.threads), session(small, args.threads)
        expected = peer(image).numpy()[0]
        pixels = image.numpy()
        for name, run in (("fp32", fp32), ("int8", int8)):
            token = ours.norm(torch.from_numpy(run(pixels)[:, 0]))[0].numpy()
            cosine = float(token @ expected / np.linalg.norm(token) / np.linalg.norm(expected))
            print(f"class token of ONNX {name} against timm: cosine {cosine:.6f}")
        times = alternate(
            {"timm": lambda: peer(image), "fp32": lambda: fp32(pixels), "int8": lambda: int8(pixels)},
            args.rounds,
        )
        speed, work = matrix_product_speed(), operations(ours, image)
    base = float(np.median(times["timm"][2:, 1]))
    floor = 1e3 * work / speed
    print(f"matrix product: {speed:.1f} GFLOP/s; {work:.1f} GFLOP at that speed: {floor:.0f} ms")
    rows = [
        Row(f"vit_b_fp32_floor_latency_{args.threads}_thread", floor, "ms", "timm eager fp32", floor / base),
    ]
    for name, title in (
        ("timm", "vit_b_timm_eager_fp32"),
        ("fp32", "vit_b_onnx_fp32"),
        ("int8", "vit_b_onnx_int8_dynamic"),
    ):
        wall, cpu = np.median(times[name][2:], axis=0)
        best = times[name][:, 0].min()
        print(f"{title}: wall median {wall:.0f} ms, best {best:.0f} ms; processor median {cpu:.0f} ms")
        rows.append(
            Row(
                f"{title}_latency_{args.threads}_thread",
                float(cpu),
                "ms",
                "timm eager fp32",
                float(cpu) / base,
            )
        )
    write_rows(args.output, rows)


if __name__ == "__main__":
    main()
