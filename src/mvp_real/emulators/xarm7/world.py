"""The room around the emulated arm: our physics in real time, and pictures of the wrist camera.

One thread moves the box and the physics every 4 ms; another draws pictures from a second copy of the scene,
so that drawing never keeps the arm waiting. Between `reset` and the moment when the box first may move, the
world stands still, so that an episode's time limit counts from there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from mvp_real.emulators.fault_board import FaultBoard
from mvp_real.emulators.frame_stream import FrameServer
from mvp_real.emulators.xarm7.controller_box import ControllerBox
from mvp_real.emulators.xarm7.motion import TICK
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray, Frame
from mvp_real.sim.appearance import Look
from mvp_real.sim.gripper import DEAD_TIME, GripperServo
from mvp_real.tasks.pick_fruit import EpisodeSetup, evaluation_setups, setup_to_dict
from mvp_real.tasks.pick_fruit_world import PickFruitWorld

SCENES = ("pick_fruit", "empty")
FORGIVEN = 0.1  # s; a computer that is further behind lets the world lag for good
HANDS_OFF = 3.0  # s that a reset waits for the arm to be stopped
WIRE = 0.02  # s of the gripper's dead time that here really pass between driver, box and gripper


class Room(PickFruitWorld):
    """The scene with the gripper's dead time less what the wire takes of it."""

    def __init__(self) -> None:
        super().__init__(scene_camera=False)
        self._gripper = GripperServo(dead_time=DEAD_TIME - WIRE)


class EmulatedWorld:
    """Scene, physics thread and camera thread.

    Args:
        scene: "pick_fruit", or "empty": arm and table only.
        board: `freeze` stops what the box measures.

    Attributes:
        box: The controller box that moves this arm.
        episode: Number of resets.

    Raises:
        MvpRealError: Unknown scene.
    """

    def __init__(self, scene: str, board: FaultBoard, serial: str) -> None:
        if scene not in SCENES:
            raise MvpRealError(f"scene '{scene}' is none of {', '.join(SCENES)}")
        self._scene, self._board = scene, board
        self._lock = threading.Lock()
        self._world: PickFruitWorld = Room()
        self._prepare(self._world, evaluation_setups("plain")[0])
        self.box = ControllerBox(self._world.joint_reading().position, serial)
        self.episode = 0
        self._started = scene == "empty"
        self._ended = threading.Event()
        self._late = 0
        self._threads: list[threading.Thread] = []

    def start(self, frames: FrameServer | None = None, rate: float = 20.0) -> None:
        """Let time run; draw `rate` pictures per second for `frames`."""
        self._run(self._physics, "physics")
        if frames is not None:
            self._run(lambda: self._camera(frames, 1.0 / rate), "camera")

    def close(self) -> None:
        """Stop both threads."""
        self._ended.set()
        for thread in self._threads:
            thread.join(5.0)
        self._world.close()

    # What a person in the lab does, and sees.

    def reset(self, setup: EpisodeSetup) -> int:
        """Begin an episode: place the fruit and carry the arm to its start pose.

        Returns:
            Number of the episode.

        Raises:
            MvpRealError: The arm may still move; nobody reaches in then. Or this scene has no fruit.
        """
        if self._scene == "empty":
            raise MvpRealError("the scene 'empty' has nothing to reset; start with --scene pick_fruit")
        deadline = time.monotonic() + HANDS_OFF
        while True:
            with self._lock, self.box.lock:
                if not self.box.ready and not self.box.motion.moving:
                    self._prepare(self._world, setup)
                    self.box.carry_to(self._world.joint_reading().position)
                    self._measure()
                    self.episode += 1
                    self._started = False
                    return self.episode
            if time.monotonic() > deadline:
                raise MvpRealError("the arm is enabled: disable it before the scene is touched")
            time.sleep(0.01)

    def pull(self, joints: FloatArray) -> None:
        """Pull the arm to (7,) joints by hand, if it gives way.

        Raises:
            MvpRealError: They are not seven finite numbers.
        """
        if joints.shape != (7,) or not np.isfinite(joints).all():
            raise MvpRealError(f"a hand pulls seven finite joints, not {joints.tolist()}")
        with self.box.lock:
            self.box.pull(joints)

    def state(self) -> dict[str, Any]:
        """Episode, its time and outcome, and the generalised positions, as JSON may carry them."""
        with self._lock:
            world = self._world
            outcome = world.outcome()
            miss = outcome.closing_distance
            return {
                "episode": self.episode,
                "time": world.time,
                "started": self._started,
                "qpos": world.data.qpos.tolist(),
                "setup": None if world.setup is None else setup_to_dict(world.setup),
                "outcome": {
                    "success": outcome.success,
                    "done": outcome.done,
                    "height": outcome.height,
                    "category": outcome.failure_category,
                    "steps": outcome.steps,
                    "closing_distance": None if np.isnan(miss) else miss,
                },
                "late": self._late,
            }

    def joints(self) -> FloatArray:
        """(8,) true joints, whatever the box says."""
        with self._lock:
            return self._world.joint_reading().position

    # The threads.

    def _run(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _physics(self) -> None:
        due = time.monotonic()
        while not self._ended.is_set():
            wait = due - time.monotonic()
            if wait > 0.0:
                time.sleep(wait)
            elif wait < -FORGIVEN:
                due, self._late = time.monotonic(), self._late + 1
            due += TICK
            with self._lock, self.box.lock:
                point = self.box.tick(TICK)
                self._started = self._started or self.box.ready
                if self._started:
                    self._world.set_servo(point)
                    self._world.advance(TICK)
                self._measure()

    def _measure(self) -> None:
        if self._board.value("freeze") is None:
            reading = self._world.joint_reading()
            assert reading.velocity is not None
            self.box.measure(reading.position, reading.velocity)

    def _camera(self, frames: FrameServer, period: float) -> None:
        world = PickFruitWorld(scene_camera=False)
        shown, sequence = -1, 0
        # At whole multiples of the period on the host's clock, as a camera that is triggered by it.
        while not self._ended.wait(period - time.time() % period):
            if not frames.clients:
                continue
            with self._lock:
                stamp, episode, setup = time.time(), self.episode, self._world.setup
                positions: FloatArray = self._world.data.qpos.copy()
            if episode != shown:
                self._prepare(world, setup or evaluation_setups("plain")[0])
                shown = episode
            world.data.qpos[:] = positions
            sequence += 1
            frames.publish(Frame(world.wrist_image(), stamp, sequence))
        world.close()

    def _prepare(self, world: PickFruitWorld, setup: EpisodeSetup) -> None:
        if self._scene == "pick_fruit":
            world.reset(setup)
            return
        world.show(Look.plain())
        world.park_everything()
        world.set_joints(np.array(world.task.start_joints), 1.0)
        world.settle(0.3)
