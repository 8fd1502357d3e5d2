"""How the program was called, so that a command that it prints on a terminal can be pasted as it is.

A pipe gets its bare name, the same wherever it is installed. Must not: know a command.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from typing import Final

import click

PLUGIN: Final = "kubectl-hookwright"
"""The name under which kubectl finds us as its command `hookwright`."""


def called() -> str:
    """`hookwright`, `.venv/bin/hookwright`, `python -m hookwright` or `kubectl hookwright`, for a shell."""
    context = click.get_current_context(silent=True)
    name = (context and context.find_root().info_name) or "hookwright"
    if name == PLUGIN:
        return "kubectl hookwright"
    if not sys.stdout.isatty():
        return "hookwright"
    if name.endswith("-m hookwright"):
        return f"{shlex.quote(sys.orig_argv[0])} -m hookwright"
    program = sys.argv[0]
    return name if os.path.basename(program) != name or _on_path(name, program) else shlex.quote(program)


def _on_path(name: str, program: str) -> bool:
    """Whether a shell finds this very program by its name alone."""
    found = shutil.which(name)
    return found is not None and os.path.abspath(found) == os.path.abspath(program)
