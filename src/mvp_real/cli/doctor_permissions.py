"""What this user and machine allow: real-time priority, timing, device rules, network."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mvp_real.cli.doctor_finding import Finding, probe

# What the drivers' loops do; Digit's asks for the most.
TAKE_PRIORITY = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(60))"
SLEEPS, SLEEP = 200, 0.001  # number and length in s
PUNCTUAL = 0.0005  # s of lateness that a 1 kHz loop forgives
RULES = ("/etc/udev/rules.d", "/lib/udev/rules.d", "/usr/lib/udev/rules.d")
PORTS = "xArm: TCP 502, 30002, 30003 out; Digit: UDP 25500 out and 25501 in; Quest: TCP 8443 in"


def permissions() -> Iterator[Finding]:
    """Everything, in the order in which drivers need it."""
    yield real_time()
    yield timing()
    yield governor()
    yield udev_rules()
    yield firewall()
    reach = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST (set by mvp_real up)")
    yield Finding("ROS 2 discovery", None, f"{reach}, domain {os.environ.get('ROS_DOMAIN_ID', '0')}")


def real_time() -> Finding:
    """Whether a loop may run before all ordinary processes."""
    _, failure = probe(TAKE_PRIORITY)
    remedy = (
        f"not allowed ({failure}): hand (333 Hz) and Digit (1 kHz) will be late on a busy computer; add "
        "'@realtime - rtprio 90' to /etc/security/limits.d/realtime.conf and yourself to that group"
    )
    return Finding("real-time priority", None, remedy if failure else "allowed")


def timing() -> Finding:
    """How late this process wakes after sleeping a millisecond."""
    late = []
    for _ in range(SLEEPS):
        start = time.perf_counter()
        time.sleep(SLEEP)
        late.append(time.perf_counter() - start - SLEEP)
    median, p99 = 1e3 * float(np.median(late)), 1e3 * float(np.percentile(late, 99))
    text = f"1 ms sleeps end {median:.2f} ms late (median), {p99:.2f} ms (p99)"
    if median > 1e3 * PUNCTUAL:
        text += "; other processes keep the computer busy: end them before anything moves"
    return Finding("timing", None, text)


def governor(root: Path = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")) -> Finding:
    """How the processor chooses its clock."""
    try:
        name = root.read_text().strip()
    except OSError:
        return Finding("processor clock", None, "not told by this machine")
    hint = (
        ""
        if name == "performance"
        else "; 'performance' keeps loops punctual: cpupower frequency-set -g performance"
    )
    return Finding("processor clock", None, name + hint)


def udev_rules(folders: tuple[str, ...] = RULES) -> Finding:
    """Whether ordinary users may open a RealSense."""
    found = [path for folder in folders for path in Path(folder).glob("*realsense*.rules")]
    if found:
        return Finding("udev rules", None, f"RealSense: {found[0]}")
    remedy = (
        "none for RealSense: only root can open one; copy 99-realsense-libusb.rules of librealsense there"
    )
    return Finding("udev rules", None, remedy if os.geteuid() else "none for RealSense (root needs none)")


def firewall(configuration: Path = Path("/etc/ufw/ufw.conf")) -> Finding:
    """A note on the ports that devices need; rules can only be read by root, so they are not checked."""
    try:
        active = "ENABLED=yes" in configuration.read_text()
    except OSError:
        active = False
    text = f"ufw is active: let through {PORTS}" if active else f"ports to keep open: {PORTS}"
    return Finding("firewall", None, text)
