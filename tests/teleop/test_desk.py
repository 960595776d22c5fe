"""Who may move the robot, and which frames count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.teleop.gateway.desk import BAD_MESSAGES, Client, Desk
from mvp_real.teleop.gateway.lease import Lease
from mvp_real.teleop.gateway.pairing import DEVICES, Pairing
from mvp_real.teleop.gateway.webxr_frame import Controller, WebXRFrame, encode
from mvp_real.teleop.hand_sample import HandSample

POSE = np.array([0.1, 1.2, -0.3, 0.0, 0.0, 0.0, 1.0])
AHEAD = 1000.0  # s that the browser's clock is ahead of ours
STEP = 1 / 72


def data(sequence: int, now: float, squeeze: float = 0.0) -> bytes:
    return encode(WebXRFrame(sequence, 1000 * (now + AHEAD), True, {"right": Controller(POSE, 0.0, squeeze)}))


class Session:
    """A desk with one client that holds the lease and has its clutch held."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.client = self.join("one")
        self.now, self.sequence = 1.0, 0
        self.desk.text(self.client, {"type": "take"}, self.now)
        assert not self.frame()[0].clutch
        assert self.frame(1.0)[0].clutch

    def join(self, name: str) -> Client:
        client = Client(name, f"device {name}")
        client.offset.pong(0.990, 1.0, 0.995 + AHEAD)
        return client

    def frame(self, squeeze: float = 0.0, client: Client | None = None) -> list[HandSample]:
        self.now += STEP
        self.sequence += 1
        return self.desk.frame(client or self.client, data(self.sequence, self.now, squeeze), self.now)

    def lost(self, samples: list[HandSample]) -> bool:
        return bool(samples) and not any(sample.tracked for sample in samples)


def test_only_the_holder_of_the_lease_is_heard() -> None:
    session = Session()
    other = session.join("two")
    assert session.frame(1.0, other) == []
    assert session.desk.counts["frames without the lease"] == 1
    assert session.frame(1.0)[0].clutch


def test_stamps_are_the_browsers_time_on_our_clock() -> None:
    session = Session()
    session.now += 0.05
    late = session.desk.frame(session.client, data(99, session.now - 0.03), session.now)
    assert late[0].stamp == pytest.approx(session.now - 0.03, abs=1e-6)


def test_a_better_estimate_of_the_clock_puts_no_frame_before_the_last_one() -> None:
    session = Session()
    before = session.frame(1.0)[0].stamp
    session.client.offset.pong(
        session.now, session.now + 0.001, session.now + 0.0305 + AHEAD
    )  # 30 ms earlier
    after = session.frame(1.0)[0]
    assert after.clutch
    assert after.stamp >= before


@pytest.mark.parametrize(
    ("send", "count"),
    [
        (lambda s: data(s.sequence, s.now), "frames out of order"),
        (lambda s: data(s.sequence - 1, s.now), "frames out of order"),
        (lambda s: data(s.sequence + 1, s.now - 0.11), "stale frames"),
        (lambda s: data(s.sequence + 1, s.now + 0.05), "stale frames"),
        (lambda s: b"nonsense", "bad frames"),
    ],
)
def test_a_doubtful_frame_is_a_lost_hand_and_needs_a_new_press(send: object, count: str) -> None:
    session = Session()
    assert session.lost(session.desk.frame(session.client, send(session), session.now))  # type: ignore[operator]
    assert session.desk.counts[count] == 1
    session.sequence += 1
    assert not session.frame(1.0)[0].clutch
    assert not session.frame(0.0)[0].clutch
    assert session.frame(1.0)[0].clutch


def test_half_the_round_trip_counts_against_the_age() -> None:
    """A slow way up and a quick way down: what seems 95 ms old may be 190 ms old."""
    session = Session()
    client = Client("slow", "device 1")
    client.offset.pong(1.0, 1.191, 1.190 + AHEAD)
    session.desk.lease.leave("one", "")
    session.desk.text(client, {"type": "take"}, 2.0)
    session.desk.frame(client, data(1, 2.0), 2.19)  # another person's hand: the one before is lost
    session.desk.frame(client, data(2, 2.1), 2.29)
    assert session.desk.counts["stale frames"] == 1


def test_no_frame_counts_before_the_browsers_clock_is_known() -> None:
    desk = Desk()
    client = Client("one", "device 1")
    desk.text(client, {"type": "take"}, 1.0)
    assert desk.frame(client, data(1, 1.0), 1.0) == []
    assert desk.counts["frames before the first ping"] == 1


