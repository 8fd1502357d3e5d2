"""What tells a terminal from a pipe, how wide it is, and whether colours are wished for.

Imported at every start, so it imports next to nothing. Must not: print.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping


def is_terminal() -> bool:
    """Whether stdout is looked at by a person; a pipe gets the same from every release."""
    return sys.stdout.isatty()


def width() -> int:
    """Columns of the terminal; COLUMNS has the last word."""
    return shutil.get_terminal_size().columns


def height() -> int:
    """Lines of the terminal; LINES has the last word."""
    return shutil.get_terminal_size().lines


def colours(environment: Mapping[str, str]) -> bool | None:
    """Whether colours are printed; None: on a terminal only (no-color.org, bixense.com/clicolors)."""
    if environment.get("NO_COLOR"):
        return False
    if any(environment.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return False if environment.get("TERM") == "dumb" else None
