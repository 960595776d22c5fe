"""One world for the whole room: compiling takes 20 ms, a GL context half a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvp_real.tasks.pick_fruit_world import PickFruitWorld


@pytest.fixture(scope="session")
def world() -> Iterator[PickFruitWorld]:
    """A small-image world; every test resets it."""
    world = PickFruitWorld(160, 120, scene_camera=False)
    yield world
    world.close()
