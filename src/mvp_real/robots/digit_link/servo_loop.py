"""The loop at 1 kHz: one command for each observation, and on when none come.

The robot's observations are the beat: a command leaves as soon as one has been read, which is the least delay there
is. When none has come for five periods the loop goes on by itself, so that a robot that still hears is told to damp.
"""

from __future__ import annotations

import select
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from mvp_real.messages import FloatArray, PdCommand
from mvp_real.robots.digit import load_digit
from mvp_real.robots.digit_limiter import DigitVerdict
from mvp_real.robots.digit_link.channel import Channel, ChannelClosed
from mvp_real.robots.digit_link.link import CLIENT_PORT, ROBOT_PORT, DigitLink
from mvp_real.robots.digit_link.measurement import Measuring
from mvp_real.robots.digit_link.observation import Observation
from mvp_real.robots.digit_link.servo import Authority, DigitServo
from mvp_real.robots.digit_link.session_clock import Arrival, SessionClock
from mvp_real.robots.digit_link.stream import LINK_TIMEOUT

OWN_BEAT = 0.005  # s without an observation after which a command leaves anyway
REPORT_EVERY = 5  # observations per report to the node: 200 Hz
STATUS_PERIOD = 0.1  # s of wall time between two reports with the diagnostics, whatever comes
FAREWELL = 20  # commands to damp that are sent before the loop ends on its own
HOST, ROBOT = "host", "robot"


@dataclass(frozen=True)
class ServoSettings:
    """How the loop runs.

    Attributes:
        host, port, listen_port: As `DigitLink`.
        link_timeout: Silence of the robot that stops, s.
        clock: "host": measurements are stamped with the computer's clock; "robot": with the robot's, which an
            emulator slows down on a busy computer.
        shadow, idle_commands: As `DigitServo`.
        world_velocity, height_offset: As `Measuring`.
        priority: Of SCHED_FIFO; 0 asks for none.
    """

    host: str
    port: int = ROBOT_PORT
    listen_port: int = CLIENT_PORT
    link_timeout: float = LINK_TIMEOUT
    clock: str = HOST
    shadow: bool = False
    idle_commands: bool = False
    world_velocity: bool = True
    height_offset: float = 0.0
    priority: int = 60


