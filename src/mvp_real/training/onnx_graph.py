"""A torch module as one ONNX file, checked against the module it came from."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mvp_real.errors import MvpRealError, require

OPSET = 18
PARITY = 1e-5
"""Largest difference between ONNX Runtime and torch, relative to the largest output."""


def export_graph(
    module: nn.Module, inputs: dict[str, Tensor], output: str, path: Path, tolerance: float = PARITY
) -> float:
    """Write `module` as a single-file ONNX graph with a dynamic batch, and compare the two on the given inputs.

    Args:
        module: Takes the inputs in order, gives one tensor.
        inputs: Example inputs by name, batch of at least 2 first.
        output: Name of the output.
        path: The ONNX file.
        tolerance: Largest accepted relative difference.

    Returns:
        The relative difference found.

    Raises:
        MvpRealError: The graph computes something else than the module.
    """
    require("onnxscript", "learn")
    module = module.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    batch = torch.export.Dim("batch", min=1, max=4096)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=[output],
            dynamic_shapes=tuple({0: batch} for _ in inputs),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    remove_origin(path)
    difference = parity(module, inputs, path)
    if not difference <= tolerance:
        raise MvpRealError(
            f"'{path}' differs from the trained network by {difference:.2g} (relative), at most {tolerance:g} is "
            "accepted; report this with the versions of torch and onnxruntime"
        )
    return difference


def remove_origin(path: Path) -> None:
    """Take out what the exporter notes about the Python code behind each node: files, lines, names.

    It would carry the folders of one machine into every bundle, and equal weights would not give equal bytes.
    """
    onnx = require("onnx", "learn")
    model = onnx.load(str(path))
    del model.metadata_props[:]
    for graph in (model.graph, *model.functions):
        del graph.metadata_props[:]
        for part in (*graph.node, *graph.value_info):
            del part.metadata_props[:]
            part.doc_string = ""
    for part in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del part.metadata_props[:]
    onnx.save(model, str(path))


def parity(module: nn.Module, inputs: dict[str, Tensor], path: Path) -> float:
    """Largest difference between ONNX Runtime and torch over the largest output, for the batch and its first row."""
    runtime = require("onnxruntime", "infer")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for rows in (slice(None), slice(0, 1)):
        part = {name: value[rows] for name, value in inputs.items()}
        with torch.no_grad():
            expected = module(*part.values()).numpy()
        found = session.run(None, {name: value.numpy() for name, value in part.items()})[0]
        if found.shape != expected.shape:
            raise MvpRealError(f"'{path}' gives shape {found.shape}, the network {expected.shape}")
        scale = max(float(np.abs(expected).max()), 1e-6)
        worst = max(worst, float(np.abs(found - expected).max()) / scale)
    return worst
