"""The Allegro hand as a `RobotDriver`: the one limiter above, a control loop in a process of its own below.

The driver judges targets, plans motions and watches the loop at 100 Hz; the loop turns motions into torques. Each lets
the hand go when the other one is silent. Times are of the machine's monotonic clock.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray, JointReading, JointTarget
from mvp_real.robots.allegro.loop_runner import LoopRunner, table_changes
from mvp_real.robots.allegro.mailbox import LoopState, Mode, Order, Report, SharedMemory
from mvp_real.robots.allegro.table import HandTable
from mvp_real.robots.homing import WayHome
from mvp_real.robots.interpolation import TargetInterpolator
from mvp_real.robots.limits import Limits
from mvp_real.robots.safety import Limiter
from mvp_real.robots.verdict import DriverState, Verdict

WATCH_PERIOD = 0.01  # s
STARTS_WITHIN = 30.0  # s in which a new process has to give a sign of life


def hand_limits(
    table: HandTable, max_step: Sequence[float] | FloatArray | None = None, period: float | None = None
) -> Limits:
    """Limits of a hand, tightened by a policy's card; see `Limits.from_table`."""
    limits = Limits.from_table(table, max_step, period)
    return dataclasses.replace(limits, tracking_gap=table.tracking_gap)


class AllegroHand:
    """One hand. All methods return at once; safe to call from several threads.

    Args:
        table: Variant and side.
        interface, channel: CAN bus, see `Bus`.
        limits: Numbers of the limiter; the hand's own if None.
        accept_hardware: A hardware version to accept besides the table's; 0 is none.
        changes: Numbers of the table to replace, e.g. `{"frame_age": 0.1}`.
        stopped: Called from the watching thread with the reason when the driver stops by itself.

    Raises:
        MvpRealError: The bus cannot be opened.
    """

    def __init__(
        self,
        table: HandTable,
        interface: str,
        channel: str,
        limits: Limits | None = None,
        accept_hardware: int = 0,
        changes: Mapping[str, float] | None = None,
        stopped: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self.table = table_changes(table, changes) if changes else table
        self.limits = limits or hand_limits(self.table)
        self._stopped = stopped
        self._limiter = Limiter(self.limits)
        self._interpolator = TargetInterpolator(self.table)
        self._interpolator.reset(self.table.home, 0.0)
        self._memory = SharedMemory()
        in_process = interface == "virtual"
        self._runner = LoopRunner(
            self.table, interface, channel, self._memory, accept_hardware, changes, in_process
        )
        self._lock = threading.RLock()
        self._report = Report()
        self._generation = 0
        self._way_home = WayHome()
        self._closing = False
        self._quitting = False
        self._watcher = threading.Thread(target=self._watch, name="hand watcher", daemon=True)

    # Life.

    def connect(self, timeout: float = 10.0) -> None:
        """Start the loop and wait until the hand reports its joints.

        Raises:
            MvpRealError: It does not within `timeout` s, or it is not the expected hand; the message says what is
                missing.
        """
        self._runner.start()
        self._watcher.start()
        deadline = time.monotonic() + timeout
        while not self.ready:
            if time.monotonic() > deadline or self._report.state is LoopState.REFUSED:
                why = self._why_not_ready()
                self.close()
                raise MvpRealError(f"the hand is not ready: {why}")
            time.sleep(WATCH_PERIOD)

    def close(self) -> None:
        """Let the hand go, switch it off and end the loop."""
        with self._lock:
            if self._closing:
                return
            self._quitting = True
            self._limiter.disable()
            self._write_order(time.monotonic())
        self._runner.stop()
        self._refresh()  # its last words
        self._closing = True
        if self._watcher.is_alive():
            self._watcher.join(1.0)
        self._memory.close()

    # RobotDriver.

    @property
    def state(self) -> DriverState:
        """Disabled, running, holding or stopped."""
        return self._limiter.state

    @property
    def reason(self) -> str:
        """Why the hand is not running; empty while it is."""
        return self._limiter.reason

    @property
    def homing(self) -> bool:
        """Whether the hand is on its way to the start pose."""
        return self._way_home.under_way

    @property
    def ready(self) -> bool:
        """Whether the hand reports its joints and could move."""
        report = self._report
        works = report.state in (LoopState.READY, LoopState.CONTROL)
        alive = time.monotonic() - report.stamp <= self.table.loop_age
        return works and alive and report.stamp >= self._runner.started_at and not self._runner.death()

    @property
    def loop_pid(self) -> int | None:
        """Process id of the control loop."""
        return self._runner.pid

    @property
    def report(self) -> Report:
        """What the loop said last."""
        return self._report

    def read(self) -> JointReading:
        """The newest measured joints; the effort is what was commanded, as the hand measures none."""
        report = self._refresh()
        return JointReading(
            self.table.joint_names,
            np.array(report.position),
            np.array(report.velocity),
            report.angles_stamp,
            np.array(report.effort),
        )

    def command(self, target: JointTarget) -> Verdict:
        """Hand in a target, its stamp on the monotonic clock."""
        with self._lock:
            if self.homing:
                return Verdict(None, self.state, False, "on the way home")
            return self._command(target)

    def enable(self) -> Verdict:
        """Allow motion, starting from where the joints are."""
        with self._lock:
            if not self.ready and self.state is not DriverState.STOPPED:
                return Verdict(None, self.state, False, self._why_not_ready())
            reading, now = self._read_now()
            verdict = self._limiter.enable(reading, now)
            if verdict.state is DriverState.RUNNING:
                self._interpolator.reset(reading.position, now)
                self._write_order(now)
            return verdict

    def disable(self) -> None:
        """End motion without a fault: the torque goes to zero."""
        with self._lock:
            self._way_home.end()
            self._limiter.disable()
            self._write_order(time.monotonic())

    def stop(self, reason: str) -> None:
        """Let the torque go to zero and latch."""
        with self._lock:
            self._way_home.end()
            self._limiter.stop(reason)
            self._write_order(time.monotonic())

    def home(self) -> Verdict:
        """Start moving to the start pose, at limited speed and through the limiter; enables if needed."""
        with self._lock:
            if self.state in (DriverState.DISABLED, DriverState.HOLD):
                verdict = self.enable()
                if verdict.state is not DriverState.RUNNING:
                    return verdict
            if self.state is not DriverState.RUNNING:
                return Verdict(None, self.state, False, self.reason)
            self._way_home.begin(self.read().position, self.limits, time.monotonic())
            return Verdict(None, self.state, False, "on the way home")

    def clear_fault(self) -> Verdict:
        """Release a latched stop; the hand is disabled afterwards. Refused until the hand is ready again."""
        with self._lock:
            if self.state is DriverState.STOPPED and not self.ready:
                why = self._why_not_ready()
                return Verdict(None, self.state, False, f"{self.reason}; cannot be cleared: {why}")
            reading, now = self._read_now()
            verdict = self._limiter.clear_fault(reading, now)
            if verdict.state is not DriverState.STOPPED:
                self._generation += 1
                self._write_order(now)
            return verdict

    def diagnostics(self) -> dict[str, str]:
        """State, reasons, counters and what the hand says of itself, as text."""
        report = self._report
        return {
            **self._limiter.diagnostics(),
            "loop": report.state.name.lower(),
            "loop fault": report.fault or "none",
            "waiting for": report.waiting or "nothing",
            "loop cycles": str(report.cycles),
            "loop cycles late": str(report.late),
            "angle frames": str(report.frames),
            "frames refused": str(report.refused),
            "frames unsent": str(report.unsent),
            "loop starts": str(self._runner.starts),
            "zero torque sent by the driver": str(self._runner.rescues),
            "loop priority": report.warning or "real-time",
            "serial number": report.serial or "unknown",
            "hardware version": f"0x{report.hardware:04X}",
            "firmware version": f"0x{report.firmware:04X}",
            "hottest motor (degrees Celsius)": str(max(report.temperature)),
        }

    # Inside.

    def _read_now(self) -> tuple[JointReading, float]:
        """The newest reading and then the time, so that no reading is from the future."""
        reading = self.read()
        return reading, time.monotonic()

    def _command(self, target: JointTarget) -> Verdict:
        reading, now = self._read_now()
        verdict = self._limiter.command(target, reading, now)
        if verdict.position is not None:
            self._interpolator.set_target(verdict.position, self.limits.period, now)
        self._write_order(now)
        return verdict

    def _refresh(self) -> Report:
        report = self._memory.read_report()
        if report is not None:
            self._report = report
        return self._report

    def _write_order(self, now: float) -> None:
        moving = self.state in (DriverState.RUNNING, DriverState.HOLD)
        mode = Mode.QUIT if self._quitting else Mode.CONTROL if moving else Mode.IDLE
        coefficients, start, duration = self._interpolator.segment
        self._memory.write_order(
            Order(now, mode, self._generation, start, duration, tuple(coefficients.ravel().tolist()))
        )

    def _why_not_ready(self) -> str:
        death = self._runner.death()
        if death:
            return f"the control loop has ended ({death}), see its message above"
        return self._report.waiting or self._report.fault or "the control loop has not started yet"

    def _watch(self) -> None:
        due = time.monotonic()
        while not self._closing:
            now = time.monotonic()
            before = self.state
            with self._lock:
                if not self._quitting:
                    self._tick(now)
            if self.state is DriverState.STOPPED and before is not DriverState.STOPPED:
                self._stopped(self.reason)
            due = max(due + WATCH_PERIOD, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    def _tick(self, now: float) -> None:
        report = self._refresh()
        death = self._runner.death()
        started = self._runner.started_at
        if death:
            self._runner.rescue()
            self._stop_by_itself(f"the control loop ended ({death})")
            self._runner.revive(now)
        elif report.stamp < started:  # the last words of the loop before, or none yet
            if now - started > STARTS_WITHIN:
                self._stop_by_itself(f"the control loop gives no sign of life for {STARTS_WITHIN:.0f} s")
        elif now - report.stamp > self.table.loop_age and report.state is not LoopState.ENDED:
            self._runner.rescue()
            self._stop_by_itself(f"no sign of life of the control loop for {self.table.loop_age:.2f} s")
        elif report.fault and report.generation == self._generation:
            self._stop_by_itself(report.fault)
        else:
            self._way_home.feed(now, self.state, self._command)
            reading, now = self._read_now()
            verdict = self._limiter.watch(reading, now)
            if verdict.state is DriverState.STOPPED:
                self._way_home.end()
        self._write_order(now)

    def _stop_by_itself(self, reason: str) -> None:
        self._way_home.end()
        self._limiter.stop(reason)
