from __future__ import annotations

import numpy as np

from mvp_real.teleop.arm_gamepad import GRIP_BUTTON, LEFT_TRIGGER, LEFT_Y, RIGHT_TRIGGER, ArmGamepad
from mvp_real.teleop.gamepad import AXIS, BUTTON, DEADMAN_BUTTON, EVENT, FULL

PERIOD = 0.02


def event(kind: int, number: int, value: int) -> bytes:
    return EVENT.pack(0, value, kind, number)


def test_sticks_are_speeds_while_the_shoulder_button_is_held() -> None:
    pad = ArmGamepad()
    pad.feed(event(AXIS, LEFT_Y, -FULL))
    for k in range(10):
        assert not pad.sample(k * PERIOD).clutch
    pad.feed(event(BUTTON, DEADMAN_BUTTON, 1))
    samples = [pad.sample(0.2 + k * PERIOD) for k in range(51)]
    assert all(s.clutch for s in samples)
    np.testing.assert_allclose(samples[0].position, 0.0)
    assert 0.2 < samples[-1].position[0] <= 0.25 + 1e-9  # a second at 0.25 m/s, forward
    pad.feed(event(BUTTON, DEADMAN_BUTTON, 0))
    resting = pad.sample(2.0).position
    np.testing.assert_array_equal(pad.sample(2.1).position, resting)


def test_triggers_lift_only_after_they_have_spoken() -> None:
    pad = ArmGamepad()
    pad.feed(event(BUTTON, DEADMAN_BUTTON, 1))
    for k in range(10):
        assert pad.sample(k * PERIOD).position[2] == 0.0
    pad.feed(event(AXIS, LEFT_TRIGGER, -FULL) + event(AXIS, RIGHT_TRIGGER, FULL))
    assert [pad.sample(0.2 + k * PERIOD) for k in range(10)][-1].position[2] > 0.01


def test_the_grip_button_toggles_and_a_lost_pad_lets_go() -> None:
    pad = ArmGamepad()
    for down, closed in ((1, 1.0), (0, 1.0), (1, 0.0), (0, 0.0)):
        pad.feed(event(BUTTON, GRIP_BUTTON, down))
        assert pad.sample(0.0).grip == closed
    pad.feed(event(BUTTON, DEADMAN_BUTTON, 1))
    assert pad.sample(0.1).clutch
    pad.lose()
    assert not pad.sample(0.2).clutch
