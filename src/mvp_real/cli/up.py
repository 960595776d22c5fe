"""Start a system: its nodes as separate processes over ROS 2, stopped together.

    mvp_real up pick_fruit
    mvp_real up pick_fruit scene:=varied placements:=3 speed:=lockstep
    mvp_real up pick_fruit --show-args

The arguments are those of `ros2 launch mvp_real <system>.launch.py`; both read config/systems/<system>.yaml.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.systems.environment import system_environment
from mvp_real.systems.executables import require_packages
from mvp_real.systems.graph import System, load_system, system_names
from mvp_real.systems.process import resolve
from mvp_real.systems.supervisor import Command, Supervisor


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("system", nargs="?", help=f"one of: {', '.join(system_names())}")
    parser.add_argument("assignments", nargs="*", metavar="name:=value", help="arguments of the system")
    parser.add_argument("--show-args", action="store_true", help="list the arguments of the system and exit")
    parser.add_argument("--print", action="store_true", help="print the command lines and exit")


def parse_assignments(texts: Sequence[str]) -> dict[str, str]:
    """`name:=value` texts as a mapping, the last one of a name counting.

    Raises:
        MvpRealError: A text has another form.
    """
    given = {}
    for text in texts:
        name, separator, value = text.partition(":=")
        if not separator or not name:
            wrong_separator = "=" in text and ":=" not in text
            hint = f"; did you mean '{text.replace('=', ':=', 1)}'?" if wrong_separator else ""
            raise MvpRealError(f"expected name:=value, got '{text}'{hint}")
        given[name] = value
    return given


def describe_arguments(system: System) -> str:
    """The arguments of a system as a table for people."""
    lines = [f"{system.name}: {system.summary}", ""]
    for argument in system.arguments:
        lines.append(f"  {argument.name}:={argument.default}")
        lines.append(f"      {argument.help}")
        if argument.choices:
            shown = [
                f"{choice} (not yet)" if choice in argument.unavailable else choice
                for choice in argument.choices
            ]
            lines.append(f"      one of: {', '.join(shown)}")
    return "\n".join(lines)


def run(arguments: argparse.Namespace) -> int:
    """Start the system and return its exit code."""
    if arguments.system is None:
        raise MvpRealError(f"which system? One of: {', '.join(system_names())}")
    if ":=" in arguments.system:
        raise unknown_name("system", arguments.system, system_names())
    system = load_system(arguments.system)
    if arguments.show_args:
        print(describe_arguments(system))
        return 0
    processes = resolve(system, system.values(parse_assignments(arguments.assignments)))
    commands = [Command.of(process) for process in processes]
    if arguments.print:
        for command in commands:
            print(shlex.join(command.argv))
        return 0
    for process in processes:
        require_packages(process.executable)
    return Supervisor(commands, system_environment()).run()
