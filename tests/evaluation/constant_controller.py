"""Controller bundles that give the same action whatever they see; made of one ONNX constant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from mvp_real.bundle import ORACLE, Action, Asset, Card, EncoderReference, Tensor, asset
from mvp_real.bundle_writer import save_card
from mvp_real.robots.table import load_robot


def constant_controller(
    directory: Path, action: Sequence[float], max_step: tuple[float, ...] = (0.15,) * 7
) -> Path:
    """A controller on the simulator's state, called like its folder, which is returned."""
    directory.mkdir(parents=True, exist_ok=True)
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
        [
            helper.make_tensor_value_info("feature", TensorProto.FLOAT, ["batch", 1, 8]),
            helper.make_tensor_value_info("proprioception", TensorProto.FLOAT, ["batch", 8]),
        ],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, ["batch", 8])],
        [
            helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2]),
            helper.make_tensor("one", TensorProto.INT64, [1], [1]),
            helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0]),
            helper.make_tensor("constant", TensorProto.FLOAT, [8], list(action)),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    (directory / "model.onnx").write_bytes(model.SerializeToString())
    card = Card(
        kind="controller",
        name=directory.name,
        summary="A constant action.",
        licence="Apache-2.0",
        model=asset(directory / "model.onnx"),
        weights=Asset("", ""),
        inputs=(Tensor("feature", (1, 8)), Tensor("proprioception", (8,))),
        outputs=(Tensor("action", (8,)),),
        task="pick_fruit",
        robot="xarm7",
        encoder=EncoderReference(ORACLE),
        readout="flat",
        action=Action(
            joints=tuple(load_robot("xarm7").joint_names),
            gripper_scale=0.2,
            control_period=0.2,
            delta_reference="measured",
            max_step=max_step,
        ),
    )
    save_card(card, directory)
    return directory
