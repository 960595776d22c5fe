"""An emulated robot and the driver's servo on one deterministic clock, datagrams handed over without a network."""

from __future__ import annotations

import numpy as np

from mvp_real.emulators.digit.body import DigitBody, Mode
from mvp_real.emulators.digit.faults import digit_faults
from mvp_real.emulators.digit.robot import EmulatedDigit
from mvp_real.messages import PdCommand
from mvp_real.robots.digit_link.link import DigitLink
from mvp_real.robots.digit_link.measurement import Measuring
from mvp_real.robots.digit_link.observation import Observation
from mvp_real.robots.digit_link.servo import DigitServo
from mvp_real.robots.digit_link.session_clock import Arrival, SessionClock
from mvp_real.robots.verdict import DriverState

CLIENT, ROBOT = ("127.0.0.1", 25501), ("127.0.0.1", 25500)


class Bench:
    """Robot, link and servo; a millisecond is a millisecond for all of them.

    Attributes:
        alive: Whether the driver runs; a dead one neither sends nor reads.
        commanded: Whether a policy sends the default pose every 20 ms.
        seen: Newest observation.
        largest: Largest share of its limit that any motor's torque had.
    """

    def __init__(self, hold: bool = True, shadow: bool = False) -> None:
        self.board = digit_faults()
        self.robot = EmulatedDigit(DigitBody(hold=hold), self.board)
        self.table = self.robot.body.table
        self.link = DigitLink(self.table, ROBOT[0], ROBOT[1], 0)
        self.link.socket.close()
        self.servo = DigitServo(shadow=shadow)
        self.alive, self.commanded = True, False
        self.seen: Observation | None = None
        self.largest = 0.0
        self._measuring, self._clock = Measuring(self.table), SessionClock()
        self._connected = False
        self._wall = 0.0

    def run(self, milliseconds: int) -> None:
        """Let time pass."""
        for _ in range(milliseconds):
            self._wall += 0.001
            datagrams = self.robot.step()
            if self.alive:
                self._drive(datagrams)
            body = self.robot.body
            share = np.abs(body.data.actuator_force) / self.table.torque_limit
            self.largest = max(self.largest, float(share.max()))

    def _drive(self, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            observation = self.link.take(datagram, ROBOT, self._wall)
            if observation is None:
                continue
            arrival = self._clock.advance(observation.time)
            if arrival is Arrival.OVERTAKEN:
                continue
            if arrival is Arrival.RESTARTED:
                self.servo.restarted("the robot's control program has restarted")
            self.seen = observation
            self.servo.observe(self._measuring.measure(observation, self._clock.now), observation.error)
        self.link.check(self._wall)
        if self.link.connected != self._connected:
            self._connected = self.link.connected
            if self.link.limits is not None:
                self.servo.connected(self.link.limits)
            else:
                self.servo.disconnected(f"the robot {self.link.subscriber.farewell}")
        self.servo.link_problem = self.link.problem
        if self.commanded and round(1000 * self._wall) % 20 == 0:
            table = self.table
            pose = PdCommand(table.default_pose, table.kp.copy(), table.kd.copy(), self._clock.now)
            self.servo.command(pose, self._clock.now)
        command = self.servo.step(self._clock.now, self.link.silence(self._wall))
        for datagram in self.link.outgoing(command, self._wall):
            self.robot.receive(datagram, CLIENT)

    def until(self, condition: object, limit: int) -> int:
        """Milliseconds until a condition holds, at most `limit`."""
        for passed in range(limit + 1):
            if condition():  # type: ignore[operator]
                return passed
            self.run(1)
        raise AssertionError(f"not within {limit} ms; driver {self.state}: {self.reason}; robot {self.mode}")

    def drive(self) -> None:
        """Connected, enabled, and the policy has the robot."""
        self.engage()
        self.until(lambda: self.mode is Mode.LOW_LEVEL, 30)
        self.run(60)

    def engage(self) -> None:
        """Connected, enabled, and a policy commands."""
        self.until(lambda: self.servo.measurement is not None, 500)
        self.run(20)
        self.commanded = True
        assert self.servo.enable(self._clock.now).state is DriverState.RUNNING

    @property
    def mode(self) -> Mode:
        return self.robot.body.mode

    @property
    def state(self) -> DriverState:
        return self.servo.limiter.state

    @property
    def reason(self) -> str:
        return self.servo.limiter.reason
