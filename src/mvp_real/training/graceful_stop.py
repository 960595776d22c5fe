"""A stop that ends a training after its running step, with a checkpoint."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType


class GracefulStop:
    """Inside the `with` block, SIGTERM, SIGHUP and Ctrl-C only set `asked`; then the earlier handlers come back."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> GracefulStop:
        self._before = {
            number: signal.signal(number, self._ask)
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
