"""The text definition of a ROS message type, made from its Python class, so that a recording explains itself."""

from __future__ import annotations

import importlib
import re
from typing import Any

from mvp_real.demos.message_definitions import DEFINITIONS
from mvp_real.errors import MvpRealError

_SEPARATOR = "=" * 80
_NAMES = {"double": "float64", "float": "float32", "boolean": "bool", "octet": "byte"}
_ARRAY = re.compile(r"^(?P<item>[^\[]+)\[(?P<length>\d+)\]$")
_SEQUENCE = re.compile(r"^sequence<(?P<item>[^,]+)(, (?P<bound>\d+))?>$")


def message_class(kind: str) -> Any:
    """The class of a type such as "sensor_msgs/msg/Joy".

    Raises:
        MvpRealError: Its package is not installed.
    """
    package, _, name = kind.split("/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise MvpRealError(
            f"messages of type '{kind}' cannot be recorded: their package is not installed"
        ) from error


def definition(kind: str) -> str:
    """Full text of a type with everything it contains, in the form rosbag2 stores it.

    Constants, defaults and comments are left out: reading does not need them.
    """
    if kind in DEFINITIONS:
        return DEFINITIONS[kind]
    found: dict[str, str] = {}
    own = _fields(kind, found)
    parts = [f"{_SEPARATOR}\nMSG: {name}\n{text}" for name, text in found.items()]
    return "".join([own, *parts])


def _fields(kind: str, found: dict[str, str]) -> str:
    lines = []
    for name, idl in message_class(kind).get_fields_and_field_types().items():
        item, suffix = _split(idl)
        lines.append(f"{_NAMES.get(item, item)}{suffix} {name}\n")
        if "/" in item and item not in found:
            package, short = item.split("/")
            found[item] = ""  # holds the place: the order is that of first use
            found[item] = _fields(f"{package}/msg/{short}", found)
    return "".join(lines)


def _split(idl: str) -> tuple[str, str]:
    """Item and array suffix of a field type as rosidl's Python classes name it."""
    if match := _ARRAY.match(idl):
        return match["item"], f"[{match['length']}]"
    if match := _SEQUENCE.match(idl):
        return match["item"], f"[<={match['bound']}]" if match["bound"] else "[]"
    return idl, ""
