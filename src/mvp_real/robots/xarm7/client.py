"""One connection to the controller box for the arm: every call is bounded in time, and says what went wrong."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.robots.xarm7.controller_errors import describe_error
from mvp_real.robots.xarm7.sdk import CONNECT_WITHIN, open_api
from mvp_real.robots.xarm7.units import Unit

SERVO_MODE, TEACH_MODE = 1, 2
MODES = {SERVO_MODE: "servo mode", TEACH_MODE: "teaching mode"}
MOVING, READY, PAUSED, STOPPED, MODE_CHANGED = 1, 2, 3, 4, 5
STATES = {
    MOVING: "moving",
    READY: "ready",
    PAUSED: "paused",
    STOPPED: "stopped",
    MODE_CHANGED: "mode changed",
}
MODE_WITHIN = 1.0  # s until the reports show a new mode
NO_ANSWER, NOT_CONNECTED, ERROR_PENDING, WARNING_PENDING, NOT_READY = 3, (-1, 8), 1, 2, 9
INVALID = 10


class ControllerFault(MvpRealError):
    """The box refuses, does not answer, or is gone.

    Attributes:
        lost: Whether there is any use in asking it something else.
    """

    def __init__(self, message: str, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost


@dataclass(frozen=True, eq=False)
class ArmReport:
    """One of the box's 100 Hz reports.

    Attributes:
        joints: (7,) rad, as it came.
        torques: (7,) Nm.
        mode, state: See the constants above.
        at: Arrival on the machine's monotonic clock, s.
    """

    joints: FloatArray
    torques: FloatArray
    mode: int
    state: int
    at: float


class XArmClient:
    """The vendor's client for one arm, in servo mode.

    Args:
        address: IPv4 address or name of the box.
        port: Of its control protocol.
        reply_within: Longest silence of the box, s. Known stalls of real boxes reach 0.19 s.
        on_report: Called with each report, in the SDK's thread.
    """

    def __init__(
        self, address: str, port: int, reply_within: float, on_report: Callable[[ArmReport], None]
    ) -> None:
        self._address, self._port, self._reply_within = address, port, reply_within
        self._on_report = on_report
        self._arm: Any = None
        self.unit: Unit | None = None

    @property
    def connected(self) -> bool:
        """Whether the control connection stands."""
        return self._arm is not None and bool(self._arm.connected)

    def connect(self) -> Unit:
        """Connect, or connect again; the arm is stopped afterwards and stays so.

        Raises:
            ControllerFault: Nobody answers, or no supported controller does.
        """
        self.disconnect()
        try:
            host = socket.gethostbyname(self._address)
            version = introduce(host, self._port, max(self._reply_within, CONNECT_WITHIN))
        except OSError as error:
            raise ControllerFault(
                f"no controller box answers at {self._address}:{self._port} ({error}); check power, cable and "
                "address",
                lost=True,
            ) from error
        try:
            self.unit = Unit.parse(version)
            self._arm = open_api(host, self._port, self._reply_within, reports=True)
        except MvpRealError as error:
            raise ControllerFault(str(error), lost=True) from error
        except Exception as error:  # the SDK raises nothing more precise
            raise ControllerFault(f"{self._address}:{self._port}: {error}", lost=True) from error
        self._arm.register_report_callback(self._on_sdk_report)
        return self.unit

    def disconnect(self) -> None:
        """Leave; never raises."""
        arm, self._arm = self._arm, None
        if arm is not None:
            arm.release_report_callback()
            arm.disconnect()

    def prepare(self, mode: int = SERVO_MODE) -> None:
        """Release the brakes and enter a mode, as far as it takes for the arm to take points, or a hand's push.

        Raises:
            ControllerFault: An error is pending, or the box does not do it.
        """
        self.require_no_error()
        arm = self._here()
        self._check("enable the motors", self._call("motion_enable", True))
        self._check(f"enter {MODES[mode]}", self._call("set_mode", mode))
        self._check("start", self._call("set_state", 0))
        # In a wrong mode points are taken with success and not executed, so the mode has to be looked at.
        deadline = time.monotonic() + MODE_WITHIN
        while arm.mode != mode or arm.state not in (MOVING, READY):
            if time.monotonic() > deadline:
                self.require_no_error()
                raise ControllerFault(
                    f"the arm did not get ready: mode {arm.mode}, state {STATES.get(arm.state, arm.state)}"
                )
            time.sleep(0.01)

    def servo(self, joints: FloatArray) -> None:
        """Send one point (7,), rad.

        Raises:
            ControllerFault: It was not taken.
        """
        code = self._call("set_servo_angle_j", joints.tolist(), is_radian=True)
        if code:
            self._check("servo point", code)

    def halt(self) -> None:
        """Stop the arm in the box; the motors stay on and hold it.

        Raises:
            ControllerFault: The box was not reached.
        """
        self._check("stop", self._call("set_state", 4))

    def error(self) -> int:
        """Number of the pending error, 0 for none.

        Raises:
            ControllerFault: The box does not answer.
        """
        code, numbers = self._call("get_err_warn_code")
        if code == 0 and isinstance(numbers, list) and len(numbers) == 2:
            return int(numbers[0])
        self._check("ask for errors", code or INVALID)
        return 0

    def require_no_error(self) -> None:
        """Raises ControllerFault, naming the error, if one is pending."""
        number = self.error()
        if number:
            raise ControllerFault(describe_error(number))

    def clean(self) -> None:
        """Clear errors and warnings.

        Raises:
            ControllerFault: The cause is still there, or the box does not answer.
        """
        self._call("clean_error")
        self._call("clean_warn")
        self.require_no_error()

    def _here(self) -> Any:
        if not self.connected:
            raise ControllerFault("the connection to the controller box is lost", lost=True)
        return self._arm

    def _call(self, name: str, *arguments: Any, **options: Any) -> Any:
        method = getattr(self._here(), name)
        try:
            return method(*arguments, **options)
        except Exception as error:  # a corrupted answer may break anything inside the SDK
            raise ControllerFault(f"the vendor's client failed in {name}: {error!r}") from error

    def _check(self, what: str, code: int) -> None:
        if code in (0, WARNING_PENDING):
            return
        if code == NO_ANSWER:
            raise ControllerFault(
                f"the controller box gave no answer within {self._reply_within:.2f} s", True
            )
        if code in NOT_CONNECTED or not self.connected:
            raise ControllerFault("the connection to the controller box is lost", lost=True)
        if code == INVALID:
            raise ControllerFault(f"{what}: the box's answer makes no sense")
        number = self.error() if code in (ERROR_PENDING, NOT_READY) else 0
        if number:
            raise ControllerFault(describe_error(number))
        if code == NOT_READY:
            raise ControllerFault(f"{what}: the box says that the arm is not ready to move")
        raise ControllerFault(f"{what}: the vendor's client returned code {code}")

    def _on_sdk_report(self, _: dict[str, Any]) -> None:
        arm = self._arm
        if arm is None:
            return
        # Raw: the SDK's own copy has values that are not finite replaced by those before.
        data = arm.report_data
        self._on_report(
            ArmReport(
                np.array(data.actual_joint_angle),
                np.array(data.estimated_joint_torque),
                data.mode,
                data.state,
                time.monotonic(),
            )
        )


def introduce(host: str, port: int, within: float) -> str:
    """What a box says that it is: asked by hand, as the SDK would wait minutes for one that is silent.

    Raises:
        OSError: Nobody answers in time.
        MvpRealError: What answers speaks another protocol.
    """
    transaction = 1
    with socket.create_connection((host, port), within) as connection:
        connection.settimeout(within)
        connection.sendall(struct.pack(">HHHB", transaction, 2, 1, 1))
        with connection.makefile("rb") as stream:
            header = stream.read(8)
            if len(header) < 8:
                raise ConnectionError("it closed the connection")
            number, protocol, length, function, _ = struct.unpack(">HHHBB", header)
            if (number, protocol, function) != (transaction, 2, 1) or not 2 < length <= 256:
                raise MvpRealError(f"what answers at {host}:{port} is no xArm controller: {header.hex()}")
            text = stream.read(length - 2)
    return text.split(b"\0")[0].decode("ascii", "replace")
