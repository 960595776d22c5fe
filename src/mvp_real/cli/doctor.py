"""Check what this machine has and what it lacks, each lack with its remedy.

Looks at packages, device libraries, connected devices, permissions and timing; nothing is moved or changed, and no
probe takes longer than a few seconds. Exit code 0 when everything that the simulated demo needs is there and no
connected device has a problem, 1 otherwise.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import sys
from collections.abc import Iterator

from mvp_real import __version__
from mvp_real.bundle import load_card
from mvp_real.cli.doctor_devices import devices
from mvp_real.cli.doctor_finding import Finding, probe
from mvp_real.cli.doctor_permissions import permissions
from mvp_real.cli.doctor_robots import digit, hand
from mvp_real.errors import MvpRealError
from mvp_real.resources import model_roots, share_directory
from mvp_real.robots.digit_link.link import CLIENT_PORT, ROBOT_PORT
from mvp_real.systems.environment import system_environment

DEMO_PACKAGES = {
    "rclpy": "ros-rclpy",
    "mujoco": "mujoco",
    "mink": "mink",
    "onnxruntime": "onnxruntime",
    "cv2": "opencv-python-headless",
    "mcap": "mcap",
    "imageio_ffmpeg": "imageio-ffmpeg",
}
OTHER_PACKAGES = {"torch": "torch", "onnx": "onnx", "safetensors": "safetensors"}
# Module: distribution, extra, and what it drives.
DEVICE_PACKAGES = {
    "xarm": ("xarm-python-sdk", "xarm", "the xArm"),
    "pyrealsense2": ("pyrealsense2", "realsense", "RealSense cameras"),
    "can": ("python-can", "can", "the Allegro hand"),
    "openvr": ("openvr", "vr", "Vive controllers"),
}
RENDER_WITHIN = 60.0  # s; a renderer in software compiles its shaders at first
RENDER_PROBE = (
    "import mujoco; m = mujoco.MjModel.from_xml_string('<mujoco/>'); r = mujoco.Renderer(m, 8, 8); "
    "d = mujoco.MjData(m); mujoco.mj_forward(m, d); r.update_scene(d); r.render()"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add where devices are that do not announce themselves."""
    parser.add_argument("--xarm", metavar="ADDRESS", default="", help="controller box of an arm to look at")
    parser.add_argument(
        "--xarm-port", type=int, default=502, help="its control port; another one for emulators"
    )
    parser.add_argument(
        "--hand", metavar="BUS", default="", help="CAN bus of an Allegro hand: can0, or INTERFACE:CHANNEL"
    )
    parser.add_argument(
        "--digit", metavar="ADDRESS", default="", help="a Digit to look at, such as 10.10.1.1"
    )
    parser.add_argument(
        "--digit-ports",
        type=int,
        nargs=2,
        metavar=("ROBOT", "OURS"),
        default=(ROBOT_PORT, CLIENT_PORT),
        help="its port, and ours that it sends to; others for emulators",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print every finding."""
    findings = [*machine(), *packages(), *rendering(), *bundles()]
    findings += [*devices(arguments.xarm, arguments.xarm_port)]
    if arguments.hand:
        findings += hand(arguments.hand)
    if arguments.digit:
        findings += digit(arguments.digit, *arguments.digit_ports)
    findings += permissions()
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
    for module, (distribution, extra, device) in DEVICE_PACKAGES.items():
        version = _version(distribution, module)
        lack = f"not installed; for {device}: pip install 'mvp_real[{extra}]'"
        yield Finding(module, True if version else None, f"{version}, for {device}" if version else lack)


def rendering() -> Iterator[Finding]:
    """Whether MuJoCo can draw off screen, tried in a process of its own because a failure may abort."""
    backend = system_environment()["MUJOCO_GL"]
    _, failure = probe(RENDER_PROBE, {"MUJOCO_GL": backend}, RENDER_WITHIN)
    if not failure:
        yield Finding("rendering", True, f"off screen through {backend}")
        return
    remedy = "apt-get install libegl1 libopengl0 libgl1-mesa-dri, or set MUJOCO_GL=osmesa with libosmesa6"
    yield Finding("rendering", False, f"{backend} failed ({failure}); {remedy}")


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


def _version(distribution: str, module: str) -> str:
    """Installed version, "present" for a module without metadata (a ROS distribution's rclpy), else empty."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "present" if importlib.util.find_spec(module) else ""
