"""The mapping on the simulated arm with its real lag: the limiter's check of the tracking must keep its distance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("mink")

from mvp_real.messages import JointTarget
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState
from mvp_real.sim.simulated_arm import SimulatedArm
from mvp_real.tasks.pick_fruit import evaluation_setups
from mvp_real.tasks.pick_fruit_world import PickFruitWorld
from mvp_real.teleop.arm_mapping import ArmMapping

from .hands import sample

STEP = 0.014  # s, a frame of a headset at 72 Hz


def test_a_hand_that_is_always_too_fast_leaves_a_margin_to_the_stop() -> None:
    world = PickFruitWorld(scene_camera=False)
    world.reset(evaluation_setups("plain")[0])
    arm = SimulatedArm(world)
    arm.enable()
    mapping = ArmMapping(arm.limits)
    generator = np.random.default_rng(0)
    goal, place = np.zeros(3), np.zeros(3)
    for k in range(250):
        now = world.time
        mapping.joints(replace(arm.read(), stamp=now))
        if k % 35 == 0:
            goal = generator.uniform(-0.5, 0.5, 3)
        place = place + np.clip(goal - place, -0.02, 0.02)
        angle = 0.8 * np.sin(k / 25)
        hand = sample(
            now,
            tuple(place + np.array([0.0, 0.0, 1.0])),
            quaternion=np.array([np.cos(angle / 2), 0.0, 0.0, np.sin(angle / 2)]),
            clutch=k > 0,
        )
        motion = mapping.feed(hand, now, now)
        if motion.position is not None:
            names = load_robot("xarm7").joint_names
            assert arm.command(JointTarget(names, motion.position, now, 0.02)).position is not None
        arm.advance(STEP)
    world.close()
    assert arm.state is DriverState.RUNNING
    assert float(arm.diagnostics()["largest tracking gap (rad)"]) < 0.7 * arm.limits.tracking_gap
    assert arm.diagnostics()["clamped"] == "0"
