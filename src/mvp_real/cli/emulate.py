"""`mvp_real emulate DEVICE`: a stand-in for a device that speaks its wire protocol, with faults on demand."""

from __future__ import annotations

import argparse
import importlib
import importlib.util

DEVICES: dict[str, str] = {
    "xarm7": "UFACTORY controller box with arm and gripper (TCP)",
    "allegro": "Allegro hand (CAN)",
    "digit": "Agility Digit's low-level interface (ARTL over UDP)",
    "realsense": "RealSense camera (software device or recording)",
    "vive": "OpenVR runtime with tracked controllers",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add a sub-command per device; only the chosen device's module is needed to run."""
    devices = parser.add_subparsers(dest="device", required=True, metavar="DEVICE")
    for name, text in DEVICES.items():
        if importlib.util.find_spec(f"mvp_real.emulators.{name}") is None:
            continue
        module = importlib.import_module(f"mvp_real.emulators.{name}.command")
        module.configure(
            devices.add_parser(
                name,
                help=text,
                description=module.__doc__,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted; returns the device's exit code."""
    return int(importlib.import_module(f"mvp_real.emulators.{args.device}.command").run(args))
