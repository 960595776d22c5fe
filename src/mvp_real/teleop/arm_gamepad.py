"""An arm from a gamepad: sticks and triggers are speeds of the virtual hand, the left shoulder button is the clutch."""

from __future__ import annotations

import numpy as np

from mvp_real.teleop.gamepad import DEADMAN_BUTTON, QUIT_BUTTON, Gamepad
from mvp_real.teleop.hand_sample import HandSample
from mvp_real.teleop.virtual_hand import SPEED, TURN, VirtualHand

# Numbers of an Xbox-like gamepad under the kernel's driver.
LEFT_X, LEFT_Y, LEFT_TRIGGER, RIGHT_X, RIGHT_Y, RIGHT_TRIGGER = range(6)
GRIP_BUTTON, PRIMARY_BUTTON, SECONDARY_BUTTON = 5, 0, 1
HELP = "hold LB: clutch  left stick: move  triggers: down/up  right stick: turn  RB: gripper  A/B: marks  BACK: end"


class ArmGamepad:
    """Turns a gamepad's event stream into hand samples. Times are handed in."""

    def __init__(self, side: str = "right") -> None:
        self._pad = Gamepad((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
        self._hand = VirtualHand("gamepad", side)
        self._closed = self._grip_down = False
        self._sampled_at: float | None = None

    @property
    def left(self) -> bool:
        """The operator asked to leave."""
        return self._pad.left

    def feed(self, data: bytes) -> None:
        """Take bytes of the device."""
        self._pad.feed(data)

    def lose(self) -> None:
        """The device is gone: nothing is held any more."""
        self._pad.lose()

    def sample(self, now: float) -> HandSample:
        """The sample of this moment."""
        pad = self._pad
        elapsed = 0.0 if self._sampled_at is None else min(max(0.0, now - self._sampled_at), 0.1)
        self._sampled_at = now
        grip = pad.button(GRIP_BUTTON)
        if grip and not self._grip_down:
            self._closed = not self._closed
        self._grip_down = grip
        clutch = pad.button(DEADMAN_BUTTON) and not pad.button(QUIT_BUTTON)
        if clutch:
            # The kernel counts down and right as positive; a trigger rests at -1.
            lift = 0.5 * (pad.axis(RIGHT_TRIGGER, -1.0) - pad.axis(LEFT_TRIGGER, -1.0))
            shift = np.array([-pad.stick(LEFT_Y), -pad.stick(LEFT_X), lift])
            turn = np.array([0.0, pad.stick(RIGHT_Y), -pad.stick(RIGHT_X)])
            self._hand.push(SPEED * elapsed * shift, TURN * elapsed * turn)
        else:
            self._hand.rest()
        return self._hand.sample(
            now, clutch, float(self._closed), pad.button(PRIMARY_BUTTON), pad.button(SECONDARY_BUTTON)
        )
