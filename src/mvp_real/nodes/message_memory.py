"""Keeps the memory of large messages in the process, instead of fetching it from the system for each one.

A 640x480 image has 0.9 MB. The C library takes pieces of that size from the system and gives them back at once, and
the system clears every page anew: three quarters of the time to receive an image (3.9 ms, without it 1.0 ms).
"""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -2, -3, -8  # of malloc.h
LARGEST_THRESHOLD = 32 * 1024 * 1024  # more is refused
KEPT = 512 * 1024 * 1024
PAD = 64 * 1024 * 1024


def keep_memory() -> bool:
    """Tell the C library; harmless where it is another one.

    Returns:
        Whether it took it.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # not glibc
        return False
    wanted = (
        (M_ARENA_MAX, 1),  # the memory of further threads is given back whatever the thresholds say
        (M_MMAP_THRESHOLD, LARGEST_THRESHOLD),
        (M_TRIM_THRESHOLD, KEPT),
        (M_TOP_PAD, PAD),
    )
    return all(mallopt(name, value) == 1 for name, value in wanted)
