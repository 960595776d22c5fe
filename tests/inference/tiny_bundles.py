"""Bundles with models of one or two operations, whose result is known by hand."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from mvp_real.bundle import Action, Asset, Card, EncoderReference, ImageInput, Tensor, asset
from mvp_real.bundle_writer import save_card
from mvp_real.cameras.preprocessing import Preprocessing

JOINTS = ("joint1", "joint2", "joint3", "joint4", "joint5", "joint6", "joint7", "gripper")


def save_model(graph: onnx.GraphProto, path: Path) -> Asset:
    path.parent.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return asset(path)


def weights(directory: Path) -> Asset:
    path = directory / "weights.safetensors"
    path.write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x00{}")  # an empty container
    return asset(path)


def encoder_bundle(directory: Path, size: int = 96, image: ImageInput | None = None) -> Card:
    """Tokens (1, 3): the mean of each colour channel of the normalised image."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["image", "axes"], ["means"], keepdims=0),
            helper.make_node("Unsqueeze", ["means", "one"], ["tokens"]),
        ],
        "means",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, size, size])],
        [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["batch", 1, 3])],
        [
            helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3]),
            helper.make_tensor("one", TensorProto.INT64, [1], [1]),
        ],
    )
    card = Card(
        kind="encoder",
        name="means",
        summary="Channel means.",
        licence="Apache-2.0",
        model=save_model(graph, directory / "model.onnx"),
        weights=weights(directory),
        inputs=(Tensor("image", (3, size, size)),),
        outputs=(Tensor("tokens", (1, 3)),),
        image=image or Preprocessing(size=size).for_card(),
    )
    save_card(card, directory)
    return card


def controller_bundle(
    directory: Path, encoder: Card, feature: tuple[int, int] = (1, 3), output: str = "action"
) -> Card:
    """Action = proprioception / 10; the feature is read and multiplied by zero."""
    count, width = feature
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["feature", "axes"], ["mean"], keepdims=0),
            helper.make_node("Unsqueeze", ["mean", "one"], ["column"]),
            helper.make_node("Mul", ["column", "zero"], ["nothing"]),
            helper.make_node("Mul", ["proprioception", "tenth"], ["scaled"]),
            helper.make_node("Add", ["scaled", "nothing"], [output]),
        ],
        "tenth",
        [
            helper.make_tensor_value_info("feature", TensorProto.FLOAT, ["batch", count, width]),
            helper.make_tensor_value_info("proprioception", TensorProto.FLOAT, ["batch", 8]),
        ],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", 8])],
        [
            helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2]),
            helper.make_tensor("one", TensorProto.INT64, [1], [1]),
            helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0]),
            helper.make_tensor("tenth", TensorProto.FLOAT, [1], [0.1]),
        ],
    )
    image = encoder.image
    assert image is not None
    card = Card(
        kind="controller",
        name="tenth",
        summary="A tenth of the state.",
        licence="Apache-2.0",
        model=save_model(graph, directory / "model.onnx"),
        weights=weights(directory),
        inputs=(Tensor("feature", feature), Tensor("proprioception", (8,))),
        outputs=(Tensor("action", (8,)),),
        task="pick_fruit",
        robot="xarm7",
        encoder=EncoderReference(encoder.name, encoder.model.sha256, image.hash),
        readout="flat",
        action=Action(JOINTS, 0.2, 0.2, "measured", (0.15,) * 7),
    )
    save_card(card, directory)
    return card
