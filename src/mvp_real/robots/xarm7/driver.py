"""`RobotDriver` of the real arm: servo mode, a stream of points in a thread of its own, behind the limiter.

Every motion goes policy -> limiter -> interpolator -> servo stream -> box. A stop brakes along the trajectory and
then stops the box; where the box has stopped by itself, is silent or gone, the stream ends at once. Nothing
ever moves again without `clear_fault` and `enable`, and a lost connection is only made anew by `clear_fault`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray, JointReading, JointTarget
from mvp_real.robots.limits import Limits
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState, Verdict
from mvp_real.robots.xarm7.client import ControllerFault
from mvp_real.robots.xarm7.hand_guiding import HandGuiding
from mvp_real.robots.xarm7.limited_motion import LimitedMotion
from mvp_real.robots.xarm7.periods import Periods
from mvp_real.robots.xarm7.servo_thread import ServoThread
from mvp_real.robots.xarm7.session import ArmSession

RATES = (50.0, 250.0)  # Hz that the box takes
BEING_TAUGHT = "a person moves the arm by hand"
BRAKE_WITHIN = 0.5  # s for a stop along the trajectory; then the box stops the arm


class _Phase(Enum):
    IDLE = "idle"  # nothing is sent
    STREAMING = "streaming"
    BRAKING = "braking"  # still streaming, towards rest


class XArm7Driver:
    """One xArm7 with its gripper. Safe to call from several threads.

    `enable`, `home`, `teach`, `clear_fault` and `set_limits` talk to the box and may take a second or two; all other
    calls return at once. Times are those of `time.monotonic()`.

    Args:
        address: IPv4 address or host name of the controller box.
        limits: Numbers of the limiter; the robot's own (no tighter policy limits) if None.
        rate: Servo points per second, 50 to 250.
        port: Of the box's control protocol.
        reply_within: Longest silence of the box, s.
        on_reading: Called with every good reading, in another thread.
        on_change: Called after a change of state that nobody asked for, in another thread.
        on_point: Called with the time and the (7,) joints of every point that the box has taken, in the servo
            thread.
        prepare_thread: Called once in the servo thread, e.g. for its priority.

    Raises:
        MvpRealError: `rate` is out of range.
    """

    def __init__(
        self,
        address: str,
        limits: Limits | None = None,
        rate: float = 100.0,
        port: int = 502,
        reply_within: float = 0.3,
        on_reading: Callable[[JointReading], None] = lambda reading: None,
        on_change: Callable[[], None] = lambda: None,
        on_point: Callable[[float, FloatArray], None] = lambda now, point: None,
        prepare_thread: Callable[[], None] = lambda: None,
    ) -> None:
        if not RATES[0] <= rate <= RATES[1]:
            raise MvpRealError(f"the servo rate is {rate:g} Hz; the box takes {RATES[0]:g} to {RATES[1]:g}")
        table = load_robot("xarm7")
        self._own_limits = self.limits = limits or Limits.from_table(table)
        self._session = ArmSession(table, address, port, reply_within, on_reading)
        self._on_change, self._on_point = on_change, on_point
        self._lock = threading.RLock()  # everything below
        self._requests = threading.Lock()  # one of enable, home, clear_fault, set_limits at a time
        self._guiding = HandGuiding(self._session)
        self._motion = LimitedMotion(table, self.limits, 1.0 / rate)
        self._phase = _Phase.IDLE
        self._brake_until = 0.0
        self._halt_wanted = False
        self._ended = 0  # requests to end motion or teaching; one may come while the box is being prepared
        self._points = 0
        self._periods = Periods(1.0 / rate)
        self._thread = ServoThread(self, 1.0 / rate, prepare_thread)

    # Life.

    def open(self) -> None:
        """Connect and begin to read. Nothing is enabled.

        Raises:
            ControllerFault: No supported controller answers.
        """
        self._session.connect()
        if self._session.gives_way:  # whoever let it has died
            self._session.client.halt()
        self._use_limits()
        self._thread.start()

    def close(self) -> None:
        """Brake, stop the box, and leave."""
        if self._thread.alive:
            self.disable()
            self._wait_idle()
        self._thread.end()
        self._session.disconnect()

    def set_limits(self, limits: Limits) -> None:
        """Other limits, e.g. those of another policy.

        Raises:
            MvpRealError: The arm is enabled, or a stop is latched.
        """
        with self._requests:
            if self.state is not DriverState.DISABLED or not self._wait_idle():
                raise MvpRealError(f"limits cannot change while the driver is {self.state.value}; disable it")
            self._own_limits = limits
            self._use_limits()

    # `RobotDriver`.

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

    def enable(self) -> Verdict:
        """Release the brakes, enter servo mode, wait, and allow motion from where the arm then is."""
        with self._requests:
            return self._enable()

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
            self._halt_wanted = self._phase is _Phase.IDLE  # whatever moves the arm then, it is not us
        self._thread.wake()

    def home(self) -> Verdict:
        """Start moving to the start pose, at limited speed and through the limiter; see `homing`.

        Enables the arm if needed. Refused while a stop is latched.
        """
        with self._requests:
            if self.state in (DriverState.DISABLED, DriverState.HOLD):
                verdict = self._enable()
                if verdict.state is not DriverState.RUNNING:
                    return verdict
            with self._lock:
                if self.state is not DriverState.RUNNING:
                    return Verdict(None, self.state, False, self.reason)
                self._motion.go_home(self.read(), time.monotonic())
                return Verdict(None, self.state, False, "on the way home")

    def teach(self) -> Verdict:
        """Let a person move the arm by hand, until `disable` or a stop. Only from DISABLED."""
        with self._requests:
            if self.state is not DriverState.DISABLED or not self._wait_idle():
                return Verdict(
                    None, self.state, False, f"the arm is {self.state.value}; disable it before it is taught"
                )
            ended = self._ended
            try:
                self._guiding.prepare()
            except ControllerFault as error:
                self._trip(error)
                return Verdict(None, self.state, False, self.reason)
            with self._lock:
                self._guiding.active = ended == self._ended and self.state is DriverState.DISABLED
                if self._guiding.active:
                    return Verdict(None, self.state, False, "")
            self._halt_box()
            return Verdict(None, self.state, False, self.reason)

    def clear_fault(self) -> Verdict:
        """Release a latched stop: connect again if need be, clear the box's error. Disabled afterwards."""
        with self._requests:
            if self.state is not DriverState.STOPPED:
                return Verdict(None, self.state, False, self.reason)
            try:
                if not self._wait_idle(halted=False):
                    raise ControllerFault("the arm has not come to rest")
                self._session.clean()
                self._session.client.halt()
                self._halt_wanted = False
            except ControllerFault as fault:
                return Verdict(None, self.state, False, f"{self.reason}; cannot be cleared: {fault}")
            with self._lock:
                self._use_limits()  # it may be another arm now
                return self._motion.limiter.clear_fault(self.read(), time.monotonic())

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
        return self._phase is _Phase.IDLE

    def tick(self, now: float) -> None:
        """Send the next point."""
        session = self._session
        with self._lock:
            before = self.state
            self._react(self._motion.watch(session.reading, now))
            if self._phase is _Phase.STREAMING and (gripper := session.gripper.fault(now)):
                self._react(self._motion.limiter.stop(gripper))
            fault = session.box_fault() if self._phase is _Phase.STREAMING else ""
            point, opening = self._motion.stream.next(now), self._motion.stream.gripper
            rested = self._phase is _Phase.BRAKING and (
                self._motion.stream.resting or now > self._brake_until
            )
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
                self._phase = _Phase.IDLE
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

    def _enable(self) -> Verdict:
        session, now = self._session, time.monotonic()
        if self.state in (DriverState.STOPPED, DriverState.TEACHING):
            return Verdict(None, self.state, False, self.reason)
        with self._lock:
            if self._phase is _Phase.STREAMING:
                verdict = self._motion.limiter.enable(session.reading, now)
                if verdict.state is not DriverState.RUNNING:
                    self._motion.end_homing()
                    self._brake()
                return verdict
            ended = self._ended
        if not self._wait_idle():
            return Verdict(None, self.state, False, "the arm has not come to rest yet")
        try:
            session.prepare()
        except ControllerFault as error:
            self._trip(error)
            return Verdict(None, self.state, False, self.reason)
        with self._lock:
            now = time.monotonic()
            if ended != self._ended:
                verdict = Verdict(None, self.state, False, self.reason)
            else:
                verdict = self._motion.limiter.enable(session.reading, now)
            if verdict.state is DriverState.RUNNING:
                self._motion.stream.start(session.reading.position, now)
                self._periods.restart()
                self._phase = _Phase.STREAMING
                self._thread.wake()
                return verdict
        self._halt_box()
        return verdict

    def _use_limits(self) -> None:
        with self._lock:
            unit = self._session.client.unit
            self.limits = unit.limits(self._own_limits) if unit else self._own_limits
            self._motion.use(self.limits)

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
        if self._phase is _Phase.STREAMING:
            self._phase = _Phase.BRAKING
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
            self._phase = _Phase.IDLE
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
