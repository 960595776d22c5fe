"""Records survive the way into ROS messages and back; malformed messages are named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy")

from mvp_real.messages import Feature, JointReading, JointTarget
from mvp_real.nodes import conversions

# A day of simulated time; stamps are only compared exactly in simulation.
STAMPS = st.integers(0, 86_400_000).map(lambda ms: ms / 1000)


@given(STAMPS)
def test_stamps_on_a_millisecond_survive_exactly(stamp: float) -> None:
    message = conversions.time_message(stamp)
    assert conversions.nanoseconds(message) == round(stamp * 1000) * 1_000_000
    assert conversions.seconds(message) == pytest.approx(stamp, abs=1e-6)


def test_an_image_survives_bit_for_bit() -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    message = conversions.image_message(image[::-1], 1.25, "camera")
    back = conversions.frame(message, 3)
    np.testing.assert_array_equal(back.image, image[::-1])
    assert (back.stamp, back.sequence, message.header.frame_id) == (1.25, 3, "camera")


def test_camera_info_projects_the_middle_to_the_middle() -> None:
    header = conversions.image_message(np.zeros((480, 640, 3), np.uint8), 1.5, "camera").header
    info = conversions.camera_info_message(header, 640, 480, 300.0)
    projection = np.array(info.p).reshape(3, 4)
    u, v, w = projection @ (0.0, 0.0, 1.0, 1.0)
    assert (u / w, v / w) == (319.5, 239.5)
    u, _, w = projection @ (1.0, 0.0, 1.0, 1.0)
    assert u / w == 319.5 + 300.0
    assert (info.header.frame_id, info.header.stamp) == ("camera", header.stamp)


@pytest.mark.parametrize("change", [{"encoding": "bgr8"}, {"width": 63}, {"step": 200}])
def test_a_malformed_image_is_refused(change: dict[str, object]) -> None:
    message = conversions.image_message(np.zeros((48, 64, 3), np.uint8), 0.0, "")
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(ValueError, match="image"):
        conversions.frame(message, 0)


@given(st.integers(1, 20), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_a_feature_survives_bit_for_bit(rows: int, columns: int, seed: int) -> None:
    tokens = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    back = conversions.feature(conversions.feature_message(Feature(tokens, 2.5), "x"))
    np.testing.assert_array_equal(back.tokens, tokens)
    assert back.stamp == 2.5


@pytest.mark.parametrize("change", [{"encoding": "rgb8"}, {"height": 3}, {"is_bigendian": 1}])
def test_a_malformed_feature_is_refused(change: dict[str, object]) -> None:
    message = conversions.feature_message(Feature(np.zeros((2, 3), np.float32), 0.0), "")
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(ValueError, match="feature"):
        conversions.feature(message)


def test_joints_and_targets_survive() -> None:
    names = ("a", "b")
    reading = JointReading(names, np.array([0.1, 0.2]), np.array([0.3, 0.4]), 7.5)
    back = conversions.joint_reading(conversions.joint_state_message(reading))
    np.testing.assert_array_equal(back.position, reading.position)
    np.testing.assert_array_equal(back.velocity, reading.velocity)
    assert (back.names, back.stamp) == (names, 7.5)
    target = JointTarget(names, np.array([0.5, 1.0]), 7.25, 0.2)
    message = conversions.target_message(target)
    assert message.points[0].time_from_start.nanosec == 200_000_000
    again = conversions.joint_target(message)
    assert again is not None
    np.testing.assert_array_equal(again.position, target.position)
    assert (again.names, again.stamp, again.duration) == (names, 7.25, 0.2)


def test_a_trajectory_without_points_means_hold() -> None:
    message = conversions.hold_message(("a",), 3.0)
    assert conversions.joint_target(message) is None
    assert conversions.seconds(message.header.stamp) == 3.0
