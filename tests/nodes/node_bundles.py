"""Bundles for tests of the nodes: an encoder that sees every change, controllers that do one thing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from mvp_real.bundle import Action, Asset, Card, EncoderReference, Tensor, asset
from mvp_real.bundle_writer import save_card
from mvp_real.cameras.preprocessing import Preprocessing
from mvp_real.robots.table import load_robot

TURN = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.03, 0.0)  # joint 7 turns: safe anywhere, and the camera sees it
SIZE = 96


def _save(graph: onnx.GraphProto, directory: Path) -> Asset:
    directory.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    (directory / "model.onnx").write_bytes(model.SerializeToString())
    return asset(directory / "model.onnx")


def _value(name: str, *shape: object) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])


def means_encoder(directory: Path) -> Card:
    """Tokens (1, 3): mean of each channel of the normalised image."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["image", "axes"], ["means"], keepdims=0),
            helper.make_node("Unsqueeze", ["means", "one"], ["tokens"]),
        ],
        "means",
        [_value("image", 3, SIZE, SIZE)],
        [_value("tokens", 1, 3)],
        [
            helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3]),
            helper.make_tensor("one", TensorProto.INT64, [1], [1]),
        ],
    )
    card = Card(
        kind="encoder",
        name=directory.name,
        summary="Channel means.",
        licence="Apache-2.0",
        model=_save(graph, directory),
        weights=Asset("", ""),
        inputs=(Tensor("image", (3, SIZE, SIZE)),),
        outputs=(Tensor("tokens", (1, 3)),),
        image=Preprocessing(size=SIZE).for_card(),
    )
    save_card(card, directory)
    return card


def constant_policy(directory: Path, action: Sequence[float], encoder: Card, max_step: float = 0.15) -> Path:
    """A controller that gives the same action whatever it sees; NaN is an action too."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["feature", "axes"], ["mean"], keepdims=0),
            helper.make_node("Unsqueeze", ["mean", "one"], ["column"]),
            helper.make_node("Mul", ["column", "zero"], ["nothing"]),
            helper.make_node("Mul", ["proprioception", "zero"], ["still"]),
            helper.make_node("Add", ["still", "nothing"], ["zeros"]),
            helper.make_node("Add", ["zeros", "constant"], ["action"]),
        ],
        "constant",
        [_value("feature", 1, 3), _value("proprioception", 8)],
        [_value("action", 8)],
        [
            helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2]),
            helper.make_tensor("one", TensorProto.INT64, [1], [1]),
            helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0]),
            helper.make_tensor("constant", TensorProto.FLOAT, [8], list(action)),
        ],
    )
    assert encoder.image is not None
    card = Card(
        kind="controller",
        name=directory.name,
        summary="A constant action.",
        licence="Apache-2.0",
        model=_save(graph, directory),
        weights=Asset("", ""),
        inputs=(Tensor("feature", (1, 3)), Tensor("proprioception", (8,))),
        outputs=(Tensor("action", (8,)),),
        task="pick_fruit",
        robot="xarm7",
        encoder=EncoderReference(encoder.name, encoder.model.sha256, encoder.image.hash),
        readout="flat",
        action=Action(load_robot("xarm7").joint_names, 0.2, 0.2, "measured", (max_step,) * 7),
    )
    save_card(card, directory)
    return directory


def write_bundles(folder: Path) -> Path:
    """Encoder `means`, controllers `turn`, `nan`, `leap`, `hasty`, and `altered`: a changed model file."""
    encoder = means_encoder(folder / "means")
    constant_policy(folder / "turn", TURN, encoder)
    constant_policy(folder / "nan", [float("nan")] * 8, encoder)
    constant_policy(folder / "leap", (1.0, *[0.0] * 7), encoder)
    constant_policy(folder / "hasty", (0.12, *[0.0] * 7), encoder, max_step=0.03)
    altered = constant_policy(folder / "altered", TURN, encoder)
    model = altered / "model.onnx"
    model.write_bytes(model.read_bytes() + b"\0")
    return folder
