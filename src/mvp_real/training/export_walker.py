"""A trained walking policy as a bundle: model files, card and README."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mvp_real import bundle
from mvp_real.bundle import Card, Tensor
from mvp_real.bundle_writer import save_card
from mvp_real.control.locomotion.spaces import ACTION_SIZE, OBSERVATION_SIZE, TOKEN_SIZE
from mvp_real.control.locomotion.wiring import walking_of
from mvp_real.robots.digit import load_digit
from mvp_real.tasks.digit.config import WalkConfig
from mvp_real.tasks.digit.privileged import STATE_SIZE, Mirror
from mvp_real.training.checkpoint_files import STATE_FILE, read_state
from mvp_real.training.export_locomotion import ExportedPolicy, export_locomotion
from mvp_real.training.rl.build import load_actor
from mvp_real.training.rl.config import RlConfig

THESIS_SIZES = ("thesis",)


class _Sizes:
    """Of the spaces, without an environment."""

    observation_size, state_size, action_size = OBSERVATION_SIZE, STATE_SIZE, ACTION_SIZE


def export_walker(run: Path, directory: Path, command: str) -> Card:
    """Write the bundle of a student or of a policy on the observation.

    Args:
        run: Folder of `mvp_real train digit`.
        directory: The bundle; its last part is its name.
        command: What trained it, for the card.

    Raises:
        MvpRealError: The run holds no policy that a robot can run.
    """
    actor, config = load_actor(run, _Sizes(), Mirror())
    exported = export_locomotion(actor, directory, TOKEN_SIZE)
    environment = WalkConfig.from_dict(config.environment)
    card = Card(
        kind="locomotion",
        name=directory.name,
        summary=_summary(config),
        licence="Apache-2.0",
        task="digit_walk",
        robot=load_digit().name,
        model=bundle.asset(exported.model),
        weights=bundle.asset(exported.weights),
        inputs=tuple(Tensor(name, shape) for name, shape in exported.inputs.items()),
        outputs=tuple(Tensor(name, shape) for name, shape in exported.outputs.items()),
        walking=walking_of(load_digit(), environment.gait.period),
        training=_record(run, config, exported, command),
        deviations=tuple(_deviations(config)),
        limitations=(
            "Trained and measured in simulation only: no figure in this card is a result of a real robot.",
            "Training sees Digit as a tree without its closed loops; the figures are of the full model.",
            "The thesis prints neither its gait period nor its reward weights, nor which passive joints it observes.",
        ),
    )
    save_card(card, directory)
    return card


def _summary(config: RlConfig) -> str:
    actor = config.actor
    network = (
        f"{actor.student} of the size '{actor.size}'" if actor.source == "tokens" else "multilayer perceptron"
    )
    return (
        f"Walking policy for Digit at 50 Hz: {network} on what the robot measures, "
        "velocity commands in, PD targets and gains out."
    )


def _record(run: Path, config: RlConfig, exported: ExportedPolicy, command: str) -> dict[str, Any]:
    return {
        "method": "distillation of a privileged policy on the student's own states (DAgger), KL divergence"
        if config.distillation is not None
        else "PPO",
        "command": command,
        "parameters": exported.parameters,
        "onnx_parity": float(f"{exported.difference:.2g}"),
        **_lineage(run),
    }


def _lineage(run: Path, after: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Budget and settings of a run, and of the runs that it began with or learnt from, as far as they are there."""
    if run.resolve() in after or not (run / STATE_FILE).is_file():
        return {"folder": str(run)}
    state = read_state(run)
    progress, settings = state["progress"], state["config"]
    record = {
        "samples": int(progress["samples"]),
        "minutes": round(float(progress["seconds"]) / 60.0, 1),
        "settings": settings,
    }
    before = (*after, run.resolve())
    if settings["distillation"]:
        record["teacher"] = _lineage(Path(settings["distillation"]["teacher"]), before)
    if settings["start_from"]:
        record["started_from"] = _lineage(Path(settings["start_from"]), before)
    return record


def _deviations(config: RlConfig) -> list[str]:
    found = []
    if config.actor.source == "tokens" and config.actor.size not in THESIS_SIZES:
        found.append(f"The network has the size '{config.actor.size}', not the thesis's.")
    if config.actor.symmetry == "phase":
        found.append(
            "In the second half of the gait period the policy works on the mirrored robot, so that it is exactly "
            "symmetric; the thesis's is not."
        )
    if config.distillation is not None:
        found.append(
            "Distilled alone, without the joint objective of reinforcement learning and KL (eq. 6.2)."
        )
    found.append(
        "The privileged policy starts from a reference gait, follows a curriculum and is pushed in training."
    )
    found.append(
        f"Samples and robots as recorded under Training, against {8192 * 24 * 6000:.2g} for the thesis's."
    )
    return found
