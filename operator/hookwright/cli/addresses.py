"""Where the two ports of a dispatcher are, if no flag says it: a variable, the data folder of `dev`, or its defaults.

`dev` writes into its data folder where it serves, and commands look into `.hookwright` of the working folder. Only
addresses of this machine are written and believed: a folder that came from elsewhere must not lead a token away.
Must not: connect.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from hookwright.core.addresses import write_address
from hookwright.core.hosts import is_loopback

DATA: Final = Path(".hookwright")
"""The data folder of `dev`, unless it is told another."""
_FILE: Final = "addresses.json"
_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Address:
    """Where a port is, the file with its token, and the variable or folder that says so (None: it is the default)."""

    url: str
    token_file: Path | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Port:
    """One port of a dispatcher: by which flags and variable its address is given, and `dev`'s default."""

    name: str
    flag: str
    token_flag: str
    variable: str
    default: str

    def find(self) -> Address:
        """The address without a flag."""
        if given := os.environ.get(self.variable):
            return Address(given, source=self.variable)
        return _remembered(self.name) or Address(self.default)

    def flags(self, url: str, token_file: Path | None) -> str:
        """The flags that a command needs to reach this address, for a shell, each with a blank before it."""
        found = self.find()
        said = "" if url == found.url else f" {self.flag} {shlex.quote(url)}"
        if token_file is not None and (said or found.token_file != token_file.resolve()):
            said += f" {self.token_flag} {shlex.quote(str(token_file))}"
        return said


EVENTS: Final = Port("events", "--to", "--token-file", "HOOKWRIGHT_EVENTS_URL", "http://127.0.0.1:8080")
ADMIN: Final = Port("admin", "--admin", "--admin-token-file", "HOOKWRIGHT_ADMIN_URL", "http://127.0.0.1:8081")


def nearest(host: str) -> str:
    """The address by which a socket that listens there is reached from this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not listened on


def base_url(host: str, port: int) -> str:
    """The URL of a socket that listens there."""
    return f"http://{write_address(host, port)}"


def remember(data: Path, addresses: Mapping[str, Address]) -> None:
    """Write by port where a `dev` with this data folder serves. What cannot be written is not remembered."""
    document = {
        name: {"url": each.url, "tokenFile": None if each.token_file is None else str(each.token_file.resolve())}
        for name, each in addresses.items()
        if _is_local(each.url)
    }  # fmt: skip
    with suppress(OSError):
        temporary = data / f"{_FILE}.new"
        temporary.write_text(json.dumps(document))
        temporary.replace(data / _FILE)


def forget(data: Path) -> None:
    """It serves no more."""
    with suppress(OSError):
        (data / _FILE).unlink()


def _remembered(name: str) -> Address | None:
    """What `dev` wrote; None: nothing, or nothing that can be believed."""
    try:
        with (DATA / _FILE).open("rb") as file:
            said: Any = json.loads(file.read(_BYTES))[name]
        url, token_file = said["url"], said["tokenFile"]
        if not (isinstance(url, str) and _is_local(url)):
            return None
        return Address(url, None if token_file is None else Path(token_file), str(DATA))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _is_local(url: str) -> bool:
    return is_loopback(urlsplit(url).hostname or "")
