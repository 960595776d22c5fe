"""Several processes that learn together (torchrun): each has its share of the robots, all have the same networks.

Random numbers are drawn for all robots in every process, so that two processes with half the robots each do what one
process with all of them does, up to the order of sums.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor

from mvp_real.errors import MvpRealError
from mvp_real.networks.running_normaliser import RunningNormaliser, moments


class Replicas:
    """The processes of a run; one process needs no setting up.

    Args:
        rank: Number of this process.
        count: How many there are.
        local: Number of this process on its computer, which is that of its GPU.
    """

    def __init__(self, rank: int = 0, count: int = 1, local: int = 0) -> None:
        self.rank, self.count, self.local = rank, count, local

    @classmethod
    def from_torchrun(cls, backend: str = "gloo") -> Replicas:
        """Join the other processes that torchrun started; without torchrun this is the only one.

        Raises:
            MvpRealError: This torch has no such backend.
        """
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count == 1:
            return cls()
        if not dist.is_backend_available(backend):
            raise MvpRealError(
                f"this torch cannot join processes by '{backend}'; use gloo (CPU) or nccl (GPU)"
            )
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if backend == "nccl":
            torch.cuda.set_device(local)  # so that "cuda" is another GPU in every process
        # Figures and counts are on the CPU, which nccl does not serve.
        dist.init_process_group("cpu:gloo,cuda:nccl" if backend == "nccl" else backend)
        return cls(dist.get_rank(), count, local)

    def close(self) -> None:
        """Leave the other processes."""
        if self.count > 1:
            dist.destroy_process_group()

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum over all processes; in place."""
        if self.count > 1:
            dist.all_reduce(tensor)
        return tensor

    def average_figures(self, figures: dict[str, float]) -> dict[str, float]:
        """Means over all processes; every process must bring the same names."""
        if self.count == 1:
            return figures
        values = self.sum(torch.tensor(list(figures.values()), dtype=torch.float64)) / self.count
        return dict(zip(figures, values.tolist(), strict=True))

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Add up the gradients of all processes, in one message."""
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        together = self.sum(torch.cat([gradient.flatten() for gradient in gradients]))
        start = 0
        for gradient in gradients:
            gradient.copy_(together[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Count (), mean (D,) and biased variance (D,) of the samples (..., D) of all processes, float64."""
        count, mean, variance = moments(x)
        if self.count == 1:
            return count, mean, variance
        total = self.sum(count.clone())
        common = self.sum(count * mean) / total
        return total, common, self.sum(count * (variance + (mean - common).square())) / total

    def update(self, normaliser: RunningNormaliser, x: Tensor) -> None:
        """Take the samples of all processes into a normaliser."""
        normaliser.merge(*self.moments(x))

    def noise(self, robots: int, size: int, generator: torch.Generator) -> Tensor:
        """Standard normal numbers (robots, size) for the robots of this process."""
        every = torch.randn(self.count * robots, size, generator=generator)
        return every[self.rank * robots : (self.rank + 1) * robots]

    def minibatches(self, rows: int, robots: int, parts: int, generator: torch.Generator) -> list[Tensor]:
        """Random parts of all samples: flat indices (row * robots + robot) of this process's share of each."""
        order = torch.randperm(rows * robots * self.count, generator=generator)
        found = []
        for chunk in order.chunk(parts):
            row, robot = chunk // (robots * self.count), chunk % (robots * self.count) - self.rank * robots
            own = (robot >= 0) & (robot < robots)
            found.append((row * robots + robot)[own])
        return found
