"""`RobotDriver` of the real arm: what a person or an operator's script asks for, one request at a time.

What happens between the requests is in `servo_beat.py`. Nothing ever moves again without `clear_fault` and `enable`,
and a lost connection is only made anew by `clear_fault`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray, JointReading
from mvp_real.robots.limits import Limits
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState, Verdict
from mvp_real.robots.xarm7.client import ControllerFault
from mvp_real.robots.xarm7.servo_beat import Phase, ServoBeat
from mvp_real.robots.xarm7.session import ArmSession

RATES = (50.0, 250.0)  # Hz that the box takes


class XArm7Driver(ServoBeat):
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
        session = ArmSession(table, address, port, reply_within, on_reading)
        own = limits or Limits.from_table(table)
        super().__init__(session, table, own, 1.0 / rate, on_change, on_point, prepare_thread)
        self._own_limits = own
        self._requests = threading.Lock()  # one of enable, home, teach, clear_fault, set_limits at a time

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

    # The requests of `RobotDriver`.

    def enable(self) -> Verdict:
        """Release the brakes, enter servo mode, wait, and allow motion from where the arm then is."""
        with self._requests:
            return self._enable()

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

    # Inside.

    def _enable(self) -> Verdict:
        session, now = self._session, time.monotonic()
        if self.state in (DriverState.STOPPED, DriverState.TEACHING):
            return Verdict(None, self.state, False, self.reason)
        with self._lock:
            if self._phase is Phase.STREAMING:
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
                self._phase = Phase.STREAMING
                self._thread.wake()
                return verdict
        self._halt_box()
        return verdict

    def _use_limits(self) -> None:
        with self._lock:
            unit = self._session.client.unit
            self.limits = unit.limits(self._own_limits) if unit else self._own_limits
            self._motion.use(self.limits)
