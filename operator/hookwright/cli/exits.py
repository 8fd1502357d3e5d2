"""How a command ends: one sentence on stderr and an exit code (SPEC 7: 0 done, 1 found wrong, 2 used wrong).

Imported at every start, so it imports next to nothing. Must not: print data.
"""

from __future__ import annotations

from typing import Any, Final

import click

from hookwright.errors import HookwrightError, ManifestError, StoreLocked, UsageError

DONE: Final = 0
FOUND_WRONG: Final = 1
USED_WRONG: Final = 2


class Ended(click.ClickException):
    """A command ends with one line on stderr and an exit code."""

    def __init__(self, line: str, code: int) -> None:
        super().__init__(line)
        self.exit_code = code  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: Any = None) -> None:
        """Print the line, without what could steer a terminal."""
        from hookwright.core.redaction import printable

        click.echo(printable(self.message), err=True)


def ended_by(error: HookwrightError) -> Ended:
    """How a command ends with this error: used wrong for a UsageError and a folder in use, else found wrong."""
    if isinstance(error, ManifestError):
        return Ended(manifest_line(error), FOUND_WRONG)
    return Ended(
        f"Error: {error}", USED_WRONG if isinstance(error, UsageError | StoreLocked) else FOUND_WRONG
    )


def manifest_line(error: ManifestError) -> str:
    """`file:line: field: sentence`, without what is not known."""
    place = f"{error.file}:{error.line}" if error.line else error.file
    return ": ".join(part for part in (place, error.field, error.message) if part)
