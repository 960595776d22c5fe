from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.teleop.gateway.webxr_frame import (
    HEADER,
    LONGEST,
    MAGIC,
    VERSION,
    BadFrame,
    Controller,
    WebXRFrame,
    decode,
    encode,
)

POSE = np.array([0.1, 1.2, -0.3, 0.0, 0.0, 0.0, 1.0])


def test_a_frame_survives() -> None:
    hand = np.linspace(-1, 1, 175).reshape(25, 7).astype(np.float32).astype(float)
    frame = WebXRFrame(
        7, 123.5, True, {"left": Controller(POSE, 0.25, 0.5, True, False)}, {"right": hand, "left": -hand}
    )
    back = decode(encode(frame))
    assert (back.sequence, back.milliseconds, back.visible) == (7, 123.5, True)
    np.testing.assert_allclose(back.controllers["left"].pose, POSE, atol=1e-6)
    assert (back.controllers["left"].primary, back.controllers["left"].secondary) == (True, False)
    np.testing.assert_array_equal(back.hands["right"], hand)
    np.testing.assert_array_equal(back.hands["left"], -hand)


def test_two_hands_are_about_as_large_as_documented() -> None:
    hands = {"left": np.zeros((25, 7)), "right": np.zeros((25, 7))}
    assert len(encode(WebXRFrame(0, 0.0, True, {}, hands))) == 1416


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "0 bytes"),
        (b"x" * (LONGEST + 1), f"{LONGEST + 1} bytes"),
        (HEADER.pack(0x4E, VERSION, 1, 0, 0.0), "begins with 0x4e"),
        (HEADER.pack(MAGIC, 2, 1, 0, 0.0), "version 2"),
        (HEADER.pack(MAGIC, VERSION, 64, 0, 0.0), "unknown flags"),
        (HEADER.pack(MAGIC, VERSION, 1, 0, float("nan")), "time is nan"),
        (HEADER.pack(MAGIC, VERSION, 1, 0, -1.0), "time is -1"),
        (HEADER.pack(MAGIC, VERSION, 4, 0, 0.0), "stand for 56"),
        (HEADER.pack(MAGIC, VERSION, 1, 0, 0.0) + b"x", "stand for 16"),
    ],
)
def test_what_is_no_frame_is_refused_by_name(data: bytes, text: str) -> None:
    with pytest.raises(BadFrame, match=text):
        decode(data)


@given(st.binary(max_size=LONGEST + 8))
def test_random_bytes_are_refused_or_decoded(data: bytes) -> None:
    try:
        decode(data)
    except BadFrame:
        return
    assert data[:2] == bytes((MAGIC, VERSION))


@given(st.integers(0, 65535), st.binary(min_size=LONGEST, max_size=LONGEST), st.floats())
def test_random_contents_behind_a_good_header_never_raise_anything_else(
    flags: int, body: bytes, time: float
) -> None:
    controllers, hands = bin(flags & 6).count("1"), bin(flags & 24).count("1")
    data = struct.pack("<BBHId", MAGIC, VERSION, flags, 1, time) + body[: 40 * controllers + 700 * hands]
    try:
        frame = decode(data)
    except BadFrame:
        return
    assert len(frame.controllers) == controllers
    assert len(frame.hands) == hands
    assert all(0.0 <= c.trigger <= 1.0 and 0.0 <= c.squeeze <= 1.0 for c in frame.controllers.values())
