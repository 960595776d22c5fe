"""Digit's low-level link against the emulated robot: rate, losses, damage, and how fast a loss is noticed on each side.

    python benchmarks/digit_link.py --seconds 60 --output benchmarks/results.json

Both sides run as they do in `mvp_real up digit_walk robot:=emulated`, in processes of their own, here with real-time
priority where that is allowed: otherwise the other programs on the computer would be measured.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from mvp_real.emulators.digit.body import DigitBody, Mode
from mvp_real.emulators.digit.faults import digit_faults
from mvp_real.emulators.digit.robot import EmulatedDigit
from mvp_real.emulators.digit.server import DigitServer
from mvp_real.robots.digit import load_digit
from mvp_real.robots.digit_link.channel import Channel
from mvp_real.robots.digit_link.servo_loop import ServoSettings
from mvp_real.robots.real_time import freeze_garbage, take_priority
from result_rows import Row, write_rows

LIMIT = 0.120  # s from the loss of the link to damping, by the specification
RATE = 1000.0  # Hz
TABLE = load_digit()


def serve(pipe: Connection) -> None:
    """The robot's process: answers `set NAME`, `clear`, `state` and ends at the end of the pipe."""
    board = digit_faults()
    robot = EmulatedDigit(DigitBody(hold=True), board)
    server = DigitServer(robot, "127.0.0.1", 0)
    pipe.send(server.port)
    threading.Thread(target=answer, args=(pipe, server), daemon=True).start()
    freeze_garbage()
    warning = take_priority(55)
    if warning:
        print(warning, file=sys.stderr)
    server.run()


def answer(pipe: Connection, server: DigitServer) -> None:
    """Requests of the benchmark."""
    robot, board = server.robot, server.robot._board
    while True:
        try:
            request = pipe.recv()
        except EOFError:
            server.close()
            return
        if request.startswith("set "):
            board.set(request[4:])
            pipe.send(time.monotonic())
        elif request == "clear":
            board.clear()
            pipe.send(None)
        else:
            history = [(ms, mode is Mode.LOW_LEVEL, why) for ms, mode, why in robot.history]
            damage = sum(robot.subscriber.counters[name] for name in ("checksum errors", "malformed"))
            pipe.send(
                {
                    "time": robot.time,
                    "commands": robot.counters["commands"],
                    "damage": damage,
                    "lost": server.lost,
                    "mode": robot.body.mode.value,
                    "history": history,
                    "commanded_at": robot._commanded_at,
                }
            )


class Driver:
    """The servo's process, and a policy that holds the default pose at 50 Hz."""

    def __init__(self, port: int) -> None:
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = json.dumps(asdict(ServoSettings("127.0.0.1", port, 0, clock="robot")))
        module = "mvp_real.robots.digit_link.servo_process"
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, str(theirs.fileno()), settings], pass_fds=[theirs.fileno()]
        )
        theirs.close()
        self.channel = Channel(mine)
        self.header: dict[str, Any] = {}
        self.diagnostics: dict[str, str] = {}
        self.stopped_at = 0.0
        self._answered = 0
        self._commanded_at = 0.0
        self.drives = False

    def listen(self) -> None:
        """Take one message, and command when it is time."""
        word = self.channel.receive(wait=True)
        assert word is not None
        header = word[0]
        if header["kind"] == "answer":
            self._answered = header["number"]
        if header["kind"] != "report":
            return
        if header["state"] == "stopped" and self.header.get("state") != "stopped":
            self.stopped_at = time.monotonic()
        self.header, self.diagnostics = header, header.get("diagnostics", self.diagnostics)
        if self.drives and header["now"] >= self._commanded_at + 0.02:
            self._commanded_at = header["now"]
            values = np.concatenate([TABLE.default_pose, TABLE.kp, TABLE.kd])
            self.channel.send({"kind": "command", "stamp": header["now"]}, values)

    def until(self, condition: Any) -> None:
        """Listen until a condition holds."""
        while not condition():
            self.listen()

    def ask(self, kind: str) -> None:
        """A request, and its answer."""
        number = self._answered + 1
        self.channel.send({"kind": kind, "number": number})
        self.until(lambda: self._answered == number)

    def drive(self) -> None:
        """Connected, enabled, and the robot follows; after a loss as soon as the robot is there again."""
        self.drives = False
        while self.header.get("state") != "running":
            for _ in range(20):
                self.listen()
            for kind in ("clear_fault", "home", "enable"):
                self.ask(kind)
            for _ in range(20):
                self.listen()
        self.drives = True
        accepted = self.diagnostics.get("accepted")
        self.until(lambda: self.diagnostics.get("accepted") != accepted)
        self.until(lambda: self.diagnostics["authority"] == "driving" or self.header["state"] != "running")


