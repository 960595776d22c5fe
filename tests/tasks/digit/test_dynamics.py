"""Draws per robot, and restitution by a drop test."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from mvp_real.robots.digit import mirror_order
from mvp_real.tasks.digit.dynamics import LINKS, Dynamics, contact_reference
from mvp_real.tasks.digit.randomisation import Randomisation


def rebound(restitution: float) -> float:
    """Share of the speed that a ball keeps when it hits a plane."""
    spec = mujoco.MjSpec()
    spec.option.timestep = 0.0005
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=(1.0, 1.0, 0.1))
    ball = spec.worldbody.add_body(pos=(0.0, 0.0, 0.6))
    ball.add_freejoint()
    reference = contact_reference(np.array([restitution]), 0.02)[0]
    ball.add_geom(size=(0.1, 0.0, 0.0), solref=reference, priority=1)
    model = spec.compile()
    data = mujoco.MjData(model)
    lowest, fastest = 0.0, 0.0
    for _ in range(1200):
        mujoco.mj_step(model, data)
        lowest, fastest = min(lowest, data.qvel[2]), max(fastest, data.qvel[2])
    return -fastest / lowest


@pytest.mark.parametrize("restitution", [0.2, 0.3, 0.4])
def test_a_dropped_ball_gives_back_its_restitution(restitution: float) -> None:
    assert rebound(restitution) == pytest.approx(restitution, abs=0.03)


def test_without_restitution_the_contact_is_critically_damped() -> None:
    np.testing.assert_allclose(contact_reference(np.zeros(1), 0.02), [[-2500.0, -100.0]], rtol=1e-4)


def test_more_restitution_bounces_more() -> None:
    assert rebound(0.0) < rebound(0.2) < rebound(0.4)


def test_links_have_mirror_images() -> None:
    assert len(LINKS) == len(set(LINKS)) == 23
    assert len(mirror_order(LINKS[1:])) == 22


def test_rows_are_replaced() -> None:
    random = np.random.default_rng(0)
    robots, other = (Dynamics.draw(random, count, Randomisation()) for count in (4, 2))
    before = robots.mass[0].copy()
    robots.replace_rows(np.array([1, 3]), other)
    np.testing.assert_array_equal(robots.mass[[1, 3]], other.mass)
    np.testing.assert_array_equal(robots.mass[0], before)
