"""Walking policies that are a linear function of the newest token and of harmonics of its gait clock."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from mvp_real.bundle import Card, Tensor, Walking
from mvp_real.bundle_writer import save_card
from mvp_real.control.locomotion.spaces import ACTION_SIZE, OBSERVATION, TOKEN_SIZE, WINDOW
from mvp_real.control.locomotion.wiring import walking_of
from mvp_real.messages import FloatArray
from mvp_real.robots.digit import load_digit

from .tiny_bundles import save_model, weights

HARMONICS = 6
FEATURES = TOKEN_SIZE + 2 * HARMONICS


def harmonics(phase: FloatArray) -> FloatArray:
    """(..., 12) sines and cosines of the multiples of the phase (...), as the graph computes them."""
    angles = 2.0 * np.pi * np.multiply.outer(phase, np.arange(1, HARMONICS + 1))
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(*np.shape(phase), 2 * HARMONICS)


def linear_bundle(
    directory: Path, matrix: FloatArray, offset: FloatArray, walking: Walking | None = None
) -> Path:
    """Action = [newest token, harmonics of its clock] @ matrix (114, 36) + offset (36,)."""
    start = OBSERVATION["clock"].start
    nodes = [
        helper.make_node("Gather", ["tokens", "last"], ["token"], axis=1),
        helper.make_node("Gather", ["token", "sine"], ["s1"], axis=1),
        helper.make_node("Gather", ["token", "cosine"], ["c1"], axis=1),
    ]
    parts = ["token", "s1", "c1"]
    for k in range(2, HARMONICS + 1):
        nodes += [
            helper.make_node("Mul", [f"s{k - 1}", "c1"], [f"sc{k}"]),
            helper.make_node("Mul", [f"c{k - 1}", "s1"], [f"cs{k}"]),
            helper.make_node("Mul", [f"c{k - 1}", "c1"], [f"cc{k}"]),
            helper.make_node("Mul", [f"s{k - 1}", "s1"], [f"ss{k}"]),
            helper.make_node("Add", [f"sc{k}", f"cs{k}"], [f"s{k}"]),
            helper.make_node("Sub", [f"cc{k}", f"ss{k}"], [f"c{k}"]),
        ]
        parts += [f"s{k}", f"c{k}"]
    nodes += [
        helper.make_node("Concat", parts, ["features"], axis=1),
        helper.make_node("MatMul", ["features", "matrix"], ["product"]),
        helper.make_node("Add", ["product", "offset"], ["unmasked"]),
        helper.make_node(
            "Gather", ["mask", "last_column"], ["newest"], axis=1
        ),  # 1: the newest is never padding
        helper.make_node("Mul", ["unmasked", "newest"], ["action"]),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [
            helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["batch", WINDOW, TOKEN_SIZE]),
            helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch", WINDOW]),
        ],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, ["batch", ACTION_SIZE])],
        [
            helper.make_tensor("last", TensorProto.INT64, [], [WINDOW - 1]),
            helper.make_tensor("last_column", TensorProto.INT64, [1], [WINDOW - 1]),
            helper.make_tensor("sine", TensorProto.INT64, [1], [start]),
            helper.make_tensor("cosine", TensorProto.INT64, [1], [start + 1]),
            onnx.numpy_helper.from_array(matrix.astype(np.float32), "matrix"),
            onnx.numpy_helper.from_array(offset.astype(np.float32), "offset"),
        ],
    )
    card = Card(
        kind="locomotion",
        name=directory.name,
        summary="A linear walking policy for tests.",
        licence="Apache-2.0",
        model=save_model(graph, directory / "model.onnx"),
        weights=weights(directory),
        inputs=(Tensor("tokens", (WINDOW, TOKEN_SIZE)), Tensor("mask", (WINDOW,))),
        outputs=(Tensor("action", (ACTION_SIZE,)),),
        task="digit_walk",
        robot="digit",
        walking=walking or walking_of(load_digit()),
    )
    save_card(card, directory)
    return directory


def last_token_bundle(directory: Path, gain: float = 1.0) -> Path:
    """Action = gain x the first 36 entries of the newest token."""
    matrix = np.zeros((FEATURES, ACTION_SIZE))
    matrix[:ACTION_SIZE, :ACTION_SIZE] = gain * np.eye(ACTION_SIZE)
    return linear_bundle(directory, matrix, np.zeros(ACTION_SIZE))


def constant_bundle(directory: Path, action: FloatArray, walking: Walking | None = None) -> Path:
    """The same action (36,) whatever it sees; NaN is an action too."""
    return linear_bundle(directory, np.zeros((FEATURES, ACTION_SIZE)), action, walking)


def gait_bundle(directory: Path, phases: FloatArray, actions: FloatArray) -> Path:
    """An open-loop gait: the least-squares fit of actions (n, 36) at phases (n,)."""
    basis = np.hstack([harmonics(phases), np.ones((len(phases), 1))])
    fit = np.linalg.lstsq(basis, actions, rcond=None)[0]
    matrix = np.zeros((FEATURES, ACTION_SIZE))
    matrix[TOKEN_SIZE:] = fit[:-1]
    return linear_bundle(directory, matrix, fit[-1])