def count(driver: Driver) -> dict[str, float]:
    """Counters of the driver at this moment."""
    driver.until(lambda: "diagnostics" in driver.header)
    names = (
        "observations",
        "observations overtaken",
        "checksum errors",
        "malformed",
        "observations out of order",
    )
    return {name: float(driver.diagnostics[name]) for name in names} | {"now": driver.header["now"]}


def measure(seconds: float, losses: int) -> list[Row]:
    """All figures."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    port = ours.recv()

    def ask(request: str) -> Any:
        ours.send(request)
        return ours.recv()

    def drive() -> None:
        driver.drive()
        driver.until(lambda: ask("state")["mode"] == Mode.LOW_LEVEL.value)

    driver = Driver(port)
    drive()
    before, robot_before, began = count(driver), ask("state"), time.monotonic()
    driver.until(lambda: time.monotonic() - began > seconds)
    after, robot_after, passed = count(driver), ask("state"), time.monotonic() - began
    if driver.header["state"] != "running":
        raise SystemExit(f"the driver stopped during the measurement: {driver.header['reason']}")
    gained = {name: after[name] - before[name] for name in after}
    sent = 1000.0 * gained["now"]  # one each millisecond of the robot's clock, which is this one
    came = gained["observations"] + gained["observations overtaken"]
    commands = robot_after["commands"] - robot_before["commands"]
    damage = gained["checksum errors"] + gained["malformed"] + robot_after["damage"] - robot_before["damage"]
    p50, p99 = (float(driver.diagnostics[f"loop period p{k} (ms)"]) for k in (50, 99))
    reactions = []
    for _ in range(losses):
        drive()
        at = ask("set silence")
        driver.until(lambda: driver.header["state"] == "stopped")
        reactions.append(1000.0 * (driver.stopped_at - at))
        ask("clear")
    drive()
    driver.process.kill()
    driver.process.wait()
    state = ask("state")
    while state["mode"] == Mode.LOW_LEVEL.value:
        time.sleep(0.01)
        state = ask("state")
    fallback = state["history"][-1][0] - 1000.0 * state["commanded_at"]
    ours.close()
    process.join(5.0)
    limit = 1000.0 * LIMIT
    return [
        Row("digit_link_observations", came / passed, "Hz", "1 kHz", came / passed / RATE),
        Row("digit_link_commands", commands / passed, "Hz", "1 kHz", commands / passed / RATE),
        Row("digit_link_lost", 100.0 * (1.0 - came / sent), "%", "observations sent", 1.0 - came / sent),
        Row("digit_link_damaged", damage, "chunks", "chunks of both sides", damage / (came + commands)),
        Row("digit_link_period_p50", p50, "ms", "1 ms", p50),
        Row("digit_link_period_p99", p99, "ms", "1 ms", p99),
        Row("digit_link_emulator_pace", sent / 1000.0 / passed, "s/s", "wall clock", sent / 1000.0 / passed),
        Row(
            "digit_link_loss_reaction_median",
            float(np.median(reactions)),
            "ms",
            "limit",
            np.median(reactions) / limit,
        ),
        Row("digit_link_loss_reaction_max", max(reactions), "ms", "limit", max(reactions) / limit),
        Row("digit_link_robot_fallback", fallback, "ms", "limit", fallback / limit),
    ]


def main() -> None:
    """Measure and write the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--losses", type=int, default=20, help="how often the link is lost")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results.json"))
    args = parser.parse_args()
    write_rows(args.output, measure(args.seconds, args.losses))


if __name__ == "__main__":
    main()
