"""Time of the image path, 640x480 to the network's input, for the small and the released encoders.

The peer is the same path in plain numpy for the sizes that need only exact halving.

Run: python benchmarks/preprocessing.py --output benchmarks/results.json
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mvp_real.cameras.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from result_rows import Row, write_rows


def plain(image: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Crop, halve and normalise in numpy, for sizes 224, 112 and 56."""
    square = image[32:480, 96:544].astype(np.uint16)
    while square.shape[0] > size:
        square = (square[::2, ::2] + square[1::2, ::2] + square[::2, 1::2] + square[1::2, 1::2] + 2) // 4
    scaled = (square / 255.0 - IMAGENET_MEAN) / IMAGENET_STD
    return np.ascontiguousarray(scaled.transpose(2, 0, 1), dtype=np.float32)


def median_ms(call: Callable[[], object], calls: int) -> float:
    """Median processor time of warm calls, ms: on a shared machine the wall clock measures the others."""
    for _ in range(10):
        call()
    times = []
    for _ in range(calls):
        start = time.thread_time()
        call()
        times.append(time.thread_time() - start)
    return 1e3 * float(np.median(times))


def main() -> None:
    """Measure and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results.json"))
    args = parser.parse_args()
    cv2.setNumThreads(1)
    image = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    rows = []
    for size, peer_size in ((96, 112), (224, 224)):
        path = Preprocessing(size=size)
        if size == peer_size and not np.allclose(path(image), plain(image, size), atol=1e-5):
            raise RuntimeError("the peer computes something else")
        own = median_ms(lambda path=path: path(image), args.calls)
        peer = median_ms(lambda size=peer_size: plain(image, size), args.calls)
        rows.append(Row(f"preprocessing_{size}_median", own, "ms", f"numpy at {peer_size} px", own / peer))
    write_rows(args.output, rows)


if __name__ == "__main__":
    main()
