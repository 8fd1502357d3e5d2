"""By which names a port is called: those that it was given, and what this system's resolver makes of them.

In a pod the search list holds the cluster's domain, whatever it is called, so nobody has to name it. It is the
administrator's own word: any suffix instead would let in whoever owns a domain (docs/decisions/0027). Must not: judge.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from hookwright.limits import MIB

RESOLVER_FILE: Final = Path("/etc/resolv.conf")
_BYTES: Final = 1 * MIB


def called_by(given: Iterable[str], file: Path = RESOLVER_FILE) -> frozenset[str]:
    """`a.b` and, with `search c d` in the file, `a.b.c` and `a.b.d`."""
    names, domains = frozenset(given), _search_domains(file)
    return names | {f"{name.rstrip('.')}.{domain.strip('.')}" for name in names for domain in domains}


def _search_domains(file: Path) -> list[str]:
    """The last line counts (see resolv.conf(5)); none where the file cannot be read."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_BYTES).decode("utf-8", "replace")
    except OSError:
        return []
    found: list[str] = []
    for line in text.splitlines():
        keyword, *words = line.split() or [""]
        if keyword in ("search", "domain"):
            found = words
    return found
