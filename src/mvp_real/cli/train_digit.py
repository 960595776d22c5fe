"""`mvp_real train digit`: reinforcement learning of walking, on one core or under torchrun; resumable."""

from __future__ import annotations

import argparse
from pathlib import Path

from mvp_real.errors import require
from mvp_real.resources import config_file


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--config", default="digit_walk", help="a YAML file, or a name in config/train")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run: checkpoint, log, curve")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes; --resume goes on")
    parser.add_argument("--device", default="cpu", help="cpu or cuda, for the networks")


def run(args: argparse.Namespace) -> int:
    """Train; returns 0."""
    torch = require("torch", "learn")
    require("mujoco", "sim")
    from mvp_real.training.rl.config import load_rl_config
    from mvp_real.training.rl.digit import training_walk
    from mvp_real.training.rl.distillation import DistillationTrainer
    from mvp_real.training.rl.distributed import Replicas
    from mvp_real.training.rl.run_loop import RunLoop
    from mvp_real.training.rl.trainer import PpoTrainer

    path = Path(args.config)
    named = path if path.suffix in (".yaml", ".yml") else config_file(f"train/{args.config}.yaml")
    config = load_rl_config(named)
    replicas = Replicas.from_torchrun("nccl" if args.device == "cuda" else "gloo")
    environment = training_walk(config.environment, config.curriculum, replicas)
    try:
        device = torch.device(args.device)
        trainer: RunLoop
        if config.distillation is not None:
            trainer = DistillationTrainer(environment, config, args.out, device, args.resume)
        else:
            trainer = PpoTrainer(environment, config, args.out, device, args.resume, replicas)
        trainer.train(args.minutes)
    finally:
        environment.close()
        replicas.close()
    return 0
