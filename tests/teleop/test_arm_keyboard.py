from __future__ import annotations

import numpy as np
import pytest

from mvp_real.teleop.arm_keyboard import ArmKeyboard
from mvp_real.teleop.hand_sample import HandSample
from mvp_real.teleop.keyboard import HOLD

PERIOD = 0.02


def play(keyboard: ArmKeyboard, presses: dict[float, str], until: float) -> list[HandSample]:
    """Samples at 50 Hz while keys are pressed at their times."""
    samples, left = [], dict(sorted(presses.items()))
    for k in range(round(until / PERIOD)):
        now = k * PERIOD
        for at in [t for t in left if t <= now]:
            keyboard.press(left.pop(at), now)
        samples.append(keyboard.sample(now))
    return samples


def test_a_key_moves_the_hand_one_step_after_the_clutch_is_taken() -> None:
    samples = play(ArmKeyboard(), {0.1: "w"}, 1.0)
    assert not samples[4].clutch
    first = next(s for s in samples if s.clutch)
    np.testing.assert_array_equal(first.position, [0.0, 0.0, 0.0])  # the reference of the motion is before it
    np.testing.assert_allclose(samples[-1].position, [0.01, 0.0, 0.0])
    held = [s.clutch for s in samples]
    assert sum(held) * PERIOD < HOLD + 2 * PERIOD


def test_a_key_held_down_moves_evenly_and_stops_soon_after() -> None:
    samples = play(ArmKeyboard(), {0.1 + 0.03 * k: "a" for k in range(60)}, 2.5)
    positions = np.array([s.position[1] for s in samples])
    steps = np.diff(positions)
    assert steps.max() <= 0.25 * PERIOD + 1e-9
    assert 0.4 < positions[-1] < 0.5  # 1.8 s at 0.25 m/s
    at_release = positions[round((0.1 + 0.03 * 59) / PERIOD)]
    assert positions[-1] - at_release <= 0.035


def test_turns_grip_marks_and_leaving() -> None:
    keyboard = ArmKeyboard("left")
    keyboard.press("u", 0.0)
    keyboard.press("g", 0.0)
    keyboard.press("\r", 0.0)
    samples = [keyboard.sample(k * PERIOD) for k in range(10)]
    assert samples[0].side == "left"
    assert samples[0].primary
    assert not samples[-1].primary
    assert samples[-1].grip == 1.0
    assert 2 * np.arcsin(samples[-1].quaternion[3]) == pytest.approx(0.05)
    keyboard.press("q", 1.0)
    assert keyboard.left
    assert not keyboard.sample(1.0).clutch


def test_an_unknown_key_is_no_sign_of_life() -> None:
    keyboard = ArmKeyboard()
    keyboard.press("p", 0.0)
    assert not keyboard.sample(0.0).clutch
