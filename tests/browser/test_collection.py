"""Demonstrations from a headset to the training set, on the emulated arm.

Two in the extended tests. To collect a set, and to learn from it:

    export MVP_REAL_HEADSET_DEMOS=10 MVP_REAL_HEADSET_FOLDER=runs/demos/headset
    pytest --extended tests/browser/test_collection.py
    mvp_real train bc --demos runs/demos/headset --out runs/headset
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("xarm")

from playwright.sync_api import Browser

from mvp_real.demos.reader import demonstration_paths, read_demonstration
from mvp_real.tasks.pick_fruit import random_setup

from .conftest import Devices
from .headset_operator import CollectionBringup, HeadsetOperator

pytestmark = [pytest.mark.slow, pytest.mark.nodes, pytest.mark.render, pytest.mark.extended]
SEED = 700_000  # of the placements; those of the other sets begin elsewhere
FAILURES = 5  # that the operator may have before giving up
SMALL = {"width": 480, "height": 360}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(os.environ.get("MVP_REAL_HEADSET_FOLDER") or tmp_path / "demos")


@pytest.fixture
def session(folder: Path, tmp_path: Path) -> Iterator[CollectionBringup]:
    pick = random.SystemRandom().randint
    address = f"127.{pick(1, 254)}.{pick(1, 254)}.{pick(2, 254)}"
    # A headset in software, on a busy machine, is slower than what may move a real arm by default.
    robot = CollectionBringup(tmp_path, folder, loopback=address, max_age="0.5", lease_life="30.0")
    yield robot
    robot.close()


def test_a_headset_fills_a_training_set(
    session: CollectionBringup, folder: Path, chromium: Browser, iwer: str
) -> None:
    wanted = int(os.environ.get("MVP_REAL_HEADSET_DEMOS") or 2)
    devices = Devices(chromium, session, iwer)
    page = devices.open(session.token, headset="metaQuest3", viewport=SMALL)
    page.paired()
    page.take()
    page.enter()
    operator = HeadsetOperator(session, page, note=print)
    try:
        tried = 0
        there = len(list(folder.glob("*.mcap")))
        while len(list(folder.glob("*.mcap"))) < wanted:
            operator.demonstrate(random_setup(SEED + there + tried, "plain"))
            tried += 1
            assert tried <= wanted + FAILURES, session.situation()
    finally:
        operator.close()
        devices.close()
    assert page.errors == []
    for path in demonstration_paths(folder):
        demonstration = read_demonstration(path)
        assert demonstration.metadata["outcome"]["success"] is True
        assert demonstration.metadata["setup"]["scene"] == "plain"
        assert 20 < len(demonstration) < 250
        steps = np.diff(demonstration.stamps)
        assert np.median(steps) == pytest.approx(0.2, abs=0.05)
        assert demonstration.executed[-1, -1] == 0.0, "the gripper is closed at the end"
