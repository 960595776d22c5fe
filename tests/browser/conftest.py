"""A headset without a headset: Chromium with the WebXR emulator that npm brings, on the page of a running robot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

for module in ("rclpy", "mujoco", "mink", "aiohttp", "cryptography", "playwright"):
    pytest.importorskip(module)

from playwright.sync_api import Browser, BrowserContext, sync_playwright  # noqa: E402

from ..nodes.teleop_bringup import TeleopBringup  # noqa: E402
from .operator_page import OperatorPage  # noqa: E402

IWER = "iwer@2.5.0"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
]  # fmt: skip


@pytest.fixture(scope="session")
def iwer(pytestconfig: pytest.Config) -> str:
    """Source of the WebXR emulator, fetched by npm into pytest's cache folder."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed; it brings the WebXR emulator")
    folder = Path(pytestconfig.cache.mkdir("iwer"))
    script = folder / "node_modules" / "iwer" / "build" / "iwer.min.js"
    if not script.is_file():
        command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--no-save", IWER]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            pytest.skip("npm did not bring the WebXR emulator within 120 s")
        if done.returncode or not script.is_file():
            pytest.skip(f"npm could not bring the WebXR emulator: {done.stderr.strip()[-200:]}")
    return script.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.skip(f"none of {', '.join(CHROMIUM)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeleopBringup]:
    # A headset in software, on a busy machine, is slower than what may move a real arm by default.
    system = TeleopBringup(tmp_path_factory.mktemp("teleop"), max_age="0.5", lease_life="30.0")
    yield system
    system.close()


class Devices:
    """Makes devices, each with cookies of its own."""

    def __init__(self, browser: Browser, robot: TeleopBringup, iwer: str) -> None:
        self._browser, self._robot, self._iwer = browser, robot, iwer
        self._contexts: list[BrowserContext] = []

    def open(
        self, token: str | None = None, scheme: str = "http", headset: str = "", **options: Any
    ) -> OperatorPage:
        """A device that opens the page; with a token it pairs at once.

        Args:
            token: Part of the address after '#'.
            scheme: http or https.
            headset: Name of an emulated headset: metaQuest2 or metaQuest3.
            options: Of the browser context, such as the size of its window.
        """
        context = self._browser.new_context(ignore_https_errors=True, **options)
        self._contexts.append(context)
        if headset:
            start = f"window.xrDevice = new IWER.XRDevice(IWER[{json.dumps(headset)}]);"
            # Chromium has a navigator.xr of its own, before which the emulator would step aside.
            start += "window.xrDevice.installRuntime({forceInstall: true});"
            # A headset marks positions that it only guesses; the emulator marks all of its own.
            guess = "{get: () => window.guessed === true}"
            start += f"Object.defineProperty(XRPose.prototype, 'emulatedPosition', {guess});"
            context.add_init_script(f"{self._iwer};{start}")
        page = context.new_page()
        page.goto(self._robot.page(scheme) + (f"/#{token}" if token else "/"))
        return OperatorPage(page)

    def close(self) -> None:
        """Close all of them."""
        for context in self._contexts:
            context.close()


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where pictures of the page go; MVP_REAL_SCREENSHOTS keeps them for looking at."""
    folder = Path(os.environ.get("MVP_REAL_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def devices(chromium: Browser, robot: TeleopBringup, iwer: str) -> Iterator[Devices]:
    made = Devices(chromium, robot, iwer)
    yield made
    made.close()
    robot.call("clear_fault")
    robot.call("enable", False)
