"""One ONNX model in ONNX Runtime, on the provider that was asked for and no other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.bundle import BundleError, Tensor
from mvp_real.errors import MvpRealError, require, unknown_name

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}


@dataclass(frozen=True)
class RuntimeOptions:
    """How a model runs.

    Attributes:
        provider: "cpu", "cuda" or "tensorrt".
        threads: Threads inside one operation on the CPU. One by default: other nodes share the robot's
            computer.
        device: Index of the GPU.
        half_precision: TensorRT may compute in float16.
        engine_cache: Folder for TensorRT's engines, whose first build takes minutes; empty for none.
    """

    provider: str = "cpu"
    threads: int = 1
    device: int = 0
    half_precision: bool = False
    engine_cache: str = ""

    def __post_init__(self) -> None:
        if self.provider not in PROVIDERS:
            raise unknown_name("inference provider", self.provider, PROVIDERS)
        if self.threads < 1:
            raise MvpRealError(f"threads is {self.threads}; needs at least 1")

    def providers(self) -> list[tuple[str, dict[str, Any]]]:
        """Providers with their options, the wanted one first."""
        cpu: tuple[str, dict[str, Any]] = (PROVIDERS["cpu"], {})
        cuda: tuple[str, dict[str, Any]] = (PROVIDERS["cuda"], {"device_id": self.device, "use_tf32": 0})
        if self.provider == "cpu":
            return [cpu]
        if self.provider == "cuda":
            return [cuda, cpu]
        options: dict[str, Any] = {"device_id": self.device, "trt_fp16_enable": self.half_precision}
        if self.engine_cache:
            options |= {"trt_engine_cache_enable": True, "trt_engine_cache_path": self.engine_cache}
        return [(PROVIDERS["tensorrt"], options), cuda, cpu]


class OnnxModel:
    """A loaded model.

    Args:
        path: The ONNX file.
        inputs, outputs: Names and shapes without the batch dimension, which the file must have.
        options: Provider and threads.

    Raises:
        MvpRealError: The provider is not there (ONNX Runtime itself would quietly use the CPU).
        BundleError: The file's tensors are not those of the card, or the file cannot be read.
    """

    def __init__(
        self,
        path: Path,
        inputs: tuple[Tensor, ...],
        outputs: tuple[Tensor, ...],
        options: RuntimeOptions | None = None,
    ) -> None:
        options = options or RuntimeOptions()
        onnxruntime = require("onnxruntime", "infer")
        wanted = PROVIDERS[options.provider]
        if options.provider != "cpu" and hasattr(onnxruntime, "preload_dlls"):
            onnxruntime.preload_dlls()  # finds CUDA libraries that pip installed
        available = onnxruntime.get_available_providers()
        if wanted not in available:
            raise MvpRealError(
                f"inference provider '{options.provider}' ({wanted}) is not in this ONNX Runtime, which has "
                f"{', '.join(available)}; use provider 'cpu' or "
                "install it with: pip install 'mvp_real[infer-gpu]'"
            )
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        settings.log_severity_level = 3
        # Spinning threads save 0.2 ms a call and cost the other nodes their core, with stalls of 9 ms.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(path), settings, providers=options.providers()
            )
        except Exception as error:  # the runtime's own exceptions share no base class
            raise BundleError(f"'{path}' cannot be loaded: {error}") from error
        self.provider: str = self._session.get_providers()[0]
        if self.provider != wanted:
            raise MvpRealError(
                f"'{path}' would run on {self.provider} instead of {wanted}; "
                "check the driver and its libraries, or use provider 'cpu'"
            )
        _compare(path, "input", inputs, self._session.get_inputs())
        _compare(path, "output", outputs, self._session.get_outputs())
        self._outputs = [tensor.name for tensor in outputs]

    def __call__(self, feeds: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Outputs in the card's order for inputs by name, all with a batch dimension."""
        results: list[NDArray[np.float32]] = self._session.run(self._outputs, feeds)
        return results


def _compare(path: Path, kind: str, expected: tuple[Tensor, ...], found: list[Any]) -> None:
    shapes = {node.name: tuple(node.shape[1:]) for node in found}
    for tensor in expected:
        shape = shapes.get(tensor.name)
        if shape is None:
            raise BundleError(
                f"'{path}' has no {kind} '{tensor.name}', which its card names; "
                f"it has {', '.join(shapes) or 'none'}"
            )
        # A name instead of a number is a free dimension.
        fits = len(shape) == len(tensor.shape) and all(
            isinstance(size, str) or size is None or size == wanted
            for size, wanted in zip(shape, tensor.shape, strict=True)
        )
        if not fits:
            raise BundleError(f"'{path}': {kind} '{tensor.name}' is {shape}, its card says {tensor.shape}")
    if kind == "input" and len(shapes) != len(expected):
        raise BundleError(f"'{path}' has inputs {', '.join(shapes)}; its card names {len(expected)} of them")
