"""`mvp_real export`: encoders and walking policies as bundles, and a trained controller under its final name.

mvp_real export encoder --run runs/mae --out models/mae_vit_p8_96
mvp_real export controller --bundle runs/bundles/mae_both_seed1 --results runs/study/results.json --out
models/pick_fruit
mvp_real export walker --run runs/student --results runs/evaluation/digit_walk/results.json --out models/digit_walk

`mvp_real train bc` writes a controller's bundle itself; `export controller` copies it, renames it and fills its card.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mvp_real.errors import MvpRealError, require

BASELINES = ("random", "raw16", "raw_patches", "blank")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("what", choices=("encoder", "controller", "walker"), help="what to export")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--bundle", type=Path, help="controller: a bundle of `mvp_real train bc`")
    source.add_argument(
        "--run", type=Path, help="folder of a `mvp_real train mae` or `mvp_real train digit` run"
    )
    source.add_argument(
        "--released", help="name of a released MVP encoder in models/zoo.yaml; needs --weights"
    )
    source.add_argument("--baseline", choices=BASELINES, help="an encoder without learning")
    parser.add_argument("--weights", type=Path, help="with --released: the converted safetensors file")
    parser.add_argument("--out", type=Path, required=True, help="the bundle; its last part is its name")
    parser.add_argument(
        "--results",
        type=Path,
        nargs="+",
        default=[],
        help="controller, walker: results.json of evaluations, for the card",
    )
    parser.add_argument(
        "--subject", help="controller, walker: its name in the results (default: the bundle's name)"
    )
    parser.add_argument("--data", default="", help="with --run: a sentence on the images, for the card")
    parser.add_argument("--command", help="with --run: what trained it, for the card")


def run(args: argparse.Namespace) -> int:
    """Write the bundle; returns 0."""
    require("torch", "learn")
    if args.what == "walker":
        return _walker(args)
    if (args.what == "controller") != (args.bundle is not None):
        raise MvpRealError(
            "export controller takes --bundle; export encoder takes --run, --released or --baseline"
        )
    if args.what == "controller":
        from mvp_real.training.export_controller import publish_controller

        card = publish_controller(args.bundle, args.out, args.results, args.subject)
        print(f"{args.out}: controller bundle '{card.name}' with {len(card.metrics)} figures in its card")
        return 0
    if args.run is not None:
        from mvp_real.training.export_encoder import export_pretrained

        card = export_pretrained(args.run, args.out, args.command or "mvp_real train mae", args.data)
    elif args.released is not None:
        from mvp_real.training.released_encoders import export_released

        if args.weights is None:
            raise MvpRealError(
                "--released needs --weights: the converted file (docs/how-to/use_released_weights.md)"
            )
        card = export_released(args.released, args.weights, args.out)
    else:
        from mvp_real.training.imitation.baselines import export_baseline

        card = export_baseline(args.baseline, args.out)
    print(f"{args.out}: encoder bundle '{card.name}', ONNX SHA-256 {card.model.sha256[:16]}")
    return 0


def _walker(args: argparse.Namespace) -> int:
    from mvp_real.training.export_walker import export_walker
    from mvp_real.training.measured_figures import add_metrics, metrics_of

    if args.run is None:
        raise MvpRealError("export walker takes --run, the folder of `mvp_real train digit`")
    found = [figure for path in args.results for figure in metrics_of(path, args.subject or args.out.name)]
    # How many passed; the hundreds of figures on how they walked are in the evaluation's report.
    figures = [figure for figure in found if figure.k is not None]
    card = export_walker(args.run, args.out, args.command or "mvp_real train digit")
    if figures:
        card = add_metrics(args.out, tuple(figures))
    print(f"{args.out}: walking policy with {card.training['parameters']:,} parameters")
    return 0
