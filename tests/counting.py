"""Work that is counted instead of timed: the same figure on every machine, however busy.

Python's own hooks count, so nothing is patched. A count that goes over its bound ends the call at once: work without
an end becomes a failed test, not a test that hangs. What runs inside one call of a C library counts as nothing; how
long that takes, only `make bench` tells. Must not: read a clock.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType, FunctionType
from typing import Any


class _Over(BaseException):
    """Ends the call; not an Exception, so that the code that is counted cannot catch it."""


def lines(call: Callable[[], object], most: int) -> int:
    """Steps of Python (lines run, calls made and ended) that a call takes. AssertionError when it wants more than `most`."""
    count = 0

    def step(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        if count > most:
            raise _Over
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        call()
    except _Over:
        raise AssertionError(f"this takes more than {most:,} steps of Python") from None
    finally:
        sys.settrace(before)
    return count


def calls(of: FunctionType, call: Callable[[], object]) -> int:
    """How often a function is called while `call` runs."""
    count = 0

    def entered(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call" and frame.f_code is of.__code__

    before = sys.getprofile()
    sys.setprofile(entered)
    try:
        call()
    finally:
        sys.setprofile(before)
    return count
