"""Further views of recorded frames, made before encoding, so that features of a frozen encoder stay cacheable.

View 0 is the frame itself, view 1 its mirror image; each further pair repeats the two in other colours. The arm is
symmetric about its x-z plane: mirroring the image turns the signs of the joints whose axes lie in that plane.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from mvp_real.messages import FloatArray

MIRROR_SIGNS = np.array([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
"""Signs of joint1..joint7 and the gripper in a scene mirrored left to right (xArm7)."""
VERSION = "mirror and colours 1"
# Luma and two chroma axes (YIQ): turning the chroma plane changes hue and leaves brightness alone.
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


def mirrored(view: int) -> bool:
    """Whether a view is a mirror image."""
    return view % 2 == 1


def mirror(values: FloatArray) -> FloatArray:
    """States or actions (..., 8) as they are in the mirrored scene."""
    result: FloatArray = values * MIRROR_SIGNS
    return result


def view_of(pixels: NDArray[np.uint8], view: int, name: str) -> NDArray[np.uint8]:
    """One view of the frames of a demonstration.

    Args:
        pixels: (N, S, S, 3) preprocessed frames.
        view: Number of the view; 0 gives the frames themselves.
        name: The demonstration's id; colours are drawn from it and the view, one set per frame.
    """
    images = pixels[:, :, ::-1] if mirrored(view) else pixels
    if view >= 2:
        generator = np.random.default_rng([zlib.crc32(name.encode()), view])
        images = np.stack([recolour(image, generator) for image in images])
    return np.ascontiguousarray(images)


def recolour(image: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Another light: hue within +-0.6 rad, saturation x 0.6-1.5, brightness x 0.65-1.35, contrast x 0.75-1.3."""
    angle = generator.uniform(-0.6, 0.6)
    saturation, brightness, contrast = generator.uniform((0.6, 0.65, 0.75), (1.5, 1.35, 1.3))
    turn = saturation * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    chroma = np.eye(3)
    chroma[1:, 1:] = turn
    matrix = (np.linalg.inv(_TO_YIQ) @ chroma @ _TO_YIQ * brightness * contrast).astype(np.float32)
    offset = np.float32((1 - contrast) * brightness * image.mean())
    colours = image.astype(np.float32) @ matrix.T + offset
    return np.clip(colours + 0.5, 0, 255).astype(np.uint8)
