"""What is connected: cameras, CAN buses, an arm, input devices, a VR runtime. Only looks; nothing is commanded.

Each probe of a vendor's library runs in a process of its own with a time limit.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from mvp_real.cli.doctor_finding import PROBE_WITHIN, Finding, probe
from mvp_real.errors import MvpRealError
from mvp_real.robots.xarm7.client import introduce
from mvp_real.robots.xarm7.units import Unit

REALSENSE = """
import json, pyrealsense2 as rs
I = rs.camera_info
keys = {"name": I.name, "serial": I.serial_number, "firmware": I.firmware_version,
        "recommended": I.recommended_firmware_version, "usb": I.usb_type_descriptor}
print(json.dumps([{k: d.get_info(i) if d.supports(i) else "" for k, i in keys.items()}
                  for d in rs.context().query_devices()]))
"""
OPENVR = """
import json, openvr
print(json.dumps([bool(openvr.isRuntimeInstalled()), bool(openvr.isHmdPresent())]))
"""
INTEL = "8086"  # USB vendor
CAN_TYPE = "280"  # of a network interface in sysfs
CAN_BITRATE = 1_000_000
VIRTUAL = "vcan"
REPORT, RICH_REPORT = 30003, 30002  # ports of the arm's box
REPORT_RATE = 100.0  # Hz
LISTEN = 1.0  # s
RICH_LENGTH = 587


def devices(arm: str, arm_port: int) -> Iterator[Finding]:
    """Everything that can be found; `arm` is the address of a controller box, or empty."""
    yield from cameras()
    yield from can_buses()
    if arm:
        yield from xarm(arm, arm_port)
    else:
        yield Finding("xArm", None, "not looked for; give its address: mvp_real doctor --xarm 192.168.1.x")
    yield from joysticks()
    yield from vr_runtime()


def cameras(usb: Path = Path("/sys/bus/usb/devices")) -> Iterator[Finding]:
    """Every RealSense that librealsense sees, and those that only the USB bus sees."""
    output, failure = probe(REALSENSE)
    plugged = [
        product.read_text().strip()
        for product in usb.glob("*/product")
        if _text(product.parent / "idVendor") == INTEL and "RealSense" in _text(product)
    ]
    if failure:
        missing = "No module named" in failure
        remedy = (
            "pip install 'mvp_real[realsense]'" if missing else "plug the camera again, end other programs"
        )
        yield Finding("RealSense", False if plugged else None, f"cannot look ({failure}); {remedy}")
        return
    found = json.loads(output.strip().splitlines()[-1])
    if not found and plugged:
        yield Finding(
            "RealSense",
            False,
            f"{plugged[0]} is on the USB bus but cannot be opened: install librealsense's udev rules "
            "(99-realsense-libusb.rules), then plug it again",
        )
    elif not found:
        yield Finding("RealSense", None, "none connected")
    for camera in found:
        yield _camera(camera)


def _camera(camera: dict[str, str]) -> Finding:
    text = f"{camera['name']}, serial {camera['serial']}, firmware {camera['firmware']}, USB {camera['usb']}"
    problems = []
    if camera["usb"] and not camera["usb"].startswith("3"):
        problems.append("on USB 2 it reaches neither its resolution nor its rate: use a USB 3 port and cable")
    if camera["recommended"] and camera["firmware"] != camera["recommended"]:
        problems.append(f"firmware {camera['recommended']} is recommended: rs-fw-update")
    slow = any("USB 2" in problem for problem in problems)
    return Finding("RealSense", not slow, "; ".join([text, *problems]))


def can_buses(network: Path = Path("/sys/class/net")) -> Iterator[Finding]:
    """CAN interfaces of the kernel, whether they are up, and their bitrate."""
    found = [path for path in sorted(network.glob("*")) if _text(path / "type") == CAN_TYPE]
    if not found:
        detail = "no CAN interface; connect an adapter of the kernel's socketcan, or use the emulated hand"
        yield Finding("CAN", None, detail)
    for path in found:
        up = int(_text(path / "flags") or "0", 16) & 1
        kind, bitrate = _kind_and_bitrate(path.name)
        bus = "" if kind == VIRTUAL else f" type can bitrate {CAN_BITRATE}"
        remedy = f"sudo ip link set {path.name} up{bus}"
        if not up:
            yield Finding(f"CAN {path.name}", False, f"down; {remedy}")
        elif kind == VIRTUAL:
            yield Finding(f"CAN {path.name}", True, "up, a virtual bus")
        elif bitrate is None:
            look = f"ip -details link show {path.name}"
            yield Finding(f"CAN {path.name}", None, f"up, bit rate unknown, must be {CAN_BITRATE}: {look}")
        elif bitrate != CAN_BITRATE:
            down = f"sudo ip link set {path.name} down && {remedy}"
            yield Finding(
                f"CAN {path.name}", False, f"{bitrate} bit/s; the hand speaks {CAN_BITRATE}: {down}"
            )
        else:
            yield Finding(f"CAN {path.name}", True, f"up, {bitrate} bit/s")


def _kind_and_bitrate(name: str) -> tuple[str, int | None]:
    """ "can", "vcan" and so on, and the bit rate; empty and None where that is not told."""
    command = ["ip", "-details", "-json", "link", "show", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_WITHIN, check=True)
        link = json.loads(done.stdout)[0]["linkinfo"]
        kind = str(link["info_kind"])
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError):
        return "", None
    try:
        return kind, int(link["info_data"]["bittiming"]["bitrate"])
    except (ValueError, LookupError, TypeError):
        return kind, None


def xarm(address: str, port: int) -> Iterator[Finding]:
    """The arm's box: version, serial number, rate of its reports and the limits that are set in it."""
    try:
        host = socket.gethostbyname(address)
        unit = Unit.parse(introduce(host, port, 2.0))
    except OSError as error:
        remedy = "check power, cable and address, and that no firewall blocks TCP 502, 30002 and 30003"
        yield Finding("xArm", False, f"no answer at {address}:{port} ({error}); {remedy}")
        return
    except MvpRealError as error:
        yield Finding("xArm", False, f"{address}: {error}")
        return
    yield Finding("xArm", True, f"serial {unit.serial}, {unit.axes} joints, firmware {unit.version}")
    try:
        rate = _report_rate(host)
    except OSError as error:
        yield Finding("xArm reports", False, f"port {REPORT} ({error}); firmware or firewall")
        return
    ok = rate >= 0.9 * REPORT_RATE
    yield Finding("xArm reports", ok, f"{rate:.0f} Hz" + ("" if ok else "; use a wired link of its own"))
    try:
        yield from _arm_settings(_read_report(host, RICH_REPORT))
    except OSError as error:
        yield Finding("xArm settings", None, f"port {RICH_REPORT} gives none ({error})")


