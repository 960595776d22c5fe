"""Trials in one process: the classes that the nodes run, in lock-step and without DDS between them.

One world, one renderer and one session per file serve all subjects, so that a trial costs its physics, its
images and little else. Every trial ends the same way as through the nodes (`study.yaml` has a claim on
that).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvp_real.control.policy_loop import LoopState, PolicyLoop
from mvp_real.evaluation.clips import HEIGHT, WIDTH, compose, write_clip
from mvp_real.evaluation.protocol import Trial
from mvp_real.evaluation.provenance import now
from mvp_real.evaluation.subjects import Subject
from mvp_real.evaluation.trials import TrialRecord
from mvp_real.inference.session import ControllerSession, EncoderSession
from mvp_real.messages import Feature, JointTarget
from mvp_real.robots.limits import Limits
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState
from mvp_real.sim.simulated_arm import SimulatedArm
from mvp_real.tasks.pick_fruit import EpisodeSetup
from mvp_real.tasks.pick_fruit_expert import PickFruitExpert
from mvp_real.tasks.pick_fruit_world import PickFruitWorld

THROUGH = "process"


class Rollout:
    """Runs trials in this process.

    Args:
        clips: Folder for a video of every trial, or None for no videos.
    """

    def __init__(self, clips: Path | None = None) -> None:
        self._world = PickFruitWorld(scene_camera=clips is not None)
        self._clips = clips
        self._encoders: dict[Path, EncoderSession] = {}
        self._controllers: dict[Path, ControllerSession] = {}

    def close(self) -> None:
        """Free the renderer."""
        self._world.close()

    def run(self, trial: Trial) -> TrialRecord:
        """Run one trial from its reset to success, failure or time limit."""
        began = time.perf_counter()
        self._world.reset(trial.setup.setup)
        frames: list[NDArray[np.uint8]] = []
        watch = (lambda wrist: frames.append(self._frame(wrist))) if self._clips else (lambda wrist: None)
        if trial.subject.card is None:
            stop, reason = self._expert_episode(trial.setup.setup, watch)
        else:
            stop, reason = self._policy_episode(trial.subject, watch)
        clip = None
        if self._clips is not None and frames:
            name = f"{trial.subject.label}_{trial.setup.setup.scene}_{trial.setup.name}.mp4"
            write_clip(frames, self._clips / name, self._world.task.control_period)
            clip = f"{self._clips.name}/{name}"
        return self._record(trial, stop, reason, clip, time.perf_counter() - began)

    def _policy_episode(
        self, subject: Subject, watch: Callable[[NDArray[np.uint8]], None]
    ) -> tuple[str, str]:
        """The closed loop; returns the category and reason of a stop by limiter or loop, or two empty
        texts.
        """
        world, period = self._world, self._world.task.control_period
        controller, encoder = self._sessions(subject)
        table = load_robot(controller.card.robot)
        assert controller.card.action is not None
        arm = SimulatedArm(world, Limits.from_table(table, max_step=controller.card.action.max_step))
        loop = PolicyLoop(controller.card, table, controller, encoder=encoder.card if encoder else None)
        arm.enable()
        loop.joints(arm.read())
        loop.enable()
        while not world.outcome().done:
            stamp = world.time
            if encoder or self._clips:  # a render is the dearest part of a step
                wrist = world.wrist_image()
                watch(wrist)
            tokens = encoder(wrist) if encoder else world.oracle().astype(np.float32)[None]
            loop.joints(arm.read())
            loop.feature(Feature(tokens, stamp))
            output = loop.tick(stamp)
            if output.state in (LoopState.STOPPED, LoopState.DISARMED):
                return "stale_input", output.reason
            if output.target is not None:
                arm.command(output.target)
            arm.advance(period)
            if arm.state is DriverState.STOPPED:
                break
        return _stopped(arm)

    def _expert_episode(
        self, setup: EpisodeSetup, watch: Callable[[NDArray[np.uint8]], None]
    ) -> tuple[str, str]:
        """The scripted expert without perturbations, through the same limiter."""
        world, period = self._world, self._world.task.control_period
        arm = SimulatedArm(world)
        expert = PickFruitExpert(world, setup.seed, perturb=False)
        arm.enable()
        while not world.outcome().done:
            if self._clips:
                watch(world.wrist_image())
            target = JointTarget(arm.read().names, expert.step().executed, world.time, period)
            arm.command(target)
            arm.advance(period)
            if arm.state is DriverState.STOPPED:
                break
        return _stopped(arm)

    def _sessions(self, subject: Subject) -> tuple[ControllerSession, EncoderSession | None]:
        assert subject.directory is not None
        if subject.directory not in self._controllers:
            self._controllers[subject.directory] = ControllerSession(subject.directory)
        if subject.encoder is not None and subject.encoder not in self._encoders:
            self._encoders[subject.encoder] = EncoderSession(subject.encoder)
        encoder = self._encoders[subject.encoder] if subject.encoder else None
        return self._controllers[subject.directory], encoder

    def _frame(self, wrist: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return compose(self._world.scene_image(WIDTH, HEIGHT), wrist)

    def _record(self, trial: Trial, stop: str, reason: str, clip: str | None, wall: float) -> TrialRecord:
        outcome, setup = self._world.outcome(), trial.setup.setup
        miss = outcome.closing_distance
        return TrialRecord(
            subject=trial.subject.label,
            scene=setup.scene,
            placement=trial.setup.name,
            through=THROUGH,
            fruit=setup.placement.fruit,
            x=setup.placement.x,
            y=setup.placement.y,
            yaw=setup.placement.yaw,
            start=setup.start,
            seed=setup.seed,
            bundle=trial.subject.bundle,
            digest=trial.subject.digest,
            order=trial.order,
            success=outcome.success,
            category="" if outcome.success else stop or outcome.failure_category,
            height=outcome.height if math.isfinite(outcome.height) else None,
            lateral_miss=None if math.isnan(miss) else miss,
            duration=self._world.time,
            steps=outcome.steps,
            wall=wall,
            reason=reason,
            clip=clip,
            finished=now(),
        )


def _stopped(arm: SimulatedArm) -> tuple[str, str]:
    """Category and reason if the trial ended with the arm stopped, or held on a refused command."""
    if arm.state in (DriverState.STOPPED, DriverState.HOLD):
        return "limit_stop", arm.diagnostics()["reason"]
    return "", ""
