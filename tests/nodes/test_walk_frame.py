"""A frame of the walking video shows what it is given."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")

from mvp_real.nodes.video_frame import FAINT, GOOD, LINES, FrameText
from mvp_real.nodes.walk_frame import SHOWN_FRAMES, WalkCurves, compose_walk

SCENE = np.full((480, 640, 3), 200, np.uint8)
TEXT = FrameText("Digit  forward", "walking   3.0 s", "")


def curves(count: int = 100, command: float = 0.4, velocity: float = 0.4, tilt: float = 0.05) -> WalkCurves:
    wanted, came = np.zeros((count, 3)), np.zeros((count, 3))
    wanted[:, 0], came[:, 0] = command, velocity
    contact = np.tile([True, False], (count, 1))
    return WalkCurves(wanted, came, contact, np.full(count, tilt))


def pixels(frame: np.ndarray, colour: tuple[int, int, int], left: int = 640) -> np.ndarray:
    """Rows of the column at the right that hold this colour, softened or not."""
    difference = np.abs(frame[:, left:].astype(int) - colour).sum(axis=2)
    return np.flatnonzero((difference < 60).sum(axis=1) > 10)


def test_the_frame_has_the_scene_and_a_column() -> None:
    frame = compose_walk(SCENE, curves(), TEXT)
    assert frame.shape == (480, 960, 3)
    assert (frame[100:400, 100:600] == 200).all(), "the scene stays as it is"
    assert frame[:, 640:].std() > 10.0


def test_a_faster_robot_is_drawn_higher() -> None:
    slow = pixels(compose_walk(SCENE, curves(velocity=0.1), TEXT), LINES[0])
    fast = pixels(compose_walk(SCENE, curves(velocity=0.9), TEXT), LINES[0])
    assert fast.mean() < slow.mean() - 15


def test_command_and_speed_are_two_lines() -> None:
    frame = compose_walk(SCENE, curves(command=0.8, velocity=0.2), TEXT)
    strip = frame[30:106]
    assert len(pixels(strip, FAINT)) > 0
    assert pixels(strip, FAINT).mean() < pixels(strip, LINES[0]).mean()


def test_contacts_are_bars_of_the_foot_that_carries() -> None:
    rows = pixels(compose_walk(SCENE, curves(count=SHOWN_FRAMES), TEXT), LINES[1])
    assert set(range(372, 382)) <= set(rows.tolist()), "left"
    assert not set(range(390, 398)) & set(rows.tolist()), "right"


def test_what_leaves_the_plot_stays_inside_its_strip() -> None:
    frame = compose_walk(SCENE, curves(velocity=50.0, tilt=3.0), TEXT)
    assert pixels(frame, LINES[0]).min() >= 28


def test_one_sample_is_enough_and_the_result_is_coloured() -> None:
    frame = compose_walk(SCENE, curves(count=1), FrameText("a", "3.9 m, no fall", "14 s", True))
    assert (frame[440:, :640] == GOOD).all(axis=2).any()


def test_a_larger_scene_makes_a_larger_frame() -> None:
    assert compose_walk(np.zeros((720, 960, 3), np.uint8), curves(), TEXT).shape == (720, 1440, 3)
