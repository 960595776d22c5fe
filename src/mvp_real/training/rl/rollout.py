"""One rollout of every environment, in contiguous buffers."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass
class Rollout:
    """T steps of N environments, float32 unless said otherwise.

    Attributes:
        observation, state: (T, N, O), (T, N, S), before the step.
        action, mean: Sampled and mean action of the robot, (T, N, A).
        log_std: Of the policy that acted, in its frame, (A,).
        log_probability: Of the action, (T, N).
        reward: (T, N).
        terminated, truncated: (T, N) bool.
        last_state: After the last step, (N, S).
        final_state: Last states of the episodes that ran out of time, (K, S), and `final_index` (K,), which step
            (flat index t * N + n) each of them followed.
        tokens: For a policy with a window W: observation and the action sent before it, (W - 1 + T, N, O + A); the
            first W - 1 rows are those before this rollout.
        age: Steps since the beginning of the episode in each row of `tokens`, (W - 1 + T, N) int64; what lies further
            back belongs to an older episode.
    """

    observation: Tensor
    state: Tensor
    action: Tensor
    mean: Tensor
    log_std: Tensor
    log_probability: Tensor
    reward: Tensor
    terminated: Tensor
    truncated: Tensor
    last_state: Tensor
    final_state: Tensor
    final_index: Tensor
    tokens: Tensor | None = None
    age: Tensor | None = None
