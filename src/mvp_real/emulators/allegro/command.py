"""An Allegro hand on CAN, with our own model of it as its body: torques in, joint angles out at 333 Hz.

mvp_real emulate allegro --version v4 --interface udp_multicast --channel 239.74.163.2
mvp_real emulate allegro --interface socketcan --channel vcan0     where the kernel has CAN

One line of JSON says when it serves and where its faults are switched; another one, at the end, how many frames
came and went.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading

from mvp_real.emulators.allegro.server import HandServer
from mvp_real.emulators.fault_socket import FaultServer, add_fault_option, parse_address
from mvp_real.robots.allegro.bus import INTERFACES, MULTICAST_GROUP
from mvp_real.robots.allegro.table import SIDES, load_hand

VERSIONS = ("v4", "v5", "v5a")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of the emulated hand."""
    parser.add_argument("--version", choices=VERSIONS, default="v4", help="generation (v5: type B)")
    parser.add_argument("--side", choices=SIDES, default="right")
    parser.add_argument(
        "--interface", default="udp_multicast", help=f"of python-can, e.g. {', '.join(INTERFACES)}"
    )
    parser.add_argument(
        "--channel", default=MULTICAST_GROUP, help="of the interface; udp_multicast: GROUP or GROUP:PORT"
    )
    parser.add_argument("--seed", type=int, default=0, help="of random faults")
    add_fault_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    table = load_hand(args.version, args.side)
    server = HandServer(table, args.interface, args.channel, args.seed)
    with FaultServer(server.board, *parse_address(args.faults)) as faults, server:
        ready = {
            "ready": True,
            "device": "allegro",
            "version": args.version,
            "side": args.side,
            "interface": args.interface,
            "channel": args.channel,
            "faults": faults.address,
        }
        print(json.dumps(ready), flush=True)
        ended.wait()
        statistics = server.statistics()
    print(json.dumps({"ended": True, **statistics}), flush=True)
    return 0
