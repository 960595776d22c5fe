"""The process of the control loop; the driver starts it with a JSON object as its only argument.

python -m mvp_real.robots.allegro.loop_process '{"variant": "v4", ...}'

It is in a session of its own, so that a signal to the driver's group leaves it alive for as long as it takes to let
the hand go. SIGTERM ends it in the same gentle way; Ctrl-C is the driver's to handle.
"""

from __future__ import annotations

import dataclasses
import gc
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from mvp_real.errors import MvpRealError
from mvp_real.robots.allegro.bus import Bus
from mvp_real.robots.allegro.loop import HandLoop
from mvp_real.robots.allegro.mailbox import SharedMemory
from mvp_real.robots.allegro.table import load_hand
from mvp_real.robots.real_time import freeze_garbage, take_priority


@dataclasses.dataclass(frozen=True)
class LoopSettings:
    """What the process needs to know.

    Attributes:
        variant, side: Of the table.
        changes: Numbers of the table to replace, by name.
        interface, channel: Of the bus.
        memory: Inherited descriptor of the shared memory.
        parent: Process id of the driver.
        accept_hardware: See `Handshake`.
        priority: SCHED_FIFO, 1 to 99; 0 asks for none.
    """

    variant: str
    side: str
    interface: str
    channel: str
    memory: int
    parent: int
    accept_hardware: int = 0
    priority: int = 50
    changes: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def to_json(self) -> str:
        """Text for the command line."""
        return json.dumps(dataclasses.asdict(self))


def run(settings: LoopSettings) -> None:
    """Control until the driver says so or is gone."""
    table = load_hand(settings.variant, settings.side)
    if settings.changes:
        changes: dict[str, Any] = dict(settings.changes)
        table = dataclasses.replace(table, **changes)
    memory = SharedMemory(settings.memory)
    with Bus(settings.interface, settings.channel) as bus:
        loop = HandLoop(
            table,
            bus,
            memory,
            lambda: os.getppid() != settings.parent,
            settings.accept_hardware,
            take_priority(settings.priority),
        )
        signal.signal(signal.SIGTERM, lambda *_: loop.quit())
        freeze_garbage()
        gc.disable()  # nothing in the loop makes cycles
        loop.run()


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 2 after an error that the user can act on."""
    (text,) = sys.argv[1:] if arguments is None else arguments
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # The driver may have been started with these held back.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))
    try:
        run(LoopSettings(**json.loads(text)))
    except MvpRealError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
