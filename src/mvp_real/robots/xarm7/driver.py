"""`RobotDriver` of the real arm: servo mode, a stream of points in a thread of its own, behind the limiter.

Every motion goes policy -> limiter -> interpolator -> servo stream -> box. A stop brakes along the trajectory and
then stops the box; where the box has stopped by itself, is silent or gone, the stream ends at once. Nothing
ever moves again without `clear_fault` and `enable`, and a lost connection is only made anew by `clear_fault`.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from enum import Enum

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray, JointReading, JointTarget
from mvp_real.robots.homing import homing_targets
from mvp_real.robots.limits import Limits
from mvp_real.robots.safety import Limiter
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState, Verdict
from mvp_real.robots.xarm7.client import (
    MOVING,
    READY,
    SERVO_MODE,
    STATES,
    ArmReport,
    ControllerFault,
    XArmClient,
)
from mvp_real.robots.xarm7.gripper_line import GripperLine
from mvp_real.robots.xarm7.periods import Periods
from mvp_real.robots.xarm7.reading_gate import ReadingGate
from mvp_real.robots.xarm7.servo_stream import ServoStream

RATES = (50.0, 250.0)  # Hz that the box takes
BRAKE_WITHIN = 0.5  # s for a stop along the trajectory; then the box stops the arm
SETTLE = 0.3  # s between enabling and the first point
IDLE_LOOK = 0.5  # s between two questions for errors while nothing moves
REPORTS_WITHIN = 1.0  # s until the first report after connecting


class _Phase(Enum):
    IDLE = "idle"  # nothing is sent
    STREAMING = "streaming"
    BRAKING = "braking"  # still streaming, towards rest


class XArm7Driver:
    """One xArm7 with its gripper. Safe to call from several threads.

    `enable`, `home` and `clear_fault` talk to the box and may take a second or two; all other calls return at
    once. Times are those of `time.monotonic()`.

    Args:
        address: IPv4 address or host name of the controller box.
        limits: Numbers of the limiter; the robot's own (no tighter policy limits) if None.
        rate: Servo points per second, 50 to 250.
        port: Of the box's control protocol.
        reply_within: Longest silence of the box, s.
        on_reading: Called with every good reading, in another thread.
        on_change: Called after a change of state that nobody asked for, in another thread.
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
        prepare_thread: Callable[[], None] = lambda: None,
    ) -> None:
        if not RATES[0] <= rate <= RATES[1]:
            raise MvpRealError(f"the servo rate is {rate:g} Hz; the box takes {RATES[0]:g} to {RATES[1]:g}")
        self._table = load_robot("xarm7")
        self._own_limits = self.limits = limits or Limits.from_table(self._table)
        self._names = self._table.joint_names
        self._client = XArmClient(address, port, reply_within, self._on_report)
        self._gripper = GripperLine(address, port, reply_within)
        self._period = 1.0 / rate
        self._on_reading, self._on_change, self._prepare_thread = on_reading, on_change, prepare_thread
        self._lock = threading.RLock()  # everything below
        self._requests = threading.Lock()  # one of enable, home, clear_fault at a time
        self._limiter = Limiter(self.limits)
        self._stream = ServoStream(self._table, self._period)
        self._gate = ReadingGate(self._table)
        self._phase = _Phase.IDLE
        self._brake_until = 0.0
        self._halt_wanted = False
        self._report: ArmReport | None = None
        self._reading = JointReading(self._names, np.full(len(self._names), np.nan), None, -np.inf)
        self._bad_report = ""
        self._homing: Iterator[FloatArray] | None = None
        self._next_homing = 0.0
        self._counts: Counter[str] = Counter()
        self._periods = Periods(self._period)
        self._ended = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="servo", daemon=True)

    # Life.

    def open(self) -> None:
        """Connect and begin to read. Nothing is enabled.

        Raises:
            ControllerFault: No supported controller answers.
        """
        self._connect()
        self._thread.start()

    def close(self) -> None:
        """Brake, stop the box, and leave."""
        if self._thread.is_alive():
            self.disable()
            self._wait_idle()
        self._ended.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(3.0)
        self._gripper.close()
        self._client.disconnect()

    def set_limits(self, limits: Limits) -> None:
        """Other limits, e.g. those of another policy.

        Raises:
            MvpRealError: The arm is enabled, or a stop is latched.
        """
        with self._lock:
            if self.state is not DriverState.DISABLED or self._phase is not _Phase.IDLE:
                raise MvpRealError(f"limits cannot change while the driver is {self.state.value}; disable it")
            self._own_limits = limits
            self._use_limits()

    # `RobotDriver`.

    @property
    def state(self) -> DriverState:
        """Disabled, running, holding or stopped."""
        return self._limiter.state

    @property
    def reason(self) -> str:
        """Why it is not running; empty while it is."""
        return self._limiter.reason

    @property
    def homing(self) -> bool:
        """Whether the arm is on its way to the start pose."""
        return self._homing is not None

    def read(self) -> JointReading:
        """The newest good reading; its stamp is its arrival."""
        return self._reading

    def command(self, target: JointTarget) -> Verdict:
        """Hand in a target, its stamp in monotonic time; the verdict says what the limiter made of it."""
        with self._lock:
            if self._homing is not None:
                return Verdict(None, self.state, False, "on the way home")
            return self._command(target)

    def enable(self) -> Verdict:
        """Release the brakes, enter servo mode, wait, and allow motion from where the arm then is."""
        with self._requests:
            return self._enable()

    def disable(self) -> None:
        """End motion without a fault: brake, then stop the box. The motors hold the arm."""
        with self._lock:
            self._limiter.disable()
            self._homing = None
            self._brake()

    def stop(self, reason: str) -> None:
        """Brake, stop the box, and latch."""
        with self._lock:
            self._react(self._limiter.stop(reason))
            self._halt_wanted = self._phase is _Phase.IDLE  # whatever moves the arm then, it is not us
        self._wake.set()

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
                self._homing = homing_targets(self._reading.position, self.limits)
                self._next_homing = time.monotonic()
                return Verdict(None, self.state, False, "on the way home")

    def clear_fault(self) -> Verdict:
        """Release a latched stop: connect again if need be, clear the box's error. Disabled afterwards."""
        with self._requests:
            if self.state is not DriverState.STOPPED:
                return Verdict(None, self.state, False, self.reason)
            if not self._wait_idle():
                return self._not_cleared("the arm has not come to rest")
            try:
                if not self._client.connected or self._fault_of_link():
                    self._connect()
                self._client.clean()
            except ControllerFault as fault:
                return self._not_cleared(str(fault))
            if self._gripper.fault(time.monotonic()):
                self._gripper.switch_on()
            self._await_reading()
            with self._lock:
                return self._limiter.clear_fault(self._reading, time.monotonic())

    def diagnostics(self) -> dict[str, str]:
        """State, reason of the last stop, counters, box and stream, as text."""
        with self._lock:
            report, unit = self._report, self._client.unit
            return {
                **self._limiter.diagnostics(),
                "connected": str(self._client.connected),
                "firmware": unit.version if unit else "",
                "serial": unit.serial if unit else "",
                "box mode": str(report.mode) if report else "",
                "box state": STATES.get(report.state, str(report.state)) if report else "",
                "reports": str(self._counts["reports"]),
                "reports refused": str(self._gate.refused),
                "gripper": self._gripper.fault(time.monotonic()),
                "servo points": str(self._counts["points"]),
                "servo points waited for": str(self._stream.slowed),
                "servo points cut": str(self._stream.clamped),
                **self._periods.report(),
            }

    # What the operator asks for.

    def _connect(self) -> None:
        self._client.connect()
        with self._lock:
            self._gate = ReadingGate(self._table)
            self._use_limits()
        try:
            self._gripper.open()
        except Exception as error:  # the SDK raises nothing more precise
            raise ControllerFault(f"the gripper's connection: {error}", lost=True) from error
        self._await_reading()

    def _use_limits(self) -> None:
        unit = self._client.unit
        self.limits = unit.limits(self._own_limits) if unit else self._own_limits
        before, self._limiter = self._limiter, Limiter(self.limits)
        self._limiter.counters = before.counters
        if before.state is DriverState.STOPPED:
            self._limiter.stop(before.reason)
            self._limiter.counters["stops"] -= 1

    def _enable(self) -> Verdict:
        if self.state is DriverState.STOPPED:
            return Verdict(None, self.state, False, self.reason)
        now = time.monotonic()
        with self._lock:
            if self._phase is _Phase.STREAMING:
                return self._limiter.enable(self._reading, now)
        if not self._wait_idle():
            return Verdict(None, self.state, False, "the arm has not come to rest yet")
        fault = self._gripper.fault(now)
        if fault:
            return Verdict(None, self.state, False, fault)
        try:
            self._client.prepare()
            self._gripper.switch_on()
            time.sleep(SETTLE)
            self._client.require_no_error()
        except ControllerFault as error:
            self._trip(str(error), error.lost)
            return Verdict(None, self.state, False, self.reason)
        with self._lock:
            now = time.monotonic()
            verdict = self._limiter.enable(self._reading, now)
            if verdict.state is DriverState.RUNNING:
                self._stream.start(self._reading.position, now)
                self._periods.restart()
                self._phase = _Phase.STREAMING
                self._wake.set()
                return verdict
        self._halt_box()
        return Verdict(
            None, verdict.state, False, verdict.reason + (self._bad_report and f"; {self._bad_report}")
        )

    def _not_cleared(self, why: str) -> Verdict:
        return Verdict(None, self.state, False, f"{self.reason}; cannot be cleared: {why}")

    def _wait_idle(self) -> bool:
        deadline = time.monotonic() + 2.0 * BRAKE_WITHIN
        while self._phase is not _Phase.IDLE and time.monotonic() < deadline:
            time.sleep(self._period)
        return self._phase is _Phase.IDLE

    def _await_reading(self) -> None:
        deadline = time.monotonic() + REPORTS_WITHIN
        while time.monotonic() < deadline:
            if time.monotonic() - self._reading.stamp < self.limits.reading_age:
                return
            time.sleep(0.01)

    def _fault_of_link(self) -> bool:
        return time.monotonic() - self._reading.stamp > self.limits.reading_lost

    # What comes from the box.

    def _on_report(self, report: ArmReport) -> None:
        with self._lock:
            self._report = report
            self._counts["reports"] += 1
            self._bad_report = self._gate.check(report.joints, report.at)
            opening = self._gripper.opening
            if self._bad_report or opening is None:
                return
            position = np.append(report.joints, opening)
            effort = np.append(report.torques, 0.0)
            self._reading = JointReading(self._names, position, None, report.at, effort)
            reading = self._reading
        self._on_reading(reading)

    # The servo thread.

    def _work(self) -> None:
        self._prepare_thread()
        due = looked = time.monotonic()
        while not self._ended.is_set():
            if self._phase is _Phase.IDLE:
                if self._halt_wanted:
                    self._halt_wanted = False
                    self._halt_box()
                if time.monotonic() - looked >= IDLE_LOOK:
                    self._look_while_idle()
                    looked = time.monotonic()
                self._wake.wait(0.05)
                self._wake.clear()
                due = time.monotonic()
                continue
            wait = due - time.monotonic()
            if wait > 0.0:
                time.sleep(wait)
            now = time.monotonic()
            due = max(due + self._period, now + 0.5 * self._period)  # what was missed is not made up for
            self._tick(now)

    def _tick(self, now: float) -> None:
        with self._lock:
            before = self.state
            self._feed_homing(now)
            self._react(self._limiter.watch(self._reading, now))
            gripper = self._gripper.fault(now)
            if gripper and self._phase is _Phase.STREAMING:
                self._react(self._limiter.stop(gripper))
            fault = self._box_fault()
            point = self._stream.next(now)
            rested = self._phase is _Phase.BRAKING and (self._stream.resting or now > self._brake_until)
        try:
            if fault:
                self._client.require_no_error()  # an error says more than what it led to
                raise ControllerFault(fault)
            self._client.servo(point)
            self._counts["points"] += 1
            self._periods.tick(now)
            if rested:
                self._client.halt()
                self._phase = _Phase.IDLE
        except ControllerFault as error:
            self._trip(str(error), error.lost)
        if self.state is not before:
            self._on_change()

    def _box_fault(self) -> str:
        """What the newest report says against streaming."""
        report = self._report
        if report is None or self._phase is not _Phase.STREAMING:
            return ""
        if report.mode != SERVO_MODE:
            return f"the arm left servo mode: another client put it in mode {report.mode}"
        if report.state not in (MOVING, READY):
            return (
                f"the arm was stopped from elsewhere: the box says {STATES.get(report.state, report.state)}"
            )
        return ""

    def _command(self, target: JointTarget) -> Verdict:
        now = time.monotonic()
        verdict = self._limiter.command(target, self._reading, now)
        if verdict.position is not None and self._phase is _Phase.STREAMING:
            self._stream.set_target(verdict.position, self.limits.period)
            self._gripper.go(float(verdict.position[-1]))
        self._react(verdict)
        return verdict

    def _feed_homing(self, now: float) -> None:
        if self._homing is None or now < self._next_homing:
            return
        position = next(self._homing, None)
        if position is None or self.state is not DriverState.RUNNING:
            self._homing = None
            return
        self._next_homing += self.limits.period
        self._command(JointTarget(self._names, position, now, self.limits.period))

    def _react(self, verdict: Verdict) -> None:
        if verdict.state is DriverState.STOPPED:
            self._homing = None
            self._brake()

    def _brake(self) -> None:
        if self._phase is _Phase.STREAMING:
            self._phase = _Phase.BRAKING
            self._brake_until = time.monotonic() + BRAKE_WITHIN
            self._stream.brake()

    def _trip(self, reason: str, lost: bool = False) -> None:
        """Stop without braking along the trajectory: the box no longer follows it."""
        with self._lock:
            self._limiter.stop(reason)
            self._homing = None
            self._phase = _Phase.IDLE
        if not lost:
            self._halt_box()

    def _halt_box(self) -> None:
        try:
            self._client.halt()
        except ControllerFault as fault:
            with self._lock:
                self._limiter.stop(str(fault))

    def _look_while_idle(self) -> None:
        """Notice a box that stops, falls silent or leaves while nothing moves."""
        before = self.state
        try:
            if self.state is not DriverState.STOPPED:
                self._client.require_no_error()
        except ControllerFault as error:
            with self._lock:
                self._limiter.stop(str(error))
        if self.state is not before:
            self._on_change()
