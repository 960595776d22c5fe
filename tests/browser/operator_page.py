"""What a person does with the page and with an emulated headset."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from ..nodes.teleop_bringup import TeleopBringup

PATIENCE = 40_000  # ms; a busy machine draws and simulates slowly


class OperatorPage:
    """One device's page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.set_default_timeout(PATIENCE)

    def wait(self, expression: str) -> None:
        """Wait until a JavaScript expression holds."""
        # Polled: animation frames, the default, are rare on a busy machine.
        self.page.wait_for_function(f"() => Boolean({expression})", timeout=PATIENCE, polling=50)

    def paired(self) -> None:
        self.wait("window.operatorPage?.desk.you")

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def click(self, selector: str) -> None:
        """Click what a person could click."""
        self.wait(f"(e => e && !e.disabled && e.offsetParent !== null)(document.querySelector('{selector}'))")
        self.page.dispatch_event(selector, "click")

    def take(self) -> None:
        self.click("#take")
        self.wait("window.operatorPage.desk.holds")

    def act(self, name: str) -> str:
        """Press one of the robot's buttons; what the page says then."""
        self.page.evaluate("() => { document.getElementById('answer').textContent = '' }")
        self.click(f"[data-action={name}]")
        self.wait("document.getElementById('answer').textContent")
        return self.text("#answer")

    def stop(self) -> None:
        self.page.dispatch_event("#stop", "pointerdown")

    # Headset.

    def enter(self, mode: str = "vr") -> None:
        self.click(f"#enter-{mode}")
        self.wait("window.operatorPage.headset.session && window.operatorPage.headset.frames > 3")

    def xr(self, script: str, argument: Any = None) -> Any:
        """Run JavaScript with the emulated headset as `xr`."""
        return self.page.evaluate(f"(value) => {{ const xr = window.xrDevice; {script} }}", argument)

    def place(self, x: float, y: float, z: float, side: str = "right") -> None:
        """Put a controller somewhere, m, in the headset's frame."""
        self.xr(f"xr.controllers['{side}'].position.set(value[0], value[1], value[2])", [x, y, z])

    def press(self, button: str, value: float, side: str = "right") -> None:
        """Press a button of a controller so far, 0..1."""
        self.xr(f"xr.controllers['{side}'].updateButtonValue('{button}', value)", value)

    def glide(self, start: list[float], end: list[float], seconds: float, place: Callable[..., None]) -> None:
        """Move a hand along a line, as a person would."""
        began = time.monotonic()
        while True:
            share = min(1.0, (time.monotonic() - began) / seconds)
            place(*[a + share * (b - a) for a, b in zip(start, end, strict=True)])
            if share >= 1.0:
                return
            time.sleep(0.02)

    def shoot(self, path: Path) -> None:
        """A screenshot."""
        self.page.screenshot(path=str(path))


def clutch(robot: TeleopBringup, page: OperatorPage) -> None:
    """Press the clutch until it is taken: on a busy machine a frame may come too late, which releases it."""

    def moving() -> bool:
        if robot.mapping["state"] == "moving":
            return True
        page.press("squeeze", 0.0)
        page.page.wait_for_timeout(300)
        page.press("squeeze", 1.0)
        page.page.wait_for_timeout(300)
        return bool(robot.mapping["state"] == "moving")

    robot.until(moving, "the clutch is taken")
