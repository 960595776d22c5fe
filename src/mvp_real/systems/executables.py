"""The executables of the package: one list from which the wrappers in `bin/` are written.

A wrapper is a shell script and a Python script at once: pip rewrites the interpreter line of console scripts
but not of data files, so the shell half finds the Python of the installation. Write them anew with

    python -m mvp_real.systems.executables bin
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from mvp_real.errors import MvpRealError

EXECUTABLES: dict[str, str] = {
    "arm": "mvp_real.nodes.arm",
    "camera": "mvp_real.nodes.camera",
    "controller": "mvp_real.nodes.controller",
    "demo_replay": "mvp_real.nodes.recorder_replay",
    "digit_bridge": "mvp_real.nodes.digit_bridge",
    "digit_driver": "mvp_real.nodes.digit_driver",
    "digit_emulator": "mvp_real.nodes.digit_emulator",
    "emulated_world": "mvp_real.nodes.emulated_world",
    "encoder": "mvp_real.nodes.encoder",
    "episode": "mvp_real.nodes.episode",
    "hand": "mvp_real.nodes.hand",
    "hand_emulator": "mvp_real.nodes.hand_emulator",
    "locomotion": "mvp_real.nodes.locomotion",
    "recorder": "mvp_real.nodes.recorder",
    "sim_bridge": "mvp_real.nodes.sim_bridge",
    "teleop_device": "mvp_real.nodes.teleop_device",
    "teleop_gateway": "mvp_real.nodes.teleop_gateway",
    "dashboard": "mvp_real.nodes.dashboard",
    "teleop_kinesthetic": "mvp_real.nodes.teleop_kinesthetic",
    "teleop_mapping": "mvp_real.nodes.teleop_mapping",
    "teleop_vive": "mvp_real.nodes.teleop_vive",
    "velocity_teleop": "mvp_real.nodes.velocity_teleop",
    "walk": "mvp_real.nodes.walk",
}

# Optional packages of each executable and the extra that brings them, looked for before anything starts.
_MESSAGES = (("rclpy", "ros"), ("sensor_msgs", "ros"), ("diagnostic_msgs", "ros"))
_WALKING = (*_MESSAGES, ("geometry_msgs", "ros"), ("nav_msgs", "ros"))
NEEDED_PACKAGES: dict[str, tuple[tuple[str, str], ...]] = {
    "arm": (*_MESSAGES, ("xarm", "xarm")),
    "camera": (*_MESSAGES, ("pyrealsense2", "realsense")),
    "controller": (*_MESSAGES, ("onnxruntime", "infer"), ("cv2", "infer")),
    "demo_replay": (*_MESSAGES, ("mcap_ros2", "demos")),
    "digit_bridge": (*_WALKING, ("mujoco", "sim")),
    "digit_driver": _WALKING,
    "digit_emulator": (*_MESSAGES, ("mujoco", "sim")),
    "emulated_world": (*_MESSAGES, ("mujoco", "sim")),
    "encoder": (*_MESSAGES, ("onnxruntime", "infer"), ("cv2", "infer")),
    "episode": (*_MESSAGES, ("mujoco", "sim"), ("imageio_ffmpeg", "sim"), ("mcap_ros2", "demos")),
    "hand": (*_MESSAGES, ("can", "can"), ("msgpack", "can")),
    "hand_emulator": (*_MESSAGES, ("mujoco", "sim"), ("can", "can"), ("msgpack", "can")),
    "locomotion": (*_WALKING, ("onnxruntime", "infer")),
    "recorder": (*_MESSAGES, ("mcap", "demos"), ("cv2", "demos")),
    "sim_bridge": (*_MESSAGES, ("mujoco", "sim")),
    "teleop_device": _MESSAGES,
    "teleop_gateway": (*_MESSAGES, ("aiohttp", "teleop"), ("cryptography", "teleop"), ("cv2", "sim")),
    "dashboard": (*_MESSAGES, ("rerun", "dashboard")),
    "teleop_kinesthetic": _MESSAGES,
    "teleop_mapping": (*_MESSAGES, ("mujoco", "sim"), ("mink", "sim")),
    "teleop_vive": (*_MESSAGES, ("openvr", "vr")),
    "velocity_teleop": _WALKING,
    "walk": (*_WALKING, ("mujoco", "sim"), ("imageio_ffmpeg", "sim")),
}

_TEMPLATE = """\
#!/bin/sh
''':'
python="${{MVP_REAL_PYTHON:-$(dirname "$0")/../../bin/python3}}"
[ -x "$python" ] || python=python3
exec "$python" "$0" "$@"
'''
import signal
import sys

# Held back until the node can take them: an interrupted import would end in a traceback.
signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))

from {module} import main  # noqa: E402

if __name__ == "__main__":  # a node's own child processes import this file under another name
    sys.exit(main())
"""


def require_packages(executable: str) -> None:
    """Check that an executable can be imported here, without importing anything.

    Raises:
        MvpRealError: A package is missing; the message names the extra that brings it.
    """
    for package, extra in NEEDED_PACKAGES[executable]:
        if importlib.util.find_spec(package) is None:
            distribution = " or source a ROS 2 distribution" if extra == "ros" else ""
            raise MvpRealError(
                f"node '{executable}' needs the package '{package}'; install it with: "
                f"pip install 'mvp_real[{extra}]'{distribution}"
            )


def wrapper_text(module: str) -> str:
    """Content of the wrapper that runs `main()` of a module."""
    return _TEMPLATE.format(module=module)


def write_wrappers(folder: Path) -> list[Path]:
    """Write every wrapper, executable, and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, module in EXECUTABLES.items():
        path = folder / name
        path.write_text(wrapper_text(module), encoding="utf-8")
        path.chmod(0o755)
        paths.append(path)
    return paths


if __name__ == "__main__":
    for written in write_wrappers(Path(sys.argv[1] if len(sys.argv) > 1 else "bin")):
        print(written)
