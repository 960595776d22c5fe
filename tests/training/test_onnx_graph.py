"""The exported graph computes what the module does, and says nothing about where it was made."""

from __future__ import annotations

import inspect
from pathlib import Path

import onnx
import pytest
import torch
from torch import nn

from mvp_real.errors import MvpRealError
from mvp_real.training.onnx_graph import export_graph

ROOT = Path(__file__).parents[2]


class Halves(nn.Module):
    """A small network with something to remember its origin by."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 3))

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        return self.layers(value) * 0.5


def test_equal_weights_give_equal_bytes_without_paths(tmp_path: Path) -> None:
    example = {"value": torch.randn(2, 6, generator=torch.Generator().manual_seed(1))}
    assert export_graph(Halves(), example, "out", tmp_path / "a.onnx") <= 1e-5
    # The same code from another file, as after a move to another machine.
    moved = tmp_path / "elsewhere.py"
    moved.write_text("import torch\nfrom torch import nn\n\n\n" + inspect.getsource(Halves))
    scope: dict[str, object] = {"__name__": "elsewhere"}
    exec(compile(moved.read_text(), str(moved), "exec"), scope)
    twin = scope["Halves"]()  # type: ignore[operator]
    export_graph(twin, example, "out", tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    assert b".py" not in (tmp_path / "a.onnx").read_bytes()


def test_a_graph_that_computes_something_else_is_refused(tmp_path: Path) -> None:
    class Noisy(nn.Module):
        def forward(self, value: torch.Tensor) -> torch.Tensor:
            return value + torch.rand(value.shape[0], 6)

    with pytest.raises(MvpRealError, match="differs from the trained network"):
        export_graph(Noisy(), {"value": torch.zeros(2, 6)}, "out", tmp_path / "noisy.onnx")


@pytest.mark.parametrize("path", sorted(ROOT.glob("models/*/model.onnx")), ids=lambda path: path.parent.name)
def test_shipped_graphs_carry_no_paths(path: Path) -> None:
    assert b'.py"' not in path.read_bytes()
    onnx.checker.check_model(str(path))
