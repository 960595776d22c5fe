"""Render images for pre-training the encoder (train, held_out) and for the fruit-position probe (probe,
probe_plain).

Interrupted runs go on where they stopped. Example: mvp_real generate train --count 60000 --workers 2
"""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("kind", help="train, held_out, probe or probe_plain")
    parser.add_argument("--count", type=int, default=60000, help="number of images (default: 60000)")
    parser.add_argument(
        "--out", "--output", dest="output", type=Path, help="folder (default: runs/images/KIND)"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="base of the random streams (default: 0)")
    parser.add_argument(
        "--photos",
        action="store_true",
        help="make 5 %% of the images crops of the photographs in scikit-image and scikit-learn",
    )


def run(args: argparse.Namespace) -> int:
    """Render and report."""
    from mvp_real.tasks.pretraining_images import ImageSet, generate

    output = args.output or Path("runs/images") / args.kind
    images = ImageSet(args.kind, args.count, args.seed, photographs=0.05 if args.photos else 0.0)
    rendered = generate(images, output, args.workers)
    print(f"{images.count} images in {output} ({rendered} rendered now)")
    return 0
