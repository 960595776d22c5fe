"""Descriptions: sizes that the vendor's own client accepted, round trips, loss, change, and arbitrary bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.robots.digit_link import chunks
from mvp_real.robots.digit_link.chunks import ArtlError, Chunk, decode_chunk
from mvp_real.robots.digit_link.command import command_description
from mvp_real.robots.digit_link.description import Description, DescriptionReader, Enumeration, Field
from mvp_real.robots.digit_link.layout import Layout

from .samples import TABLE, writer

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
fields = st.builds(Field, names, st.integers(0, 12), st.integers(0, 5), st.integers(0, 3))
enumerations = st.builds(
    Enumeration,
    st.integers(256, 32766),
    st.sampled_from([0, 1, 2, 3]),
    st.lists(st.tuples(st.integers(0, 255), names), max_size=4).map(tuple),
)
descriptions = st.builds(
    Description,
    st.lists(fields, max_size=8).map(tuple),
    st.lists(enumerations, max_size=2).map(tuple),
    st.lists(fields, min_size=1, max_size=4).map(tuple),
    st.binary(max_size=40),
)


def read(datagrams: list[bytes]) -> Description | None:
    reader = DescriptionReader()
    for datagram in datagrams:
        reader.take(decode_chunk(datagram))
    return reader.complete


def test_sizes_are_those_that_the_vendors_client_accepted() -> None:
    """specs: 12, 2842, 2674 and 16 bytes from the robot; a command of 485 bytes from the client."""
    assert [len(datagram) for datagram in writer().description.datagrams()] == [12, 2842, 2674, 16]
    description = command_description(TABLE.motors)
    assert Layout(description, description.fields).size == 485


@given(descriptions)
def test_round_trip(description: Description) -> None:
    assert read(description.datagrams()) == description


@given(descriptions, st.integers(0, 4))
def test_with_a_lost_chunk_it_stays_incomplete_until_it_comes_again(
    description: Description, lost: int
) -> None:
    datagrams = description.datagrams()
    lost %= len(datagrams) - 1
    reader = DescriptionReader()
    for k, datagram in enumerate(datagrams):
        if k != lost:
            reader.take(decode_chunk(datagram))
    assert reader.complete is None
    for datagram in datagrams:
        reader.take(decode_chunk(datagram))
    assert reader.complete == description


def test_a_new_description_is_noticed() -> None:
    old, new = Description((Field("time"),)), Description((Field("time"), Field("error")))
    reader = DescriptionReader()
    for datagram in old.datagrams() * 2:
        assert reader.take(decode_chunk(datagram)), "the same again is no change"
    told = [reader.take(decode_chunk(datagram)) for datagram in new.datagrams()]
    assert told[-1] is False
    assert reader.complete == old


@given(st.sampled_from([b"ENUM", b"DESC", b"CMNt", b"DEND", b"STRT", b"XYZt"]), st.binary(max_size=80))
def test_arbitrary_chunks_raise_only_our_error(kind: bytes, data: bytes) -> None:
    reader = DescriptionReader()
    reader.take(Chunk(chunks.START, b"", b"STRT"))
    try:
        reader.take(decode_chunk(chunks.encode_chunk(kind, data)))
    except ArtlError:
        assert reader.complete is None


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ((Field("huge", 9, 65535, 65535),), "more than 65536 bytes"),
        ((Field("odd", 77),), "type 77"),
        ((Field("odd", 300),), "type 300"),
    ],
)
def test_layouts_that_cannot_be(entries: tuple[Field, ...], message: str) -> None:
    with pytest.raises(ArtlError, match=message):
        Layout(Description(entries), entries)
