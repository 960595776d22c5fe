"""What keeps a fast loop punctual in Python: no garbage collection in between, and priority where it is allowed."""

from __future__ import annotations

import gc
import os


def freeze_garbage() -> None:
    """Collect once, and never look again at what is alive now; what comes later is little and young."""
    gc.collect()
    gc.freeze()


def take_priority(priority: int) -> str:
    """Run this thread before all ordinary ones (SCHED_FIFO).

    Args:
        priority: 1 to 99; 0 changes nothing.

    Returns:
        Why it was not allowed; empty if it worked or nothing was asked.
    """
    if priority == 0:
        return ""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except (OSError, AttributeError) as error:
        return f"no real-time priority ({error}): a busy computer will delay ticks"
    return ""
