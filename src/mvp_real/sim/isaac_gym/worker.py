"""What runs in Isaac Gym's own process: `python -m mvp_real.sim.isaac_gym.worker`, messages on stdin and stdout.

Runs on Python 3.8 with numpy, torch and isaacgym; started by `process.IsaacGymProcess`.
"""

from __future__ import annotations

import os
import sys
from typing import Any, BinaryIO

from mvp_real.errors import MvpRealError
from mvp_real.sim.isaac_gym.frames import read_message, write_message
from mvp_real.sim.isaac_gym.simulation import IsaacGymSimulation

_COMMANDS = ("step", "vary", "render")


def serve(source: BinaryIO, target: BinaryIO) -> None:
    """Answer messages until the other side ends or says `close`.

    The first message makes the simulation: `settings`, `scene` and `folder` in its content, its arrays beside. Every
    message has a `call`; an answer has an `error` where something the caller can act on went wrong.
    """
    simulation: IsaacGymSimulation | None = None
    try:
        while True:
            message = read_message(source)
            if message is None or message[0]["call"] == "close":
                return
            content, arrays = message
            answer: dict[str, Any] = {}
            try:
                if content["call"] == "start":
                    simulation = IsaacGymSimulation(
                        content["settings"], content["scene"], arrays, content["folder"]
                    )
                elif content["call"] in _COMMANDS and simulation is not None:
                    answer = getattr(simulation, content["call"])(content, arrays)
                else:
                    raise MvpRealError(f"unknown call '{content['call']}' to Isaac Gym's process")
            except MvpRealError as error:
                write_message(target, {"error": str(error)}, {})
                continue
            write_message(target, {}, answer)
    finally:
        if simulation is not None:
            simulation.close()


def main() -> None:
    """Serve on the process's own pipes; what Isaac Gym prints goes to stderr."""
    target = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, target)


if __name__ == "__main__":
    main()
