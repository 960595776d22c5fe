"""Isaac Gym's process as seen from ours: start it, call it, end it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

import mvp_real
from mvp_real.errors import MvpRealError
from mvp_real.sim.isaac_gym.frames import read_message, write_message

PYTHON_VARIABLE = "MVP_REAL_ISAAC_GYM_PYTHON"
_WORKER = "mvp_real.sim.isaac_gym.worker"
_GRACE = 10.0  # s that the process has to end by itself
_TAIL = 2000  # characters of its output in an error

Arrays = dict[str, NDArray[Any]]


class IsaacGymProcess:
    """A process of Isaac Gym's own Python.

    Args:
        python: Its interpreter; None for the one named by MVP_REAL_ISAAC_GYM_PYTHON.

    Raises:
        MvpRealError: No interpreter is named, or it cannot be started.
    """

    def __init__(self, python: str | None = None) -> None:
        python = python or os.environ.get(PYTHON_VARIABLE)
        if python is None:
            raise MvpRealError(
                "the engine 'isaac_gym' needs Isaac Gym, which runs on Python 3.8 only: install it there (docs/how-to/"
                f"engines.md) and set {PYTHON_VARIABLE} to that interpreter; on this Python use 'mujoco' or 'warp'"
            )
        # Our package alone, beside which other packages of this Python may lie that the other one must not see.
        self._path = tempfile.TemporaryDirectory()
        (Path(self._path.name) / "mvp_real").symlink_to(Path(mvp_real.__file__).resolve().parent)
        environment = {**os.environ, "PYTHONPATH": self._path.name}
        self._output = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed with the process
        try:
            self._process = subprocess.Popen(
                [python, "-m", _WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._output,
                env=environment,
            )
        except OSError as error:
            raise MvpRealError(f"{PYTHON_VARIABLE}: '{python}' cannot be started ({error})") from error

    def call(self, name: str, content: dict[str, Any] | None = None, arrays: Arrays | None = None) -> Arrays:
        """Send a call and wait for its answer.

        Raises:
            MvpRealError: The simulation refused, or the process ended; the message has the end of its output.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            write_message(self._process.stdin, {**(content or {}), "call": name}, arrays or {})  # type: ignore[arg-type]
            answer = read_message(self._process.stdout)  # type: ignore[arg-type]
        except BrokenPipeError:
            answer = None
        if answer is None:
            raise MvpRealError(f"Isaac Gym's process ended by itself; the end of its output:\n{self._tail()}")
        if "error" in answer[0]:
            raise MvpRealError(answer[0]["error"])
        return answer[1]

    def close(self) -> None:
        """End the process; safe to call twice."""
        if self._process.poll() is None:
            try:
                write_message(self._process.stdin, {"call": "close"}, {})  # type: ignore[arg-type]
                self._process.wait(_GRACE)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                self._process.kill()
                self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._output):
            if stream is not None:
                stream.close()
        self._path.cleanup()

    def _tail(self) -> str:
        self._process.wait(_GRACE)
        self._output.seek(0)
        return self._output.read().decode("utf-8", "replace")[-_TAIL:].strip() or "(it wrote nothing)"
