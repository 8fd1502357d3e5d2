"""Addresses of sockets as people write them: `HOST:PORT`, an IPv6 address in brackets, or `:PORT` for every address.

Must not: resolve names or open sockets (`inbound` listens).
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

EVERY: Final = "::"
"""Every address of the machine, IPv6 and IPv4 alike."""
_ADDRESS: Final = re.compile(r"(?:\[(?P<literal>[^\[\]]+)\]|(?P<name>[^\[\]:]*)):(?P<port>[0-9]{1,5})")


def parse_address(text: str) -> tuple[str, int]:
    """`host:port` → (host without brackets, port). ValueError with one sentence."""
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found["port"]) > 65_535 or not _is_literal(found["literal"]):
        raise ValueError(
            f"{text!r} is not an address: write HOST:PORT, such as 127.0.0.1:8080, [::1]:8080, or :8080 for every address"
        )
    return found["literal"] or found["name"] or EVERY, int(found["port"])


def write_address(host: str, port: int) -> str:
    """The same the other way round: an IPv6 address gets its brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_literal(text: str | None) -> bool:
    try:
        return text is None or ipaddress.ip_address(text).version == 6
    except ValueError:
        return False
