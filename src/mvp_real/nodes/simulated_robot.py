"""The simulated robot as the bridge node sees it: one clock that never restarts over worlds that do. No ROS
here.

The clock counts whole milliseconds. Between a reset and the next `enable` the world stands still while the
clock runs, so that an episode's time limit counts from the moment the robot may move; the world starts at a
multiple of the control period, so that its steps fall on the control grid.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from mvp_real.messages import Feature, Frame, JointReading, JointTarget
from mvp_real.robots.limits import Limits
from mvp_real.robots.verdict import DriverState, Verdict
from mvp_real.sim.appearance import WRIST_CAMERA
from mvp_real.sim.simulated_arm import SimulatedArm
from mvp_real.tasks.outcome import Outcome
from mvp_real.tasks.pick_fruit import EpisodeSetup
from mvp_real.tasks.pick_fruit_world import PickFruitWorld

# rclpy takes a clock at zero for one that has not started yet.
FIRST_MILLISECOND = 1000


class SimulatedRobot:
    """World, arm and clock of one simulated robot.

    Args:
        world: The world; only this object moves it from now on.

    Attributes:
        episode: Number of resets so far.
    """

    def __init__(self, world: PickFruitWorld) -> None:
        self.world = world
        self.arm = SimulatedArm(world)
        self.episode = 0
        self._period_ms = round(1000 * world.task.control_period)
        self._clock_ms = FIRST_MILLISECOND
        self._world_zero_ms = FIRST_MILLISECOND  # clock at the world's time zero
        self._started = False
        self._sequence = 0

    @property
    def milliseconds(self) -> int:
        """The robot's clock, ms."""
        return self._clock_ms

    @property
    def now(self) -> float:
        """The robot's clock, s."""
        return self._clock_ms / 1000

    @property
    def started(self) -> bool:
        """Whether the world moves; false between a reset and the next `enable`."""
        return self._started

    def reset(self, setup: EpisodeSetup, limits: Limits) -> None:
        """Begin an episode; the world stands still until `enable`."""
        self.world.reset(setup)
        self.arm.reset(limits)
        self.episode += 1
        self._started = False

    def enable(self) -> Verdict:
        """Allow motion, and start the world at the next grid point if it stands still."""
        if not self._started:
            self._started = True
            self._world_zero_ms = -(-self._clock_ms // self._period_ms) * self._period_ms
        return self.arm.enable()

    def disable(self) -> None:
        """Forbid motion; the world goes on."""
        self.arm.disable()

    def stop(self, reason: str) -> None:
        """Stop and latch."""
        self.arm.stop(reason)

    def home(self) -> Verdict:
        """Go to the start pose; the world starts if it stands still."""
        self.enable()
        return self.arm.home()

    def clear_fault(self) -> Verdict:
        """Release a latched stop."""
        return self.arm.clear_fault()

    def align(self) -> None:
        """Move the clock forward to the next grid point (lock-step only, where no one waits in real time)."""
        self._clock_ms = -(-self._clock_ms // self._period_ms) * self._period_ms

    def advance(self, milliseconds: int) -> None:
        """Move the clock, and the world with it once it has started.

        Args:
            milliseconds: A multiple of 2.
        """
        self._clock_ms += milliseconds
        if self._started:
            behind = self._clock_ms - self._world_zero_ms - round(1000 * self.world.time)
            if behind > 0:
                self.arm.advance(behind / 1000)
        else:
            self._world_zero_ms = self._clock_ms

    def jump(self, seconds: float) -> None:
        """Let the clock jump, as after a bad time synchronisation; the world does not notice."""
        milliseconds = 2 * round(500 * seconds)
        self._clock_ms = max(FIRST_MILLISECOND, self._clock_ms + milliseconds)
        self._world_zero_ms += milliseconds

    def reading(self) -> JointReading:
        """Measured joints, stamped with the robot's clock."""
        return replace(self.arm.read(), stamp=self.now)

    def frame(self) -> Frame:
        """A new image of the wrist camera, stamped with the robot's clock."""
        self._sequence += 1
        return Frame(self.world.wrist_image(), self.now, self._sequence)

    def focal_length(self, height: int) -> float:
        """Focal length of the wrist camera for images of this height, px; a varied scene changes it."""
        return 0.5 * height / math.tan(math.radians(float(self.world.model.camera(WRIST_CAMERA).fovy[0])) / 2)

    def oracle(self) -> Feature:
        """The privileged state as a (1, 7) feature."""
        return Feature(self.world.oracle().astype(np.float32)[None], self.now)

    def command(self, target: JointTarget) -> Verdict:
        """Hand a target to the driver, its stamp moved from the robot's clock to the world's."""
        age = self.now - target.stamp
        return self.arm.command(replace(target, stamp=self.world.time - age))

    def outcome(self) -> Outcome:
        """Verdict on the episode so far."""
        return self.world.outcome()

    @property
    def state(self) -> DriverState:
        """State of the driver."""
        return self.arm.state

    @property
    def reason(self) -> str:
        """Why the driver is not running; empty while it is."""
        return self.arm.diagnostics()["reason"]
