"""A trained controller as a bundle: ONNX graph, safetensors, card and README."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from mvp_real import bundle
from mvp_real.bundle import Action, Card, EncoderReference, Metric, Tensor
from mvp_real.bundle_writer import save_card
from mvp_real.errors import MvpRealError
from mvp_real.networks.controller import Controller
from mvp_real.sim.gripper import DEAD_TIME, SPEED
from mvp_real.training.bundle_files import MODEL, WEIGHTS, save_weights
from mvp_real.training.imitation.behaviour_cloning import TrainingReport
from mvp_real.training.imitation.config import BehaviourCloningConfig, plain
from mvp_real.training.imitation.dataset import ImitationDataset
from mvp_real.training.imitation.labels import GRIPPER_SCALE
from mvp_real.training.measured_figures import metrics_of
from mvp_real.training.onnx_graph import export_graph

JOINTS = (*(f"joint{number}" for number in range(1, 8)), "gripper")


def export_controller(
    controller: Controller,
    config: BehaviourCloningConfig,
    dataset: ImitationDataset,
    report: TrainingReport,
    encoder: EncoderReference,
    directory: Path,
    command: str,
) -> Card:
    """Write the bundle folder.

    Args:
        controller: Trained, with its standardisation inside.
        config: How it was trained.
        dataset: What it was trained on; demo ids and joint limits go into the card.
        report: What the training reached.
        encoder: The encoder whose tokens it reads.
        directory: The bundle.
        command: The command that repeats the training.

    Raises:
        MvpRealError: The ONNX graph disagrees with the network.
    """
    directory.mkdir(parents=True, exist_ok=True)
    shape = controller.config
    generator = torch.Generator().manual_seed(0)
    example = {
        "feature": torch.randn(4, shape.tokens, shape.dim, generator=generator),
        "proprioception": torch.randn(4, shape.proprioception, generator=generator),
    }
    difference = export_graph(controller, example, "action", directory / MODEL)
    save_weights(controller.state_dict(), directory / WEIGHTS)
    card = Card(
        kind="controller",
        name=config.name,
        summary=_summary(config, encoder),
        licence="Apache-2.0",
        task=config.task,
        robot=config.robot,
        model=bundle.asset(directory / MODEL),
        weights=bundle.asset(directory / WEIGHTS),
        inputs=(
            Tensor("feature", (shape.tokens, shape.dim)),
            Tensor("proprioception", (shape.proprioception,)),
        ),
        outputs=(Tensor("action", (shape.actions,)),),
        encoder=encoder,
        readout=shape.readout,
        action=Action(
            joints=JOINTS,
            gripper_scale=GRIPPER_SCALE,
            control_period=config.control_period,
            delta_reference=config.delta_reference,
            max_step=tuple(round(float(step), 5) for step in dataset.max_step),
        ),
        training=_training_record(controller, config, dataset, report, difference),
        metrics=(
            Metric(
                config.name, "training loss over that of the zero action", command, value=1.0 / report.gain
            ),
        ),
        deviations=tuple(_deviations(config)),
        limitations=tuple(_limitations(config)),
    )
    save_card(card, directory)
    return card


def publish_controller(
    source: Path, directory: Path, results: Sequence[Path] = (), subject: str | None = None
) -> Card:
    """Copy a trained controller under its final name and put evaluation results into its card.

    Args:
        source: Bundle written by `mvp_real train bc`.
        directory: The new bundle; its last part is its name.
        results: `results.json` files of `mvp_real evaluate`.
        subject: Label of the controller in the results; default: the source's name.

    Raises:
        MvpRealError: The results hold no figure of the subject, or the source is not a controller.
    """
    card = bundle.load_card(source)
    if card.kind != "controller":
        raise MvpRealError(f"'{source}' is a bundle of kind '{card.kind}', expected a controller")
    metrics = [metric for path in results for metric in metrics_of(path, subject or card.name)]
    directory.mkdir(parents=True, exist_ok=True)
    for item in (card.model, card.weights):
        shutil.copyfile(source / item.file, directory / item.file)
    card = replace(card, name=directory.name, metrics=card.metrics + tuple(metrics))
    save_card(card, directory)
    return card


def _summary(config: BehaviourCloningConfig, encoder: EncoderReference) -> str:
    source = {
        bundle.ORACLE: "the simulator's privileged state",
        "blank": "no image at all",
    }.get(encoder.name, f"the encoder '{encoder.name}' with the readout '{config.readout}'")
    blind = "" if config.use_proprioception else ", without proprioception"
    return (
        f"Controller for {config.task} on the {config.robot}, cloned from demonstrations on {source}{blind}."
    )


def _training_record(
    controller: Controller,
    config: BehaviourCloningConfig,
    dataset: ImitationDataset,
    report: TrainingReport,
    difference: float,
) -> dict[str, Any]:
    settings = {name: value for name, value in plain(config).items() if name not in ("name", "demos")}
    return {
        "method": "behaviour cloning, mean squared error, AdamW",
        "demonstrations": len(dataset.ids),
        "steps": len(dataset),
        "parameters": sum(parameter.numel() for parameter in controller.parameters()),
        "loss": float(f"{report.loss:.4g}"),
        "zero_action_loss": float(f"{report.zero_action_loss:.4g}"),
        "onnx_parity": float(f"{difference:.2g}"),
        "settings": settings,
        "demos": list(dataset.ids),
    }


def _deviations(config: BehaviourCloningConfig) -> list[str]:
    thesis = BehaviourCloningConfig()
    found = []
    if config.readout != "class":
        found.append(
            f"The frozen encoder is read through '{config.readout}'; the thesis reads the class token."
        )
    if config.standardisation != "none":
        found.append(
            "Features are standardised over the demonstrations before the LayerNorm; the thesis has the LayerNorm only."
        )
    if config.labels != "measured_delta":
        found.append(
            "Labels are the demonstrator's target minus the measured joints; the thesis takes the change of the "
            "measured joints between kept steps."
        )
    if config.standardise_state or config.standardise_action:
        found.append("Proprioception or actions are standardised; the thesis uses raw radians.")
    if config.views > 1:
        colours = " and in other colours" if config.views > 2 else ""
        found.append(
            f"Each frame is seen in {config.views} views, mirrored left to right (with the joints' signs){colours}; "
            "the thesis found no benefit in augmentation and uses none."
        )
    if config.components:
        found.append(f"The readout sees the first {config.components} principal components of each token.")
    if config.token_noise or config.state_noise or config.dropout:
        found.append("Noise or dropout in training; the thesis found no benefit and uses none.")
    if (config.epochs, config.warmup_epochs) != (thesis.epochs, thesis.warmup_epochs):
        found.append(f"{config.epochs} epochs with {config.warmup_epochs} of warm-up instead of 400 with 40.")
    return found


def _limitations(config: BehaviourCloningConfig) -> list[str]:
    found = [
        "Trained and measured in simulation only: no figure in this card is a real-robot result.",
        f"The simulated gripper travels faster than the vendor's, its whole stroke in {1.0 / SPEED:.2g} s after a dead "
        f"time of {DEAD_TIME:g} s: with a real one, record demonstrations anew.",
    ]
    if config.encoder == bundle.ORACLE:
        found.append("It reads the fruit's position from the simulator and cannot run on a robot.")
    return found
