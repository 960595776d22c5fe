"""An emulated UFACTORY controller box with an xArm7 and its gripper, moved by physics in real time.

It speaks the vendor's protocol, so that any client of the real box can connect:

    mvp_real emulate xarm7 --host 127.0.0.1 --port 15502
    mvp_real fault 127.0.0.1:PORT set error 31

The vendor's Python SDK finds report ports only at 30001 to 30003; run a second arm at another address of
127.0.0.0/8 instead of other ports. When it serves, one JSON line with all addresses is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import threading

from mvp_real.emulators.fault_socket import FaultServer, add_fault_option, parse_address
from mvp_real.emulators.frame_stream import FrameServer
from mvp_real.emulators.xarm7.controller_box import SERIAL
from mvp_real.errors import require

SCENES = ("pick_fruit", "empty")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=502, help="control port; below 1024 needs root")
    parser.add_argument(
        "--report-port-base",
        type=int,
        default=30000,
        help="report ports are this + 1 to + 3; 0 takes free ones",
    )
    parser.add_argument("--scene", choices=SCENES, default=SCENES[0], help="what stands around the arm")
    parser.add_argument(
        "--serial", default=SERIAL, help="serial number; from ...1305... on joints reach less far"
    )
    parser.add_argument(
        "--frames", metavar="HOST:PORT", help="where pictures of the wrist camera are offered"
    )
    parser.add_argument("--camera-rate", type=float, default=20.0, help="pictures per second")
    parser.add_argument("--world", metavar="HOST:PORT", help="where the scene can be reset and judged")
    add_fault_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    require("mujoco", "sim")
    from mvp_real.emulators.xarm7.emulator import XArm7Emulator
    from mvp_real.emulators.xarm7.world_socket import WorldServer

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with contextlib.ExitStack() as stack:
        frames = None
        if args.frames:
            frames = FrameServer(*parse_address(args.frames))
            stack.callback(frames.close)
        emulator = XArm7Emulator(
            args.host, args.port, args.report_port_base, args.scene, frames, args.camera_rate, args.serial
        )
        stack.callback(emulator.close)
        faults = FaultServer(emulator.board, *parse_address(args.faults))
        stack.callback(faults.close)
        ready: dict[str, object] = {
            "ready": True,
            "device": "xarm7",
            "host": emulator.host,
            "port": emulator.port,
            "reports": emulator.report_ports,
            "faults": faults.address,
        }
        if frames is not None:
            ready["frames"] = f"{frames.host}:{frames.port}"
        if args.world:
            world = WorldServer(emulator.world, *parse_address(args.world))
            stack.callback(world.close)
            ready["world"] = f"{world.listener.host}:{world.listener.port}"
        print(json.dumps(ready), flush=True)
        ended.wait()
    return 0


def main() -> int:
    """Run with the options of the command line, e.g. as the child of a node."""
    parser = argparse.ArgumentParser(prog="mvp_real emulate xarm7")
    configure(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
