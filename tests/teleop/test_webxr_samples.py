from __future__ import annotations

import numpy as np
import pytest

from mvp_real.teleop.gateway.webxr_frame import Controller, WebXRFrame
from mvp_real.teleop.gateway.webxr_samples import INDEX_TIP, THUMB_TIP, WebXRSamples
from mvp_real.teleop.hand_sample import HandSample

POSE = np.array([0.1, 1.2, -0.3, 0.0, 0.0, 0.0, 1.0])


def controller(squeeze: float = 0.0, trigger: float = 0.0, pose: np.ndarray = POSE) -> WebXRFrame:
    return WebXRFrame(0, 0.0, True, {"right": Controller(pose, trigger, squeeze)})


def hand(pinch: float) -> np.ndarray:
    """Joints with thumb and index that far apart, m."""
    joints = np.tile(POSE, (25, 1))
    joints[THUMB_TIP, :3] = (0.0, 1.0, -0.4)
    joints[INDEX_TIP, :3] = (pinch, 1.0, -0.4)
    return joints


def hands(right: float | None, left: float | None) -> WebXRFrame:
    both = {"right": right, "left": left}
    return WebXRFrame(0, 0.0, True, {}, {side: hand(v) for side, v in both.items() if v is not None})


def right(samples: list[HandSample]) -> HandSample:
    return next(sample for sample in samples if sample.side == "right")


def test_a_controller_becomes_a_sample_in_the_operators_frame() -> None:
    sample = right(WebXRSamples().feed(controller(trigger=0.3), 5.0))
    np.testing.assert_allclose(sample.position, (0.3, -0.1, 1.2))
    np.testing.assert_allclose(sample.quaternion, (1.0, 0.0, 0.0, 0.0))
    assert (sample.tracked, sample.clutch, sample.grip, sample.stamp) == (True, False, 0.3, 5.0)


def test_squeeze_is_the_clutch_with_hysteresis() -> None:
    samples = WebXRSamples()
    held = [right(samples.feed(controller(v), 0.0)).clutch for v in (0.0, 0.5, 0.7, 0.5, 0.3, 0.5)]
    assert held == [False, False, True, True, False, False]


def test_a_squeeze_that_was_there_before_the_controller_is_no_clutch() -> None:
    samples = WebXRSamples()
    assert not right(samples.feed(controller(1.0), 0.0)).clutch
    samples.feed(controller(0.0), 0.0)
    assert right(samples.feed(controller(1.0), 0.0)).clutch
    samples.feed(WebXRFrame(0, 0.0, True), 0.0)  # gone
    assert not right(samples.feed(controller(1.0), 0.0)).clutch
    samples.feed(controller(0.0), 0.0)
    assert right(samples.feed(controller(1.0), 0.0)).clutch
    samples.lost(0.0)
    assert not right(samples.feed(controller(1.0), 0.0)).clutch


@pytest.mark.parametrize(
    "pose",
    [
        np.full(7, np.nan),
        np.append(np.nan, POSE[1:]),
        np.array([0, 0, 0, 0, 0, 0, 0.5]),
        POSE * np.array([500] * 3 + [1] * 4),
    ],
)
def test_an_impossible_pose_is_a_lost_hand(pose: np.ndarray) -> None:
    samples = WebXRSamples()
    assert samples.feed(controller(pose=pose), 0.0) == []  # never seen: nothing to say
    assert right(samples.feed(controller(), 0.0)).tracked
    assert not right(samples.feed(controller(pose=pose), 0.0)).tracked


def test_a_blurred_session_and_an_empty_list_are_lost_hands() -> None:
    samples = WebXRSamples()
    samples.feed(controller(), 0.0)
    assert not right(samples.feed(WebXRFrame(0, 0.0, False, controller().controllers), 0.0)).tracked
    assert right(samples.feed(controller(), 0.0)).tracked
    assert not right(samples.feed(WebXRFrame(0, 0.0, True), 0.0)).tracked


def test_the_other_hands_pinch_is_the_clutch_and_ones_own_the_gripper() -> None:
    samples = WebXRSamples()
    samples.feed(hands(0.09, 0.09), 0.0)
    sample = right(samples.feed(hands(0.02, 0.09), 0.0))
    assert (sample.grip, sample.clutch) == (1.0, False)
    sample = right(samples.feed(hands(0.09, 0.015), 0.0))
    assert (sample.grip, sample.clutch) == (0.0, True)
    assert sample.fingers is not None
    assert sample.fingers.shape == (25, 3)
    assert not right(samples.feed(hands(0.09, None), 0.0)).clutch  # the hand that held the clutch is gone


@pytest.mark.parametrize("opened", [False, True])
def test_a_clutch_hand_that_comes_back_closed_is_no_clutch_until_it_opens(opened: bool) -> None:
    samples = WebXRSamples()
    samples.feed(hands(0.09, 0.09), 0.0)
    assert right(samples.feed(hands(0.09, 0.015), 0.0)).clutch
    assert not right(samples.feed(hands(0.09, None), 0.0)).clutch  # out of sight for one frame
    if opened:
        samples.feed(hands(0.09, 0.09), 0.0)
    assert right(samples.feed(hands(0.09, 0.015), 0.0)).clutch is opened


def test_a_hand_that_appears_closed_is_no_clutch() -> None:
    samples = WebXRSamples()
    samples.feed(hands(0.09, None), 0.0)
    assert not right(samples.feed(hands(0.09, 0.015), 0.0)).clutch


def test_one_unknown_joint_is_a_lost_hand() -> None:
    samples = WebXRSamples()
    samples.feed(hands(0.09, None), 0.0)
    frame = hands(0.09, None)
    frame.hands["right"][13, 1] = np.nan
    assert not right(samples.feed(frame, 0.0)).tracked
