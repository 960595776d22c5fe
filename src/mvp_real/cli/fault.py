"""Show, set and clear the faults of an emulated device.

mvp_real fault 127.0.0.1:9000 list
mvp_real fault 127.0.0.1:9000 set silence
mvp_real fault 127.0.0.1:9000 set delay 0.2
mvp_real fault 127.0.0.1:9000 clear
"""

from __future__ import annotations

import argparse

from mvp_real.emulators.fault_socket import FaultClient, parse_address


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the address and one sub-command per action."""
    parser.add_argument("address", metavar="HOST:PORT", help="what the emulator printed as its fault socket")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="every fault that the device knows, active ones marked")
    setting = actions.add_parser("set", help="make a fault active, or change its value")
    setting.add_argument("name")
    setting.add_argument("value", nargs="?", type=float, help="in the fault's unit; a switch needs none")
    clearing = actions.add_parser("clear", help="end one fault, or all")
    clearing.add_argument("name", nargs="?")


def run(args: argparse.Namespace) -> int:
    """Do it and print the faults; returns 0."""
    client = FaultClient(*parse_address(args.address))
    if args.action == "set":
        client.set(args.name, args.value)
    elif args.action == "clear":
        client.clear(args.name)
    known, active = client.known(), client.active()
    if args.action == "list":
        width = max((len(name) for name in known), default=0)
        for name, spec in known.items():
            mark = "*" if name in active else " "
            value = f" = {active[name]:g}" if name in active and spec["unit"] else ""
            unit = f" ({spec['unit']})" if spec["unit"] else ""
            print(f"{mark} {name:<{width}}  {spec['what']}{unit}{value}")
        return 0
    print("active: " + (", ".join(f"{name} {value:g}" for name, value in active.items()) or "none"))
    return 0
