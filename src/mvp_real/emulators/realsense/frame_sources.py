"""Where an emulated camera's images come from: a test picture, a world's frame stream, a recording, a camera.

Each is an iterator of frames stamped with the host's clock, paced by itself; None is a sign of life without a frame.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator

import numpy as np

from mvp_real.cameras.realsense import CameraState, RealSenseCamera
from mvp_real.emulators.frame_stream import FrameClient, FrameStreamError
from mvp_real.errors import MvpRealError
from mvp_real.messages import Frame

PAUSE = 0.2  # s; how long ending may take, and between attempts to reach a world
BAR = 24  # px


def moving_picture(width: int, height: int, rate: int) -> Iterator[Frame | None]:
    """A gradient with a white bar that moves by a pixel per frame, a little noise, at `rate` frames per second."""
    if min(width, height) < BAR:
        raise MvpRealError(
            f"a test picture of {width}x{height} is too small; each side needs {BAR} px or more"
        )
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:height, 0:width]
    still = np.stack([255 * x / width, 255 * y / height, 255 * (1 - x / width)], axis=-1)
    still = (still + random.uniform(0, 8, still.shape)).clip(0, 255).astype(np.uint8)
    start = time.monotonic()
    number = 0
    while True:
        due = start + number / rate
        time.sleep(max(0.0, due - time.monotonic()))
        image = np.roll(
            still, number, axis=0
        )  # differs everywhere from the one before, as with a real sensor
        left = number % (width - BAR + 1)
        image[:, left : left + BAR] = 255
        yield Frame(image, time.time(), number)
        # After a pause of the computer frames are missing; they do not come in a bunch.
        number = max(number + 1, int((time.monotonic() - start) * rate))


def stream(host: str, port: int) -> Iterator[Frame | None]:
    """The frames of another server, as they come; waits for it and comes back to it, for ever."""
    said = ""
    while True:
        try:
            client = FrameClient(host, port)
        except FrameStreamError as error:
            said = _say(str(error), said)
            time.sleep(PAUSE)
            yield None
            continue
        said = _say(f"frames from {host}:{port}", said)
        try:
            while True:
                yield client.read(PAUSE)
        except FrameStreamError as error:
            said = _say(str(error), said)
        finally:
            client.close()


def camera(source: RealSenseCamera, news: threading.Event) -> Iterator[Frame | None]:
    """The frames of a camera or a recording that is open.

    Args:
        source: Started; closed by whoever opened it.
        news: Set at each of its frames.
    """
    last: Frame | None = None
    while source.status().state is not CameraState.ENDED:
        came = news.wait(PAUSE)
        news.clear()
        frame = source.latest()
        yield frame if came and frame is not last else None
        last = frame


def _say(text: str, said: str) -> str:
    if text != said:
        print(text, file=sys.stderr, flush=True)
    return text
