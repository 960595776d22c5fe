"""The simulated world of PickFruit: episodes written into one compiled tabletop, their outcome, privileged
state.

Nothing here knows about policies.
"""

from __future__ import annotations

import mujoco
import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.sim.appearance import Look, draw_look
from mvp_real.sim.fruit import FRUITS
from mvp_real.sim.tabletop_world import TabletopWorld
from mvp_real.tasks.clutter import CLEARANCE, draw_clutter
from mvp_real.tasks.outcome import Outcome, OutcomeTracker
from mvp_real.tasks.pick_fruit import EpisodeSetup, load_task

SETTLE_SECONDS = 0.3


class PickFruitWorld(TabletopWorld):
    """Arm, table, one fruit and what stands around it.

    Args:
        render_width, render_height: Size of the wrist image, px.
        scene_camera: Whether the third-person camera will be used (a larger off-screen buffer).
        samples: Samples per pixel of the wrist image; 0 is the cheapest.

    Attributes:
        model, data: MuJoCo's; `model` is changed in place by every reset.
        task: Numbers of the task.
        setup: The present episode, None before the first reset.
    """

    def __init__(
        self, render_width: int = 640, render_height: int = 480, scene_camera: bool = True, samples: int = 0
    ) -> None:
        super().__init__(render_width, render_height, scene_camera, samples)
        self.task = load_task()
        self.setup: EpisodeSetup | None = None
        self._tracker = OutcomeTracker(self.task, self.table.gripper_open_threshold)
        self._next_check = float("inf")
        self._fruit = self.task.fruits[0]
        self._plain = Look.plain()

    # Episodes.

    def reset(self, setup: EpisodeSetup) -> None:
        """Begin an episode: deterministic in `setup`."""
        if setup.placement.fruit not in self.task.fruits:
            raise MvpRealError(
                f"{setup.placement.fruit!r} is not a fruit of the task: {', '.join(self.task.fruits)}"
            )
        self.setup = setup
        look = self._plain if setup.scene == "plain" else draw_look(setup.generator("look"))
        self.show(look)
        mujoco.mj_resetData(self.model, self.data)
        self.park_everything()
        placement = setup.placement
        self._fruit = placement.fruit
        self.place_fruit(
            placement.fruit, placement.x, placement.y, FRUITS[placement.fruit].rest_height, placement.yaw
        )
        if setup.scene == "varied":
            self._place_distractors(setup)
        joints = np.array(self.task.start_joints)
        if setup.start == "random":
            joints = joints + setup.generator("start").uniform(
                -self.task.start_noise, self.task.start_noise, 7
            )
        self.set_joints(joints, 1.0)
        self.settle(SETTLE_SECONDS)
        self._tracker = OutcomeTracker(self.task, self.table.gripper_open_threshold)
        self._next_check = self.task.control_period

    def _place_distractors(self, setup: EpisodeSetup) -> None:
        generator = setup.generator("clutter")
        length = FRUITS[setup.placement.fruit].length
        clear = (setup.placement.x, setup.placement.y, max(CLEARANCE, length / 2 + 0.02))
        for item in draw_clutter(generator, int(generator.integers(1, 4)), self.radii(), [clear]):
            self.place_distractor(item.name, item.x, item.y, item.yaw)

    def after_motion(self) -> None:
        """Judge the episode once per control step."""
        if self.time >= self._next_check - 1e-9:
            self._next_check += self.task.control_period
            self._tracker.observe(self.fruit_position(), self.tcp_pose()[:3, 3], self.opening())

    # Privileged state.

    @property
    def fruit(self) -> str:
        """Name of the fruit to pick."""
        return self._fruit

    def target(self, fruit: str) -> None:
        """Declare which fruit is the one to pick (scene building only; `reset` does it for episodes)."""
        self._fruit = fruit

    def fruit_position(self) -> FloatArray:
        """(3,) centre of the fruit in the base frame, m."""
        address = self.model.joint(f"fruit/{self._fruit}").qposadr[0]
        return self.data.qpos[address : address + 3].copy()

    def fruit_yaw(self) -> float:
        """Turn of the fruit about the vertical, rad."""
        address = self.model.joint(f"fruit/{self._fruit}").qposadr[0]
        w, x, y, z = self.data.qpos[address + 3 : address + 7]
        return float(np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)))

    def grasp_yaw(self) -> float:
        """Turn of the gripper that closes on the fruit's narrow axis, rad; 0 for a round fruit."""
        if FRUITS[self._fruit].round:
            return 0.0
        return (self.fruit_yaw() + np.pi / 2) % np.pi - np.pi / 2

    def oracle(self) -> FloatArray:
        """(8,) privileged state: fruit minus tool centre point xyz, fruit xyz (base frame, m), width of the
        fruit (m), and the turn left to the grasp (rad).
        """
        fruit, tool = self.fruit_position(), self.tcp_pose()
        turn = self.grasp_yaw() - float(np.arctan2(tool[1, 0], tool[0, 0]))
        return np.concatenate([fruit - tool[:3, 3], fruit, [FRUITS[self._fruit].width, turn]])

    def outcome(self) -> Outcome:
        """Verdict on the episode so far."""
        return self._tracker.outcome(self.diverged())
