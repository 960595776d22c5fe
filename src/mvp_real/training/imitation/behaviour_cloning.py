"""Behaviour cloning of a controller on frozen features (mvp_real sheet, part 4; Xiao 2023, sec. 5.3.2)."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from mvp_real.errors import MvpRealError
from mvp_real.networks.controller import Controller, ControllerConfig
from mvp_real.networks.readouts import readout_learns
from mvp_real.training.imitation import standardisation
from mvp_real.training.imitation.config import BehaviourCloningConfig
from mvp_real.training.imitation.dataset import ImitationDataset
from mvp_real.training.imitation.schedule import learning_rate_factor

Progress = Callable[[int, int, float], None]
MINIMUM_GAIN = 2.0
"""A trained policy must beat the zero action by at least this factor on its training data."""
CHECKPOINT = "checkpoint.safetensors"
CHECKPOINT_EVERY = 50


@dataclass(frozen=True)
class TrainingReport:
    """What a training reached.

    Attributes:
        loss: Mean squared error over the training data at the end, all outputs.
        zero_action_loss: The same for predicting zero: the mean squared action.
        losses: Mean training loss per epoch.
    """

    loss: float
    zero_action_loss: float
    losses: tuple[float, ...]

    @property
    def gain(self) -> float:
        """How many times better than the zero action."""
        return self.zero_action_loss / max(self.loss, 1e-12)


def train_controller(
    config: BehaviourCloningConfig,
    dataset: ImitationDataset,
    run: Path | None = None,
    progress: Progress | None = None,
    require_gain: bool = True,
) -> tuple[Controller, TrainingReport]:
    """Train a controller on frozen features.

    Args:
        config: Settings.
        dataset: Pairs whose inputs are tokens (M, T, D).
        run: Folder for the loss table and a checkpoint every 50 epochs; an interrupted training goes on from it.
        progress: Called with (epoch, epochs, loss of the epoch).
        require_gain: Raise if the result is less than twice as good as the zero action.

    Raises:
        MvpRealError: The result is no better than standing still.
    """
    torch.manual_seed(config.seed)
    tokens = torch.from_numpy(dataset.inputs)
    states = torch.from_numpy(dataset.proprioception)
    actions = torch.from_numpy(dataset.actions)
    controller = new_controller(config, tokens.shape[1], tokens.shape[2], dataset, config.components)
    standardisation.fit(
        controller,
        tokens,
        states,
        actions,
        config.standardisation,
        config.standardise_state,
        config.standardise_action,
    )
    with torch.no_grad():
        # Constant from here on: standardise once, and pool once where the readout does not learn.
        # A readout that learns sees the patches alone; copying batches is a large part of a training step.
        inputs = torch.cat([_constant_part(controller, part) for part in tokens.split(512)])

    def predict(rows: Tensor, noisy: bool) -> Tensor:
        # index_select: advanced indexing of large rows takes 18 times as long here.
        batch, state = inputs.index_select(0, rows), states.index_select(0, rows)
        if noisy and config.token_noise > 0:
            batch = batch + config.token_noise * torch.randn_like(batch)
        if noisy and config.state_noise > 0:
            noise = config.state_noise * torch.randn_like(state)
            noise[:, -1] = 0.0
            state = state + noise
        pooled = controller.readout.from_patches(batch) if controller.readout_learns else batch
        return controller.act(pooled, state)

    losses = fit(controller, predict, actions, config, controller.action_scale, run, progress)
    report = training_report(controller, predict, actions, losses)
    if require_gain:
        refuse_idle_policy(report)
    return controller, report


def new_controller(
    config: BehaviourCloningConfig, tokens: int, dim: int, dataset: ImitationDataset, components: int = 0
) -> Controller:
    """An untrained controller of the configured shape.

    Args:
        config: Settings.
        tokens, dim: Shape of the features that it reads, T and D.
        dataset: Gives the lengths of proprioception and action.
        components: Principal components that a readout that learns sees; 0 for all dimensions.
    """
    return Controller(
        ControllerConfig(
            tokens=tokens,
            dim=dim,
            readout=config.readout,
            keypoints=config.keypoints,
            keypoint_hidden=config.keypoint_hidden,
            proprioception=dataset.proprioception.shape[1],
            actions=dataset.actions.shape[1],
            hidden=config.hidden,
            use_proprioception=config.use_proprioception,
            dropout=config.dropout,
            components=components if readout_learns(config.readout) else 0,
        )
    )


def fit(
    module: torch.nn.Module,
    predict: Callable[[Tensor, bool], Tensor],
    actions: Tensor,
    config: BehaviourCloningConfig,
    action_scale: Tensor,
    run: Path | None,
    progress: Progress | None,
    groups: list[dict] | None = None,
) -> list[float]:
    """The optimisation loop: AdamW, warm-up and cosine per iteration, shuffled batches, the last partial one dropped.

    Shuffling and noise of an epoch depend only on (seed, epoch), so a resumed training equals an uninterrupted one.
    """
    if groups is None:
        assert isinstance(module, Controller)
        groups = module.parameter_groups(config.learning_rate, config.weight_decay, config.readout_lr_factor)
    optimizer = torch.optim.AdamW(groups, fused=True)
    count = len(actions)
    batch = min(config.batch_size, count)
    iterations = count // batch
    weight = torch.ones(actions.shape[1])
    weight[-1] = config.gripper_weight
    losses, first = _resume(run, module, optimizer, config)
    for epoch in range(first, config.epochs):
        module.train()
        torch.manual_seed(config.seed * 1_000_003 + epoch)
        order = torch.randperm(count)
        total = 0.0
        for iteration in range(iterations):
            factor = learning_rate_factor(epoch + iteration / iterations, config.epochs, config.warmup_epochs)
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor
            rows = order[iteration * batch : (iteration + 1) * batch]
            error = (predict(rows, True) - actions[rows]) / action_scale
            loss = (weight * error.square()).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += float(loss.detach())
        losses.append(total / iterations)
        if progress is not None:
            progress(epoch + 1, config.epochs, losses[-1])
        if run is not None and ((epoch + 1) % CHECKPOINT_EVERY == 0 or epoch + 1 == config.epochs):
            _checkpoint(run, module, optimizer, config, losses)
    module.eval()
    return losses


def training_report(
    module: torch.nn.Module, predict: Callable[[Tensor, bool], Tensor], actions: Tensor, losses: list[float]
) -> TrainingReport:
    """What the trained module reaches on the data it was trained on."""
    module.eval()
    return TrainingReport(_loss_over(predict, actions), float(actions.square().mean()), tuple(losses))


def refuse_idle_policy(report: TrainingReport) -> None:
    """Raise if the policy is hardly better than the zero action."""
    if report.gain < MINIMUM_GAIN:
        raise MvpRealError(
            f"the policy's loss {report.loss:.3g} is only {report.gain:.2f} times better than standing still "
            f"({report.zero_action_loss:.3g}), at least {MINIMUM_GAIN:g} is required; check the demonstrations and "
            "the encoder, or train longer"
        )


def _loss_over(predict: Callable[[Tensor, bool], Tensor], actions: Tensor, batch: int = 512) -> float:
    """Mean squared error over all rows, without noise."""
    with torch.no_grad():
        parts = [
            functional.mse_loss(predict(rows, False), actions[rows], reduction="sum")
            for rows in torch.arange(len(actions)).split(batch)
        ]
    return float(torch.stack(parts).sum()) / actions.numel()


def _constant_part(controller: Controller, tokens: Tensor) -> Tensor:
    standard = controller.standardise(tokens)
    return standard[:, 1:] if controller.readout_learns else controller.readout(standard)


def _checkpoint(
    run: Path,
    module: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    config: BehaviourCloningConfig,
    losses: list[float],
) -> None:
    run.mkdir(parents=True, exist_ok=True)
    tensors = {f"module.{name}": value.contiguous() for name, value in module.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"optimizer.{index}.{name}"] = torch.as_tensor(value).contiguous()
    record = {"losses": json.dumps(losses), "config": _fingerprint(config)}
    temporary = run / f"{CHECKPOINT}.tmp"
    save_file(tensors, str(temporary), metadata=record)
    temporary.replace(run / CHECKPOINT)
    with (run / "loss.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["epoch", "loss"])
        writer.writerows((epoch + 1, f"{loss:.6g}") for epoch, loss in enumerate(losses))


def _resume(
    run: Path | None,
    module: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    config: BehaviourCloningConfig,
) -> tuple[list[float], int]:
    if run is None or not (run / CHECKPOINT).is_file():
        return [], 0
    from safetensors import safe_open

    with safe_open(str(run / CHECKPOINT), framework="pt") as stream:
        record = stream.metadata()
    if record["config"] != _fingerprint(config):
        return [], 0
    tensors = load_file(str(run / CHECKPOINT))
    module.load_state_dict(
        {name.removeprefix("module."): value for name, value in tensors.items() if name.startswith("module.")}
    )
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, field = name.split(".", 2)
            state.setdefault(int(index), {})[field] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    losses = [float(loss) for loss in json.loads(record["losses"])]
    return losses, len(losses)


def _fingerprint(config: BehaviourCloningConfig) -> str:
    """A checkpoint is only continued by the same settings."""
    return repr(config)
