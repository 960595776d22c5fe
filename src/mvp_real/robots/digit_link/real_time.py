"""What keeps a loop at 1 kHz punctual in Python."""

from __future__ import annotations

import gc
import os


def take_priority(priority: int) -> str:
    """Run this thread before all ordinary ones (SCHED_FIFO); nothing is collected as garbage any more from here.

    Args:
        priority: 1 to 99; 0 asks for none.

    Returns:
        Why it was not allowed; empty if it worked or nothing was asked.
    """
    gc.collect()
    gc.freeze()
    if priority == 0:
        return ""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except (OSError, AttributeError) as error:
        return f"no real-time priority ({error}): a busy computer will delay the 1 kHz loop"
    return ""
