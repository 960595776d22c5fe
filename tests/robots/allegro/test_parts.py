"""The loop's parts by themselves: law, set-points, inbox, shared memory."""

from __future__ import annotations

import dataclasses
import math
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.inbox import Inbox
from mvp_real.robots.allegro.law import JointLaw
from mvp_real.robots.allegro.mailbox import SIZE, LoopState, Mode, Order, Report, SharedMemory
from mvp_real.robots.allegro.scales import scale_of
from mvp_real.robots.allegro.set_points import SetPoints
from mvp_real.robots.allegro.table import load_hand
from mvp_real.robots.allegro.wire import Frame

TABLE = load_hand("v4")
PERIOD = TABLE.servo_period
angles = st.lists(st.floats(-10.0, 10.0), min_size=16, max_size=16)


@given(st.lists(st.tuples(angles, angles, angles), min_size=1, max_size=8))
def test_torque_stays_inside_limit_and_rate_whatever_is_measured(
    steps: list[tuple[list[float], list[float], list[float]]],
) -> None:
    law = JointLaw(TABLE)
    before = list(law.torque)
    for measured, set_point, speed in steps:
        law.measure(measured, PERIOD)
        torque = list(law.control(set_point, speed, PERIOD))
        assert np.all(np.abs(torque) <= TABLE.torque_limit + 1e-12)
        assert np.abs(np.subtract(torque, before)).max() <= TABLE.torque_rate * PERIOD + 1e-12
        before = torque


def test_the_law_is_the_vendors_when_it_settles_and_its_integral_is_bounded() -> None:
    law = JointLaw(dataclasses.replace(TABLE, ki=0.0))
    set_point = [0.1] * 16
    for _ in range(200):
        law.measure([0.0] * 16, PERIOD)
        torque = law.control(set_point, [0.0] * 16, PERIOD)
    assert np.allclose(torque, 0.1 * TABLE.kp)
    law = JointLaw(TABLE)
    for _ in range(5000):
        law.measure([0.0] * 16, PERIOD)
        torque = law.control(set_point, [0.0] * 16, PERIOD)
    wanted = np.minimum(0.1 * TABLE.kp + TABLE.integral_limit, TABLE.torque_limit)
    assert np.allclose(torque, wanted, atol=0.3 * TABLE.integral_limit)
    assert np.all(np.array(torque) <= wanted + 1e-9)


def test_the_filters_are_first_order_low_passes() -> None:
    law = JointLaw(TABLE)
    law.measure([0.0] * 16, PERIOD)
    time_constant = 1.0 / (2.0 * math.pi * TABLE.filter_cutoff)
    steps = round(time_constant / PERIOD)
    for _ in range(steps):
        law.measure([1.0] * 16, PERIOD)
    share = PERIOD / (PERIOD + time_constant)
    assert law.position[0] == pytest.approx(1.0 - (1.0 - share) ** steps)


@given(angles, st.floats(0.001, 0.05))
def test_torque_decays_to_zero_in_its_time_without_a_turn_of_sign(torque: list[float], dt: float) -> None:
    law = JointLaw(TABLE)
    law.torque = list(np.clip(torque, -TABLE.torque_limit, TABLE.torque_limit))
    left = TABLE.decay_time
    while left > -dt:
        before = list(law.torque)
        after = law.decay(dt) if law.torque else []
        assert all(a * b >= 0.0 and abs(a) <= abs(b) + 1e-12 for a, b in zip(after, before, strict=True))
        left -= dt
    assert law.still


