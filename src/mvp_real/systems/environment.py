"""The environment that every process of a system is started in, set only where the user has set nothing."""

from __future__ import annotations

import ctypes.util
import os
import sys
from collections.abc import Mapping

from mvp_real.resources import config_file


def system_environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """A copy of `base` (default: this process's environment) completed for the nodes.

    * `ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST`: DDS has no authentication, nothing leaves the machine.
    * `FASTDDS_DEFAULT_PROFILES_FILE`: a shared-memory segment that a 640x480 image fits into; with the
      built-in one more than half of the frames are lost.
    * `OMP_NUM_THREADS=1`, `LP_NUM_THREADS=1`: the nodes share few cores, more threads only fight.
    * `MUJOCO_GL`: EGL, or OSMesa where only that is installed, because there may be no display.
    * `MVP_REAL_TERMINAL`: the terminal of this process, for a node that reads its keys.
    """
    environment = dict(os.environ if base is None else base)
    prefixes = [part for part in environment.get("AMENT_PREFIX_PATH", "").split(":") if part]
    if sys.prefix not in prefixes:
        environment["AMENT_PREFIX_PATH"] = ":".join([sys.prefix, *prefixes])
    environment["PYTHONUNBUFFERED"] = "1"
    environment["MVP_REAL_PYTHON"] = sys.executable
    environment["MVP_REAL_SUPERVISED"] = "1"
    if "MVP_REAL_TERMINAL" not in environment and sys.stdin is not None and sys.stdin.isatty():
        environment["MVP_REAL_TERMINAL"] = os.ttyname(sys.stdin.fileno())
    defaults = {
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "FASTDDS_DEFAULT_PROFILES_FILE": str(config_file("fastdds_large_images.xml")),
        "OMP_NUM_THREADS": "1",
        "LP_NUM_THREADS": "1",
        "RCUTILS_COLORIZED_OUTPUT": "0",
        "RCUTILS_CONSOLE_OUTPUT_FORMAT": "{severity}: {message}",
    }
    if not environment.get("MUJOCO_GL"):
        defaults["MUJOCO_GL"] = "egl" if _egl_is_installed() else "osmesa"
    for name, value in defaults.items():
        if not environment.get(name):
            environment[name] = value
    return environment


def _egl_is_installed() -> bool:
    return ctypes.util.find_library("EGL") is not None or ctypes.util.find_library("OSMesa") is None