class ServoLoop:
    """Link, servo and the channel to the node.

    Args:
        settings: How it runs.
        channel: To the node; its end ends the loop.
    """

    def __init__(self, settings: ServoSettings, channel: Channel) -> None:
        self._settings, self._channel = settings, channel
        self._table = load_digit()
        self.servo = DigitServo(
            shadow=settings.shadow,
            idle_commands=settings.idle_commands,
            link_timeout=settings.link_timeout,
        )
        self.link = DigitLink(
            self._table, settings.host, settings.port, settings.listen_port, settings.link_timeout
        )
        self._measuring = Measuring(self._table, settings.world_velocity, settings.height_offset)
        self._clock = SessionClock()
        self._connected = False
        self._observations = 0
        self._periods: deque[float] = deque(maxlen=4096)
        self._sent_at = 0.0
        self._status_at = 0.0
        self._reported = ("", "")
        self._unanswered: deque[dict[str, Any]] = deque()
        self.counters = {"loops": 0, "loops without an observation": 0, "observations out of order": 0}

    def run(self) -> None:
        """Until the node has gone: then damp, if the robot is ours, and end."""
        try:
            while True:
                self._wait()
                self._turn()
        except ChannelClosed:
            self._say_farewell()
        finally:
            self.link.close()

    def _wait(self) -> None:
        """Until something has come, or the beat is due."""
        left = self._sent_at + OWN_BEAT - time.monotonic()
        if left > 0.0:
            select.select((self.link.socket, self._channel.socket), (), (), left)

    def _turn(self) -> None:
        wall = time.monotonic()
        seen = self.link.poll(wall)
        self._note_connection()
        if seen is not None:
            self._observe(seen)
        for _ in range(8):
            request = self._channel.receive()
            if request is None:
                break
            self._answer(*request)
        while self._unanswered and self._channel.send(self._unanswered[0]):  # an answer is never lost
            self._unanswered.popleft()
        if seen is not None or wall - self._sent_at >= OWN_BEAT:
            self.link.send(self.servo.step(self._now(), self.link.silence(wall)), wall)
            self.counters["loops"] += 1
            self.counters["loops without an observation"] += seen is None
            self._periods.append(wall - self._sent_at)
            self._sent_at = wall
            self._report(wall, seen is not None)

    def _now(self) -> float:
        return time.time() if self._settings.clock == HOST else self._clock.now

    def _note_connection(self) -> None:
        connected = self.link.connected
        if connected != self._connected:
            self._connected = connected
            if connected and self.link.limits is not None:
                self.servo.connected(self.link.limits)
            else:
                self.servo.disconnected(f"the robot {self.link.subscriber.farewell}")
        self.servo.link_problem = self.link.problem

    def _observe(self, seen: Observation) -> None:
        arrival = self._clock.advance(seen.time)
        if arrival is Arrival.OVERTAKEN:
            self.counters["observations out of order"] += 1
            return
        if arrival is Arrival.RESTARTED:
            self.servo.restarted(f"the robot's control program has restarted {seen.time:.2f} s ago")
        self._observations += 1
        self.servo.observe(self._measuring.measure(seen, self._now()), seen.error)

    # Talking to the node.

    def _answer(self, request: dict[str, Any], values: FloatArray) -> None:
        now, servo = self._now(), self.servo
        kind = request["kind"]
        if kind == "command":
            position, kp, kd = values.reshape(3, -1)
            servo.command(PdCommand(position, kp, kd, request["stamp"]), now)
        elif kind == "refuse":
            servo.limiter.refuse(request["reason"])
        elif kind == "leave":
            servo.limiter.leave()
        else:
            verdict = self._request(kind, request.get("reason", ""), now)
            state, reason = servo.limiter.state.value, servo.limiter.reason
            answer = {"state": state, "reason": reason, "verdict": verdict.reason}
            self._unanswered.append({"kind": "answer", "number": request["number"], **answer})

    def _request(self, kind: str, reason: str, now: float) -> DigitVerdict:
        servo = self.servo
        if kind == "enable":
            return servo.enable(now)
        if kind == "stop":
            return servo.stop(reason)
        if kind == "clear_fault":
            return servo.clear_fault(now)
        if kind == "home":
            return servo.home()
        servo.disable()
        return DigitVerdict(servo.limiter.state, "")

    def _report(self, wall: float, fresh: bool) -> None:
        limiter, measurement = self.servo.limiter, self.servo.measurement
        state = (limiter.state.value, limiter.reason)
        due = fresh and self._observations % REPORT_EVERY == 0
        full = wall - self._status_at >= STATUS_PERIOD
        if not (due or full or state != self._reported):
            return
        header: dict[str, Any] = {"kind": "report", "state": state[0], "reason": state[1], "fresh": due}
        header["now"] = self._now()
        if full:
            self._status_at = wall
            header["diagnostics"] = self.diagnostics(wall)
        self._reported = state
        if due and measurement is not None:
            self._channel.send(header, measurement.encode())
        else:
            self._channel.send(header)

    def diagnostics(self, wall: float) -> dict[str, str]:
        """Everything worth knowing, as text."""
        link, subscriber = self.link, self.link.subscriber
        problem = link.problem or ("" if link.connected else "waiting for the robot to describe itself")
        periods = 1000.0 * np.array(self._periods or [0.0])
        limits = link.limits
        delay = limits.error_shutdown_delay if limits is not None else float("nan")
        measurement = self.servo.measurement
        return {
            **self.servo.limiter.diagnostics(),
            "link": "connected" if link.connected else problem,
            "authority": self.servo.authority.value,
            "loop period p50 (ms)": f"{np.percentile(periods, 50):.3f}",
            "loop period p99 (ms)": f"{np.percentile(periods, 99):.3f}",
            **{name: str(value) for name, value in self.counters.items()},
            "observations": str(self._observations),
            "observations overtaken": str(link.skipped),
            "commands sent": str(link.sent),
            "send errors": str(link.send_errors),
            "silence (ms)": f"{1000.0 * link.silence(wall):.1f}",
            **{name: str(subscriber.counters[name]) for name in _STREAM_COUNTERS},
            "last bad chunk": subscriber.problem,
            **{name: str(self.servo.counters[name]) for name in _SERVO_COUNTERS},
            "error shutdown delay (s)": f"{delay:.2f}",
            "battery (%)": "" if measurement is None else f"{measurement.battery:.0f}",
            "messages to the node lost": str(self._channel.lost),
        }

    def _say_farewell(self) -> None:
        """The node is gone without a word and nobody can clear the stop: damp, then leave that to the robot itself."""
        servo = self.servo
        if servo.limiter.output is not None:
            servo.stop("the driver node has gone")
        for k in range(FAREWELL):
            if k == FAREWELL // 2 and servo.authority is Authority.DRIVING:
                servo.authority = Authority.RELEASED
            seen = self.link.poll()
            if seen is not None:
                self._observe(seen)
            self.link.send(servo.step(self._now(), 0.0))
            time.sleep(0.001)


_STREAM_COUNTERS = ("checksum errors", "malformed", "strangers", "connections")
_SERVO_COUNTERS = ("link losses", "error flags", "robot restarts")
