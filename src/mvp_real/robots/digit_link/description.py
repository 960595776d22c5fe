"""What a message looks like: ARTL sends it in chunks before the messages, and again one chunk every 100 ms."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace

from mvp_real.robots.digit_link import chunks
from mvp_real.robots.digit_link.chunks import ArtlError, Chunk
from mvp_real.robots.digit_link.crc32c import crc32c

# Code of `struct` by the number of the base type: u8..u64, i8..i64, f32, f64, bool, char, bin.
BASE_TYPES = ("B", "H", "I", "Q", "b", "h", "i", "q", "f", "d", "B", "B", "B")
U32, F64, BOOL, I16 = 2, 9, 10, 5
INTEGERS = range(8)
FIRST_ENUMERATION, AFTER_ENUMERATIONS = 256, 32767
_FIELD = struct.Struct("<HHHH")
_TWO = struct.Struct("<HH")
_CHECK = struct.Struct("<I")
_COUNTS_FOR_CHECK = 0x20  # in the last letter of the type, which makes it a small one


@dataclass(frozen=True)
class Field:
    """One named array in a message.

    Attributes:
        name: Such as "left_knee.position".
        type: Number of a base type or of an enumeration.
        rows, columns: Its shape.
    """

    name: str
    type: int = F64
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True)
class Enumeration:
    """A type whose values have names; `base` is the number of an integer type."""

    type: int
    base: int
    labels: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Description:
    """Fields of a message in their order, and what does not change while the connection lasts.

    Attributes:
        fields: Of each message.
        enumerations: Types that the fields may have.
        comment_fields, comment: Fields of the constants and their packed values.
    """

    fields: tuple[Field, ...] = ()
    enumerations: tuple[Enumeration, ...] = ()
    comment_fields: tuple[Field, ...] = ()
    comment: bytes = b""

    def code(self, kind: int) -> str:
        """Code of `struct` of one value of a type.

        Raises:
            ArtlError: There is no such type.
        """
        for enumeration in self.enumerations:
            if enumeration.type == kind:
                kind = enumeration.base
                break
        if not 0 <= kind < len(BASE_TYPES):
            raise ArtlError(f"field has type {kind}, which is neither a base type nor described")
        return BASE_TYPES[kind]

    def datagrams(self) -> list[bytes]:
        """The description in the order in which it has to arrive."""
        parts = [(b"ENUM", _encode_enumeration(enumeration)) for enumeration in self.enumerations]
        parts.append((b"DESC", _encode_fields(self.fields)))
        if self.comment_fields:
            size = len(self.comment).to_bytes(4, "little")
            parts.append((chunks.COMMENT, size + self.comment + _encode_fields(self.comment_fields)))
        check = 0
        for kind, data in parts:
            check = crc32c(kind + data, check)
        return [
            chunks.encode_chunk(chunks.START),
            *(chunks.encode_chunk(kind, data) for kind, data in parts),
            chunks.encode_chunk(chunks.END, _CHECK.pack(check)),
        ]


@dataclass
class DescriptionReader:
    """Collects the chunks of a description.

    Attributes:
        complete: The description once every chunk of it has arrived in order.
    """

    complete: Description | None = None
    _started: bool = False
    _check: int = 0
    _draft: Description = field(default_factory=Description)

    def take(self, chunk: Chunk) -> bool:
        """Take a chunk that is no message.

        Returns:
            False when the other side now describes something else than what is complete here.

        Raises:
            ArtlError: The chunk is malformed. The description then stays incomplete until it starts anew.
        """
        if chunk.kind == chunks.START:
            if self.complete is None:
                self._started, self._check, self._draft = True, 0, Description()
            return True
        if chunk.kind == chunks.END:
            return self._end(chunk)
        if self._started and self.complete is None:
            try:
                self._draft = _with_chunk(self._draft, chunk)
            except ArtlError:
                self._started = False
                raise
            if chunk.kind[3] & _COUNTS_FOR_CHECK:
                self._check = crc32c(chunk.type + chunk.data, self._check)
        return True

    def _end(self, chunk: Chunk) -> bool:
        if len(chunk.data) != _CHECK.size:
            raise ArtlError(f"end of a description has {len(chunk.data)} bytes; needs {_CHECK.size}")
        same = int.from_bytes(chunk.data, "little") == self._check
        if self.complete is not None:
            return same
        if self._started and same:
            self.complete = self._draft
        return True


def _with_chunk(draft: Description, chunk: Chunk) -> Description:
    if chunk.kind == chunks.FIELDS:
        return replace(draft, fields=draft.fields + _decode_fields(chunk.data))
    if chunk.kind == chunks.ENUMERATION:
        return replace(draft, enumerations=(*draft.enumerations, _decode_enumeration(chunk.data)))
    if chunk.kind == chunks.COMMENT:
        if len(chunk.data) < 4:
            raise ArtlError("comment is shorter than its own length")
        size = int.from_bytes(chunk.data[:4], "little")
        if size > len(chunk.data) - 4:
            raise ArtlError(f"comment says {size} bytes of data and has {len(chunk.data) - 4}")
        return replace(
            draft,
            comment=draft.comment + chunk.data[4 : 4 + size],
            comment_fields=draft.comment_fields + _decode_fields(chunk.data[4 + size :]),
        )
    return draft  # unknown chunks are skipped


def _encode_fields(fields: tuple[Field, ...]) -> bytes:
    parts = []
    for entry in fields:
        name = entry.name.encode()
        parts += [_FIELD.pack(entry.type, entry.rows, entry.columns, len(name)), name]
    return b"".join(parts)


def _decode_fields(data: bytes) -> tuple[Field, ...]:
    fields, start = [], 0
    while start < len(data):
        if start + _FIELD.size > len(data):
            raise ArtlError("description ends within a field")
        kind, rows, columns, length = _FIELD.unpack_from(data, start)
        start += _FIELD.size
        if start + length > len(data):
            raise ArtlError("description ends within the name of a field")
        fields.append(Field(_text(data[start : start + length]), kind, rows, columns))
        start += length
    return tuple(fields)


def _encode_enumeration(enumeration: Enumeration) -> bytes:
    code = "<" + BASE_TYPES[enumeration.base]
    parts = [_TWO.pack(enumeration.type, enumeration.base)]
    for value, label in enumeration.labels:
        text = label.encode()
        parts += [struct.pack(code, value), len(text).to_bytes(2, "little"), text]
    return b"".join(parts)


def _decode_enumeration(data: bytes) -> Enumeration:
    if len(data) < _TWO.size:
        raise ArtlError("enumeration is too short")
    kind, base = _TWO.unpack_from(data)
    if not FIRST_ENUMERATION <= kind < AFTER_ENUMERATIONS or base not in INTEGERS:
        raise ArtlError(f"enumeration has type {kind} on base type {base}")
    code = struct.Struct("<" + BASE_TYPES[base])
    labels, start = [], _TWO.size
    while start < len(data):
        if start + code.size + 2 > len(data):
            raise ArtlError("enumeration ends within a label")
        (value,) = code.unpack_from(data, start)
        start += code.size
        length = int.from_bytes(data[start : start + 2], "little")
        start += 2
        if start + length > len(data):
            raise ArtlError("enumeration ends within the text of a label")
        labels.append((value, _text(data[start : start + length])))
        start += length
    return Enumeration(kind, base, tuple(labels))


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")
