"""A loop refuses, at its start, a bundle that does not fit the robot or the encoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mvp_real.bundle import Action, BundleError, Card, EncoderReference, Tensor
from mvp_real.cameras.preprocessing import Preprocessing
from mvp_real.control.policy_loop import PolicyLoop
from mvp_real.robots.table import RobotTable

from .loop_fixture import controller_card, encoder_card


def loop(card: Card, table: RobotTable, encoder: Card | None = None) -> PolicyLoop:
    return PolicyLoop(card, table, lambda tokens, state: np.zeros(8), encoder=encoder)


def test_a_fitting_bundle_is_accepted(table: RobotTable) -> None:
    loop(controller_card(table), table, encoder_card())


def test_other_joints_or_another_order_are_refused(table: RobotTable) -> None:
    card = controller_card(table)
    assert card.action is not None
    swapped = (*table.joint_names[1::-1], *table.joint_names[2:])
    wrong = replace(card, action=Action(swapped, 0.2, 0.2, "measured", (0.15,) * 7))
    with pytest.raises(
        BundleError, match=r"moves joint2, joint1.*in this order, robot 'xarm7' has joint1, joint2"
    ):
        loop(wrong, table)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"robot": "panda"}, "is for robot 'panda', this one is 'xarm7'"),
        (
            {"inputs": (Tensor("feature", (2, 3)), Tensor("proprioception", (7,)))},
            r"proprioception has shape \(7,\)",
        ),
        ({"outputs": (Tensor("action", (9,)),)}, r"action has shape \(9,\)"),
        ({"inputs": (Tensor("feature", (6,)), Tensor("proprioception", (8,)))}, r"needs \(T, D\)"),
    ],
)
def test_other_robots_and_shapes_are_refused(
    table: RobotTable, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(BundleError, match=message):
        loop(replace(controller_card(table), **changes), table)  # type: ignore[arg-type]


def test_an_encoder_bundle_is_no_controller(table: RobotTable) -> None:
    with pytest.raises(BundleError, match="kind 'encoder'; a control loop needs a controller"):
        loop(encoder_card(), table)


def test_another_encoder_is_refused_with_both_digests(table: RobotTable) -> None:
    other = replace(encoder_card(), model=replace(encoder_card().model, sha256="cd" * 32))
    with pytest.raises(BundleError, match=r"\(abababababab\).*has cdcdcdcdcdcd"):
        loop(controller_card(table), table, other)


def test_another_image_path_is_refused(table: RobotTable) -> None:
    with pytest.raises(BundleError, match="trained with preprocessing"):
        loop(controller_card(table), table, encoder_card(Preprocessing(crop=480).for_card()))


def test_tokens_of_another_shape_are_refused(table: RobotTable) -> None:
    other = replace(encoder_card(), outputs=(Tensor("tokens", (5, 3)),))
    with pytest.raises(BundleError, match=r"reads a feature \(2, 3\), encoder 'small' gives \(5, 3\)"):
        loop(controller_card(table), table, other)


def test_a_controller_on_the_simulators_state_refuses_any_encoder(table: RobotTable) -> None:
    oracle = replace(controller_card(table), encoder=EncoderReference("oracle"))
    loop(oracle, table)
    with pytest.raises(BundleError, match="reads the simulator's state"):
        loop(oracle, table, encoder_card())
