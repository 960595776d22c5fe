"""Both connections to the box, for the arm and for its gripper, and the newest reading that can be trusted."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from mvp_real.messages import JointReading
from mvp_real.robots.table import RobotTable
from mvp_real.robots.xarm7.client import (
    MODES,
    MOVING,
    READY,
    SERVO_MODE,
    STATES,
    TEACH_MODE,
    ArmReport,
    ControllerFault,
    XArmClient,
)
from mvp_real.robots.xarm7.gripper_line import GripperLine
from mvp_real.robots.xarm7.reading_gate import ReadingGate

SETTLE = 0.3  # s between enabling and the first point
REPORTS_WITHIN = 1.0  # s until the first report after connecting
FRESH = 0.05  # s


class ArmSession:
    """One arm as the box shows it.

    Args:
        table: The robot.
        address, port, reply_within: See `XArmClient`.
        on_reading: Called with every good reading, in another thread.

    Attributes:
        client: The arm's connection.
        gripper: The gripper's.
        reading: The newest good reading; its stamp is its arrival in monotonic time.
        report: The newest report, good or not.
        reports: Number of reports.
    """

    def __init__(
        self,
        table: RobotTable,
        address: str,
        port: int,
        reply_within: float,
        on_reading: Callable[[JointReading], None],
    ) -> None:
        self.client = XArmClient(address, port, reply_within, self._on_report)
        self.gripper = GripperLine(address, port, reply_within)
        self.report: ArmReport | None = None
        self.reading = JointReading(table.joint_names, np.full(len(table.joint_names), np.nan), None, -np.inf)
        self.reports = 0
        self._table, self._on_reading = table, on_reading
        self._gate = ReadingGate(table)
        self._bad = ""

    def connect(self) -> None:
        """Connect, or connect again, and wait for a reading. The arm is not enabled.

        Raises:
            ControllerFault: No supported controller answers.
        """
        self._gate = ReadingGate(self._table)
        self.client.connect()
        self._open_gripper()
        self.await_reading()

    def disconnect(self) -> None:
        """Leave."""
        self.gripper.close()
        self.client.disconnect()

    def prepare(self, mode: int = SERVO_MODE) -> None:
        """Release the brakes, enter a mode and let the arm settle; the gripper keeps what it holds.

        Raises:
            ControllerFault: An error is pending, or box or gripper do not do it.
        """
        self.client.prepare(mode)
        self.gripper.forget()
        time.sleep(SETTLE)
        self.client.require_no_error()
        self.await_reading()
        fault = self.gripper.fault(time.monotonic())
        if fault:
            raise ControllerFault(fault)

    def clean(self) -> None:
        """Clear errors; connect again if the connection or its reports are gone.

        Raises:
            ControllerFault: The cause is still there, or nobody answers.
        """
        silent = time.monotonic() - self.reading.stamp > REPORTS_WITHIN
        try:
            if silent:
                raise ControllerFault("no reports", lost=True)
            if self.client.error():
                self.client.clean()
                self.gripper.switch_on()  # what stopped the arm may have cut its power
        except ControllerFault as fault:
            if not fault.lost:
                raise
            self.connect()
            self.client.clean()
        if self.gripper.fault(time.monotonic()):
            self._open_gripper()
        self.await_reading()

    def _open_gripper(self) -> None:
        try:
            self.gripper.open()
        except Exception as error:  # the SDK raises nothing more precise
            raise ControllerFault(f"the gripper's connection: {error}", lost=True) from error

    def await_reading(self) -> None:
        """Wait a while for a fresh reading; whoever needs one looks at its stamp."""
        deadline = time.monotonic() + REPORTS_WITHIN
        while time.monotonic() - self.reading.stamp > FRESH and time.monotonic() < deadline:
            time.sleep(0.01)

    @property
    def gives_way(self) -> bool:
        """Whether the box reports that the arm gives way to a hand."""
        report = self.report
        return report is not None and report.mode == TEACH_MODE and report.state in (MOVING, READY)

    def box_fault(self, mode: int = SERVO_MODE) -> str:
        """What the newest report says against going on in this mode."""
        report = self.report
        if report is None:
            return "no report of the arm yet"
        if report.mode != mode:
            return f"the arm left {MODES[mode]}: another client put it in mode {report.mode}"
        if report.state not in (MOVING, READY):
            state = STATES.get(report.state, str(report.state))
            return f"the arm was stopped from elsewhere: the box says it is {state}"
        return ""

    def diagnostics(self) -> dict[str, str]:
        """Connections and reports as text."""
        report, unit = self.report, self.client.unit
        return {
            "connected": str(self.client.connected),
            "firmware": unit.version if unit else "",
            "serial": unit.serial if unit else "",
            "box mode": str(report.mode) if report else "",
            "box state": STATES.get(report.state, str(report.state)) if report else "",
            "reports": str(self.reports),
            "reports refused": str(self._gate.refused),
            "last refusal": self._bad,
            "gripper": self.gripper.fault(time.monotonic()),
        }

    def _on_report(self, report: ArmReport) -> None:
        self.report = report
        self.reports += 1
        fault = self._gate.check(report.joints, report.at)
        opening = self.gripper.opening
        if fault:
            self._bad = fault
            return
        if opening is None:
            return
        reading = JointReading(
            self._table.joint_names,
            np.append(report.joints, opening),
            None,
            report.at,
            np.append(report.torques, 0.0),
        )
        self.reading = reading
        self._on_reading(reading)
