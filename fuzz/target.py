"""What a fuzz target is, and the ways in which its seeds are damaged."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mvp_real.errors import MvpRealError

# Pieces that parsers stumble over.
PIECES = (
    b"", b"\x00", b"\xff\xff\xff\xff", b"\xff" * 8, b"\x00" * 8, b"\x7f\xff\xff\xff", b"\x80", b"1e999", b"-1", b"nan",
    b"null", b"[]", b"{}", b": ", b"- ", b"\n", b"\t", b"'", b'"', b"&a [*a]", b"*a", b"!!int x", b"!!binary x",
    b"2001-99-99", b"true", b"? ", b"999999999999999999999999999999", b"[[[[", b"\xc3\x28", b"${x}", b"<<: [1]",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """One reader.

    Attributes:
        what: What is read.
        seeds: Makes valid inputs.
        read: Reads bytes; may raise `MvpRealError` and nothing else.
    """

    what: str
    seeds: Callable[[], list[bytes]]
    read: Callable[[bytes], object]

    def one_input(self, data: bytes) -> bool:
        """Read bytes; whether they were accepted. Any other error than `MvpRealError` passes through."""
        try:
            self.read(data)
        except MvpRealError as error:
            if not str(error):
                raise AssertionError("an error without a message helps nobody") from error
            return False
        return True


def damaged(data: bytes, random: random.Random) -> bytes:
    """A seed with a few random damages: cut, changed, removed, repeated, or with a piece put in."""
    damaged = bytearray(data)
    for _ in range(random.randint(1, 4)):
        place = random.randint(0, len(damaged))
        length = random.choice((1, 1, 2, 4, 8, 40))
        kind = random.randrange(6)
        if kind == 0:
            del damaged[place:]
        elif kind == 1:
            del damaged[place : place + length]
        elif kind == 2:
            damaged[place:place] = random.choice(PIECES)
        elif kind == 3:
            damaged[place : place + length] = random.choice(PIECES)
        elif kind == 4:
            damaged[place : place + length] = random.randbytes(length)
        else:
            damaged[place:place] = damaged[place : place + 10 * length]
    return bytes(damaged)


def from_file(read: Callable[[Path], object], name: str) -> Callable[[bytes], object]:
    """A reader of bytes from a reader of files; `name` is the file's."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz_"))

    def read_bytes(data: bytes) -> object:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return read(path)

    return read_bytes
