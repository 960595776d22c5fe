"""Dataclasses to and from the plain types of YAML, checked field by field against their annotations."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

from mvp_real.errors import MvpRealError, unknown_name


class RecordError(MvpRealError):
    """Content that does not fit its dataclass; the message gives the path of the field."""


def plain(value: Any) -> Any:
    """Dataclasses and tuples as YAML's own types; fields at their default are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: plain(getattr(value, f.name))
            for f in dataclasses.fields(value)
            if not _is_default(value, f)
        }
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def _is_default(record: Any, item: dataclasses.Field[Any]) -> bool:
    value = getattr(record, item.name)
    if item.default_factory is not dataclasses.MISSING:
        return bool(value == item.default_factory())
    return item.name != "schema" and item.default is not dataclasses.MISSING and bool(value == item.default)


def parse(value: Any, kind: Any, where: str) -> Any:
    """Check `value` against a type annotation and build the dataclasses it names.

    Raises:
        RecordError: A field is missing, unknown or of the wrong type; the message gives its path.
    """
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        inner = [option for option in typing.get_args(kind) if option is not type(None)]
        return None if value is None else parse(value, inner[0], where)
    if origin is tuple:
        if not isinstance(value, list):
            raise RecordError(f"{where}: expected a list, got {value!r}")
        options = typing.get_args(kind)
        if options[-1] is Ellipsis:
            return tuple(parse(item, options[0], f"{where}[{i}]") for i, item in enumerate(value))
        if len(options) != len(value):
            raise RecordError(f"{where}: expected {len(options)} entries, got {len(value)}")
        pairs = enumerate(zip(value, options, strict=True))
        return tuple(parse(item, option, f"{where}[{i}]") for i, (item, option) in pairs)
    if dataclasses.is_dataclass(kind):
        return _record(value, kind, where)
    if origin is dict:
        if not isinstance(value, dict):
            raise RecordError(f"{where}: expected a mapping, got {value!r}")
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise RecordError(f"{where}: expected {kind.__name__}, got {value!r}")
    return value


def _record(value: Any, kind: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise RecordError(f"{where}: expected a mapping, got {value!r}")
    hints = typing.get_type_hints(kind)
    for key in value:
        if key not in hints:
            raise RecordError(f"{where}: {unknown_name('field', str(key), hints)}")
    arguments = {}
    for item in dataclasses.fields(kind):
        if item.name in value:
            arguments[item.name] = parse(value[item.name], hints[item.name], f"{where}.{item.name}")
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise RecordError(f"{where}: '{item.name}' is missing")
    return kind(**arguments)
