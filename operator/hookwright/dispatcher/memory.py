"""Memory: garbage collection, kept from stopping the event loop, as a full one goes through every object there is.

A delivery makes next to no cycles, and what a configuration holds has none, so it is freed without a collection.
Must not: know what is held.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hookwright.limits import GC_MIDDLE, GC_OLD, GC_YOUNG, MAPPED_BYTES

_M_MMAP_THRESHOLD: Final = -3  # of <malloc.h>


def settle() -> None:
    """Leave what there is now out of collections: it stays, or is freed without them."""
    gc.freeze()
    gc.set_threshold(GC_YOUNG, GC_MIDDLE, GC_OLD)


@contextmanager
def growing() -> Iterator[None]:
    """While much is made that stays, do not look through it again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def let_go(things: list[object]) -> None:
    """Free many things one after the other, the last first. For a thread: all at once would hold up the others."""
    while things:
        things.pop()


def give_large_blocks_back() -> None:
    """Where the C library is glibc: it would keep what large bodies took."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)
