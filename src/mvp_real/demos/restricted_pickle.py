"""Reads pickles of numpy arrays and plain values, and nothing else.

A pickle is a program: the standard reader runs whatever it names. This one knows a handful of names, all of which only
build arrays and containers, and refuses every other one before it is called.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mvp_real.errors import MvpRealError

SIZE_LIMIT = 64_000_000
"""Largest pickle, bytes: a step with two 640x480 images has 2 MB."""


class UnsafePickleError(MvpRealError):
    """The file asks for something that is no array and no plain value."""


def _text_to_bytes(text: Any, encoding: Any) -> bytes:
    """What `_codecs.encode` does in pickles of protocol 2, and nothing it could do beyond."""
    if not isinstance(text, str) or encoding != "latin1":
        raise UnsafePickleError(f"encoding '{encoding}' is not used by arrays")
    return text.encode("latin1")


def _empty_bytes(*arguments: Any) -> bytes:
    """Empty bytes as pickles before protocol 3 write them."""
    if arguments:
        raise UnsafePickleError("bytes are not made this way")
    return b""


def _empty_array(kind: Any, shape: Any, typecode: Any) -> Any:
    """First half of an array in a pickle; numpy always writes it empty, its content follows."""
    if kind is not np.ndarray or shape != (0,):
        raise UnsafePickleError("an array begins in a form that numpy does not write")
    return np.ndarray.__new__(np.ndarray, (0,), np.dtype("int8"))


def _scalar(kind: Any, data: Any = None) -> Any:
    """A numpy scalar."""
    if not isinstance(kind, np.dtype) or kind.hasobject or not isinstance(data, bytes):
        raise UnsafePickleError("a numpy scalar in a form that numpy does not write")
    if len(data) != kind.itemsize:
        raise UnsafePickleError(f"a numpy scalar of {kind} with {len(data)} bytes")
    return np.frombuffer(data, kind)[0]


def _from_buffer(data: Any, kind: Any, shape: Any, order: Any) -> Any:
    """An array of pickle protocol 5."""
    if not isinstance(kind, np.dtype) or kind.hasobject:
        raise UnsafePickleError("an array of Python objects")
    return np.frombuffer(data, kind).reshape(shape, order=order)


def _dtype(name: Any, align: Any = False, copy: Any = True) -> Any:
    """A number type; structures and objects are none."""
    kind = np.dtype(name) if isinstance(name, str) and len(name) <= 8 else None
    if kind is None or kind.hasobject or kind.fields is not None:
        raise UnsafePickleError(f"array type {str(name)[:40]!r} holds no plain numbers")
    return kind


_KNOWN: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): _text_to_bytes,
    ("collections", "OrderedDict"): OrderedDict,
    **{(module, "bytes"): _empty_bytes for module in ("__builtin__", "builtins")},
    **{(module, "set"): set for module in ("__builtin__", "builtins")},
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): _dtype,
    **{
        (f"{package}.{module}", name): value
        for package in ("numpy.core", "numpy._core")  # before and since numpy 2
        for module, name, value in (
            ("multiarray", "_reconstruct", _empty_array),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
}


class _Reader(pickle._Unpickler):
    """The standard library's reader in Python, with a short list of names; the one in C cannot be watched as closely.

    `REDUCE`, `NEWOBJ` and `BUILD` are how a pickle calls things; all of them go through the names of `find_class`.
    """

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(pickle._Unpickler.dispatch)  # type: ignore[attr-defined]

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise UnsafePickleError(f"it wants to use '{module}.{name}'") from None

    def persistent_load(self, pid: Any) -> Any:
        raise UnsafePickleError("it refers to something outside the file")

    def _refuse(self) -> None:
        raise UnsafePickleError("it makes objects in a way that arrays do not need")

    def _build(self) -> None:
        """State of an array or a number type; anything else has none here."""
        state = self.stack.pop()  # type: ignore[attr-defined]
        target = self.stack[-1]  # type: ignore[attr-defined]
        if isinstance(target, np.dtype):
            if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
                raise UnsafePickleError("a number type in a form that numpy does not write")
            if state[1] in (">", "<") and target.byteorder not in ("|",):
                self.stack[-1] = target.newbyteorder(state[1])  # type: ignore[attr-defined]
        elif type(target) is np.ndarray:
            if not isinstance(state, tuple) or len(state) != 5:
                raise UnsafePickleError("an array in a form that numpy does not write")
            _, shape, kind, fortran, data = state
            if not isinstance(kind, np.dtype) or kind.hasobject or not isinstance(data, (bytes, bytearray)):
                raise UnsafePickleError("an array of Python objects")
            array = np.frombuffer(data, kind).reshape(shape, order="F" if fortran else "C")
            self.stack[-1] = array  # type: ignore[attr-defined]
            self._replace(target, array)
        else:
            raise UnsafePickleError(f"it sets the state of a {type(target).__name__}")

    def _replace(self, old: Any, new: Any) -> None:
        """Arrays are memorised before their content comes; references must find the full one."""
        for key, value in self.memo.items():  # type: ignore[attr-defined]
            if value is old:
                self.memo[key] = new  # type: ignore[attr-defined]

    def _bytearray(self) -> None:
        """Byte arrays are made before they are read; no more than the file can hold."""
        (size,) = struct.unpack("<Q", self.read(8))  # type: ignore[attr-defined]
        if size > SIZE_LIMIT:
            raise UnsafePickleError(f"a byte array of {size} bytes")
        self.append(bytearray(self.read(size)))  # type: ignore[attr-defined]


for _opcode in (
    pickle.NEWOBJ,
    pickle.NEWOBJ_EX,
    pickle.OBJ,
    pickle.INST,
    pickle.EXT1,
    pickle.EXT2,
    pickle.EXT4,
):
    _Reader.dispatch[_opcode[0]] = _Reader._refuse
_Reader.dispatch[pickle.BUILD[0]] = _Reader._build
_Reader.dispatch[pickle.BYTEARRAY8[0]] = _Reader._bytearray


def read_pickle(path: Path) -> Any:
    """The content of a pickle of arrays, numbers, texts, lists, tuples and dictionaries.

    Raises:
        UnsafePickleError: It names anything else; nothing of it was executed.
        MvpRealError: It is too large, damaged or absent.
    """
    try:
        size = path.stat().st_size
        if size > SIZE_LIMIT:
            raise MvpRealError(
                f"'{path}' has {size / 1e6:.0f} MB; a step has less than {SIZE_LIMIT / 1e6:.0f}"
            )
        content = path.read_bytes()
    except OSError as error:
        raise MvpRealError(f"'{path}' cannot be read: {error.strerror}") from error
    try:
        return _Reader(io.BytesIO(content)).load()
    except UnsafePickleError as error:
        raise UnsafePickleError(
            f"'{path}' is refused: {error}. Arrays and plain values are all it may hold"
        ) from None
    except Exception as error:  # whatever a damaged program of a foreign hand may do in the reader
        raise MvpRealError(f"'{path}' is no readable pickle ({type(error).__name__}: {error})") from error
