"""YAML files from outside: read with every failure as one kind of error, and bounded in size and depth.

What comes back is a finite tree of YAML's plain types, so that whoever checks it may walk it, compare it and print it.
"""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from mvp_real.errors import MvpRealError

LARGEST_FILE = 4 << 20  # bytes
MOST_VALUES = 200_000  # after aliases have been followed: a few lines of YAML can stand for billions
DEEPEST = 40
LARGEST_NUMBER = 1 << 63

# What PyYAML's safe loader raises besides its own errors, e.g. for "2001-99-99", "!!int x" or deep nesting.
_NOT_READABLE = (
    yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError,
)  # fmt: skip


def read_document(path: Path, error: type[MvpRealError] = MvpRealError) -> Any:
    """The content of a YAML file.

    Args:
        path: The file.
        error: Class of the errors.

    Raises:
        MvpRealError: Of the given class: it cannot be read, is no valid YAML, or holds more than any file of ours.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise error(f"'{path}' has {path.stat().st_size} bytes; at most {LARGEST_FILE} are read")
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise error(f"'{path}' cannot be read: {problem.strerror or problem}") from problem
    except UnicodeDecodeError as problem:
        raise error(f"'{path}' is not UTF-8 text: {problem}") from problem
    try:
        content = yaml.safe_load(text)
    except _NOT_READABLE as problem:
        raise error(f"'{path}' is not valid YAML: {problem}") from problem
    _check(content, path, error)
    return content


def is_number(value: Any) -> bool:
    """Whether a value is a finite number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _check(content: Any, path: Path, error: type[MvpRealError]) -> None:
    values = 0
    waiting: list[tuple[Any, int]] = [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        values += 1
        if values > MOST_VALUES:
            raise error(f"'{path}' stands for more than {MOST_VALUES} values; are aliases (*) nested?")
        if depth > DEEPEST:
            raise error(f"'{path}' is nested deeper than {DEEPEST} levels, or an alias (*) holds itself")
        if isinstance(value, dict):
            waiting += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list | tuple | set | frozenset):
            waiting += [(part, depth + 1) for part in value]
        elif isinstance(value, int) and abs(value) >= LARGEST_NUMBER:
            raise error(f"'{path}' holds a whole number of {value.bit_length()} bits; at most 63 are read")
