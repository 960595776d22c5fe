"""The composed frame and the live view."""

from __future__ import annotations

import threading
import urllib.request

import numpy as np
import pytest

pytest.importorskip("cv2")

import cv2

from mvp_real.errors import MvpRealError
from mvp_real.nodes.live_view import LiveView
from mvp_real.nodes.video_frame import GROUND, FrameText, compose

TEXT = FrameText("lemon", "running", "1/2")


def test_the_scene_is_left_and_the_wrist_image_right() -> None:
    scene = np.full((480, 640, 3), 200, np.uint8)
    wrist = np.zeros((480, 640, 3), np.uint8)
    wrist[32:480, 96:544] = (10, 220, 30)
    frame = compose(scene, wrist, np.zeros((0, 8)), TEXT)
    assert frame.shape == (480, 960, 3)
    np.testing.assert_array_equal(frame[240, 320], (200, 200, 200))
    np.testing.assert_array_equal(frame[140, 760], (10, 220, 30))


def test_targets_are_drawn_and_scale_with_the_frame() -> None:
    targets = np.linspace(0, 1, 30)[:, None] * np.ones((1, 8))
    for height in (480, 720):
        scene = np.zeros((height, height * 4 // 3, 3), np.uint8)
        empty = compose(scene, None, np.zeros((0, 8)), TEXT)
        drawn = compose(scene, None, targets, TEXT)
        changed = np.argwhere((empty != drawn).any(axis=2))
        assert len(changed) > 500
        assert changed[:, 1].min() > scene.shape[1], "only the right column changes"
        assert tuple(empty[height // 2, -3]) == GROUND


def test_a_browser_gets_the_newest_frame() -> None:
    view = LiveView(0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{view.port}/", timeout=5) as page:
            assert b"/stream" in page.read()
        frame = np.full((48, 96, 3), (250, 20, 20), np.uint8)
        ticker = threading.Event()

        def show() -> None:
            while not ticker.wait(0.02):
                view.show(frame)

        threading.Thread(target=show, daemon=True).start()
        with urllib.request.urlopen(f"http://127.0.0.1:{view.port}/stream", timeout=5) as stream:
            assert stream.readline() == b"--frame\r\n"
            stream.readline()
            length = int(stream.readline().split()[-1])
            stream.readline()
            jpeg = stream.read(length)
        ticker.set()
        decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
        assert np.abs(decoded[20, 20].astype(int) - (250, 20, 20)).max() < 12
    finally:
        view.close()


def test_a_taken_port_is_named() -> None:
    view = LiveView(0)
    try:
        with pytest.raises(MvpRealError, match=str(view.port)):
            LiveView(view.port)
    finally:
        view.close()
