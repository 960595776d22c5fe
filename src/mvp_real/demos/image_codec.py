"""Camera images of an episode: from the camera's message to JPEG on disk and back to pixels.

JPEG at quality 95 with the colour planes at half resolution: the policy sees the mean of each 2x2 block of its crop
(448 to 224 pixels), and the colour blocks coincide with them, so halving the colour takes nothing that it would see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.demos.cdr import CdrDecoder, CdrEncoder
from mvp_real.errors import MvpRealError, require

JPEG_QUALITY = 95
JPEG_FORMAT = "rgb8; jpeg compressed bgr8"
COMPRESSED_SUFFIX = "/compressed"
"""A compressed image has the topic of the image with this behind it, as `image_transport` names it."""


@dataclass(frozen=True)
class RawImage:
    """A `sensor_msgs/Image` taken apart.

    Attributes:
        stamp: Capture time, ns.
        pixels: (H, W, 3) uint8 RGB, sharing memory with the message.
    """

    stamp: int
    frame_id: str
    pixels: NDArray[np.uint8]


def parse_image(data: bytes | memoryview) -> RawImage:
    """Take a serialised `sensor_msgs/Image` apart, without copying the pixels.

    Raises:
        ValueError: Not rgb8, or a size that does not match the data.
    """
    message = CdrDecoder(data)
    stamp, frame_id = message.time(), message.text()
    height, width, encoding = message.unsigned(), message.unsigned(), message.text()
    message.unsigned_byte()
    step, pixels = message.unsigned(), message.octets()
    if encoding != "rgb8":
        raise ValueError(f"image has encoding '{encoding}', expected rgb8")
    if step != 3 * width or len(pixels) != height * step:
        raise ValueError(f"image of {width}x{height} has {len(pixels)} bytes and step {step}")
    return RawImage(stamp, frame_id, np.frombuffer(pixels, np.uint8).reshape(height, width, 3))


def jpeg(pixels: NDArray[np.uint8], quality: int = JPEG_QUALITY) -> bytes:
    """JPEG of an (H, W, 3) uint8 RGB image."""
    cv2 = require("cv2", "demos")
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise MvpRealError(f"an image of {pixels.shape} could not be compressed")
    return bytes(data)


def compressed_message(image: RawImage) -> bytes:
    """The image as a serialised `sensor_msgs/CompressedImage`."""
    message = CdrEncoder().header(image.stamp, image.frame_id).text(JPEG_FORMAT)
    return message.octets(jpeg(image.pixels)).finish()


def image_array(message: Any) -> NDArray[np.uint8]:
    """Pixels of a decoded rgb8 `sensor_msgs/Image` or `CompressedImage`, (H, W, 3) uint8 RGB.

    Raises:
        MvpRealError: Another encoding, or damaged data.
    """
    if hasattr(message, "format"):
        cv2 = require("cv2", "demos")
        bgr = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
        if bgr is None:
            raise MvpRealError(f"an image in format '{message.format}' cannot be decoded")
        pixels: NDArray[np.uint8] = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        return pixels
    if message.encoding != "rgb8":
        raise MvpRealError(f"expected an rgb8 image, the recording has '{message.encoding}'")
    return np.frombuffer(message.data, dtype=np.uint8).reshape(message.height, message.width, 3)
