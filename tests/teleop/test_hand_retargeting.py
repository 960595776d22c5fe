"""Human postures become robot postures of the same kind, for any size of hand and in front of the real limiter."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

pytest.importorskip("mujoco")

from mvp_real.messages import JointReading, JointTarget
from mvp_real.robots.allegro.table import load_hand
from mvp_real.robots.limits import Limits
from mvp_real.robots.safety import Limiter
from mvp_real.robots.verdict import DriverState
from mvp_real.teleop.hand_mapping import HandMapping
from mvp_real.teleop.hand_retargeting import HandRetargeter
from mvp_real.teleop.hand_sample import HandSample, untracked
from mvp_real.teleop.human_hand import HandSize, palm_rotation
from mvp_real.teleop.one_euro import OneEuroFilter

from .synthetic_hand import synthetic_hand

RATE = 72
FLEXION = [1, 2, 3, 5, 6, 7, 9, 10, 11]  # joints of index, middle and ring that bend


def settle(retargeter: HandRetargeter, joints: np.ndarray) -> np.ndarray:
    for k in range(RATE):
        angles = retargeter.feed(joints, 1.0 + k / RATE)
    return angles


@pytest.mark.parametrize("side", ["right", "left"])
def test_straight_fingers_and_a_fist(side: str) -> None:
    retargeter = HandRetargeter(load_hand("v4", side))
    straight = settle(retargeter, synthetic_hand(side=side))
    assert np.abs(straight[FLEXION]).max() < 0.3
    fist = settle(retargeter, synthetic_hand(1.3, side=side))
    assert fist[FLEXION].reshape(3, 3).sum(axis=1).min() > 2.5


@pytest.mark.parametrize("finger", [0, 1])
@pytest.mark.parametrize("side", ["right", "left"])
def test_a_pinch_brings_the_robots_tips_together(finger: int, side: str) -> None:
    retargeter = HandRetargeter(load_hand("v4", side))
    apart = retargeter.tips(settle(retargeter, synthetic_hand(0.6, side=side)))
    name = ("index", "middle")[finger]
    tips = retargeter.tips(settle(retargeter, synthetic_hand(0.6, name, side=side)))
    assert np.linalg.norm(apart[finger] - apart[3]) > 0.06
    assert 0.018 < np.linalg.norm(tips[finger] - tips[3]) < 0.034


def test_the_size_and_the_attitude_of_the_hand_do_not_matter() -> None:
    wanted = settle(HandRetargeter(load_hand()), synthetic_hand(0.7))
    for change in ({"size": 0.75}, {"size": 1.2}, {"turn": 2.0}):
        angles = settle(HandRetargeter(load_hand()), synthetic_hand(0.7, **change))
        np.testing.assert_allclose(angles[FLEXION], wanted[FLEXION], atol=0.03)


def test_sizes_are_lengths_of_bones_whatever_the_posture() -> None:
    size = HandSize()
    for flexion in np.linspace(0.0, 1.3, 20):
        size.feed(synthetic_hand(float(flexion)))
    assert size.known
    np.testing.assert_allclose(size.lengths()[:3], (0.092, 0.101, 0.096), atol=1e-6)


@pytest.mark.parametrize("side", ["right", "left"])
def test_the_palm_has_the_axes_of_the_robots_wrist(side: str) -> None:
    np.testing.assert_allclose(palm_rotation(synthetic_hand(side=side), side), np.eye(3), atol=0.05)


def test_a_point_is_no_hand() -> None:
    with pytest.raises(ValueError, match="no hand"):
        HandRetargeter(load_hand()).feed(np.zeros((25, 3)), 1.0)


def test_trembling_is_smoothed_and_a_fast_hand_is_not_held_back() -> None:
    generator = np.random.default_rng(0)
    retargeter = HandRetargeter(load_hand())
    raw, smooth = [], []
    for k in range(2 * RATE):
        joints = synthetic_hand(0.6) + generator.normal(scale=0.001, size=(25, 3))
        smooth.append(retargeter.feed(joints, 1.0 + k / RATE))
        raw.append(retargeter._joints)
    assert np.std(np.diff(smooth[RATE:], axis=0)) < 0.5 * np.std(np.diff(raw[RATE:], axis=0))

    fast = OneEuroFilter(3.0, 3.0)
    values = [float(fast.feed(np.array([5.0 * k / RATE]), k / RATE)[0]) for k in range(RATE)]
    assert 5.0 * (RATE - 1) / RATE - values[-1] < 0.15  # rad behind at 5 rad/s, 30 ms


class Hand:
    """An ideal robot hand behind the real limiter."""

    def __init__(self) -> None:
        self.table = load_hand()
        self.limits = dataclasses.replace(Limits.from_table(self.table), tracking_gap=self.table.tracking_gap)
        self.mapping = HandMapping(self.table, self.limits)
        self.limiter = Limiter(self.limits)
        self.position, self.now = self.table.home.copy(), 1.0
        self.limiter.enable(self.reading(), self.now)

    def reading(self) -> JointReading:
        return JointReading(self.table.joint_names, self.position, None, self.now)

    def step(self, joints: np.ndarray, clutch: bool = True) -> str:
        self.now += 1 / RATE
        self.mapping.joints(self.reading())
        sample = HandSample("webxr", "right", self.now, tracked=True, clutch=clutch, fingers=joints)
        motion = self.mapping.feed(sample, self.now, self.now)
        if motion.position is not None:
            target = JointTarget(self.table.joint_names, motion.position, self.now, 0.02)
            verdict = self.limiter.command(target, self.reading(), self.now)
            assert verdict.position is not None, verdict.reason
            self.position = verdict.position
        return motion.reason


def test_fingers_follow_only_under_the_clutch_and_within_the_limits() -> None:
    hand = Hand()
    assert hand.step(synthetic_hand()).startswith("clutch not pressed yet")
    for _ in range(20):
        hand.step(synthetic_hand(), clutch=False)
    np.testing.assert_array_equal(hand.position, hand.table.home)
    for k in range(6 * RATE):
        flexion = 0.65 * (1.0 - np.cos(2.0 * np.pi * k / RATE))  # a fist and back, once a second
        assert hand.step(synthetic_hand(float(flexion))) == ""
    assert hand.limiter.state is DriverState.RUNNING
    assert hand.limiter.counters["clamped"] < 0.02 * hand.limiter.counters["commands"]
    for _ in range(3 * RATE):
        hand.step(synthetic_hand(1.2))
    assert hand.position[FLEXION].reshape(3, 3).sum(axis=1).min() > 2.3


def test_the_clutch_is_not_taken_before_the_hand_is_measured() -> None:
    hand = Hand()
    hand.step(synthetic_hand(), clutch=False)
    assert hand.step(synthetic_hand()) == "measuring the size of the hand"
    assert not hand.mapping.moving


def test_a_lost_hand_releases() -> None:
    hand = Hand()
    for _ in range(20):
        hand.step(synthetic_hand(), clutch=False)
    hand.step(synthetic_hand())
    assert hand.mapping.moving
    hand.mapping.feed(untracked("webxr", "right", hand.now), hand.now, hand.now)
    assert not hand.mapping.moving
    assert "this is no hand" in hand.step(np.full((25, 3), 0.3))


def test_only_the_device_that_took_the_clutch_moves_the_fingers() -> None:
    hand = Hand()
    for _ in range(20):
        hand.step(synthetic_hand(), clutch=False)
    hand.step(synthetic_hand())
    before = hand.position.copy()
    for _ in range(10):
        other = HandSample("vive", "right", hand.now, tracked=True, clutch=True, fingers=synthetic_hand(1.2))
        motion = hand.mapping.feed(other, hand.now, hand.now)
        assert motion.position is None
        assert motion.reason == "webxr/right holds the clutch"
    hand.step(synthetic_hand())
    np.testing.assert_allclose(hand.position, before, atol=0.1)
