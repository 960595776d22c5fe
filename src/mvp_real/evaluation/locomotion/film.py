"""Short videos of a robot in a row, rendered from its states after the rollout."""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np

from mvp_real.evaluation.clips import SPEED, write_clip
from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.evaluation.locomotion.rollout import Filming
from mvp_real.evaluation.locomotion.stage import Stage
from mvp_real.robots.digit import load_digit
from mvp_real.sim.digit import full_model
from mvp_real.sim.rendering import OffscreenRenderer

WIDTH, HEIGHT = 320, 240
CAMERA = "scene"
LONGEST = 12.0  # s of a video, in the robot's time
FOLDER = "clips"


class Film:
    """The camera of a row: made before the rollout, so that a missing renderer is known before the time is spent.

    Args:
        condition: The row, for its ground and loads.
    """

    def __init__(self, condition: Condition) -> None:
        spec = full_model(terrain=Stage(condition, 1).add)
        spec.visual.global_.offwidth, spec.visual.global_.offheight = WIDTH, HEIGHT
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._renderer = OffscreenRenderer(self._model)

    def write(self, filming: Filming, directory: Path, name: str) -> dict[int, str]:
        """Render what was kept and write a video of each robot into `clips/` below a folder.

        Returns:
            Paths relative to `directory` by robot.
        """
        # `write_clip` plays at SPEED times real time; with this period it is real time again.
        period = filming.every * load_digit().control_period
        paths = {}
        for robot, states in filming.states.items():
            frames = []
            for state in states[: round(LONGEST / period)]:
                self._data.qpos[:] = state
                mujoco.mj_forward(self._model, self._data)
                frames.append(np.array(self._renderer.render(self._data, CAMERA, WIDTH, HEIGHT)))
            write_clip(frames, directory / FOLDER / f"{name}_{robot}.mp4", period * SPEED)
            paths[robot] = f"{FOLDER}/{name}_{robot}.mp4"
        return paths

    def close(self) -> None:
        """Free the renderer."""
        self._renderer.close()
