"""The node `hand` and its emulator as processes of the system `allegro`: motion, services, faults, and death."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("can")
pytest.importorskip("msgpack")

from mvp_real.emulators.allegro.server import HandServer
from mvp_real.errors import MvpRealError
from mvp_real.robots.allegro.table import load_hand
from mvp_real.systems.environment import system_environment
from mvp_real.systems.process import executable_path

from ..own_domain import free_domain
from .hand_bringup import HandBringup, free_channel
from .live_graph import PATIENCE

pytestmark = [pytest.mark.nodes, pytest.mark.slow]

TABLE = load_hand("v4")
OK, WARN, ERROR = 0, 1, 2
SOON = 8.0  # s of wall time for what takes 0.5 s on an idle machine


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HandBringup]:
    bringup = HandBringup(tmp_path_factory.mktemp("hand"))
    yield bringup
    codes = bringup.close()
    assert codes == {"hand": 0, "hand_emulator": 0}, bringup.log("hand")
    # The hand's own word: an ear in this process may have missed frames while others had the processor.
    assert "ends without torque" in bringup.log("hand_emulator"), (
        "the end of the node switches the motors off"
    )


def test_joint_states_have_names_stamps_and_nominal_efforts(hand: HandBringup) -> None:
    hand.moving()
    count = len(hand.joints)
    hand.until(lambda: len(hand.joints) > count + 20, "joint states come")
    reading, arrived = hand.joints[-1]
    assert reading.names == TABLE.joint_names
    assert reading.velocity is not None
    assert reading.effort is not None
    assert np.abs(reading.effort).max() <= TABLE.torque_limit.max() + 1e-9
    assert 0.0 <= arrived - reading.stamp < SOON
    stamps = [reading.stamp for reading, _ in hand.joints]
    assert stamps == sorted(set(stamps)), "no reading is published twice"


def test_targets_move_the_joints_and_silence_holds_them(hand: HandBringup) -> None:
    hand.moving()
    hand.until(lambda: not hand.caller.robot["homing"], "the hand is at home")
    target = np.array(TABLE.home)
    goal = target.copy()
    goal[[1, 6, 13]] += [0.4, 0.5, 0.3]

    def arrived() -> bool:
        nonlocal target
        target = target + np.clip(goal - target, -0.1, 0.1)
        hand.send(target)
        time.sleep(0.2)
        return bool(np.abs(hand.joints[-1][0].position - goal).max() < 0.08)

    hand.until(arrived, "the joints are at the goal")
    hand.until(lambda: hand.state == "hold", "nobody commands any more")
    assert "no command for" in hand.reason
    hand.until(lambda: hand.level_of("hand") == WARN, "diagnostics warn")
    assert np.abs(hand.joints[-1][0].position - goal).max() < 0.15


def test_a_target_of_another_robot_is_refused(hand: HandBringup) -> None:
    hand.moving()
    hand.until(lambda: not hand.caller.robot["homing"], "the hand is at home")
    refused = int(hand.diagnostics["/allegro/hand"][2]["refused"])
    hand.send(np.array(TABLE.home), TABLE.joint_names[::-1])
    hand.until(lambda: int(hand.diagnostics["/allegro/hand"][2]["refused"]) > refused, "it is counted")
    hand.until(lambda: "joint names" in hand.log("hand"), "and logged")


def test_the_operators_stop_latches(hand: HandBringup) -> None:
    hand.moving()
    assert hand.call("hand/stop")[0]
    hand.until(lambda: hand.state == "stopped", "stopped")
    hand.until(lambda: hand.ear.torque == 0, "no torque on the bus")
    hand.until(lambda: hand.level_of("hand") == ERROR, "diagnostics say so")
    success, message = hand.call("hand/enable")
    assert not success
    assert "operator" in message
    assert hand.call("hand/clear_fault")[0]
    hand.until(lambda: hand.state == "disabled", "disabled")
    assert hand.call("hand/enable")[0]


@pytest.mark.extended
@pytest.mark.parametrize(
    ("fault", "text"),
    [("silence", "no joint angles"), ("emergency_stop", "without power"), ("error=2", "too hot")],
)
def test_faults_of_the_hand_end_in_a_named_stop(hand: HandBringup, fault: str, text: str) -> None:
    hand.moving()
    hand.fault(fault)
    started = time.monotonic()
    hand.until(lambda: hand.state == "stopped", "stopped")
    assert time.monotonic() - started < SOON
    assert text in hand.reason
    hand.until(lambda: hand.ear.torque == 0, "no torque on the bus")
    hand.fault("")

    def cleared() -> bool:
        return hand.call("hand/clear_fault")[0]

    hand.until(cleared, "the fault can be cleared")
    assert hand.state != "running"


def test_a_fault_that_the_hand_cannot_show_is_vetoed(hand: HandBringup) -> None:
    with pytest.raises(MvpRealError, match="silence"):
        hand.fault("silenze")
    with pytest.raises(MvpRealError, match="delay=S"):
        hand.fault("delay")


def test_a_killed_node_leaves_no_torque_and_can_be_started_again(hand: HandBringup) -> None:
    hand.moving()
    hand.processes["hand"].kill()
    hand.processes["hand"].wait()
    assert hand.wait(lambda: hand.ear.torque == 0, SOON)
    hand.until(lambda: time.monotonic() - hand.ear.off_at < 5.0, "and no power")
    ready = hand.log("hand").count("hand ready")
    hand.start("hand")
    hand.until(lambda: hand.log("hand").count("hand ready") > ready, "a new node is ready")
    hand.until(lambda: hand.state == "disabled", "and disabled")
    hand.moving()


def test_the_wrong_hand_ends_the_node_with_the_remedy() -> None:
    """A left hand where a right one is expected: the node does not start."""
    channel = free_channel()
    with HandServer(load_hand("v4", "left"), "udp_multicast", channel):
        settings = ["interface:=udp_multicast", f"channel:='{channel}'", "wait:=60.0"]
        parameters = [part for setting in settings for part in ("-p", setting)]
        done = subprocess.run(
            [executable_path("hand"), "--ros-args", *parameters],
            env=system_environment() | {"ROS_DOMAIN_ID": str(free_domain())},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 2
    assert "side:=left" in done.stderr
