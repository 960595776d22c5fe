"""The `mvp_real` command: imports only the module of the sub-command and reports errors in one line."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from mvp_real import __version__
from mvp_real.errors import MvpRealError, unknown_name

COMMANDS: dict[str, str] = {
    "up": "start a system: its nodes as processes over ROS 2",
    "record": "record demonstrations",
    "demos inspect": "show what is in recorded demonstrations and how their streams fit together",
    "demos replay": "replay demonstrations on a robot and report the joint error",
    "demos repair": "give interrupted recordings their ending",
    "demos prune": "set bad demonstrations aside",
    "demos stats": "figures of a set, also as a page with pictures",
    "demos export": "write a set in the LeRobotDataset v3 layout",
    "demos check": "have lerobot itself read an exported set",
    "demos import": "turn demonstrations of the MVP release (pickles) into a set",
    "generate": "render images for pre-training and for the probe",
    "train mae": "pre-train the encoder with a masked autoencoder",
    "train bc": "train a controller by behaviour cloning on frozen features",
    "train digit": "train a walking policy by reinforcement learning",
    "export": "turn a training run into a bundle",
    "evaluate": "run an evaluation protocol and write its report",
    "emulate": "stand in for a device on its wire protocol",
    "fault": "switch the faults of an emulated device on and off",
    "doctor": "check what this machine has and what it lacks",
    "dev-link": "make an editable install visible to ROS tools",
}


def usage() -> str:
    """The overview printed by `mvp_real --help`."""
    width = max(map(len, COMMANDS))
    rows = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    return f"usage: mvp_real COMMAND [options]\n\n{rows}\n\nmvp_real COMMAND --help tells more."


def resolve(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Split a command line into the command's name and the rest.

    Raises:
        MvpRealError: No such command; the near ones are suggested.
    """
    for length in (2, 1):
        name = " ".join(arguments[:length])
        if name in COMMANDS and len(arguments) >= length:
            return name, list(arguments[length:])
    given = arguments[0]
    targets = sorted(name for name in COMMANDS if name.startswith(f"{given} "))
    if targets:
        raise MvpRealError(f"'{given}' needs one of: {', '.join(targets)}")
    raise unknown_name("command", given, COMMANDS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 wrong input, otherwise the command's own."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return 0
    if arguments[0] == "--version":
        print(__version__)
        return 0
    try:
        name, rest = resolve(arguments)
        module = importlib.import_module(f"mvp_real.cli.{name.replace(' ', '_').replace('-', '_')}")
        parser = argparse.ArgumentParser(
            prog=f"mvp_real {name}",
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(parser)
        return int(module.run(parser.parse_args(rest)))
    except MvpRealError as error:
        print(f"mvp_real: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mvp_real: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
