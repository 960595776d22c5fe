"""What the emulated hand's main board does: frames in, frames out; times are handed in and nothing is sent here.

It knows what a host must know about the real one: motors keep the last torque that they were given, there is no
watchdog, and after a power cycle the hand is silent and without power until it is started anew.
"""

from __future__ import annotations

import threading

from mvp_real.emulators.allegro.physics import HandPhysics
from mvp_real.emulators.fault_board import FaultBoard, FaultSpec, common_faults
from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.scales import scale_of
from mvp_real.robots.allegro.table import JOINTS, JOINTS_PER_FINGER, HandTable
from mvp_real.robots.allegro.wire import Frame, WireError

BOOT_TIME = 0.5  # s
FIRMWARE = 0x0104
UNSUPPORTED = 0x0203  # hardware of a generation whose frames are others
TOO_HOT = 75.0  # degrees Celsius
FINGERTIPS_EVERY = 10  # position reports between two fingertip reports of V5
LATEST = 0.03  # s behind which reports are left out

FAULTS: dict[str, FaultSpec] = {
    **common_faults(
        "error", "silence", "drop", "delay", "jitter", "garble", "freeze", "power_cycle", "wrong_version",
        "emergency_stop",
    ),
    "error": FaultSpec("the main board reports these status bits: 2 too hot, 4 internal communication", "bits"),
    "drop": FaultSpec("the cable is off: the hand hears and says nothing, and keeps the last torque"),
    "loss": FaultSpec("this share of the frames is lost, both ways", "share"),
}  # fmt: skip


class EmulatedHand:
    """One hand.

    Args:
        table: Variant and side.
        board: Its faults; `power_cycle` clears itself.
        now: Present time, s.

    Attributes:
        counts: How many frames and sets of frames came and went, and how many torques were not zero.
    """

    def __init__(self, table: HandTable, board: FaultBoard, now: float) -> None:
        self.table, self.board = table, board
        self.physics = HandPhysics(table)
        self._scale = scale_of(table.wire)
        self._serial = f"00{table.hand_type or 'A'}{'R' if table.side == 'right' else 'L'}0042"
        self._now = now
        self._left = 0.0
        self.counts = dict.fromkeys(
            ("angle sets", "angle sets left out", "torque frames", "frames not understood", "power cycles"), 0
        )
        self._power_cycle = threading.Event()
        self._torque = [0] * JOINTS
        board.subscribe(self._on_fault)
        self._boot(now)
        self._booted_at = now

    @property
    def servo_on(self) -> bool:
        """The motors have power."""
        return self._servo_on and self.board.value("emergency_stop") is None

    @property
    def torque(self) -> list[float]:
        """(16,) what the motors give, Nm."""
        return self._scale.torques(self._torque) if self.servo_on else [0.0] * JOINTS

    def advance(self, now: float) -> None:
        """Let the body move until `now`."""
        if self._power_cycle.is_set():
            self._power_cycle.clear()
            self._boot(now)
            self.counts["power cycles"] += 1
        if self._changed:
            self._changed = False
            self.physics.apply(self.torque)
        self._left = self.physics.advance(self._left + now - self._now)
        self._now = now

    def receive(self, frame: Frame, now: float) -> list[Frame]:
        """Act on a frame and return the answers."""
        if now < self._booted_at:
            return []
        try:
            message = wire.decode(frame)
        except WireError:
            self.counts["frames not understood"] += 1
            return []
        match message:
            case wire.Torque(finger, counts):
                self.advance(now)
                first = JOINTS_PER_FINGER * finger
                self._torque[first : first + JOINTS_PER_FINGER] = counts
                self._changed = True
                self.counts["torque frames"] += 1
            case wire.ServoOn():
                self._changed = True
                self._servo_on = self.board.value("emergency_stop") is None
            case wire.ServoOff():
                self._changed = True
                self._servo_on = False
            case wire.SetPeriod(position, _, temperature):
                self._periods = [position / 1000, temperature / 1000]
                self._due = [now + period for period in self._periods]
            case wire.Request(message_id):
                answer = self._answer(message_id)
                return [wire.encode(answer)] if answer is not None else []
            case _:
                pass
        return []

    def next_due(self, now: float) -> float:
        """When the next report is due; a while from now if none is."""
        due = [at for at, period in zip(self._due, self._periods, strict=True) if period > 0.0]
        return min([*due, now + 0.02])

    def reports(self, now: float) -> list[Frame]:
        """Frames that are due."""
        messages: list[wire.Message] = []
        position, temperature = self._periods
        if position > 0.0 and now >= self._due[0]:
            if now - self._due[0] > LATEST:
                missed = int((now - self._due[0]) / position)
                self.counts["angle sets left out"] += missed
                self._due[0] += missed * position
            self._due[0] += position
            self.advance(now)
            messages += self._poses()
            self.counts["angle sets"] += 1
            if self.table.wire != "v4" and self.counts["angle sets"] % FINGERTIPS_EVERY == 0:
                messages += self._fingertips()
        if temperature > 0.0 and now >= self._due[1]:
            self._due[1] = now + temperature
            messages += [self._temperature(finger) for finger in range(4)]
        return [wire.encode(message) for message in messages]

    def _boot(self, now: float) -> None:
        """As after power came: no torque, no reports, silent while the board starts."""
        self._servo_on = False
        self._changed = True
        self._torque = [0] * JOINTS
        self._periods = [0.0, 0.0]
        self._due = [0.0, 0.0]
        self._frozen: list[wire.Message] = []
        self._booted_at = now + BOOT_TIME

    def _on_fault(self, name: str, value: float | None) -> None:
        self._changed = True
        if name == "power_cycle" and value is not None:
            self._power_cycle.set()
            self.board.clear("power_cycle")

    def _answer(self, message_id: int) -> wire.Message | None:
        if message_id == wire.HAND_INFO:
            return self._info()
        if message_id == wire.SERIAL:
            return wire.Serial(self._serial)
        if message_id == wire.ORIENTATION:
            return wire.Orientation(0, 0, 0)
        if wire.POSE <= message_id < wire.POSE + 4:
            return self._poses()[message_id - wire.POSE]
        return self._temperature(message_id - wire.TEMPERATURE)

    def _info(self) -> wire.HandInfo:
        hardware = UNSUPPORTED if self.board.value("wrong_version") else (self.table.hardware << 8) | 1
        hottest = float(self.physics.temperature.max())
        status = int(self.servo_on) | (2 if hottest > TOO_HOT else 0)
        status |= int(self.board.value("error") or 0) & 0xFE
        return wire.HandInfo(hardware, FIRMWARE, self.table.side == "left", round(hottest), status)

    def _poses(self) -> list[wire.Message]:
        if self.board.value("freeze") is not None and self._frozen:
            return self._frozen
        counts = self._scale.angle_counts(self.physics.angles)
        self._frozen = [wire.Pose(finger, _four(counts, finger)) for finger in range(4)]
        return self._frozen

    def _temperature(self, finger: int) -> wire.Message:
        celsius = [min(255, round(float(t))) for t in self.physics.temperature]
        return wire.Temperature(finger, _four(celsius, finger))

    def _fingertips(self) -> list[wire.Message]:
        raw = [round(1000 * force) for force in self.physics.fingertip_forces()]
        return [wire.Fingertips(first, (raw[first], raw[first + 1])) for first in (0, 2)]


def _four(values: list[int], finger: int) -> wire.Counts:
    a, b, c, d = values[JOINTS_PER_FINGER * finger : JOINTS_PER_FINGER * (finger + 1)]
    return a, b, c, d
