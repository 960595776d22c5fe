"""Trials through the real nodes: one start of the system `pick_fruit` per scene, in lock-step, as a user
starts it.

The episode node runs every bundle one after another at each placement and logs each trial as it ends; this
module starts it as its own process, follows its log and takes the trials over. What a run interrupted half-
way has logged is kept, and the next run goes on from there.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.protocol import Deadline, relabelled
from mvp_real.evaluation.subjects import Subject
from mvp_real.evaluation.trials import TRIALS_FILE, TrialLog, TrialRecord, read_trials

THROUGH = "nodes"
SHUTDOWN = 20.0  # s that the system gets to end after an interrupt
POLL = 0.5  # s
DOMAINS = range(1, 102)  # the ports of these are free of the ephemeral ones on every system


def command_line(
    subjects: Sequence[Subject], scene: str, placements: str, seed: int, directory: Path
) -> list[str]:
    """The command that runs one scene through the nodes.

    Raises:
        MvpRealError: The scripted expert is among the subjects; it has no bundle that a node could load.
    """
    bundles = []
    for subject in subjects:
        if subject.directory is None:
            raise MvpRealError("the scripted expert is no bundle; evaluate it with --through process")
        bundles.append(str(subject.directory))
    return [
        sys.executable,
        "-m",
        "mvp_real",
        "up",
        "pick_fruit",
        f"bundle:={','.join(bundles)}",
        f"placements:={placements}",
        f"scene:={scene}",
        f"seed:={seed}",
        "speed:=lockstep",
        "video:=false",
        f"out:={directory}",
    ]


def isolated_environment() -> dict[str, str]:
    """This process's environment with a ROS domain of its own, whatever the user's is.

    An evaluation must not hear other systems on this computer, and no robot may hear its commands.
    """
    domains = [number for number in DOMAINS if str(number) != os.environ.get("ROS_DOMAIN_ID", "0")]
    return {**os.environ, "ROS_DOMAIN_ID": str(random.SystemRandom().choice(domains))}


def run_through_nodes(
    subjects: Sequence[Subject],
    scene: str,
    placements: str,
    seed: int,
    log: TrialLog,
    directory: Path,
    deadline: Deadline | None = None,
    progress: Callable[[TrialRecord], None] = lambda record: None,
) -> bool:
    """Run one scene and put its trials into the log.

    Args:
        directory: Folder of the system's own log; the same one resumes.
        deadline: The system is interrupted then; the trial that was running is run again next time.

    Returns:
        True when the system ended by itself, False when the deadline came first.

    Raises:
        MvpRealError: The system failed; the end of its output is in the message.
    """
    deadline = deadline or Deadline()
    directory.mkdir(parents=True, exist_ok=True)
    labels = {subject.bundle: subject.label for subject in subjects}
    output = directory / "system.log"

    def take_over() -> None:
        for record in relabelled(read_trials(directory / TRIALS_FILE), labels):
            if record.key not in log:
                log.append(record)
                progress(record)

    take_over()
    if deadline.passed:
        return False
    with output.open("wb") as stream:
        # Its own process group: Ctrl-C reaches this process, which then ends the system in order.
        system = subprocess.Popen(
            command_line(subjects, scene, placements, seed, directory),
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=isolated_environment(),
        )
        try:
            while system.poll() is None and not deadline.passed:
                time.sleep(POLL)
                take_over()
            finished = system.poll() is not None
        finally:
            _end(system)
    take_over()
    if finished and system.returncode != 0:
        tail = output.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
        raise MvpRealError(
            f"the system ended with code {system.returncode}; its output is in '{output}':\n"
            + "\n".join(tail)
        )
    return finished


def _end(system: subprocess.Popen[bytes]) -> None:
    """Interrupt the supervisor, which stops its nodes; kill it only if it does not answer."""
    if system.poll() is not None:
        return
    system.send_signal(signal.SIGINT)
    try:
        system.wait(SHUTDOWN)
    except subprocess.TimeoutExpired:
        system.kill()
        system.wait()
