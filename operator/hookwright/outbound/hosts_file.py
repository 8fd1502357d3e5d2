"""The system's hosts file: names that an administrator gave addresses to (`hostAliases` of a pod, `localhost`).

Read at each lookup, as it may change and lookups are remembered by the resolver. Must not: ask a name server, or
judge addresses.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from pathlib import Path
from typing import Final

from hookwright.limits import MIB

HOSTS: Final = Path("/etc/hosts")
_BYTES: Final = 1 * MIB


def addresses(host: str, file: Path = HOSTS) -> list[str]:
    """The addresses that stand beside `host` in the file (see hosts(5)), in its order; none: it names others."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_BYTES).decode("utf-8", "replace")
    except OSError:
        return []
    name = host.lower()
    found: dict[str, None] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if name in (each.lower().rstrip(".") for each in names):
            with suppress(ValueError):
                found[str(ipaddress.ip_address(address))] = None
    return list(found)
