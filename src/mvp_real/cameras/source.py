"""Where images come from. A source never blocks a control loop: it hands out the newest frame or nothing."""

from __future__ import annotations

from typing import Protocol

from mvp_real.messages import Frame


class FrameSource(Protocol):
    """A camera, a recording or the simulator."""

    def latest(self) -> Frame | None:
        """The newest frame, the same one again if nothing new came, or None before the first."""
        ...
