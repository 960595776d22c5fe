"""The loop on the simulated Digit with its driver, in one process: the policy gets the robot and steps with it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco")

from mvp_real.control.locomotion.loop import LocomotionLoop
from mvp_real.control.locomotion.spaces import OBSERVATION_SIZE
from mvp_real.control.locomotion.state import LocomotionState
from mvp_real.robots.digit import load_digit
from mvp_real.robots.verdict import DriverState
from mvp_real.sim.simulated_digit import SimulatedDigit
from mvp_real.tasks.digit.reference_gait import ReferenceGait

from .walking_card import walking_card


class Pair:
    """Robot and loop that talk directly; the policy is the reference gait, which has no feedback."""

    def __init__(self, hold: bool) -> None:
        self.robot = SimulatedDigit(hold=hold)
        gait = ReferenceGait()
        self.loop = LocomotionLoop(
            walking_card(), load_digit(), lambda tokens, mask: gait.action(tokens[-1, :OBSERVATION_SIZE])
        )
        self.robot.advance(200)
        self.speak()
        self.robot.enable()
        assert self.loop.engage(self.robot.now) == ""

    def speak(self) -> None:
        self.loop.measured.joints(self.robot.joint_reading())
        self.loop.measured.imu(self.robot.imu_reading())
        self.loop.measured.base(self.robot.base_reading())

    def tick(self) -> None:
        self.robot.advance(20)
        self.speak()
        output = self.loop.tick(self.robot.now)
        if output.command is not None:
            self.robot.command(output.command)
        state = self.robot.state
        latched = state in (DriverState.STOPPED, DriverState.FALLEN)
        self.loop.driver(state is DriverState.RUNNING, self.robot.reason if latched else "")


def test_the_policy_gets_the_robot_and_steps_with_it() -> None:
    """Without feedback it must fall in the end; a standing posture lasts half as long."""
    pair = Pair(hold=False)
    lifted = np.zeros(2)
    walked = 0
    for _ in range(300):
        pair.tick()
        if pair.loop.state is LocomotionState.WALKING:
            walked += 1
            lifted += pair.robot.contact_forces() == 0.0
        if not pair.loop.engaged and walked:
            break
    assert walked > 50, "more than a second"
    assert lifted.min() > 5, "both feet were in the air"
    assert pair.loop.state in (LocomotionState.FALLEN, LocomotionState.STOPPED)
    assert pair.robot.state is DriverState.FALLEN


def test_the_driver_changes_nothing_of_what_the_loop_sends() -> None:
    pair = Pair(hold=True)
    for _ in range(150):
        pair.tick()
    counters = pair.robot.limiter.counters
    assert pair.loop.state is LocomotionState.WALKING
    assert counters["accepted"] == 150 - 16
    assert (counters["targets slowed"], counters["gains clipped"], counters["refused"]) == (0, 0, 0)
    assert counters["targets clipped"] == 0


def test_no_torque_jumps_when_the_policy_takes_over() -> None:
    pair = Pair(hold=True)
    torques = []
    for _ in range(20):
        pair.tick()
        effort = pair.robot.joint_reading().effort
        assert effort is not None
        torques.append(effort[:20])
    assert pair.loop.state is LocomotionState.ENGAGING
    assert np.abs(np.diff(torques[14:18], axis=0)).max() < 6.0, (
        "Nm from tick to tick, of limits of 79 and more"
    )
