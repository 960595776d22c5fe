"""An emulated Digit: the robot's low-level interface (ARTL over UDP) with our MuJoCo model as its body.

    mvp_real emulate digit                       # 127.0.0.1:25500, observations to the client's port 25501
    mvp_real emulate digit --faults 127.0.0.1:9000
    mvp_real fault 127.0.0.1:9000 set silence

The robot begins on its feet with the vendor's controller, for which a hoist and PD control stand in. Prints one line of
JSON when it serves, one whenever somebody else gets the motors, and one whenever it cannot hold its pace.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from typing import TYPE_CHECKING

from mvp_real.emulators.digit.faults import digit_faults
from mvp_real.emulators.fault_socket import FaultServer, add_fault_option, parse_address
from mvp_real.errors import require
from mvp_real.robots.digit_link.link import CLIENT_PORT, ROBOT_PORT
from mvp_real.robots.digit_link.stream import LINK_TIMEOUT
from mvp_real.robots.real_time import freeze_garbage, take_priority

if TYPE_CHECKING:
    from mvp_real.emulators.digit.body import Mode


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this device's options."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument(
        "--port", type=int, default=ROBOT_PORT, help="UDP port for commands; 0 takes any free one"
    )
    text = "the client's UDP port for observations; 0: the one that its commands come from"
    parser.add_argument("--reply-port", type=int, default=CLIENT_PORT, help=text)
    parser.add_argument("--world", default="plane", help="plane, slope=GRADIENT or step=METRES")
    parser.add_argument("--payload", type=float, default=0.0, help="kg on the back")
    parser.add_argument("--hoist", choices=("lower", "hold"), default="lower", help="hold: it never lets go")
    text = "seconds of the robot per second of wall time; below 1 for busy computers"
    parser.add_argument("--speed", type=float, default=1.0, help=text)
    text = "s without a command after which the robot falls back"
    parser.add_argument("--link-timeout", type=float, default=LINK_TIMEOUT, help=text)
    parser.add_argument("--seed", type=int, default=0, help="of what is random in faults")
    text = "SCHED_FIFO priority; 0: none, and a busy computer slows the robot as it slows its driver"
    parser.add_argument("--priority", type=int, default=0, help=text)
    add_fault_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    require("mujoco", "sim")
    from mvp_real.emulators.digit.body import DigitBody
    from mvp_real.emulators.digit.robot import EmulatedDigit
    from mvp_real.emulators.digit.server import DigitServer
    from mvp_real.tasks.digit.walk_ground import check_payload, parse_terrain

    body = DigitBody(parse_terrain(args.world), check_payload(args.payload), args.hoist == "hold")
    board = digit_faults()
    server = DigitServer(
        EmulatedDigit(body, board, args.link_timeout, args.seed, _tell),
        args.host,
        args.port,
        args.reply_port,
        args.speed,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.close())
    with FaultServer(board, *parse_address(args.faults)) as faults:
        # The priority is this thread's alone: the fault socket's was started before.
        freeze_garbage()
        warning = take_priority(args.priority)
        if warning:
            print(json.dumps({"warning": warning}), file=sys.stderr, flush=True)
        ready = {
            "ready": True,
            "address": f"{args.host}:{server.port}",
            "reply_port": args.reply_port,
            "faults": faults.address,
        }
        print(json.dumps(ready), flush=True)
        server.run()
    return 0


def _tell(milliseconds: int, mode: Mode, why: str) -> None:
    print(json.dumps({"ms": milliseconds, "mode": mode.value, "why": why}), flush=True)
