"""How a hand is started: off, no torque, who are you, report every 3 ms, on. Never waits; it is called again.

The order is the vendor's, with zero torque before the motors get power: the hand has no watchdog, and keeps the
last torque that it was given, by whomever.
"""

from __future__ import annotations

from collections.abc import Callable

from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.inbox import Inbox
from mvp_real.robots.allegro.table import HandTable

ASK_EVERY = 0.1  # s between two questions
START_WITHIN = 0.5  # s after which a hand that does not begin to report is asked anew
ZERO = (0, 0, 0, 0)

Send = Callable[[wire.Message], None]


def let_go(send: Send) -> None:
    """No torque on any finger."""
    for finger in range(4):
        send(wire.Torque(finger, ZERO))


class Handshake:
    """One start-up of a hand.

    Args:
        table: What the hand must be.
        inbox: Where its answers arrive; it is reset at each attempt.
        send: Puts a message on the bus.
        accept_hardware: A further hardware version that is taken for the table's; 0 is none.

    Attributes:
        waiting: What is missing, with a remedy where there is one.
        refused: The hand has answered, and is not the expected one.
    """

    def __init__(self, table: HandTable, inbox: Inbox, send: Send, accept_hardware: int = 0) -> None:
        self._table, self._inbox, self._send = table, inbox, send
        self._accept = accept_hardware
        self.waiting = ""
        self.refused = False
        self.restart()

    def restart(self) -> None:
        """Begin from the beginning at the next `advance`."""
        self._asked_at = self._switched_at = 0.0
        self._switched = False
        self._inbox.reset()

    def advance(self, now: float) -> bool:
        """Do what is next; True when the hand has power and reports all its joints."""
        if not self._switched:
            self._identify(now)
            return False
        inbox = self._inbox
        silent = inbox.silent_finger(now, self._table.frame_age)
        info = inbox.info
        on = info is not None and inbox.info_at > self._switched_at and info.servo_on and not info.fault
        if on and not silent:
            self.waiting = ""
            return True
        if now - self._asked_at > ASK_EVERY:
            self._asked_at = now
            self._send(wire.Request(wire.HAND_INFO))
        if silent:
            self.waiting = f"no joint angles of the {silent} finger"
        elif info is not None and inbox.info_at > self._switched_at:
            why = f"the hand is {info.fault}" if info.fault else "the motors stay without power"
            self.waiting = f"{why}: release its emergency stop, check its supply"
        if now - self._switched_at > START_WITHIN:
            self.restart()
        return False

    def _identify(self, now: float) -> None:
        inbox = self._inbox
        if inbox.info is not None and inbox.serial is not None:
            self.waiting = self._mismatch(inbox.info, inbox.serial)
            self.refused = bool(self.waiting)
            if not self.refused:
                self._switch_on(now)
                return
        elif now - self._asked_at > ASK_EVERY:
            self.refused = False
            self.waiting = "no answer from the hand; check power, cable, channel and bit rate"
        if now - self._asked_at > ASK_EVERY:
            self._asked_at = now
            inbox.info = inbox.serial = None
            self._send(wire.ServoOff())
            let_go(self._send)
            self._send(wire.Request(wire.HAND_INFO))
            self._send(wire.Request(wire.SERIAL))

    def _switch_on(self, now: float) -> None:
        table = self._table
        position, temperature = round(1000 * table.servo_period), round(1000 * table.temperature_period)
        self._send(wire.SetPeriod(position, 0, temperature))
        let_go(self._send)
        self._send(wire.ServoOn())
        self._send(wire.Request(wire.HAND_INFO))
        self._asked_at = self._switched_at = now
        self._switched = True

    def _mismatch(self, info: wire.HandInfo, serial: wire.Serial) -> str:
        table = self._table
        if info.hardware >> 8 != table.hardware and info.hardware != self._accept:
            return (
                f"the hand's hardware version is 0x{info.hardware:04X}, which is not known as {table.variant} "
                f"(0x{table.hardware:02X}xx); choose another variant, or accept it by hardware_version:="
                f"{info.hardware}"
            )
        if table.hand_type and serial.hand_type != table.hand_type:
            return (
                f"serial number '{serial.text}' is of a hand of type {serial.hand_type}, but variant "
                f"{table.variant} is type {table.hand_type}; choose the variant of its type"
            )
        if serial.side != table.side:
            return f"serial number '{serial.text}' is of a {serial.side} hand; set side:={serial.side}"
        return ""
