"""Which `Host` and `Origin` headers a port answers: a guard against DNS rebinding and browsers (SPEC 3).

Must not: know which port it is.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[: host.find("]") + 1]
    return host.partition(":")[0]


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
            known = name in self._names or _is_address(name)
            if len(self._known) < 512:
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