def _arm_settings(report: bytes) -> Iterator[Finding]:
    if len(report) < RICH_LENGTH:
        yield Finding("xArm settings", None, f"report of {len(report)} bytes, too short to read them from")
        return
    error, warning = report[89], report[90]
    offset = struct.unpack_from("<6f", report, 91)
    load = struct.unpack_from("<4f", report, 115)
    _, _, acceleration, _, speed = struct.unpack_from("<5f", report, 201)
    if error or warning:
        yield Finding("xArm errors", False, f"error {error}, warning {warning} pending; see UFACTORY Studio")
    text = f"joint speed to {speed:.2f} rad/s, acceleration to {acceleration:.1f} rad/s^2, "
    text += f"collision sensitivity {report[131]}, load {load[0]:.2f} kg, "
    text += f"tool offset {', '.join(f'{value:.0f}' for value in offset[:3])} mm, "
    text += "reduced mode on" if report[495] else "reduced mode off"
    yield Finding("xArm settings", None, text)


def _read_report(host: str, port: int) -> bytes:
    with socket.create_connection((host, port), 2.0) as connection:
        connection.settimeout(2.0)
        stream = connection.makefile("rb")
        head = stream.read(4)
        length = struct.unpack(">I", head)[0] if len(head) == 4 else 0
        if not 4 <= length <= 4096:
            raise OSError(f"no report, but {head!r}")
        return head + stream.read(length - 4)


def _report_rate(host: str) -> float:
    with socket.create_connection((host, REPORT), 2.0) as connection:
        connection.settimeout(2.0)
        count, start = 0, time.monotonic()
        received = b""
        length = 0
        while time.monotonic() - start < LISTEN:
            part = connection.recv(4096)
            if not part:
                raise OSError("closed by the box")
            received += part
            length = length or (struct.unpack(">I", received[:4])[0] if len(received) >= 4 else 0)
            if length and not 4 <= length <= 4096:
                raise OSError(f"no reports, but {received[:4]!r}")
        count = len(received) // length if length else 0
        return count / (time.monotonic() - start)


def joysticks(inputs: Path = Path("/dev/input")) -> Iterator[Finding]:
    """Gamepads and whether this user may read them."""
    found = sorted(inputs.glob("js*"))
    if not found:
        yield Finding("gamepad", None, "none connected")
    for path in found:
        readable = os.access(path, os.R_OK)
        name = _text(Path("/sys/class/input") / path.name / "device" / "name") or path.name
        remedy = "; may not be read: sudo usermod -aG input $USER, then log in again"
        yield Finding("gamepad", readable, f"{name} at {path}" + ("" if readable else remedy))


def vr_runtime() -> Iterator[Finding]:
    """An OpenVR runtime (SteamVR) for tracked controllers."""
    output, failure = probe(OPENVR)
    if failure:
        missing = "No module named" in failure
        yield Finding("OpenVR", None, "openvr is not installed" if missing else f"cannot look ({failure})")
        return
    installed, headset = json.loads(output.strip().splitlines()[-1])
    if not installed:
        yield Finding("OpenVR", None, "no runtime; install SteamVR for Vive controllers (Quest needs none)")
    else:
        yield Finding("OpenVR", True, "runtime installed, " + ("headset found" if headset else "no headset"))


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
