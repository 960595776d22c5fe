"""A walking policy's card for tests, and variants of it."""

from __future__ import annotations

from mvp_real.bundle import Asset, Card, Tensor, Walking
from mvp_real.control.locomotion.wiring import walking_of
from mvp_real.robots.digit import load_digit


def walking_card(
    walking: Walking | None = None, robot: str = "digit", tokens: tuple[int, ...] = (16, 102)
) -> Card:
    return Card(
        kind="locomotion",
        name="walker",
        summary="For tests.",
        licence="Apache-2.0",
        model=Asset("", ""),
        weights=Asset("", ""),
        inputs=(Tensor("tokens", tokens), Tensor("mask", (16,))),
        outputs=(Tensor("action", (36,)),),
        task="digit_walk",
        robot=robot,
        walking=walking or walking_of(load_digit()),
    )
