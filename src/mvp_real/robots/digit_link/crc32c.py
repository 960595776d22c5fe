"""CRC-32C (Castagnoli), as ARTL ends every chunk with.

The checksum is linear over exclusive or: a byte's share depends only on its value and on how many bytes follow it.
With a table of those shares a message takes one look-up per byte and one reduction, all in numpy: a thousand
messages per second of a kilobyte each would keep a byte-wise loop in Python busy for a tenth of a core.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78  # reflected 0x1EDC6F41
_BLOCK = 1024  # bytes per look-up; the table takes 1 MiB
_ONES = 0xFFFFFFFF


def crc32c(data: bytes, previous: int = 0) -> int:
    """Checksum of `data`; `previous` continues from the checksum of what came before."""
    share, shift = _tables()
    state = previous ^ _ONES
    for start in range(0, len(data), _BLOCK):
        block = np.frombuffer(data, np.uint8, min(_BLOCK, len(data) - start), start)
        count = len(block)
        # Byte k of a block is followed by count - 1 - k others; the state before it shifts through all of them.
        shares = share[_BLOCK - count :].reshape(-1)
        state = int(np.bitwise_xor.reduce(shares[shift[:count] + block])) ^ _advance(state, count)
    return state ^ _ONES


def _advance(state: int, count: int) -> int:
    """The register after `count` bytes of zero."""
    share, _ = _tables()
    moved = 0
    for byte in range(4):
        value = (state >> (8 * byte)) & 0xFF
        if count <= byte:  # this byte has not left the register yet
            moved ^= value << (8 * (byte - count))
        else:
            moved ^= int(share[_BLOCK - count + byte, value])
    return moved


@lru_cache(maxsize=1)
def _tables() -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """Shares (block, 256) of a byte with block - 1 - k others behind it, and the offsets (block,) of the rows."""
    one = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        one = np.where(one & 1, (one >> 1) ^ np.uint32(_POLYNOMIAL), one >> 1).astype(np.uint32)
    share = np.empty((_BLOCK, 256), dtype=np.uint32)
    share[-1] = one
    for k in range(_BLOCK - 2, -1, -1):
        behind = share[k + 1]
        share[k] = (behind >> 8) ^ one[behind & 0xFF]
    return share, np.arange(_BLOCK, dtype=np.intp) * 256
