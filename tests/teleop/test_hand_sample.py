from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.teleop.hand_sample import BUTTONS, HAND_AXES, POSE_AXES, HandSample, read_sample, untracked

from .hands import sample

QUATERNION = np.array([0.5, -0.5, 0.5, 0.5])


def through(hand: HandSample) -> HandSample:
    return read_sample(hand.frame_id, hand.stamp, hand.axes(), hand.buttons())


@pytest.mark.parametrize("fingers", [None, np.arange(75.0).reshape(25, 3) / 100])
def test_a_sample_survives_the_message(fingers: np.ndarray | None) -> None:
    hand = sample(3.0, (0.1, 0.2, 0.3), quaternion=QUATERNION, grip=0.25, secondary=True, fingers=fingers)
    back = through(hand)
    assert (back.source, back.side, back.stamp, back.grip) == ("webxr", "right", 3.0, 0.25)
    assert (back.tracked, back.clutch, back.primary, back.secondary) == (True, True, False, True)
    np.testing.assert_allclose(back.position, hand.position)
    np.testing.assert_allclose(back.quaternion, QUATERNION)
    if fingers is None:
        assert back.fingers is None
    else:
        np.testing.assert_allclose(back.fingers, fingers)


def test_a_lost_hand_is_a_valid_message() -> None:
    assert not through(untracked("vive", "left", 1.0)).tracked


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"frame_id": "webxr"}, "expected <source>/left"),
        ({"frame_id": "webxr/middle"}, "expected <source>/left"),
        ({"axes": [0.0] * 7}, "7 axes"),
        ({"axes": [0.0] * 7 + [1.0]}, "norm 0.000"),
        ({"axes": [math.nan] + [0.0] * 5 + [1.0, 0.0]}, "not finite"),
        ({"buttons": [1]}, "1 buttons"),
    ],
)
def test_another_layout_is_refused_by_name(change: dict[str, object], text: str) -> None:
    good = {"frame_id": "webxr/right", "stamp": 0.0, "axes": [0.0] * 6 + [1.0, 0.0], "buttons": [1, 1, 0, 0]}
    read_sample(**good)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=text):
        read_sample(**(good | change))  # type: ignore[arg-type]


@given(
    st.text(max_size=12),
    st.lists(st.floats(width=32), max_size=HAND_AXES + 2),
    st.lists(st.integers(-2, 2), max_size=len(BUTTONS) + 1),
)
def test_whatever_comes_is_a_rigid_pose_or_refused(
    frame_id: str, axes: list[float], buttons: list[int]
) -> None:
    try:
        hand = read_sample(frame_id, 0.0, axes, buttons)
    except ValueError:
        return
    assert len(axes) in (POSE_AXES, HAND_AXES)
    assert np.all(np.isfinite(hand.position))
    assert np.linalg.norm(hand.quaternion) == pytest.approx(1.0)
    assert 0.0 <= hand.grip <= 1.0
