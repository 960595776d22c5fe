"""What in a lab is a person's job, for a program: set up the scene and judge the outcome. JSON lines over TCP.

    {"reset": {"scene": "plain", "placement": {...}, "seed": 0, ...}}   ->  {"ok": true, "episode": 3}
    {"pull": [0.1, ...]}  ->  {"ok": true}: a hand pulls the arm to these 7 joints, which it follows while being taught
    {"state": true}   ->  {"ok": true, "episode": 3, "time": 1.2, "outcome": {...}, "qpos": [...], ...}

An error is `{"ok": false, "error": text}`. The driver of the arm has no part in this.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mvp_real.emulators.xarm7.wire import Listener
from mvp_real.errors import MvpRealError
from mvp_real.tasks.pick_fruit import EpisodeSetup

if TYPE_CHECKING:  # a client needs no physics
    from mvp_real.emulators.xarm7.world import EmulatedWorld

LONGEST_LINE = 1 << 16
ANSWER_WITHIN = 6.0  # s; a reset waits for the arm to stop


class WorldServer:
    """Serves one world.

    Args:
        world: The world.
        host, port: Where to listen; port 0 takes a free one, see `listener`.
    """

    def __init__(self, world: EmulatedWorld, host: str = "127.0.0.1", port: int = 0) -> None:
        self._world = world
        self.listener = Listener(host, port, self._serve)

    def close(self) -> None:
        """End serving."""
        self.listener.close()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(None)
        with client.makefile("rb") as stream:
            while line := stream.readline(LONGEST_LINE):
                try:
                    answer = {"ok": True, **self._answer(line)}
                except MvpRealError as error:
                    answer = {"ok": False, "error": str(error)}
                client.sendall(json.dumps(answer).encode() + b"\n")

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict) or len(request) != 1:
            raise MvpRealError(
                'expected a JSON object per line: {"reset": SETUP}, {"pull": JOINTS}, {"state": true}'
            )
        if "state" in request:
            return self._world.state()
        if "reset" in request:
            setup = request["reset"]
            if not isinstance(setup, dict):
                raise MvpRealError(f"reset needs the set-up of an episode, not {setup!r}")
            return {"episode": self._world.reset(EpisodeSetup.from_dict(setup))}
        if "pull" in request:
            try:
                joints = np.array(request["pull"], dtype=np.float64)
            except (TypeError, ValueError) as error:
                raise MvpRealError(f"pull needs seven joints: {error}") from error
            self._world.pull(joints)
            return {}
        raise MvpRealError(f"'{next(iter(request))}' is none of reset, pull, state")


class WorldClient:
    """Talks to a `WorldServer` over one connection; not for several threads at once.

    Raises (every call):
        MvpRealError: Nobody answers, or the world refuses; the message has the reason.
    """

    def __init__(self, host: str, port: int) -> None:
        self._place = f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), ANSWER_WITHIN)
        except OSError as error:
            raise MvpRealError(f"no emulated world answers at {self._place}: {error}") from error
        self._socket.settimeout(ANSWER_WITHIN)
        self._stream = self._socket.makefile("rb")
        self._lock = threading.Lock()

    def reset(self, setup: dict[str, Any]) -> int:
        """Begin an episode, from a set-up as in `setup_to_dict`; its number."""
        return int(self._ask({"reset": setup})["episode"])

    def pull(self, joints: Sequence[float]) -> None:
        """See `EmulatedWorld.pull`."""
        self._ask({"pull": list(joints)})

    def state(self) -> dict[str, Any]:
        """See `EmulatedWorld.state`."""
        return self._ask({"state": True})

    def close(self) -> None:
        """Leave."""
        with contextlib.suppress(OSError):
            self._stream.close()
            self._socket.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            with self._lock:
                self._socket.sendall(json.dumps(request).encode() + b"\n")
                answer = json.loads(self._stream.readline())
        except (OSError, ValueError) as error:
            raise MvpRealError(f"the emulated world at {self._place} does not answer: {error}") from error
        if not answer.get("ok"):
            raise MvpRealError(str(answer.get("error")))
        return dict(answer)
