"""What a student has seen, and what the teacher would have done: a ring of control steps."""

from __future__ import annotations

import torch
from torch import Tensor


class DistillationMemory:
    """The last C control steps of N robots.

    Args:
        rows: C.
        robots: N.
        token, action: Sizes.
        device: Where it lies.
    """

    def __init__(self, rows: int, robots: int, token: int, action: int, device: torch.device) -> None:
        self.rows, self.robots = rows, robots
        self.token = torch.zeros(rows, robots, token, device=device)
        self.age = torch.zeros(rows, robots, dtype=torch.int64, device=device)
        self.mean = torch.zeros(rows, robots, action, device=device)
        self.mirrored = torch.zeros(rows, robots, dtype=torch.bool, device=device)
        self.written = 0

    def add(self, token: Tensor, age: Tensor, mean: Tensor, mirrored: Tensor) -> None:
        """One control step.

        Args:
            token: (N, D).
            age: Steps since the beginning of the episode, (N,).
            mean: The teacher's, (N, A).
            mirrored: Where the teacher worked on the mirrored robot, (N,) bool.
        """
        row = self.written % self.rows
        self.token[row], self.age[row], self.mean[row], self.mirrored[row] = token, age, mean, mirrored
        self.written += 1

    @property
    def filled(self) -> int:
        """Rows that hold something."""
        return min(self.written, self.rows)

    def draw(self, count: int, window: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Random windows of consecutive steps.

        Args:
            count: B.
            window: W.
            generator: Of the choice.

        Returns:
            Ring rows (B, W), robots (B, 1) and mask (B, W) bool, False before the episode or the memory began.
        """
        oldest = self.written - self.filled
        chosen = torch.randint(self.filled * self.robots, (count,), generator=generator).to(self.age.device)
        end, robot = oldest + chosen // self.robots, (chosen % self.robots)[:, None]
        back = torch.arange(window - 1, -1, -1, device=chosen.device)
        step = end[:, None] - back
        row = step % self.rows
        mask = (back <= self.age[end % self.rows, robot[:, 0]][:, None]) & (step >= oldest)
        return row, robot, mask

    def state(self) -> dict[str, Tensor]:
        """For `restore`."""
        return {
            "token": self.token[: self.filled],
            "age": self.age[: self.filled],
            "mean": self.mean[: self.filled],
            "mirrored": self.mirrored[: self.filled],
            "written": torch.tensor(self.written),
        }

    def restore(self, saved: dict[str, Tensor]) -> None:
        """Go on from `state`."""
        self.written = int(saved["written"])
        for name in ("token", "age", "mean", "mirrored"):
            getattr(self, name)[: self.filled] = saved[name].to(self.age.device)
