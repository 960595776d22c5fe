"""One bring-up for the faults that leave the processes alive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

for module in ("rclpy", "mujoco", "onnxruntime", "onnx", "cv2"):
    pytest.importorskip(module)

from .bringup import Bringup  # noqa: E402  (after the checks for optional packages)
from .node_bundles import write_bundles  # noqa: E402


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundles(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def robot(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bringup]:
    system = Bringup(models, tmp_path_factory.mktemp("logs"))
    yield system
    system.close()
