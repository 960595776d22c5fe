"""Commands and observations: every number comes back, other layouts are understood, nonsense is never a command."""

from __future__ import annotations

import struct
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.robots.digit_link.chunks import ArtlError
from mvp_real.robots.digit_link.command import CommandReader, CommandWriter, MotorCommand, OperationMode
from mvp_real.robots.digit_link.description import Description, Field
from mvp_real.robots.digit_link.observation import Observation, ObservationReader, observation_description

from .samples import LIMITS, TABLE, motor_command, standing, writer

finite = st.floats(-1e9, 1e9)
vectors = st.lists(finite, min_size=20, max_size=20).map(np.array)


@given(vectors, vectors, vectors, st.sampled_from(OperationMode), st.booleans())
def test_command_round_trip(
    torque: np.ndarray, velocity: np.ndarray, damping: np.ndarray, mode: OperationMode, apply: bool
) -> None:
    command = MotorCommand(torque, velocity, damping, mode, apply)
    ours = CommandWriter(TABLE.motors)
    back = CommandReader(ours.description, TABLE.motors).read(ours.pack(command))
    for field in fields(MotorCommand):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(command, field.name))


def test_command_on_the_wire_is_torque_velocity_damping_per_motor_then_mode_then_flag() -> None:
    message = CommandWriter(TABLE.motors).pack(motor_command())
    values = struct.unpack("<60dIB", message)
    assert values[:6] == (0.0, 0.0, 1.0, 1.0, 0.1, 2.0)
    assert values[-2:] == (1, 1)


@given(st.binary(min_size=485, max_size=485))
def test_arbitrary_messages_are_hardly_ever_commands_and_then_finite(message: bytes) -> None:
    ours = CommandWriter(TABLE.motors)
    reader = CommandReader(ours.description, TABLE.motors)
    try:
        command = reader.read(message)
    except ArtlError:
        return
    assert message[-1] in (0, 1)
    assert np.isfinite(np.concatenate([command.torque, command.velocity, command.damping])).all()


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(poison: float) -> None:
    ours = CommandWriter(TABLE.motors)
    command = motor_command()
    command.velocity[7] = poison
    with pytest.raises(ArtlError, match="not finite"):
        CommandReader(ours.description, TABLE.motors).read(ours.pack(command))


@pytest.mark.parametrize(("place", "value"), [(-1, 2), (-1, 255), (-5, 3), (-2, 1)])
def test_modes_and_flags_that_do_not_exist_are_refused(place: int, value: int) -> None:
    ours = CommandWriter(TABLE.motors)
    message = bytearray(ours.pack(motor_command()))
    message[place] = value
    with pytest.raises(ArtlError, match="fallback mode"):
        CommandReader(ours.description, TABLE.motors).read(bytes(message))


def test_observation_round_trip() -> None:
    numbers = np.random.default_rng(0)
    sizes = {field.name: np.shape(getattr(standing(0.0), field.name)) for field in fields(Observation)}
    seen = standing(
        12.25, **{name: numbers.normal(size=shape) for name, shape in sizes.items() if shape}, error=True
    )
    robot = writer()
    reader = ObservationReader(robot.description, TABLE.motors, TABLE.joints)
    back = reader.read(robot.pack(seen))
    for field in fields(Observation):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(seen, field.name), field.name)
    np.testing.assert_array_equal(reader.limits.torque, LIMITS.torque)
    np.testing.assert_array_equal(reader.limits.damping, LIMITS.damping)
    np.testing.assert_array_equal(reader.limits.velocity, LIMITS.velocity)
    assert reader.limits.error_shutdown_delay == 2.0


def test_fields_are_found_by_name_in_any_order_and_precision() -> None:
    told = observation_description(TABLE.motors, TABLE.joints, LIMITS)
    turned = [Field(f.name, 8 if f.type == 9 else f.type, f.columns, f.rows) for f in reversed(told.fields)]
    more = Description((*turned, Field("something.new", 3)))
    reader = ObservationReader(more, TABLE.motors, TABLE.joints)
    battery, *singles, error, time = 55, *(float(k) for k in range(106)), 1, 3.5
    seen = reader.read(struct.pack("<h106fBfQ", battery, *singles, error, time, 9))
    assert (seen.time, seen.error, seen.battery) == (3.5, True, 55)
    np.testing.assert_array_equal(seen.magnetic_field, [0.0, 1.0, 2.0])
    assert seen.motor_torque[-1] == 46.0
    assert np.isinf(reader.limits.torque).all(), "without a comment only our own limits count"


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("left_knee.position", "no field 'left_knee.position'"),
        ("base.linear_velocity", "no field 'base.linear_vel"),
    ],
)
def test_another_interface_is_named(lost: str, message: str) -> None:
    told = observation_description(TABLE.motors, TABLE.joints, LIMITS)
    less = Description(tuple(field for field in told.fields if field.name != lost))
    with pytest.raises(ArtlError, match=message):
        ObservationReader(less, TABLE.motors, TABLE.joints)
    other = Description(tuple(Field(f.name, f.type, 2) if f.name == lost else f for f in told.fields))
    with pytest.raises(ArtlError, match="has 2 numbers"):
        ObservationReader(other, TABLE.motors, TABLE.joints)


def test_a_comment_that_contradicts_itself_is_refused() -> None:
    told = observation_description(TABLE.motors, TABLE.joints, LIMITS)
    with pytest.raises(ArtlError, match="comment has 4 bytes"):
        ObservationReader(
            Description(told.fields, (), told.comment_fields, b"oops"), TABLE.motors, TABLE.joints
        )


@given(st.binary(max_size=900), st.booleans())
def test_arbitrary_observations_raise_only_our_error(message: bytes, whole: bool) -> None:
    robot = writer()
    if whole:
        message = (message + bytes(859))[:859]
    try:
        seen = ObservationReader(robot.description, TABLE.motors, TABLE.joints).read(message)
    except ArtlError:
        return
    assert whole
    assert np.isfinite(seen.time)
