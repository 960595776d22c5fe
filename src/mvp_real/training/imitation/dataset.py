"""The training set of behaviour cloning: one row per kept step of every demonstration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvp_real.demos.reader import Demonstration, demonstration_paths, read_demonstration
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.training.imitation.augmentation import mirror, mirrored
from mvp_real.training.imitation.config import BehaviourCloningConfig
from mvp_real.training.imitation.labels import labelled_steps

MAX_STEP = 0.15
"""Ceiling of the per-step joint limit, rad (mvp_real sheet, rule 7)."""
STEP_MARGIN = 1.25

Loader = Callable[[Demonstration, Path, int], NDArray[np.generic]]


@dataclass(frozen=True)
class ImitationDataset:
    """M training pairs.

    Attributes:
        inputs: (M, T, D) float32 tokens, or (M, S, S, 3) uint8 pixels for end-to-end training.
        proprioception: (M, 8) float32.
        actions: (M, 8) float32.
        demonstration: (M,) index into `ids`.
        ids: Demonstration ids as "<folder>/<id>".
        max_step: (7,) limit on a joint's change per action, rad.
    """

    inputs: NDArray[np.generic]
    proprioception: NDArray[np.float32]
    actions: NDArray[np.float32]
    demonstration: NDArray[np.intp]
    ids: tuple[str, ...]
    max_step: FloatArray

    def __len__(self) -> int:
        return len(self.actions)


def build_dataset(
    config: BehaviourCloningConfig,
    load: Loader,
    progress: Callable[[int, int], None] | None = None,
) -> ImitationDataset:
    """Read every demonstration of the config's folders and attach its labels.

    Args:
        config: Folders, label mode and step filter.
        load: Gives the inputs of every step of a demonstration in a view: a feature cache, a pixel cache or the
            oracle.
        progress: Called with (demonstrations done, total).

    Raises:
        MvpRealError: A demonstration is not marked as a success, or the demonstrations come from several tasks.
    """
    paths = demonstration_paths(*map(Path, config.demos))
    inputs, states, actions, owner, ids = [], [], [], [], []
    for index, path in enumerate(paths):
        demonstration = read_demonstration(path)
        _refuse_unusable(demonstration, config.task, path)
        steps, labels = labelled_steps(
            demonstration.state, demonstration.clean, config.labels, config.step_threshold, config.frame_skip
        )
        for view in range(config.views):
            change = mirror if mirrored(view) else np.asarray
            inputs.append(np.asarray(load(demonstration, path, view)[steps]))
            states.append(change(demonstration.state[steps]))
            actions.append(change(labels))
            owner.append(np.full(len(steps), index))
        ids.append(f"{path.parent.name}/{demonstration.id}")
        if progress is not None:
            progress(index + 1, len(paths))
    joined = np.concatenate(actions)
    return ImitationDataset(
        inputs=np.concatenate(inputs),
        proprioception=np.concatenate(states).astype(np.float32),
        actions=joined.astype(np.float32),
        demonstration=np.concatenate(owner),
        ids=tuple(ids),
        max_step=step_limit(joined),
    )


def step_limit(actions: FloatArray) -> FloatArray:
    """(7,) largest joint change per action that a driver shall let through: min(0.15, 1.25 x largest in the demos)."""
    limit: FloatArray = np.minimum(MAX_STEP, STEP_MARGIN * np.abs(actions[:, :7]).max(axis=0))
    return limit


def _refuse_unusable(demonstration: Demonstration, task: str, path: Path) -> None:
    outcome = demonstration.metadata.get("outcome", {})
    if outcome and outcome.get("success") is not True:
        raise MvpRealError(
            f"demonstration '{path}' is not marked as a success; set it aside with: mvp_real demos prune"
        )
    recorded: Sequence[str] = [str(demonstration.metadata.get("task", task))]
    if recorded[0] != task:
        raise MvpRealError(
            f"demonstration '{path}' is of task '{recorded[0]}', this training is for '{task}'"
        )
