from __future__ import annotations

import pytest

from mvp_real.teleop.clutch import Clutch
from mvp_real.teleop.hand_sample import untracked

from .hands import sample

STEP = 1 / 72


def engaged() -> tuple[Clutch, float]:
    """A clutch that was taken at time 1 + one frame."""
    clutch = Clutch()
    assert not clutch.feed(sample(1.0, clutch=False), 1.0)
    assert clutch.feed(sample(1.0 + STEP), 1.0 + STEP)
    assert clutch.engaged
    return clutch, 1.0 + STEP


def test_a_clutch_that_is_already_held_does_not_engage() -> None:
    clutch = Clutch()
    for k in range(20):
        assert not clutch.feed(sample(k * STEP), k * STEP)
    assert not clutch.engaged
    assert clutch.reason == "clutch not pressed yet; let the clutch go, then press it"
    clutch.feed(sample(20 * STEP, clutch=False), 20 * STEP)
    assert clutch.feed(sample(21 * STEP), 21 * STEP)


def test_it_engages_once_and_releases_with_the_button() -> None:
    clutch, now = engaged()
    assert not clutch.feed(sample(now + STEP), now + STEP)
    assert clutch.engaged
    clutch.feed(sample(now + 2 * STEP, clutch=False), now + 2 * STEP)
    assert not clutch.engaged
    assert clutch.reason == "clutch released"
    assert clutch.feed(sample(now + 3 * STEP), now + 3 * STEP)  # a new press is enough


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (lambda t: (untracked("webxr", "right", t), t), "tracking lost"),
        (lambda t: (sample(t), t + 0.101), "pose too old"),
        (lambda t: (sample(t - 0.05), t), "pose out of order"),
        (lambda t: (sample(t, (0.13, 0.0, 1.0)), t), "pose jumped"),
    ],
)
def test_a_doubtful_pose_releases_until_a_new_press(what: object, reason: str) -> None:
    clutch, now = engaged()
    hand, at = what(now + STEP)  # type: ignore[operator]
    clutch.feed(hand, at)
    assert not clutch.engaged
    assert clutch.reason == reason
    assert clutch.releases == {reason: 1}
    place = tuple(hand.position)
    for k in range(1, 30):  # the button is still held
        clutch.feed(sample(at + k * STEP, place), at + k * STEP)
        assert not clutch.engaged
    clutch.feed(sample(at + 31 * STEP, place, clutch=False), at + 31 * STEP)
    assert clutch.feed(sample(at + 32 * STEP, place), at + 32 * STEP)


def test_a_fast_hand_is_no_jump() -> None:
    clutch, now = engaged()
    for k in range(1, 20):  # 4 m/s
        clutch.feed(sample(now + k * STEP, (4.0 * k * STEP, 0.0, 1.0)), now + k * STEP)
    assert clutch.engaged


def test_silence_releases_after_a_tenth_of_a_second() -> None:
    clutch, now = engaged()
    clutch.watch(now + 0.099)
    assert clutch.engaged
    clutch.watch(now + 0.101)
    assert not clutch.engaged
    assert "100 ms" in clutch.reason


def test_another_hand_neither_takes_nor_disturbs_it() -> None:
    clutch, now = engaged()
    assert not clutch.feed(sample(now + STEP, (1.0, 1.0, 1.0), source="keyboard"), now + STEP)
    assert clutch.owner == "webxr/right"
    assert not clutch.feed(untracked("keyboard", "right", now + STEP), now + STEP)
    assert clutch.engaged


def test_after_a_change_of_devices_the_new_one_must_press_anew() -> None:
    clutch, now = engaged()
    clutch.feed(sample(now + STEP, clutch=False), now + STEP)
    assert not clutch.feed(sample(now + 2 * STEP, source="vive"), now + 2 * STEP)
    assert not clutch.engaged
