"""A person with an emulated headset moves the simulated arm through page, gateway, mapping, limiter and driver."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ..nodes.teleop_bringup import TeleopBringup
from .conftest import Devices
from .operator_page import OperatorPage, clutch

pytestmark = [pytest.mark.slow, pytest.mark.nodes, pytest.mark.render]

SMALL = {"width": 480, "height": 360}  # of a headset's page: everything is drawn in software
PLACE = [0.2, 1.1, -0.4]


def tool(robot: TeleopBringup) -> np.ndarray:
    return np.array(robot.mapping["tool"])


def ready(devices: Devices, robot: TeleopBringup, headset: str = "metaQuest3") -> OperatorPage:
    """A paired operator in a headset, with the lease, the arm enabled and the controller in sight."""
    page = devices.open(robot.token, headset=headset, viewport=SMALL)
    page.paired()
    page.take()
    if page.page.evaluate("() => Boolean(window.operatorPage.desk.stopped)"):
        page.act("clear_fault")
    assert page.act("enable") == "enable: done"
    page.enter()
    page.place(*PLACE)
    return page


def test_move_grip_and_stop(devices: Devices, robot: TeleopBringup, screenshots: Path) -> None:
    page = ready(devices, robot)
    rested = len(robot.targets)
    page.page.wait_for_timeout(500)
    assert len(robot.targets) == rested, "the arm was told to move without a clutch"
    clutch(robot, page)
    start = tool(robot)

    def place_and_hold(*position: float) -> None:
        page.place(*position)
        clutch(robot, page)

    # Up and to the left for the operator: +z and +y for the robot.
    for k in range(1, 9):
        place_and_hold(PLACE[0] - 0.01 * k, PLACE[1] + 0.012 * k, PLACE[2])
    robot.until(
        lambda: tool(robot)[2] - start[2] > 0.05 and tool(robot)[1] - start[1] > 0.04, "the tool moves along"
    )
    robot.until(lambda: robot.joints[0] > 0.02, "the arm itself moves")
    page.press("trigger", 1.0)
    robot.until(lambda: (clutch(robot, page), robot.joints[7] < 0.6)[1], "the gripper closes")
    page.page.set_viewport_size({"width": 1100, "height": 900})
    page.wait("window.operatorPage.pictures > 2")
    page.shoot(screenshots / "moving.png")

    page.stop()
    robot.until(lambda: robot.driver["state"] == "stopped", "the driver's stop is latched")
    robot.until(lambda: robot.mapping["state"] == "released", "the hand has let go")
    stopped = len(robot.targets)
    page.press("squeeze", 0.0)
    page.press("squeeze", 1.0)
    page.page.wait_for_timeout(500)
    assert len(robot.targets) == stopped, "the arm was told to move after the stop"
    page.wait("document.getElementById('stop').classList.contains('latched')")
    page.shoot(screenshots / "stopped.png")
    assert page.act("enable").startswith("enable: refused")
    assert page.act("clear_fault") == "clear fault: done"
    assert page.act("enable") == "enable: done"
    clutch(robot, page)
    assert page.errors == []


def test_a_stop_that_no_connection_could_take_is_said_and_goes_first_over_the_next_one(
    devices: Devices, robot: TeleopBringup, screenshots: Path
) -> None:
    page = ready(devices, robot)
    page.page.evaluate(
        """() => {
            const control = window.operatorPage.control;
            window.connect = control.open.bind(control);
            control.open = () => {};
            control.socket.close();
        }"""
    )
    page.wait("!window.operatorPage.control.ready")
    page.stop()
    page.wait("document.getElementById('alarm').textContent.includes('STOP NOT CONFIRMED')")
    page.shoot(screenshots / "stop_not_confirmed.png")
    assert robot.driver["state"] != "stopped"
    page.page.evaluate("() => window.connect()")
    robot.until(lambda: robot.driver["state"] == "stopped", "the stop arrives late, but it arrives")
    page.wait("!document.getElementById('alarm').textContent.includes('NOT CONFIRMED')")


def test_old_news_of_the_robot_are_not_shown_as_new(devices: Devices, robot: TeleopBringup) -> None:
    page = ready(devices, robot)
    page.wait("document.getElementById('driver').textContent.includes('running')")
    page.page.evaluate(
        """() => {
            const view = window.operatorView;
            view.onText = () => {};
            view.onBinary = () => {};
        }"""
    )
    page.wait("document.getElementById('alarm').textContent.includes('s old')")
    assert "unknown" in page.text("#driver")


def test_whatever_loses_the_hand_releases_until_a_new_press(devices: Devices, robot: TeleopBringup) -> None:
    page = ready(devices, robot, "metaQuest2")
    losses = {
        "the controller is gone": (
            "xr.controllers.right.connected = false",
            "xr.controllers.right.connected = true",
        ),
        "a menu is open": (
            "xr.updateVisibilityState('visible-blurred')",
            "xr.updateVisibilityState('visible')",
        ),
        "the position is a guess": ("window.guessed = true", "window.guessed = false"),
    }
    for what, (lose, regain) in losses.items():
        clutch(robot, page)
        page.xr(lose)
        robot.until(lambda: robot.mapping["state"] == "released", f"released: {what}")
        page.xr(regain)
        still = len(robot.targets)
        page.place(PLACE[0], PLACE[1] + 0.1, PLACE[2])
        page.page.wait_for_timeout(600)
        assert len(robot.targets) == still, f"the arm moved without a new press: {what}"
    clutch(robot, page)
    page.page.evaluate("() => window.operatorPage.headset.leave()")
    robot.until(lambda: robot.mapping["state"] == "released", "leaving the headset releases")
    page.enter()
    page.press("squeeze", 0.0)
    clutch(robot, page)
    # The headset's own stop button: a thumbstick pushed in.
    page.press("thumbstick", 1.0)
    robot.until(lambda: robot.driver["state"] == "stopped", "the thumbstick stops the driver")
    page.press("thumbstick", 0.0)


def test_bare_hands(devices: Devices, robot: TeleopBringup) -> None:
    page = ready(devices, robot)
    page.xr("xr.primaryInputMode = 'hand'")
    page.xr("xr.hands.right.updatePinchValue(0); xr.hands.left.updatePinchValue(0)")

    def clutch_by_pinch() -> bool:
        if robot.mapping["state"] != "moving":
            page.xr("xr.hands.left.updatePinchValue(0)")
            page.page.wait_for_timeout(300)
            page.xr("xr.hands.left.updatePinchValue(1)")
            page.page.wait_for_timeout(300)
        return bool(robot.mapping["state"] == "moving")

    robot.until(clutch_by_pinch, "the left hand's pinch takes the clutch")
    page.xr("xr.hands.right.updatePinchValue(1)")
    robot.until(
        lambda: clutch_by_pinch() and robot.targets[-1][7] == 0.0, "the right hand's pinch closes the gripper"
    )
    page.xr("xr.hands.right.connected = false")
    robot.until(lambda: robot.mapping["state"] == "released", "a lost hand releases")


def test_a_phone_looks_on_asks_and_stops(devices: Devices, robot: TeleopBringup, screenshots: Path) -> None:
    stranger = devices.open("AAAAA-AAAAA", scheme="https")
    stranger.wait("document.getElementById('pairing-error').textContent.includes('not valid')")
    assert not stranger.page.is_visible("#stop")
    stranger.shoot(screenshots / "wrong_token.png")

    operator = devices.open(robot.token, viewport={"width": 1280, "height": 860})
    operator.paired()
    operator.take()
    assert operator.act("enable") == "enable: done"
    phone = devices.open(robot.token, scheme="https", viewport={"width": 390, "height": 844}, is_mobile=True)
    phone.paired()
    assert "#" not in phone.page.url  # the used token is not left in the address
    assert phone.page.is_disabled("[data-action=enable]")
    phone.click("#take")
    phone.wait("window.operatorPage.desk.asking")
    assert phone.text("#lease") == "Somebody else; asked for it."
    phone.wait("window.operatorPage.pictures > 0")
    phone.shoot(screenshots / "phone.png")
    operator.click("#give")
    phone.wait("window.operatorPage.desk.holds")
    operator.wait("!window.operatorPage.desk.holds")
    operator.shoot(screenshots / "viewer.png")
    operator.stop()  # also without the lease
    robot.until(lambda: robot.driver["state"] == "stopped", "anybody who is paired may stop")
    assert phone.act("clear_fault") == "clear fault: done"
    assert operator.errors == phone.errors == []
