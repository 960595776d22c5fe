from __future__ import annotations

import numpy as np

from mvp_real.geometry import pose, rotation_z
from mvp_real.teleop.openvr_controllers import ControllerReading, NotTracked
from mvp_real.teleop.vive_samples import vive_sample


def test_buttons_and_pose() -> None:
    matrix = pose(rotation_z(0.6), np.array([0.1, 0.2, 1.3]))
    reading = ControllerReading(
        matrix, np.zeros(3), np.zeros(3), 0.4, np.zeros(2), frozenset({"grip", "menu"}), 7.0
    )
    sample = vive_sample(reading, "left")
    assert (sample.frame_id, sample.stamp) == ("vive/left", 7.0)
    assert (sample.tracked, sample.clutch, sample.grip) == (True, True, 0.4)
    assert (sample.primary, sample.secondary) == (True, False)
    np.testing.assert_allclose(sample.position, (0.1, 0.2, 1.3))
    np.testing.assert_allclose(sample.quaternion, (np.cos(0.3), 0.0, 0.0, np.sin(0.3)))


def test_an_occluded_controller_is_a_lost_hand() -> None:
    sample = vive_sample(NotTracked("behind a chair", 7.0), "right")
    assert not sample.tracked
    assert not sample.clutch
