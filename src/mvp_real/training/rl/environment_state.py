"""An environment's state, nested mappings with arrays in them, as JSON and tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mvp_real.errors import MvpRealError


def split_arrays(value: Any, path: str, arrays: dict[str, Tensor]) -> Any:
    """The JSON form of `value`; arrays go into `arrays` and are named by their path.

    Raises:
        MvpRealError: A value that is neither a mapping, a list, an array nor plain JSON.
    """
    if isinstance(value, np.ndarray):
        arrays[path] = torch.from_numpy(np.array(value))
        return {"array": path}
    if isinstance(value, Mapping):
        return {
            "mapping": {str(key): split_arrays(item, f"{path}/{key}", arrays) for key, item in value.items()}
        }
    if isinstance(value, (list, tuple)):
        return [split_arrays(item, f"{path}/{number}", arrays) for number, item in enumerate(value)]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise MvpRealError(
        f"the state of the environment holds a {type(value).__name__} at '{path}', which JSON cannot hold"
    )


def join_arrays(value: Any, arrays: Mapping[str, Tensor]) -> Any:
    """What `split_arrays` took apart; tuples come back as lists."""
    if isinstance(value, dict):
        if "array" in value:
            return arrays[value["array"]].numpy().copy()
        return {key: join_arrays(item, arrays) for key, item in value["mapping"].items()}
    if isinstance(value, list):
        return [join_arrays(item, arrays) for item in value]
    return value
