"""One training from settings to bundle: dataset, features, training, loss curve, export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from mvp_real.bundle import ORACLE, Card, EncoderReference, load_card
from mvp_real.cameras.preprocessing import Preprocessing
from mvp_real.errors import MvpRealError
from mvp_real.resources import model_directory
from mvp_real.training.export_controller import export_controller
from mvp_real.training.export_encoder import export_encoder
from mvp_real.training.imitation.baselines import LIMITATION, SUMMARIES, export_baseline
from mvp_real.training.imitation.behaviour_cloning import Progress, TrainingReport, train_controller
from mvp_real.training.imitation.config import BehaviourCloningConfig, plain
from mvp_real.training.imitation.dataset import build_dataset
from mvp_real.training.imitation.end_to_end import train_end_to_end
from mvp_real.training.imitation.feature_cache import FeatureCache, PixelCache, oracle_tokens
from mvp_real.training.imitation.loss_curve import save_loss_curve

END_TO_END = "cnn"


@dataclass(frozen=True)
class RunFolders:
    """Folders of a training.

    Attributes:
        runs: Checkpoints, loss tables and curves, one folder per bundle name.
        cache: Pixels and features.
        bundles: Where bundles are written.
    """

    runs: Path
    cache: Path
    bundles: Path


def train_bundle(
    config: BehaviourCloningConfig,
    places: RunFolders,
    command: str,
    reading: Callable[[int, int], None] | None = None,
    progress: Progress | None = None,
) -> tuple[Card, TrainingReport]:
    """Train one controller and write its bundle (and that of its encoder, where training makes or needs one).

    Args:
        config: Settings.
        places: Folders.
        command: The command line, for the card.
        reading: Called with (demonstrations read, total).
        progress: Called with (epoch, epochs, loss).

    Returns:
        The bundle's card and what the training reached.
    """
    if not config.demos:
        raise MvpRealError("no demonstrations given; add --demos FOLDER")
    run = places.runs / config.name
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.yaml").write_text(yaml.safe_dump(plain(config), sort_keys=False), encoding="utf-8")
    if config.encoder == END_TO_END:
        card, report = _train_pixels(config, places, run, command, reading, progress)
    else:
        card, report = _train_features(config, places, run, command, reading, progress)
    save_loss_curve(report, run / "loss.png", config.name)
    return card, report


def encoder_directory(name: str, bundles: Path) -> Path:
    """Folder of an encoder's bundle: in `bundles`, among the models, or a baseline that is made now.

    Raises:
        MvpRealError: No such encoder; the near names are suggested.
    """
    if (bundles / name / "card.yaml").is_file():
        return bundles / name
    if name in SUMMARIES:
        export_baseline(name, bundles / name)
        return bundles / name
    return model_directory(name)


def _train_features(
    config: BehaviourCloningConfig,
    places: RunFolders,
    run: Path,
    command: str,
    reading: Callable[[int, int], None] | None,
    progress: Progress | None,
) -> tuple[Card, TrainingReport]:
    if config.encoder == ORACLE:
        reference = EncoderReference(ORACLE)
        dataset = build_dataset(config, oracle_tokens, reading)
    else:
        cache = FeatureCache(places.cache, encoder_directory(config.encoder, places.bundles))
        reference = EncoderReference(cache.card.name, cache.card.model.sha256, cache.preprocessing.hash())
        dataset = build_dataset(config, cache, reading)
    # A policy that sees nothing cannot localise; it is a row of the study because it fails.
    blind = config.encoder == "blank"
    controller, report = train_controller(config, dataset, run, progress, require_gain=not blind)
    directory = places.bundles / config.name
    return export_controller(controller, config, dataset, report, reference, directory, command), report


def _train_pixels(
    config: BehaviourCloningConfig,
    places: RunFolders,
    run: Path,
    command: str,
    reading: Callable[[int, int], None] | None,
    progress: Progress | None,
) -> tuple[Card, TrainingReport]:
    preprocessing = Preprocessing(size=96)
    dataset = build_dataset(config, PixelCache(places.cache, preprocessing), reading)
    policy, report = train_end_to_end(config, dataset, preprocessing.normalise, run, progress)
    name = f"{config.name}_encoder"
    encoder = export_encoder(
        policy.trunk,
        preprocessing,
        places.bundles / name,
        name=name,
        summary="A small convolutional network trained from scratch on the demonstrations, with its controller.",
        training={
            "method": "behaviour cloning, end to end",
            "demonstrations": len(dataset.ids),
            "seed": config.seed,
        },
        limitations=[LIMITATION],
    )
    reference = EncoderReference(encoder.name, encoder.model.sha256, preprocessing.hash())
    directory = places.bundles / config.name
    return (
        export_controller(policy.controller, config, dataset, report, reference, directory, command),
        report,
    )


def bundle_is_current(config: BehaviourCloningConfig, bundles: Path) -> bool:
    """Whether a bundle of this name exists that was trained with exactly these settings on the present encoder."""
    directory = bundles / config.name
    if not (directory / "card.yaml").is_file():
        return False
    card = load_card(directory)
    settings = {name: value for name, value in plain(config).items() if name not in ("name", "demos")}
    if card.training.get("settings") != settings or card.encoder is None:
        return False
    if config.encoder in (ORACLE, END_TO_END):
        return True
    return card.encoder.sha256 == load_card(encoder_directory(config.encoder, bundles)).model.sha256
