"""How a process ends whose store is not its own any more, or not known to be whole. Must not: tidy anything up."""

from __future__ import annotations

import os
import select

from hookwright.limits import STORE_LAST_WORDS_SECONDS

EXIT_BROKEN = 70
"""Exit code (EX_SOFTWARE)."""


def end_process(why: str) -> None:
    """End at once, whatever is open unclosed: closing it might write. A reader that stalls does not hold it up."""
    if select.select([], [2], [], STORE_LAST_WORDS_SECONDS)[1]:
        os.write(2, f"hookwright: {why}\n".encode())
    os._exit(EXIT_BROKEN)
