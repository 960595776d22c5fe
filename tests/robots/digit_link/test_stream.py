"""Both ends of a stream: connecting, strangers, silence, loss, change, and arbitrary datagrams."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mvp_real.robots.digit_link import chunks
from mvp_real.robots.digit_link.chunks import encode_chunk
from mvp_real.robots.digit_link.description import Description, Field
from mvp_real.robots.digit_link.stream import DESCRIPTION_PERIOD, LINK_TIMEOUT, Publisher, Subscriber

from .samples import ROBOT

DESCRIPTION = Description((Field("time"),))
MESSAGE = bytes(8)
STRANGER = ("127.0.0.1", 4711)


def connected(now: float = 0.0) -> tuple[Publisher, Subscriber]:
    publisher, subscriber = Publisher(DESCRIPTION), Subscriber()
    for datagram in publisher.start(now):
        subscriber.receive(datagram, ROBOT, now)
    assert subscriber.description == DESCRIPTION
    return publisher, subscriber


def test_the_first_message_brings_the_whole_description_along() -> None:
    publisher, subscriber = Publisher(DESCRIPTION), Subscriber()
    datagrams = publisher.datagrams(MESSAGE, 0.0)
    assert len(datagrams) == len(DESCRIPTION.datagrams()) + 1
    assert [subscriber.receive(datagram, ROBOT, 0.0) for datagram in datagrams][-1] == MESSAGE


def test_a_chunk_of_the_description_every_100_ms() -> None:
    publisher, _ = connected()
    sent = [publisher.datagrams(MESSAGE, 0.001 * k) for k in range(1, 1000)]
    extra = [datagrams[1] for datagrams in sent if len(datagrams) == 2]
    assert len(extra) == 9
    wanted = DESCRIPTION.datagrams()
    assert extra == [wanted[k % len(wanted)] for k in range(9)]


def test_whoever_comes_late_is_there_after_one_round_of_the_description() -> None:
    publisher, _ = connected()
    late, now = Subscriber(), 0.5
    chunk_count = len(DESCRIPTION.datagrams())
    while late.description is None:
        now += 0.001
        assert now < 0.5 + 2 * chunk_count * DESCRIPTION_PERIOD + 0.1
        for datagram in publisher.datagrams(MESSAGE, now):
            assert late.receive(datagram, ROBOT, now) is None or late.description is not None
        late.check(now)  # messages keep the connection while the description is not complete
    assert late.receive(encode_chunk(chunks.PLAIN, MESSAGE), ROBOT, now) == MESSAGE


def test_strangers_are_ignored_while_somebody_is_connected() -> None:
    _, subscriber = connected()
    for datagram in (*DESCRIPTION.datagrams(), encode_chunk(chunks.PLAIN, MESSAGE)):
        assert subscriber.receive(datagram, STRANGER, 0.05) is None
    assert subscriber.address == ROBOT
    assert subscriber.counters["strangers"] == 4
    assert not subscriber.check(LINK_TIMEOUT + 0.001), "and they do not keep the connection alive"


def test_silence_ends_the_connection_and_nothing_before_it() -> None:
    publisher, subscriber = connected()
    for k in range(300):
        now = 0.001 * k
        for datagram in publisher.datagrams(MESSAGE, now):
            subscriber.receive(datagram, ROBOT, now)
        assert subscriber.check(now)
    assert subscriber.check(now + LINK_TIMEOUT - 0.001)
    assert not subscriber.check(now + LINK_TIMEOUT + 0.001)
    assert subscriber.description is None
    assert subscriber.silence(now) == float("inf")
    assert subscriber.receive(encode_chunk(chunks.PLAIN, MESSAGE), ROBOT, now + 0.2) is None, (
        "it must describe itself"
    )


def test_descriptions_alone_keep_a_connection_and_tell_nothing() -> None:
    publisher, subscriber = Publisher(DESCRIPTION), Subscriber()
    for k in range(100):
        now = 0.02 * k
        for datagram in publisher.silent(now):
            assert subscriber.receive(datagram, ROBOT, now) is None
        assert subscriber.check(now)
    assert subscriber.counters["messages"] == 0


def test_another_description_disconnects() -> None:
    _, subscriber = connected()
    for datagram in Publisher(Description((Field("other"),))).start(0.01):
        subscriber.receive(datagram, ROBOT, 0.01)
    assert subscriber.address is None


def test_damage_is_counted_and_survived() -> None:
    publisher, subscriber = connected()
    datagram = bytearray(encode_chunk(chunks.PLAIN, MESSAGE))
    datagram[-1] ^= 1
    assert subscriber.receive(bytes(datagram), ROBOT, 0.01) is None
    assert subscriber.receive(b"short", ROBOT, 0.01) is None
    assert (subscriber.counters["checksum errors"], subscriber.counters["malformed"]) == (1, 1)
    assert "datagram of 5 bytes" in subscriber.problem
    assert subscriber.receive(publisher.datagrams(MESSAGE, 0.02)[0], ROBOT, 0.02) == MESSAGE


@given(st.lists(st.binary(max_size=60), max_size=20), st.booleans())
def test_arbitrary_datagrams_raise_nothing_and_yield_nothing(datagrams: list[bytes], before: bool) -> None:
    subscriber = connected()[1] if before else Subscriber()
    for datagram in datagrams:
        assert subscriber.receive(datagram, ROBOT, 0.01) is None


@given(st.lists(st.tuples(st.sampled_from([*chunks.KINDS, b"what"]), st.binary(max_size=60)), max_size=12))
def test_arbitrary_chunks_with_good_checksums_raise_nothing(parts: list[tuple[bytes, bytes]]) -> None:
    subscriber = Subscriber()
    for kind, data in parts:
        subscriber.receive(encode_chunk(kind, data), ROBOT, 0.0)
