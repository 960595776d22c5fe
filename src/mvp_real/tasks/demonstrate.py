"""Records one demonstration of the scripted expert: the same arm, limits and timing as the policy will
have.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mvp_real import __version__
from mvp_real.demos import topics
from mvp_real.demos.writer import EpisodeWriter
from mvp_real.messages import Feature, Frame, JointTarget
from mvp_real.resources import config_file
from mvp_real.robots.table import load_robot
from mvp_real.sim.appearance import WRIST_CAMERA
from mvp_real.sim.simulated_arm import SimulatedArm
from mvp_real.tasks.outcome import Outcome
from mvp_real.tasks.pick_fruit import EpisodeSetup, refuse_held_out, setup_to_dict
from mvp_real.tasks.pick_fruit_expert import PickFruitExpert
from mvp_real.tasks.pick_fruit_world import PickFruitWorld


@dataclass(frozen=True)
class DemonstrationResult:
    """What became of one attempt.

    Attributes:
        path: The finished file, or None if the attempt failed and was discarded.
        outcome: The task's verdict.
        reason: Why it failed; empty on success.
        steps: Control steps recorded.
    """

    path: Path | None
    outcome: Outcome
    reason: str
    steps: int


def record_expert(
    world: PickFruitWorld,
    setup: EpisodeSetup,
    path: Path,
    perturb: bool = True,
    amplitude: float = 0.012,
    durable: bool = False,
) -> DemonstrationResult:
    """Let the expert pick the fruit once and record it; a failed attempt leaves no file.

    Args:
        world: The simulator.
        setup: The episode; held-out placements are refused.
        path: `<dir>/<id>.mcap`.
        perturb: Whether the executed targets are perturbed (the labels never are).
        amplitude: Standard deviation of the perturbation far from the fruit, m.
        durable: Force every message to disk; a simulated recording can simply be repeated, so off by default.

    Raises:
        MvpRealError: The placement is held out for evaluation or validation.
    """
    refuse_held_out(setup)
    world.reset(setup)
    arm = SimulatedArm(world)
    expert = PickFruitExpert(world, seed=setup.seed, perturb=perturb, amplitude=amplitude)
    period = world.task.control_period
    metadata = {
        **describe(world, setup, path.stem),
        "expert": {"perturb": perturb, "amplitude": amplitude, "seed": setup.seed},
    }
    arm.enable()
    reason = ""
    step = 0
    with EpisodeWriter(path, metadata, durable=durable) as writer:
        focal = float(metadata["calibration"]["focal"])
        writer.camera_info(0.0, metadata["calibration"]["width"], metadata["calibration"]["height"], focal)
        for step in range(world.task.time_limit_steps):
            reading = arm.read()
            stamp = reading.stamp
            writer.image(Frame(world.wrist_image(), stamp, step))
            writer.joint_states(reading)
            writer.feature(Feature(world.oracle().astype(np.float32)[None], stamp))
            action = expert.step()
            verdict = arm.command(JointTarget(reading.names, action.executed, stamp, period))
            if verdict.position is None:
                reason = f"the limiter refused step {step}: {verdict.reason}"
                break
            writer.joint_target(JointTarget(reading.names, action.clean, stamp, period), topics.CLEAN_TARGET)
            writer.joint_target(JointTarget(reading.names, verdict.position, stamp, period))
            arm.advance(period)
            if world.diverged() or world.outcome().success:
                break
        outcome = world.outcome()
        if outcome.success:
            done = writer.close({"success": True, "height": float(outcome.height), "steps": step + 1})
            return DemonstrationResult(done, outcome, "", step + 1)
        writer.discard()
    return DemonstrationResult(None, outcome, reason or outcome.failure_category or "not lifted", step + 1)


def describe(world: PickFruitWorld, setup: EpisodeSetup, name: str) -> dict[str, Any]:
    """What a recording says about its conditions."""
    table = config_file("robots/xarm7.yaml")
    height, width = world.wrist_image().shape[:2]
    fovy = float(world.model.camera(WRIST_CAMERA).fovy[0])
    return {
        "id": name,
        "task": "pick_fruit",
        "robot": "xarm7",
        "simulated": True,
        "scene": setup.scene,
        "setup": setup_to_dict(setup),
        "software": f"mvp_real {__version__}",
        "robot_table_sha256": hashlib.sha256(table.read_bytes()).hexdigest(),
        "gripper_open_threshold": load_robot("xarm7").gripper_open_threshold,
        "control_period": world.task.control_period,
        "calibration": {
            "camera": WRIST_CAMERA,
            "width": width,
            "height": height,
            "focal": 0.5 * height / float(np.tan(np.radians(fovy) / 2)),
        },
    }
