"""Stand in for SteamVR: two tracked controllers for any application of the OpenVR library.

It prints the environment variable to export before the application starts. The stand-in runtime is built with g++ on
first use. The controllers move on circles; the right one's trigger and grip change every 4 s. The faults: occlusion,
silence, drop (switched off), freeze, delay, jump, quit.
"""

from __future__ import annotations

import argparse
import json
import signal
import tempfile
import threading
from pathlib import Path

from mvp_real.emulators.fault_board import FaultBoard
from mvp_real.emulators.fault_socket import FaultServer, add_fault_option, parse_address
from mvp_real.emulators.vive.emulated_vive import FAULTS, LEFT_SERIAL, RIGHT_SERIAL, EmulatedVive, circles
from mvp_real.emulators.vive.runtime import build_runtime, write_registry


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--port", type=int, default=0, help="UDP port on this machine; 0 takes a free one")
    parser.add_argument(
        "--cache", type=Path, help="where the built runtime is kept (default: the user's cache)"
    )
    add_fault_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    runtime = build_runtime(args.cache)
    board = FaultBoard(FAULTS)
    with (
        tempfile.TemporaryDirectory(prefix="mvp_real_vive_") as folder,
        FaultServer(board, *parse_address(args.faults)) as faults,
    ):
        vive = EmulatedVive(circles, board, args.port)
        registry = write_registry(Path(folder), runtime, vive.port)
        ready = {
            "ready": True,
            "port": vive.port,
            "export": f"VR_PATHREG_OVERRIDE={registry}",
            "left": LEFT_SERIAL,
            "right": RIGHT_SERIAL,
            "faults": faults.address,
        }
        print(json.dumps(ready), flush=True)
        ended.wait()
        vive.close()
    return 0
