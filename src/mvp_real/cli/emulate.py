"""`mvp_real emulate DEVICE`: a stand-in for a device that speaks its wire protocol, with faults on demand."""

from __future__ import annotations

import argparse
import importlib
import os

from mvp_real.parent import end_with_parent

DEVICES: dict[str, str] = {
    "xarm7": "UFACTORY controller box with arm and gripper (TCP)",
    "allegro": "Allegro hand (CAN)",
    "digit": "Agility Digit's low-level interface (ARTL over UDP)",
    "realsense": "RealSense camera (software device or recording)",
    "vive": "OpenVR runtime with tracked controllers",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the device; its own arguments are its module's."""
    width = max(map(len, DEVICES))
    devices = "\n".join(f"  {name:<{width}}  {text}" for name, text in DEVICES.items())
    parser.epilog = f"devices:\n{devices}\n\nmvp_real emulate DEVICE --help tells more."
    parser.add_argument("device", choices=DEVICES, metavar="DEVICE", help="what to stand in for")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="of the device")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted; returns the device's exit code. Only this device's packages are needed."""
    if os.environ.get("MVP_REAL_SUPERVISED"):
        end_with_parent()
    device = importlib.import_module(f"mvp_real.emulators.{args.device}.command")
    parser = argparse.ArgumentParser(
        prog=f"mvp_real emulate {args.device}",
        description=device.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    device.configure(parser)
    return int(device.run(parser.parse_args(args.arguments)))
