from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.geometry import rotation_from_quaternion
from mvp_real.teleop.frames import HEADSET_TO_OPERATOR, positions_from_headset, quaternion_from_headset

NUMBER = st.floats(-1.0, 1.0)


def test_axes_are_those_of_rep_103() -> None:
    right, up, back = np.eye(3)
    np.testing.assert_array_equal(positions_from_headset(-back), [1.0, 0.0, 0.0])  # ahead is x
    np.testing.assert_array_equal(positions_from_headset(-right), [0.0, 1.0, 0.0])  # left is y
    np.testing.assert_array_equal(positions_from_headset(up), [0.0, 0.0, 1.0])


@given(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), st.tuples(NUMBER, NUMBER, NUMBER))
def test_a_turned_vector_is_the_same_in_both_frames(
    values: tuple[float, ...], vector: tuple[float, ...]
) -> None:
    quaternion = np.array(values)
    if np.linalg.norm(quaternion) < 1e-3:
        return
    quaternion /= np.linalg.norm(quaternion)
    turned = positions_from_headset(rotation_from_quaternion(quaternion) @ np.array(vector))
    moved = rotation_from_quaternion(quaternion_from_headset(quaternion)) @ (
        HEADSET_TO_OPERATOR @ np.array(vector)
    )
    np.testing.assert_allclose(turned, moved, atol=1e-12)
