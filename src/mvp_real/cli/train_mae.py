"""`mvp_real train mae`: masked pre-training of the frozen encoder."""

from __future__ import annotations

import argparse
from pathlib import Path

from mvp_real.errors import MvpRealError, require
from mvp_real.resources import config_file


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = "Masked pre-training (MAE) of the frozen encoder, on one core or a GPU; resumable."
    parser.add_argument("--config", default="mae_vit_p8_96", help="a YAML file, or a name in config/train")
    parser.add_argument("--images", type=Path, required=True, help="folder with images*.npy shards")
    parser.add_argument("--held-out", type=Path, help="folder with images never trained on")
    parser.add_argument("--probe", type=Path, help="folder with a fruit-position probe set")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the run: checkpoint, log, pictures"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument(
        "--extend-to-samples", type=int, help="with --resume: warm up and anneal again, up to so many samples"
    )
    parser.add_argument("--init", type=Path, help="bundle whose encoder and decoder weights to start from")
    parser.add_argument("--max-samples", type=int, help="image samples of the run (default: the config's)")
    parser.add_argument(
        "--until-minutes", type=float, help="stop after so many minutes; the cosine then ends there"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda")


def run(args: argparse.Namespace) -> int:
    """Train; returns 0."""
    torch = require("torch", "learn")
    from mvp_real.training.pretrain.config import MaeTrainingConfig, load_mae_config
    from mvp_real.training.pretrain.probes import load_probe_set
    from mvp_real.training.pretrain.trainer import MaeRun, MaeTrainer, has_checkpoint

    path = Path(args.config)
    config = load_mae_config(
        path if path.suffix in (".yaml", ".yml") else config_file(f"train/{args.config}.yaml")
    )
    if args.max_samples:
        config = MaeTrainingConfig.from_dict({**config.as_dict(), "max_samples": args.max_samples})
    if has_checkpoint(args.out) and not args.resume:
        raise MvpRealError(
            f"{args.out} holds a run already; add --resume to go on with it, or choose another --out"
        )
    if args.extend_to_samples and not args.resume:
        raise MvpRealError("--extend-to-samples needs --resume")
    probe = load_probe_set(args.probe) if args.probe else None
    trainer = MaeTrainer(
        config, MaeRun(args.images, args.out, args.held_out, probe), torch.device(args.device)
    )
    if args.resume:
        trainer.resume(args.extend_to_samples)
    elif args.init:
        from mvp_real.training.export_encoder import pretraining_weights

        trainer.start_from(*pretraining_weights(args.init))
    trainer.train(args.until_minutes)
    return 0