def test_silence_loses_the_hand_once_and_then_the_lease() -> None:
    session = Session()
    assert session.desk.watch(session.now + 0.09) == []
    assert session.lost(session.desk.watch(session.now + 0.11))
    assert session.desk.watch(session.now + 0.2) == []
    session.desk.watch(session.now + 2.9)
    assert session.desk.lease.holder == "one"
    session.desk.watch(session.now + 3.1)
    assert session.desk.lease.holder == ""
    assert "no sign of life" in session.desk.view(session.client)["ended"]


def test_heartbeats_keep_the_lease_without_frames() -> None:
    session = Session()
    for _ in range(20):
        session.now += 1.0
        session.desk.text(session.client, {"type": "alive"}, session.now)
        session.desk.watch(session.now)
    assert session.desk.lease.holder == "one"


def test_a_second_operator_is_refused_asks_and_gets_it_handed_over() -> None:
    session = Session()
    other = session.join("two")
    session.desk.text(other, {"type": "take"}, session.now)
    assert session.desk.lease.holder == "one"
    assert session.desk.view(session.client)["asked"]
    assert session.desk.view(other)["asking"]
    session.desk.text(other, {"type": "give"}, session.now)  # not theirs to give
    assert session.desk.lease.holder == "one"
    session.desk.text(session.client, {"type": "give"}, session.now)
    assert session.desk.lease.holder == "two"
    assert session.frame(1.0) == []
    # The new one squeezes already: the first frames are a lost hand, and no clutch.
    assert session.lost(session.frame(1.0, other))
    assert not session.frame(1.0, other)[0].clutch
    session.frame(0.0, other)
    assert session.frame(1.0, other)[0].clutch


def test_a_closed_connection_frees_the_lease() -> None:
    session = Session()
    session.desk.gone(session.client)
    assert session.desk.lease.holder == ""
    assert session.lost(session.desk.watch(session.now + 0.2))


def test_anybody_who_is_paired_may_stop_and_only_the_holder_may_go_on() -> None:
    session = Session()
    other = session.join("two")
    wish = session.desk.text(other, {"type": "stop"}, session.now)
    assert wish is not None
    assert wish.action == "stop"
    assert session.lost(session.frame(1.0))
    assert session.frame(1.0) == []
    assert session.desk.text(other, {"type": "action", "name": "clear_fault"}, session.now) is None
    clear = session.desk.text(session.client, {"type": "action", "name": "clear_fault"}, session.now)
    assert clear is not None
    assert session.frame(1.0) == []  # asking is not enough, the driver has to have done it
    session.desk.cleared()
    assert not session.frame(1.0)[0].clutch
    session.frame(0.0)
    assert session.frame(1.0)[0].clutch


@pytest.mark.parametrize("name", ["enable", "disable", "home", "reset"])
def test_actions_need_the_lease(name: str) -> None:
    session = Session()
    message = {"type": "action", "name": name}
    assert session.desk.text(session.join("two"), message, session.now) is None
    wish = session.desk.text(session.client, message, session.now)
    assert wish is not None
    assert wish.action == name


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["stop_", "pong", "take", "give"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "name", "sent", "browser"]), inner)
    ),
    max_leaves=6,
)


@given(st.lists(JSON | st.binary(max_size=60), max_size=BAD_MESSAGES))
def test_nothing_a_client_without_the_lease_says_makes_a_sample_or_takes_it_away(
    messages: list[object],
) -> None:
    session = Session()
    stranger = session.join("two")
    for message in messages:
        if isinstance(message, bytes):
            assert session.desk.frame(stranger, message, session.now) == []
        else:
            assert session.desk.text(stranger, message, session.now) is None
    assert session.desk.lease.holder == "one"
    assert session.frame(1.0)[0].clutch


def test_a_lease_goes_to_the_one_who_asked_last_and_not_to_who_left() -> None:
    lease = Lease()
    assert lease.take("a", 0.0)
    assert not lease.take("b", 0.0)
    lease.leave("b", "gone")
    assert not lease.hand_over("a", 0.0)
    assert lease.holder == "a"


def test_a_token_works_once() -> None:
    pairing = Pairing()
    token = pairing.token
    assert pairing.pair("WRONG-TOKEN") is None
    secret = pairing.pair(f" {token.lower()} ")
    assert secret is not None
    assert pairing.name(secret) == "device 1"
    assert pairing.pair(token) is None
    assert pairing.token != token
    assert pairing.refused == 2
    assert pairing.name(None) is None
    assert pairing.name("") is None


def test_the_oldest_device_is_forgotten() -> None:
    pairing = Pairing()
    secrets = [pairing.pair(pairing.token) for _ in range(DEVICES + 1)]
    assert pairing.name(secrets[0]) is None
    assert pairing.name(secrets[-1]) == f"device {DEVICES + 1}"


@given(st.text(max_size=60))
def test_no_text_but_the_token_pairs(text: str) -> None:
    assert Pairing().pair(text) is None
