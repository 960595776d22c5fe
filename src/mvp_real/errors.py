"""Errors a user can act on: what is wrong, with which value, and the remedy."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from types import ModuleType


class MvpRealError(Exception):
    """Base of every error caused by input. The command line prints it in one line and exits with 2."""


def unknown_name(kind: str, name: object, known: Iterable[object]) -> MvpRealError:
    """An error for a name that does not exist, with the near ones suggested.

    Args:
        kind: What the name stands for, e.g. "system".
        name: The name that was given; anything, as files may hold numbers in the place of names.
        known: Every name that would have been accepted.
    """
    choices = sorted(map(str, known))
    near = difflib.get_close_matches(str(name), choices, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(choices) or 'none'}"
    return MvpRealError(f"unknown {kind} '{name}'; {hint}")


def require(module: str, extra: str) -> ModuleType:
    """Import an optional package.

    Raises:
        MvpRealError: The package is absent; the message names the extra that brings it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and module.split(".")[0] != error.name.split(".")[0]:
            raise
        raise MvpRealError(
            f"this needs the package '{module}'; install it with: pip install 'mvp_real[{extra}]'"
        ) from error
