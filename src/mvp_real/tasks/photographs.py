"""Random crops of real photographs that installed packages carry; nothing is downloaded."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError, require

# Colour photographs only: no drawings, medical images or text.
_PHOTOGRAPHS = {
    "skimage": ("data", ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png")),
    "sklearn": ("datasets/images", ("china.jpg", "flower.jpg")),
}


def photograph_paths() -> list[Path]:
    """Photographs of scikit-image and scikit-learn that lie on this machine."""
    found = []
    for package, (folder, names) in _PHOTOGRAPHS.items():
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            root = Path(spec.origin).parent / folder
            found += [root / name for name in names if (root / name).is_file()]
    return found


class PhotographCrops:
    """Random square crops.

    Raises:
        MvpRealError: No photograph is installed.
    """

    def __init__(self) -> None:
        cv2 = require("cv2", "sim")
        paths = photograph_paths()
        if not paths:
            raise MvpRealError("no photographs found; install them with: pip install 'mvp_real[photos]'")
        self.names = [path.name for path in paths]
        self._images = [
            cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB) for path in paths
        ]
        self._resize, self._area = cv2.resize, cv2.INTER_AREA

    def crop(self, generator: Generator, side: int) -> NDArray[np.uint8]:
        """One crop (side, side, 3) uint8 of random place, size, mirror and quarter turn."""
        image = self._images[int(generator.integers(len(self._images)))]
        shortest = min(image.shape[:2])
        size = int(generator.uniform(min(1.0, side / shortest), 1.0) * shortest)
        top = int(generator.integers(image.shape[0] - size + 1))
        left = int(generator.integers(image.shape[1] - size + 1))
        crop = self._resize(
            image[top : top + size, left : left + size], (side, side), interpolation=self._area
        )
        crop = np.rot90(crop, int(generator.integers(4)))
        return np.ascontiguousarray(crop[:, ::-1] if generator.random() < 0.5 else crop)
