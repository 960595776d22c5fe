"""The part of `mvp_real record` that records a person: teleoperation and recorder as one set of processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mvp_real.cli.up import parse_assignments
from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.systems.environment import system_environment
from mvp_real.systems.executables import require_packages
from mvp_real.systems.graph import load_system
from mvp_real.systems.process import NodeProcess, resolve
from mvp_real.systems.supervisor import Command, Supervisor

ROBOT_SYSTEM, RECORDER_SYSTEM = "teleop", "record"


def session_processes(task: str, folder: Path, assignments: Sequence[str]) -> list[NodeProcess]:
    """The processes of a recording session.

    Args:
        task: Name of the task.
        folder: The set.
        assignments: `name:=value` of the systems `teleop` and `record`; a name that only one knows goes there.

    Raises:
        MvpRealError: A name that none of the two systems knows, or a value that it does not take.
    """
    given = parse_assignments(assignments)
    robot, recorder = load_system(ROBOT_SYSTEM), load_system(RECORDER_SYSTEM)
    known = {system.name: {a.name for a in system.arguments} for system in (robot, recorder)}
    for name in given:
        if not any(name in names for names in known.values()):
            raise unknown_name("argument of recording", name, set().union(*known.values()))
    mine = {name: value for name, value in given.items() if name in known[recorder.name]}
    moved = str(given.get("robot", robot.argument("robot").default))
    simulated = moved == "sim"
    if mine.get("scenes") and not simulated:
        raise MvpRealError("scenes:= rearranges a simulator; with a real robot a person does")
    if moved == "emulated":
        mine = {"world": "emulated_world", **mine}
    mine = {"simulated": str(simulated).lower(), **mine, "task": task, "folder": str(folder.resolve())}
    others = {name: value for name, value in given.items() if name in known[robot.name]}
    processes = resolve(robot, robot.values(others)) + resolve(recorder, recorder.values(mine))
    return processes


def record_session(task: str, folder: Path, assignments: Sequence[str]) -> int:
    """Run a recording session until its operator ends it, or the set has what was asked for."""
    processes = session_processes(task, folder, assignments)
    for process in processes:
        require_packages(process.executable)
    return Supervisor([Command.of(process) for process in processes], system_environment()).run()
