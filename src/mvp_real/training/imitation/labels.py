"""Turns a demonstration into training pairs: which steps are kept, and what the action was."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import unknown_name
from mvp_real.messages import FloatArray

STEP_THRESHOLD = 0.004
"""A step is kept if a joint has moved more than this since the last kept one, rad (released code)."""
GRIPPER_SCALE = 0.2
"""Value of a full gripper change in the action (Xiao 2023, sec. 5.3.2)."""
LABEL_MODES = ("commanded", "measured_delta")


def kept_steps(
    state: FloatArray, commanded_flag: FloatArray | None = None, threshold: float = STEP_THRESHOLD
) -> NDArray[np.intp]:
    """Indices of the steps worth learning from: those since which the robot has moved.

    Args:
        state: (N, 8) joint angles, rad, and open flag.
        commanded_flag: (N,) commanded open flag. Where given, steps at which the gripper has yet to follow its
            command are kept too: they are the ones that say "close now".
        threshold: Joint change, rad; 0 keeps every step.
    """
    kept = [0]
    for step in range(1, len(state)):
        last = state[kept[-1]]
        moved = np.abs(state[step, :7] - last[:7]).max() > threshold
        toggled = state[step, 7] != last[7]
        pending = commanded_flag is not None and commanded_flag[step] != state[step, 7]
        if moved or toggled or pending or threshold == 0.0:
            kept.append(step)
    return np.array(kept, dtype=np.intp)


def measured_delta_labels(
    state: FloatArray, kept: NDArray[np.intp], frame_skip: int = 0
) -> tuple[NDArray[np.intp], FloatArray]:
    """The thesis's labels: a_t = s_{t+1} - s_t between consecutive kept steps.

    Args:
        state: (N, 8) joint angles, rad, and open flag.
        kept: Indices from `kept_steps`.
        frame_skip: k > 0 looks k + 1 kept steps ahead, but not beyond a gripper change.

    Returns:
        Indices of the steps that have a label, and their (M, 8) actions; the gripper is 0.2 x its change.
    """
    chosen = state[kept]
    actions = np.zeros((max(len(kept) - 1, 0), state.shape[1]))
    for index in range(len(actions)):
        target = index + 1
        while (
            target - index <= frame_skip and target + 1 < len(kept) and chosen[target, 7] == chosen[index, 7]
        ):
            target += 1
        actions[index] = chosen[target] - chosen[index]
    actions[:, 7] *= GRIPPER_SCALE
    return kept[:-1], actions


def commanded_labels(
    state: FloatArray, clean: FloatArray, kept: NDArray[np.intp]
) -> tuple[NDArray[np.intp], FloatArray]:
    """What the demonstrator meant: clean target minus measured joints; the gripper 0.2 x (commanded - measured flag).

    Args:
        state: (N, 8) joint angles, rad, and open flag.
        clean: (N, 8) targets before perturbation; gripper 0 or 1.
        kept: Indices from `kept_steps`.
    """
    actions = clean[kept] - state[kept]
    actions[:, 7] = GRIPPER_SCALE * ((clean[kept, 7] > 0.5).astype(np.float64) - state[kept, 7])
    return kept, actions


def labelled_steps(
    state: FloatArray,
    clean: FloatArray,
    mode: str = "commanded",
    threshold: float = STEP_THRESHOLD,
    frame_skip: int = 0,
) -> tuple[NDArray[np.intp], FloatArray]:
    """Kept steps of one demonstration and their actions, by label mode.

    Raises:
        MvpRealError: No such label mode.
    """
    if mode == "commanded":
        flag = (clean[:, 7] > 0.5).astype(np.float64)
        return commanded_labels(state, clean, kept_steps(state, flag, threshold))
    if mode == "measured_delta":
        return measured_delta_labels(state, kept_steps(state, None, threshold), frame_skip)
    raise unknown_name("label mode", mode, LABEL_MODES)
