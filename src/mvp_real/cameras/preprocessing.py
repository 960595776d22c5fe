"""The image path from the camera to the encoder, the same in training and on the robot (Xiao 2023, sec. 5.3).

Lower-centre square of the 640x480 image, halved (each pixel the mean of a 2 x 2 block, which is what bilinear
resizing does at exactly half the size) as long as it is at least twice the network's input, then resized
bilinearly without anti-aliasing, then normalised per channel.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.bundle import BundleError, ImageInput
from mvp_real.errors import MvpRealError, require, unknown_name

CAMERA_HEIGHT, CAMERA_WIDTH = 480, 640
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
ANCHORS = ("lower", "centre")
# Part of the hash: raise it when the arithmetic below changes, so that old bundles are refused.
ALGORITHM = "crop, halve by 2x2 means, bilinear, version 1"


@dataclass(frozen=True)
class Preprocessing:
    """One image path.

    Attributes:
        size: Side of the network's input, px.
        crop: Side of the square cut from the camera's image, px.
        anchor: Vertical place of the square, "lower" or "centre"; horizontally it is always in the middle.
        mean, std: Per-channel normalisation of values in 0..1, RGB.
    """

    size: int = 96
    crop: int = 448
    anchor: str = "lower"
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    def __post_init__(self) -> None:
        if self.anchor not in ANCHORS:
            raise unknown_name("crop anchor", self.anchor, ANCHORS)
        if not 1 <= self.size <= self.crop <= CAMERA_HEIGHT:
            raise MvpRealError(
                f"an input of {self.size} px from a crop of {self.crop} px is not possible; "
                f"needs 1 <= size <= crop <= {CAMERA_HEIGHT}"
            )
        if min(self.std) <= 0.0:
            raise MvpRealError(f"the standard deviations are {self.std}; all must be positive")

    @staticmethod
    def from_card(image: ImageInput) -> Preprocessing:
        """The path that a bundle was trained with.

        Raises:
            BundleError: This version computes something else than the bundle's digest says.
        """
        path = Preprocessing(image.size, image.crop, image.anchor, image.mean, image.std)
        if image.hash != path.hash():
            raise BundleError(
                f"the card's preprocessing digest is {image.hash[:12]}, its numbers give {path.hash()[:12]}; "
                "the bundle was made with another image path: export it again with this version"
            )
        return path

    def for_card(self) -> ImageInput:
        """This path as a card's record."""
        return ImageInput(self.size, self.crop, self.anchor, self.mean, self.std, self.hash())

    def hash(self) -> str:
        """SHA-256 of the path's numbers and its algorithm, as 64 hexadecimal digits; stable across
        processes.
        """
        record = {"algorithm": ALGORITHM, **asdict(self)}
        return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()

    def pixels(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Crop and resize.

        Args:
            rgb: (480, 640, 3) uint8 image, RGB.

        Returns:
            (size, size, 3) uint8.

        Raises:
            MvpRealError: The image has another shape or type.
        """
        if rgb.shape != (CAMERA_HEIGHT, CAMERA_WIDTH, 3) or rgb.dtype != np.uint8:
            raise MvpRealError(
                f"the image has shape {rgb.shape} and type {rgb.dtype}; "
                f"needs ({CAMERA_HEIGHT}, {CAMERA_WIDTH}, 3) uint8: "
                f"set the camera to {CAMERA_WIDTH}x{CAMERA_HEIGHT} rgb8"
            )
        cv2: Any = require("cv2", "infer")
        spare = CAMERA_HEIGHT - self.crop
        top = spare if self.anchor == "lower" else spare // 2
        left = (CAMERA_WIDTH - self.crop) // 2
        image = rgb[top : top + self.crop, left : left + self.crop]
        while image.shape[0] % 2 == 0 and image.shape[0] >= 2 * self.size:
            half = image.shape[0] // 2
            # At exactly half the size this is (a + b + c + d + 2) >> 2, on every build of the library.
            image = cv2.resize(image, (half, half), interpolation=cv2.INTER_AREA)
        if image.shape[0] != self.size:
            # The variant without floating point: the same bytes on every machine.
            image = cv2.resize(image, (self.size, self.size), interpolation=cv2.INTER_LINEAR_EXACT)
        result: NDArray[np.uint8] = np.ascontiguousarray(image)
        return result

    def normalise(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Values 0..255 to the network's input.

        Args:
            pixels: (..., S, S, 3) uint8, RGB.

        Returns:
            (..., 3, S, S) float32, contiguous: (pixels / 255 - mean) / std.
        """
        scale = (1.0 / (255.0 * np.asarray(self.std))).astype(np.float32)
        shift = (-np.asarray(self.mean) / np.asarray(self.std)).astype(np.float32)
        channels_first = np.moveaxis(pixels, -1, -3)
        result = np.empty(channels_first.shape, dtype=np.float32)
        np.multiply(channels_first, scale[:, None, None], out=result)
        result += shift[:, None, None]
        return result

    def __call__(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(480, 640, 3) uint8 camera image to the (3, S, S) float32 input of the network."""
        return self.normalise(self.pixels(rgb))
