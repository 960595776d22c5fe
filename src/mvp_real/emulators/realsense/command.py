"""Stand in for a RealSense: serve frames to the camera node's source `software`.

The node feeds them to the software device of the real library. Frames come from a test picture (the default), from the
frame stream of an emulated world (--from), from a recording (--play) or from a real camera (--serial). The
faults: silence, drop (unplugged), delay, jitter, garble, freeze, power_cycle, wrong_resolution, clock_jump, rate.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from mvp_real.cameras.intrinsics import pinhole
from mvp_real.cameras.realsense import RealSenseCamera
from mvp_real.cameras.realsense_links import Link, open_device, open_recording
from mvp_real.cameras.realsense_recorder import RealSenseRecorder
from mvp_real.emulators.fault_board import FaultBoard
from mvp_real.emulators.fault_socket import FaultServer, add_fault_option, parse_address
from mvp_real.emulators.realsense import frame_sources
from mvp_real.emulators.realsense.emulated_camera import FAULTS, EmulatedCamera
from mvp_real.messages import Frame

FIELD_OF_VIEW = 42.0  # degrees, vertical, of the D435's colour camera by its data sheet


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--from", dest="stream", metavar="HOST:PORT", help="frame stream to pass on")
    source.add_argument("--play", type=Path, metavar="FILE", help="recording (.db3) to play, again and again")
    source.add_argument("--serial", help="real camera to pass on, by serial number")
    parser.add_argument(
        "--listen", metavar="HOST:PORT", default="127.0.0.1:0", help="where frames are served"
    )
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="write what is taken in to this .db3, too"
    )
    parser.add_argument("--width", type=int, default=640, help="px, of test picture and camera")
    parser.add_argument("--height", type=int, default=480, help="px, of test picture and camera")
    parser.add_argument("--rate", type=int, default=30, help="frames per second of test picture and camera")
    parser.add_argument(
        "--field-of-view", type=float, default=FIELD_OF_VIEW, help="vertical, degrees; kept in the recording"
    )
    parser.add_argument("--seconds", type=float, help="end by itself after this time")
    add_fault_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted, until the time is over, or until the source ends."""
    source: RealSenseCamera | None = None
    recorder: Recorder | None = None
    board = FaultBoard(FAULTS)
    emulated = EmulatedCamera(board, *parse_address(args.listen))
    faults = FaultServer(board, *parse_address(args.faults))
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        frames, source = _frames(args)
        recorder = Recorder(args) if args.record else None
        print(
            json.dumps(
                {"ready": True, "frames": f"{emulated.host}:{emulated.port}", "faults": faults.address}
            ),
            flush=True,
        )
        end = time.monotonic() + (args.seconds or float("inf"))
        for frame in frames:
            if ended.is_set() or time.monotonic() > end:
                break
            if frame is not None:
                emulated.put(frame)
                if recorder is not None:
                    recorder.add(frame)
    finally:
        if recorder is not None:
            print(json.dumps(recorder.close()), flush=True)
        if source is not None:
            source.close()
        emulated.close()
        faults.close()
    return 0


class Recorder:
    """A recording whose size is that of the first frame."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._recorder: RealSenseRecorder | None = None

    def add(self, frame: Frame) -> None:
        """Append a frame."""
        if self._recorder is None:
            height, width = frame.image.shape[:2]
            geometry = pinhole(width, height, self._args.field_of_view)
            self._recorder = RealSenseRecorder(self._args.record, geometry, self._args.rate)
        self._recorder.add(frame)

    def close(self) -> dict[str, object]:
        """Complete the file; what was written."""
        if self._recorder is None:
            return {"recorded": 0}
        self._recorder.close()
        return {
            "recorded": self._recorder.frames,
            "of another size": self._recorder.refused,
            "file": str(self._args.record),
        }


def _frames(args: argparse.Namespace) -> tuple[Iterator[Frame | None], RealSenseCamera | None]:
    if args.stream:
        return frame_sources.stream(*parse_address(args.stream)), None
    if not (args.play or args.serial):
        return frame_sources.moving_picture(args.width, args.height, args.rate), None

    def connect() -> Link:
        if args.play:
            return open_recording(args.play, repeat=True)
        return open_device(args.serial, args.width, args.height, args.rate)

    news = threading.Event()
    source = RealSenseCamera(connect, on_frame=news.set)
    source.start()
    return frame_sources.camera(source, news), source
