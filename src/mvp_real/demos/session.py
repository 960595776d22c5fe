"""A recording session as its operator sees it: start, stop, success, discard, and what happens when something fails."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from mvp_real.demos import topics
from mvp_real.demos.episode_set import EpisodeSet
from mvp_real.demos.recording import Recording
from mvp_real.errors import MvpRealError, unknown_name

COMMANDS = ("start", "stop", "success", "discard")


class SessionState(Enum):
    """What the session does."""

    IDLE = "idle"
    RECORDING = "recording"
    JUDGING = "judging"
    """Stopped; the operator has yet to say whether the episode is good."""
    FAILED = "failed"
    """The disk took no more. Start again once there is room."""


class RecordingSession:
    """Episodes of one set, one after another. No ROS here, and no clock: times are handed in.

    An episode belongs to the set only when the operator said "success". Everything else is kept, finished and
    readable, in the set's `set_aside/`: discarded ones, those that lost a camera, those nobody judged.

    Args:
        episodes: Where they go.
        metadata: Called at each start for what is known of the conditions.
        namespace: The robot's.
        required: Topics without which an episode is worth nothing, relative; all must be heard before a start.
        lost_after: Silence of a required topic that ends an episode, s.
        free_space: Bytes that must stay free on the disk; an episode ends before they are touched.
        jpeg: Compress images.
        finished: Called with the path of every episode that was accepted or set aside, and its outcome.

    Attributes:
        state: What the session does.
        message: The last thing that happened, for people.
    """

    def __init__(
        self,
        episodes: EpisodeSet,
        metadata: Callable[[], Mapping[str, Any]],
        namespace: str = "xarm7",
        required: tuple[str, ...] = (topics.WRIST_IMAGE, topics.JOINT_STATES),
        lost_after: float = 1.0,
        free_space: int = 500_000_000,
        jpeg: bool = True,
        finished: Callable[[Path, Mapping[str, Any]], None] = lambda path, outcome: None,
    ) -> None:
        self.episodes = episodes
        self.state = SessionState.IDLE
        self.message = f"{len(episodes.accepted())} episodes in {episodes.folder}"
        self._metadata = metadata
        self._namespace = namespace
        self._required = required
        self._lost_after = lost_after
        self._free_space = free_space
        self._jpeg = jpeg
        self._finished = finished
        self._heard: dict[str, float] = {}
        self._recording: Recording | None = None
        self._began = self._ended = 0.0
        self._problems: tuple[str, ...] = ()

    @property
    def recording(self) -> Recording | None:
        """The episode that is open."""
        return self._recording

    def command(self, name: str, now: float) -> str:
        """Carry out "start", "stop", "success" or "discard".

        Returns:
            What was done.

        Raises:
            MvpRealError: It cannot be done in this state, or the disk refuses; the text says what to do.
        """
        if name not in COMMANDS:
            raise unknown_name("command", name, COMMANDS)
        self.message = {
            "start": self._start,
            "stop": self._stop,
            "success": self._success,
            "discard": self._discard,
        }[name](now)
        return self.message

    def offer(self, topic: str, kind: str, definition: str, data: bytes, received: int, now: float) -> None:
        """Take one message, from any thread; it is written if an episode is being recorded.

        Args:
            topic, kind, definition, data, received: As `Recording.offer` takes them.
            now: Time on the clock of all other calls, s.
        """
        self._heard[topic] = now
        recording = self._recording  # another thread may close it meanwhile; it then takes nothing more
        if self.state is SessionState.RECORDING and recording is not None:
            recording.offer(topic, kind, definition, data, received)

    def watch(self, now: float) -> None:
        """Look after disk and cameras; to be called a few times a second."""
        if self._recording is None or self.state is not SessionState.RECORDING:
            return
        if self._recording.error is not None:
            self._fail()
            return
        silent = self._silent(now)
        if silent:
            self._close_aside(f"{' and '.join(silent)} lost for {self._lost_after:g} s", now)
        elif self._free() < self._free_space:
            self._close_aside(f"less than {self._free_space / 1e6:.0f} MB free on the disk", now)

    def close(self, now: float) -> None:
        """End the session; an open episode is finished and set aside."""
        if self._recording is not None:
            self._close_aside("the session ended before it was judged", now)

    def status(self, now: float) -> dict[str, Any]:
        """State, counts and rates for a display, in JSON's types."""
        open_ = self._recording
        end = now if self.state is SessionState.RECORDING else self._ended
        return {
            "state": self.state.value,
            "message": self.message,
            "episode": None if open_ is None else open_.path.stem,
            "accepted": len(self.episodes.accepted()),
            "seconds": 0.0 if open_ is None else round(end - self._began, 2),
            "messages": 0 if open_ is None else open_.messages,
            "megabytes": 0.0 if open_ is None else round(open_.size / 1e6, 2),
            "waiting_megabytes": 0.0 if open_ is None else round(open_.waiting / 1e6, 2),
            "overflow": 0 if open_ is None else open_.overflow,
            "silent": self._silent(now),
        }

    def _start(self, now: float) -> str:
        if self.state in (SessionState.RECORDING, SessionState.JUDGING):
            verb = "is being recorded" if self.state is SessionState.RECORDING else "waits for its verdict"
            raise MvpRealError(f"an episode {verb}; say success or discard first")
        silent = self._silent(now)
        if silent:
            raise MvpRealError(f"nothing comes on {', '.join(silent)}; is the node running?")
        free = self._free()
        if free < self._free_space:
            raise MvpRealError(
                f"only {free / 1e6:.0f} MB are free for '{self.episodes.folder}', "
                f"{self._free_space / 1e6:.0f} are needed; free space or choose another folder"
            )
        path = self.episodes.next_path()
        metadata = {
            "id": path.stem,
            **self.episodes.about,
            "sampling": topics.ASYNCHRONOUS,
            **self._metadata(),
        }
        self._recording = Recording(path, metadata, self._namespace, self._jpeg)
        self.state = SessionState.RECORDING
        self._began = now
        return f"recording {path.stem}"

    def _stop(self, now: float) -> str:
        recording = self._open("stop")
        if self.state is SessionState.RECORDING:
            self.state = SessionState.JUDGING
            self._ended = now
        return f"{recording.path.stem} stopped after {self._ended - self._began:.1f} s; success or discard?"

    def _success(self, now: float) -> str:
        recording = self._open("success")
        if self.state is SessionState.RECORDING:
            self._ended = now
        outcome = self._outcome(True, "")
        path = self._finish(recording, outcome, None)
        problems = f"; LOOK: {'; '.join(self._problems)}" if self._problems else ""
        return f"{path.stem} is number {len(self.episodes.accepted())} of the set{problems}"

    def _discard(self, now: float) -> str:
        self._open("discard")
        return self._close_aside("discarded by the operator", now)

    def _open(self, command: str) -> Recording:
        if self._recording is None:
            raise MvpRealError(f"no episode is open for '{command}'; start one first")
        return self._recording

    def _close_aside(self, reason: str, now: float) -> str:
        assert self._recording is not None
        recording = self._recording
        if self.state is SessionState.RECORDING:
            self._ended = now
        success = False if "discarded" in reason else None
        try:
            path = self._finish(
                recording, self._outcome(success, reason), self.episodes.aside(recording.path)
            )
            self.message = f"{path.stem} set aside: {reason}"
        except MvpRealError:
            pass  # `_finish` has said it
        return self.message

    def _outcome(self, success: bool | None, reason: str) -> dict[str, Any]:
        return {"success": success, "reason": reason, "seconds": round(self._ended - self._began, 3)}

    def _finish(self, recording: Recording, outcome: dict[str, Any], path: Path | None) -> Path:
        self._recording = None
        self.state = SessionState.IDLE
        try:
            done = recording.finish(outcome, path)
        except MvpRealError as error:
            self.state = SessionState.FAILED
            self.message = str(error)
            raise
        self._problems = recording.problems
        self._finished(done, outcome)
        return done

    def _fail(self) -> None:
        assert self._recording is not None
        self.message = str(self._recording.error)
        self._recording.abandon()
        self._recording = None
        self.state = SessionState.FAILED

    def _silent(self, now: float) -> list[str]:
        return [t for t in self._required if now - self._heard.get(t, float("-inf")) > self._lost_after]

    def _free(self) -> int:
        try:
            return shutil.disk_usage(self.episodes.folder).free
        except OSError:
            return 0  # the disk is gone
