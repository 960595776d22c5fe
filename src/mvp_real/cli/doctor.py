"""Check what this machine has and what it lacks, each lack with its remedy.

Exit code 0 when everything that the simulated demo needs is there, 1 otherwise.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from mvp_real import __version__
from mvp_real.bundle import load_card
from mvp_real.errors import MvpRealError
from mvp_real.resources import model_roots, share_directory

DEMO_PACKAGES = {
    "rclpy": "ros-rclpy",
    "mujoco": "mujoco",
    "mink": "mink",
    "onnxruntime": "onnxruntime",
    "cv2": "opencv-python-headless",
    "mcap": "mcap",
    "imageio_ffmpeg": "imageio-ffmpeg",
}
OTHER_PACKAGES = {"torch": "torch", "onnx": "onnx", "safetensors": "safetensors", "xarm": "xarm-python-sdk"}
RENDER_PROBE = (
    "import mujoco; m = mujoco.MjModel.from_xml_string('<mujoco/>'); r = mujoco.Renderer(m, 8, 8); "
    "d = mujoco.MjData(m); mujoco.mj_forward(m, d); r.update_scene(d); r.render()"
)


@dataclass(frozen=True)
class Finding:
    """One line of the report. `ok` is None for facts that nothing depends on."""

    name: str
    ok: bool | None
    detail: str


def configure(parser: argparse.ArgumentParser) -> None:
    """This command has no options."""


def run(arguments: argparse.Namespace) -> int:
    """Print every finding."""
    findings = [*machine(), *packages(), *rendering(), *bundles(), *permissions()]
    marks = {True: "ok  ", False: "LACK", None: "    "}
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"{marks[finding.ok]}  {finding.name:<{width}}  {finding.detail}")
    return 1 if any(finding.ok is False for finding in findings) else 0


def machine() -> Iterator[Finding]:
    """The interpreter, the cores and where the package's files lie."""
    version = platform.python_version()
    ok = sys.version_info >= (3, 10)
    yield Finding("python", ok, version if ok else f"{version}; install Python 3.10 or newer")
    yield Finding("mvp_real", None, f"{__version__}, files in {share_directory()}")
    yield Finding("cores", None, f"{os.cpu_count()} ({platform.machine()})")


def packages() -> Iterator[Finding]:
    """Versions of the packages; only those of the demo are counted as lacking."""
    for required, names in ((True, DEMO_PACKAGES), (False, OTHER_PACKAGES)):
        for module, distribution in names.items():
            version = _version(distribution, module)
            if version:
                yield Finding(module, True, version)
            elif required:
                yield Finding(module, False, "not installed; pip install 'mvp_real[demo]'")
            else:
                yield Finding(module, None, "not installed (not needed for the demo)")


def rendering() -> Iterator[Finding]:
    """Whether MuJoCo can draw off screen, tried in a process of its own because a failure may abort."""
    backend = os.environ.get("MUJOCO_GL", "egl")
    environment = {**os.environ, "MUJOCO_GL": backend}
    probe = subprocess.run(
        [sys.executable, "-c", RENDER_PROBE], env=environment, capture_output=True, text=True, check=False
    )
    if probe.returncode == 0:
        yield Finding("rendering", True, f"off screen through {backend}")
        return
    last = (probe.stderr.strip().splitlines() or [f"exit code {probe.returncode}"])[-1]
    remedy = "apt-get install libegl1 libopengl0 libgl1-mesa-dri, or set MUJOCO_GL=osmesa with libosmesa6"
    yield Finding("rendering", False, f"{backend} failed ({last}); {remedy}")


def bundles() -> Iterator[Finding]:
    """Every bundle that can be found, with its digests checked."""
    found = False
    for root in model_roots():
        for path in sorted(root.glob("*/card.yaml")):
            found = True
            try:
                card = load_card(path.parent)
                yield Finding(f"bundle {path.parent.name}", True, f"{card.kind}, {card.model.sha256[:12]}")
            except MvpRealError as error:
                yield Finding(f"bundle {path.parent.name}", False, str(error))
    if not found:
        yield Finding("bundles", False, "none found; set MVP_REAL_MODELS to a folder with bundles")


def permissions() -> Iterator[Finding]:
    """Real-time priority and how far ROS 2 messages travel."""
    try:
        allowed = os.sched_get_priority_max(os.SCHED_FIFO) > 0 and (os.geteuid() == 0 or _rtprio() > 0)
    except (AttributeError, OSError):
        allowed = False
    detail = (
        "allowed" if allowed else "not allowed; the 5 Hz loop does not need it (ulimit -r, or limits.conf)"
    )
    yield Finding("real-time priority", None, detail)
    reach = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST (set by mvp_real up)")
    yield Finding("ROS 2 discovery", None, f"{reach}, domain {os.environ.get('ROS_DOMAIN_ID', '0')}")


def _rtprio() -> int:
    import resource

    return resource.getrlimit(resource.RLIMIT_RTPRIO)[0]


def _version(distribution: str, module: str) -> str:
    """Installed version, "present" for a module without metadata (a ROS distribution's rclpy), else empty."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "present" if importlib.util.find_spec(module) else ""
