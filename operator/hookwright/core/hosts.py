"""Names of hosts: which `Host` and `Origin` headers a port answers (a guard against DNS rebinding and browsers, SPEC 3).

Must not: know which port it is.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

_LONGEST: Final = 300  # characters of a name with its port: a longer text is not worth remembering
_PORT: Final = re.compile(r":[0-9]*")
_LABEL: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


def is_label(text: str) -> bool:
    """A DNS label (RFC 1123), as namespaces and webhooks are named by."""
    return _LABEL.fullmatch(text) is not None


def is_loopback(host: str) -> bool:
    """Whether a socket that listens there can be reached from this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_address(host: str) -> bool:
    """An IP address, as it stands in a URL."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _without_port(host: str) -> str:
    """What stands before the port; an IPv6 address with its brackets, and nothing where they do not close."""
    if not host.startswith("["):
        return host.partition(":")[0]
    literal, closes, rest = host.partition("]")
    return literal + closes if closes and (not rest or _PORT.fullmatch(rest)) else ""


def _is_literal(name: str) -> bool:
    """An address as a URL holds it: IPv6 in brackets, IPv4 without."""
    return is_address(name) and name.startswith("[") == (":" in name)


class HostGuard:
    """Judges Host and Origin; remembers the last few hundred it has judged, as they hardly change."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = frozenset(name.lower().rstrip(".") for name in names) | {"localhost"}
        self._known: dict[str, bool] = {}

    def allows_host(self, host: str | None) -> bool:
        """An IP literal, localhost, or one of the names; whatever its port."""
        if host is None:
            return False
        known = self._known.get(host)
        if known is None:
            name = _without_port(host).lower().rstrip(".")
            known = name in self._names or _is_literal(name)
            if len(self._known) < 512 and len(host) < _LONGEST:
                self._known[host] = known
        return known

    def allows_origin(self, origin: str | None, host: str | None) -> bool:
        """No Origin (not a browser), or the very origin that is asked."""
        if origin is None:
            return True
        try:
            return host is not None and urlsplit(origin).netloc.lower() == host.lower()
        except ValueError:  # no URL at all
            return False
