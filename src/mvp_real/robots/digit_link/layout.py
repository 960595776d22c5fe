"""Messages as numbers, by the description that the other side sent: fields are found by name, in whatever order."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mvp_real.messages import FloatArray
from mvp_real.robots.digit_link.chunks import LARGEST_MESSAGE, ArtlError
from mvp_real.robots.digit_link.description import Description, Field


class Layout:
    """Places of the fields in a message.

    Args:
        description: Of the message.
        fields: Which fields: those of the messages, or those of the comment.

    Attributes:
        size: Bytes of a message.
        count: Numbers in a message.

    Raises:
        ArtlError: Unknown types, or a message larger than any datagram.
    """

    def __init__(self, description: Description, fields: tuple[Field, ...]) -> None:
        self._place: dict[str, tuple[int, int]] = {}
        self.count = 0
        codes = ["<"]
        room = LARGEST_MESSAGE
        for entry in fields:
            number = entry.rows * entry.columns
            code = description.code(entry.type)
            room -= number * struct.calcsize("<" + code)
            if room < 0:
                raise ArtlError(f"description asks for more than {LARGEST_MESSAGE} bytes")
            self._place.setdefault(entry.name, (self.count, number))
            codes.append(f"{number}{code}" if number else "")
            self.count += number
        self._struct = struct.Struct("".join(codes))
        self.size = self._struct.size

    def unpack(self, message: bytes) -> FloatArray:
        """(count,) every number of a message.

        Raises:
            ArtlError: Another number of bytes.
        """
        if len(message) != self.size:
            raise ArtlError(f"message has {len(message)} bytes; its description says {self.size}")
        return np.array(self._struct.unpack(message), dtype=np.float64)

    def pack(self, values: Sequence[float | int | bool]) -> bytes:
        """A message of `count` numbers, each of its field's kind."""
        return self._struct.pack(*values)

    def find(self, name: str, number: int = 1) -> NDArray[np.intp]:
        """(number,) places of a field's numbers in what `unpack` returns.

        Raises:
            ArtlError: No such field, or of another size; the message names it.
        """
        if name not in self._place:
            raise ArtlError(f"the description has no field '{name}'")
        start, found = self._place[name]
        if found != number:
            raise ArtlError(f"field '{name}' has {found} numbers; expected {number}")
        return np.arange(start, start + number, dtype=np.intp)

    def find_all(self, names: list[str]) -> NDArray[np.intp]:
        """(len(names),) places of fields of one number each."""
        return np.concatenate([self.find(name) for name in names])

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return name in self._place
