"""Replays of demonstrations in the simulator, for `demos replay` and `demos prune`."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from mvp_real.demos.reader import Demonstration
from mvp_real.demos.replay import ReplayReport, approach, replay
from mvp_real.errors import MvpRealError, require


class SimulatorReplay:
    """One simulated world in which demonstrations are replayed one after another."""

    def __init__(self) -> None:
        require("mujoco", "sim")
        from mvp_real.tasks.pick_fruit_world import PickFruitWorld

        self._world = PickFruitWorld(scene_camera=False)

    def run(
        self, demonstration: Demonstration, progress: Callable[[int, int], None] | None = None
    ) -> tuple[ReplayReport, bool]:
        """Replay through the limiter in the scene of the recording.

        Returns:
            The report, and whether the fruit was lifted again.

        Raises:
            MvpRealError: The recording does not say how its scene was set up, or the start cannot be reached.
        """
        from mvp_real.sim.simulated_arm import SimulatedArm
        from mvp_real.tasks.pick_fruit import EpisodeSetup

        if "setup" not in demonstration.metadata:
            raise MvpRealError(
                f"'{demonstration.id}' does not say how its scene was set up; only simulated recordings do"
            )
        self._world.reset(EpisodeSetup.from_dict(demonstration.metadata["setup"]))
        arm = SimulatedArm(self._world)
        arm.enable()
        approach(demonstration, arm, arm.advance)
        report = replay(demonstration, arm, arm.advance, progress=progress)
        return report, bool(self._world.fruit_position()[2] > self._world.task.success_height)

    def __enter__(self) -> SimulatorReplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._world.close()
