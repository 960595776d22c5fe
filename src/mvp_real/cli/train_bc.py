"""`mvp_real train bc`: clone a controller from demonstrations on a frozen encoder."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mvp_real.errors import MvpRealError, require
from mvp_real.resources import config_file

if TYPE_CHECKING:
    from mvp_real.training.imitation.config import BehaviourCloningConfig
    from mvp_real.training.imitation.job import RunFolders


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--config", type=Path, help="settings (default: config/train/bc.yaml)")
    parser.add_argument("--name", help="name of the bundle")
    parser.add_argument(
        "--encoder", help="bundle of the frozen encoder; 'oracle'; 'cnn' trains one from scratch"
    )
    parser.add_argument("--readout", help="class, mean, grid, keypoints, attention or flat")
    parser.add_argument("--demos", nargs="+", help="folders of demonstrations")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE", help="any other setting of the config file"
    )
    parser.add_argument("--study", type=Path, help="train every subject, scene and seed of this file instead")
    parser.add_argument("--subject", nargs="+", help="with --study: only these subjects")
    parser.add_argument("--scene", nargs="+", help="with --study: only these scenes")
    parser.add_argument("--study-seed", nargs="+", type=int, help="with --study: only these seeds")
    parser.add_argument("--out", type=Path, default=Path("runs/bundles"), help="folder for bundles")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/bc"), help="folder for checkpoints and curves"
    )
    parser.add_argument(
        "--cache", type=Path, default=Path("runs/cache"), help="folder for pixels and features"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads for torch")


def run(args: argparse.Namespace) -> int:
    """Train one controller, or all of a study."""
    torch = require("torch", "learn")
    torch.set_num_threads(args.threads)
    from mvp_real.training.imitation.config import load_config
    from mvp_real.training.imitation.job import RunFolders, bundle_is_current
    from mvp_real.training.imitation.study import load_study

    places = RunFolders(args.runs, args.cache, args.out)
    if args.study is None:
        path = args.config or config_file("train/bc.yaml")
        overrides: dict[str, Any] = {
            name: getattr(args, name) for name in ("name", "encoder", "readout", "demos", "seed", "epochs")
        }
        if args.epochs is not None and "warmup_epochs" not in overrides:
            overrides["warmup_epochs"] = args.epochs // 10
        overrides |= _settings(args.set)
        _train(load_config(path, **overrides), places)
        return 0
    configs = load_study(args.study).configs(args.subject, args.scene, args.study_seed)
    for number, config in enumerate(configs, 1):
        prefix = f"[{number}/{len(configs)}] {config.name}"
        if bundle_is_current(config, places.bundles):
            print(f"{prefix}: done already")
            continue
        print(prefix)
        _train(config, places)
    return 0


def _train(config: BehaviourCloningConfig, places: RunFolders) -> None:
    from tqdm import tqdm

    from mvp_real.training.imitation.job import train_bundle

    started = time.monotonic()
    with (
        # Shown after a second, so that a wrong argument is answered by its message alone.
        tqdm(unit="demo", desc="features", leave=False, delay=1.0) as reading_bar,
        tqdm(unit="epoch", desc="train", delay=1.0) as bar,
    ):

        def reading(done: int, total: int) -> None:
            reading_bar.total = total
            reading_bar.update(done - reading_bar.n)

        def progress(epoch: int, epochs: int, loss: float) -> None:
            bar.total = epochs
            bar.update(epoch - bar.n)
            bar.set_postfix(loss=f"{loss:.2e}")

        card, report = train_bundle(config, places, _command(), reading, progress)
    print(
        f"{card.name}: loss {report.loss:.3g}, {report.gain:.0f} times below standing still "
        f"({report.zero_action_loss:.3g}); {card.training['demonstrations']} demonstrations, "
        f"{card.training['steps']} steps, {time.monotonic() - started:.0f} s; bundle in {places.bundles / card.name}"
    )


def _settings(pairs: list[str]) -> dict[str, Any]:
    """NAME=VALUE pairs, values read as YAML."""
    import yaml

    found: dict[str, Any] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise MvpRealError(f"--set expects NAME=VALUE, got '{pair}'")
        found[name] = yaml.safe_load(value)
    return found


def _command() -> str:
    return "mvp_real " + " ".join(shlex.quote(part) for part in sys.argv[1:])
