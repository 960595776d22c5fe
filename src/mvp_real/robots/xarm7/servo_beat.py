"""What happens at the servo's beat: points in servo mode, a watch over the box otherwise, and every way to a stop.

Every motion goes policy -> limiter -> interpolator -> servo stream -> box. A stop brakes along the trajectory and
then stops the box; where the box has stopped by itself, is silent or gone, the stream ends at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum

from mvp_real.messages import FloatArray, JointReading, JointTarget
from mvp_real.robots.limits import Limits
from mvp_real.robots.table import RobotTable
from mvp_real.robots.verdict import DriverState, Verdict
from mvp_real.robots.xarm7.client import ControllerFault
from mvp_real.robots.xarm7.hand_guiding import HandGuiding
from mvp_real.robots.xarm7.limited_motion import LimitedMotion
from mvp_real.robots.xarm7.periods import Periods
from mvp_real.robots.xarm7.servo_thread import ServoThread
from mvp_real.robots.xarm7.session import ArmSession

BEING_TAUGHT = "a person moves the arm by hand"
BRAKE_WITHIN = 0.5  # s for a stop along the trajectory; then the box stops the arm


class Phase(Enum):
    """What is sent to the box."""

    IDLE = "idle"  # nothing
    STREAMING = "streaming"
    BRAKING = "braking"  # still streaming, towards rest


class ServoBeat:
    """The part of the driver that answers at once. Safe to call from several threads.

    Args:
        session: The box.
        table: The robot.
        limits: Numbers of the limiter.
        period: Time between two servo points, s.
        on_change: Called after a change of state that nobody asked for, in another thread.
        on_point: Called with the time and the (7,) joints of every point that the box has taken, in the servo thread.
        prepare_thread: Called once in the servo thread, e.g. for its priority.
    """

    def __init__(
        self,
        session: ArmSession,
        table: RobotTable,
        limits: Limits,
        period: float,
        on_change: Callable[[], None],
        on_point: Callable[[float, FloatArray], None],
        prepare_thread: Callable[[], None],
    ) -> None:
        self._session, self.limits = session, limits
        self._on_change, self._on_point = on_change, on_point
        self._lock = threading.RLock()  # everything below
        self._guiding = HandGuiding(session)
        self._motion = LimitedMotion(table, limits, period)
        self._phase = Phase.IDLE
        self._brake_until = 0.0
        self._halt_wanted = False
        self._ended = 0  # requests to end motion or teaching; one may come while the box is being prepared
        self._points = 0
        self._periods = Periods(period)
        self._thread = ServoThread(self, period, prepare_thread)

    # `RobotDriver`, as far as it returns at once.

    @property
    def state(self) -> DriverState:
        """Disabled, running, holding, stopped, or teaching."""
        return DriverState.TEACHING if self._guiding.active else self._motion.limiter.state

    @property
    def reason(self) -> str:
        """Why it is not running; empty while it is."""
        return BEING_TAUGHT if self._guiding.active else self._motion.limiter.reason

    @property
    def homing(self) -> bool:
        """Whether the arm is on its way to the start pose."""
        return self._motion.homing

    def read(self) -> JointReading:
        """The newest good reading; its stamp is its arrival."""
        return self._session.reading

    def command(self, target: JointTarget) -> Verdict:
        """Hand in a target, its stamp in monotonic time; the verdict says what the limiter made of it."""
        with self._lock:
            if self._guiding.active:
                return self._guiding.command(target, self.limits, time.monotonic())
            verdict = self._motion.command(target, self.read(), time.monotonic())
            self._react(verdict)
            return verdict

    def disable(self) -> None:
        """End motion or teaching without a fault: brake, then stop the box. The motors hold the arm."""
        with self._lock:
            self._ended += 1
            self._end_teaching()
            self._motion.limiter.disable()
            self._motion.end_homing()
            self._brake()

    def stop(self, reason: str) -> None:
        """Brake, stop the box, and latch."""
        with self._lock:
            self._ended += 1
            self._end_teaching()
            self._react(self._motion.limiter.stop(reason))
            self._halt_wanted = self._phase is Phase.IDLE  # whatever moves the arm then, it is not us
        self._thread.wake()

    def diagnostics(self) -> dict[str, str]:
        """State, reason of the last stop, counters, box and stream, as text."""
        with self._lock:
            return {
                **self._motion.limiter.diagnostics(),
                **self._session.diagnostics(),
                "servo points": str(self._points),
                "servo points waited for": str(self._motion.stream.slowed),
                "servo points cut": str(self._motion.stream.clamped),
                **self._periods.report(),
            }

    # What the servo thread calls.

    @property
    def idle(self) -> bool:
        """Whether nothing is sent to the box."""
        return self._phase is Phase.IDLE

    def tick(self, now: float) -> None:
        """Send the next point."""
        session = self._session
        with self._lock:
            before = self.state
            self._react(self._motion.watch(session.reading, now))
            if self._phase is Phase.STREAMING and (gripper := session.gripper.fault(now)):
                self._react(self._motion.limiter.stop(gripper))
            fault = session.box_fault() if self._phase is Phase.STREAMING else ""
            point, opening = self._motion.stream.next(now), self._motion.stream.gripper
            rested = self._phase is Phase.BRAKING and (self._motion.stream.resting or now > self._brake_until)
        try:
            if fault:
                session.client.require_no_error()  # an error says more than what it led to
                raise ControllerFault(fault)
            session.client.servo(point)
            if opening is not None:
                session.gripper.go(opening)
            self._points += 1
            self._periods.tick(now)
            self._on_point(now, point)
            if rested:
                session.client.halt()
                self._phase = Phase.IDLE
        except ControllerFault as error:
            self._trip(error)
        if self.state is not before:
            self._on_change()

    def look(self) -> None:
        """Stop the box if that is wanted; notice one that stopped by itself, fell silent or left."""
        before = self.state
        if self._halt_wanted:
            self._halt_wanted = not self._halt_box()
        elif before is not DriverState.STOPPED:
            try:
                self._session.client.require_no_error()
                self._guiding.require_no_fault(self.limits, time.monotonic())
            except ControllerFault as error:
                with self._lock:
                    self._end_teaching()
                    self._motion.limiter.stop(str(error))
        if self.state is not before:
            self._on_change()

    # Inside.

    def _wait_idle(self, halted: bool = True) -> bool:
        """Wait until nothing is sent, and nothing of the kind is due; whether it is so."""
        deadline = time.monotonic() + 2.0 * BRAKE_WITHIN
        while not (ended := self.idle and not (halted and self._halt_wanted)) and time.monotonic() < deadline:
            time.sleep(0.005)
        return ended

    def _react(self, verdict: Verdict) -> None:
        if verdict.state is DriverState.STOPPED:
            self._motion.end_homing()
            self._brake()

    def _brake(self) -> None:
        if self._phase is Phase.STREAMING:
            self._phase = Phase.BRAKING
            self._brake_until = time.monotonic() + BRAKE_WITHIN
            self._motion.stream.brake()

    def _end_teaching(self) -> None:
        if self._guiding.active:
            self._guiding.active = False
            self._halt_wanted = True
            self._thread.wake()

    def _trip(self, fault: ControllerFault) -> None:
        """Stop without braking along the trajectory: the box no longer follows it."""
        with self._lock:
            self._motion.limiter.stop(str(fault))
            self._motion.end_homing()
            self._phase = Phase.IDLE
        self._halt_wanted = fault.lost or not self._halt_box()  # `look` goes on trying

    def _halt_box(self) -> bool:
        """Stop the box; whether it was reached."""
        try:
            self._session.client.halt()
        except ControllerFault as fault:
            with self._lock:
                self._motion.limiter.stop(str(fault))
            return False
        return True