@given(
    st.lists(st.floats(-50.0, 50.0), min_size=96, max_size=96),
    st.floats(0.0, 2.0),
    st.lists(st.floats(0.0005, 0.02), min_size=1, max_size=20),
)
def test_set_points_stay_in_range_and_below_the_speed_limit_whatever_the_motion(
    coefficients: list[float], duration: float, steps: list[float]
) -> None:
    points = SetPoints(TABLE)
    points.start(TABLE.home.tolist())
    order = Order(0.0, Mode.CONTROL, 0, 0.0, duration, tuple(coefficients))
    now, before = 0.0, list(points.position)
    for dt in steps:
        now += dt
        points.follow(order, now, dt)
        assert np.all(np.array(points.position) <= TABLE.range_upper + 1e-12)
        assert np.all(np.array(points.position) >= TABLE.range_lower - 1e-12)
        moved = np.abs(np.subtract(points.position, before))
        assert np.all(moved <= TABLE.velocity_limit * dt + 1e-12)
        assert np.all(np.abs(points.speed) <= TABLE.velocity_limit)
        before = list(points.position)


@given(st.lists(st.tuples(st.integers(0, 0x7FF), st.binary(max_size=8), st.booleans()), max_size=40))
def test_the_inbox_survives_arbitrary_frames_and_believes_no_impossible_angle(
    frames: list[tuple[int, bytes, bool]],
) -> None:
    inbox = Inbox(TABLE)
    now = 1.0
    for identifier, data, remote in frames:
        now += 0.001
        inbox.take(Frame(identifier, data, remote), now)
    reached = np.array(inbox.angles)
    assert np.all(reached <= TABLE.upper + 0.5)
    assert np.all(reached >= TABLE.lower - 0.5)
    assert inbox.frames + inbox.refused <= len(frames)


def test_an_angle_that_jumps_is_refused_and_one_that_moves_fast_is_not() -> None:
    scale = scale_of("v4")
    inbox = Inbox(TABLE)

    def say(angle: float, now: float) -> None:
        counts = scale.angle_counts([0.0, angle, 0.0, 0.0])
        inbox.take(wire.encode(wire.Pose(0, (counts[0], counts[1], counts[2], counts[3]))), now)

    say(0.5, 1.0)
    say(0.55, 1.003)
    assert inbox.angles[1] == pytest.approx(0.55, abs=1e-3)
    say(0.9, 1.006)
    assert inbox.refused == 1
    assert inbox.angles[1] == pytest.approx(0.55, abs=1e-3)
    say(0.9, 1.1)
    assert inbox.angles[1] == pytest.approx(0.9, abs=1e-3), "after a gap the joint may be elsewhere"


def test_orders_and_reports_survive_the_shared_memory() -> None:
    one = SharedMemory()
    other = SharedMemory(os.dup(one.file))
    nothing = Order(0.0)
    assert other.read_order(nothing) is nothing
    assert one.read_report() is None
    order = Order(1.5, Mode.CONTROL, 7, 1.0, 0.2, tuple(float(k) for k in range(96)))
    one.write_order(order)
    assert other.read_order(nothing) == order
    assert other.read_order(order) is order, "the same one is not read again"
    report = Report(
        2.5, LoopState.CONTROL, 7, "Übertemperatur", "nothing", 1, 2, 3, 4, 5, 6, 2.4,
        *(tuple(float(16 * row + k) for k in range(16)) for row in range(4)),
        temperature=tuple(range(16)), hardware=0x0401, firmware=0x0104, status=1, serial="00AR0042", warning="w",
    )  # fmt: skip
    other.write_report(report)
    assert one.read_report() == report
    other.close()
    one.close()


@given(st.integers(0, SIZE - 1), st.integers(1, 255))
def test_a_damaged_message_is_never_read(at: int, flip: int) -> None:
    memory = SharedMemory()
    order = Order(1.5, Mode.CONTROL, 7, 1.0, 0.2, tuple(float(k) for k in range(96)))
    memory.write_order(order)
    memory._memory[at] ^= flip
    nothing = Order(0.0)
    assert memory.read_order(nothing) in (order, nothing)
    memory.close()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_order_with_a_number_that_is_none_is_not_taken(value: float) -> None:
    memory = SharedMemory()
    last = Order(1.0)
    coefficients = [0.0] * 96
    coefficients[17] = value
    memory.write_order(Order(2.0, Mode.CONTROL, 1, 0.0, 0.2, tuple(coefficients)))
    assert memory.read_order(last) is last
    memory.close()
