"""Simulator engines by name, as configurations write them: `mujoco`, `warp`, `isaac_gym`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import mujoco

from mvp_real.errors import MvpRealError, unknown_name


@dataclass(frozen=True)
class Engine:
    """An engine that a configuration can choose.

    Attributes:
        name: As configurations write it.
        module, backend: Where its `SimBackend` is; imported only when it is chosen.
        needs: What must be there to use it.
        options: Names of the settings that it takes beside scene, number of simulations, decimation and step.
        fixed: Settings that every use of it by name has.
    """

    name: str
    module: str
    backend: str
    needs: str
    options: tuple[str, ...]
    fixed: Mapping[str, Any]

    @property
    def load(self) -> Callable[..., Any]:
        """The backend's class."""
        return getattr(import_module(self.module), self.backend)  # type: ignore[no-any-return]


ENGINES = {
    engine.name: engine
    for engine in (
        Engine(
            "mujoco",
            "mvp_real.sim.mujoco_backend",
            "MujocoBackend",
            "the extra 'sim'",
            ("threads",),
            {"persistent": True},
        ),
        Engine(
            "warp",
            "mvp_real.sim.warp_backend",
            "WarpBackend",
            "the extra 'warp' and, for speed, an NVIDIA GPU",
            ("device", "contacts", "constraints"),
            {},
        ),
        Engine(
            "isaac_gym",
            "mvp_real.sim.isaac_gym_backend",
            "IsaacGymBackend",
            "Isaac Gym in a Python 3.8 of its own and an NVIDIA GPU",
            ("device", "drive", "springs", "cameras", "threads", "python"),
            {},
        ),
    )
}


def make_backend(
    name: str,
    spec: mujoco.MjSpec,
    num_envs: int,
    decimation: int = 1,
    dt: float | None = None,
    **options: Any,
) -> Any:
    """N simulations of a scene in the engine called `name`.

    Args:
        name: "mujoco", "warp" or "isaac_gym".
        spec: Scene.
        num_envs: N.
        decimation: Physics steps per control step.
        dt: Physics step, s; the scene's own if None.
        options: Settings of that engine (`Engine.options`).

    Returns:
        A `SimBackend` that also has `data_field`, `model_field`, `sensor`, `forward`, `advance`, `reset_state`,
        `update_constants`, `snapshot` and `restore`, as the walking environment uses them.

    Raises:
        MvpRealError: There is no such engine (near names are suggested), it has no such option, or what it needs is
            not there.
    """
    if name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    engine = ENGINES[name]
    for option in options:
        if option not in engine.options:
            raise MvpRealError(
                f"engine '{name}' has no option '{option}'; it has: {', '.join(engine.options)}"
            )
    return engine.load(spec, num_envs, decimation, dt, **engine.fixed, **options)
