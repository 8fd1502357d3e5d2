"""Settings of a dispatcher: one chart value = one environment variable `HOOKWRIGHT_…` (SPEC 7). Read once, at start."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hookwright import limits
from hookwright.api.fields import span
from hookwright.core.addresses import parse_address
from hookwright.core.room import Room
from hookwright.errors import UsageError
from hookwright.store.database import Database
from hookwright.telemetry.logs import LogLevel


def parse_connect_to(text: str) -> tuple[str, tuple[str, int]]:
    """`host:443:address:port` → (host, (address, port)), like curl's option. ValueError with one sentence."""
    host, _, rest = text.partition(":443:")
    address, _, port = rest.rpartition(":")
    address = address.strip("[]")
    if not host or not address or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError(
            f"{text!r} is not understood; write HOST:443:ADDRESS:PORT, with the port of the target last"
        )
    return host.lower(), (address, int(port))


def parse_size(text: str) -> int:
    """`4GiB`, `512Mi`, `2G` or bytes → bytes. ValueError with one sentence."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a size; write a number with a unit, such as 512MiB or 4GiB")
    return round(float(found[1]) * _UNITS[found[2].lower()])


_SIZE = re.compile(r"([0-9]{1,16}(?:\.[0-9]{1,3})?) ?((?:[kmgt]i?)?b?)", re.IGNORECASE)
_UNITS = {
    f"{prefix}{byte}": size
    for byte in ("", "b")
    for prefix, size in {
        "": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40,
    }.items()
}  # fmt: skip

Words = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """What an administrator sets.

    Lists are separated by commas or blanks, durations are written like 20s or 7d, sizes like 4GiB. A variable
    that is empty is one that is not set.
    """

    model_config = SettingsConfigDict(
        env_prefix="HOOKWRIGHT_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    listen: str = "[::]:8080"
    """Where events are taken; `[::]` is IPv6 and IPv4, as far as the system has them."""
    admin: str = "[::]:8081"
    """Where the admin API, metrics and probes are served."""
    log_level: LogLevel = "info"
    """The least that is logged."""
    data: Path = Path("/data")
    """Folder of the store; one dispatcher owns it."""
    data_kept: bool = True
    """`false`: that folder goes with the pod, and with it all that is stored."""
    store_kind: Literal["sqlite", "postgres"] = "sqlite"
    """Where events, dead letters and history are: in the data folder, or in a PostgreSQL database."""
    store_postgres_url_file: Path | None = None
    """File with the database's URL, read again at each connection."""
    store_postgres_ca_file: Path | None = None
    """PEM file of its certificate authority; with it the server's name and certificate are checked."""
    store_postgres_schema: str = Field(default="hookwright", pattern="^[a-z_][a-z0-9_]{0,62}$")
    """Everything is in this schema, which is made if the role may."""
    store_postgres_wait: float = 8.0
    """Seconds for which an event waits for a database that is away, before it is answered 503."""
    store_postgres_allow_unsafe: bool = False
    """Work on a database that may lose what it said is stored (fsync is off)."""
    config: Path = Path("/config")
    """Folder of the dispatch configuration."""
    last_good: Path | None = None
    """Folder, in memory, where the configuration in force is kept over a restart."""
    token_file: Path | None = None
    """File with the ingest token, or several, one a line."""
    admin_token_file: Path | None = None
    """File with the admin token, or several, one a line."""
    admin_read_token_file: Path | None = None
    """File with tokens that may read on the admin port and change nothing, one a line."""
    ingest_auth: Literal["token", "none"] = "token"
    """`none` takes events from anybody who reaches the port."""
    ingest_rate: int | None = Field(default=None, ge=1)
    """Events a second, all dispatchers together; over it 429. Default: none."""
    ingest_hosts: Words = ()
    """Further names this port is called by."""
    backlog_webhook: int = Field(default=limits.BACKLOG_WEBHOOK, ge=1)
    backlog_webhook_bytes: int | None = Field(default=None, ge=1)
    """Default: half of `backlog_bytes`."""
    backlog_namespace: int | None = Field(default=None, ge=1)
    """Deliveries that one namespace may have waiting while others have none. Default: half of `backlog_total`."""
    backlog_namespace_bytes: int | None = Field(default=None, ge=1)
    """The same in bytes. Default: half of `backlog_bytes`."""
    backlog_total: int = Field(default=limits.BACKLOG_TOTAL, ge=1)
    backlog_bytes: int = Field(default=limits.BACKLOG_BYTES, ge=1)
    dead_letters_age: float = limits.DEAD_LETTER_SECONDS
    dead_letters_bytes: int = Field(default=limits.DEAD_LETTER_BYTES, ge=1)
    history_age: float = limits.HISTORY_SECONDS
    history_bytes: int = Field(default=limits.HISTORY_BYTES, ge=1)
    history_bodies: Literal["all", "failed", "none"] = "failed"
    drain_delay: float = 0.0
    """Seconds for which connections and events are still taken after SIGTERM, as they come on all the same: a cluster's
    nodes, proxies and load balancers hear later that it ends."""
    drain_timeout: float = 20.0
    """Seconds for which attempts under way may end after SIGTERM."""
    egress_allow: Words = ()
    egress_deny: Words = ()
    egress_allow_hosts: Words = ()
    egress_deny_hosts: Words = ()
    egress_connect_to: Words = ()
    egress_ca_file: Annotated[tuple[Path, ...], NoDecode] = ()
    """PEM files of certificate authorities to trust beside the system's."""

    @field_validator(
        "ingest_hosts",
        "egress_allow",
        "egress_deny",
        "egress_allow_hosts",
        "egress_deny_hosts",
        "egress_connect_to",
        "egress_ca_file",
        mode="before",
    )
    @classmethod
    def _words(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator(
        "dead_letters_age",
        "history_age",
        "drain_delay",
        "drain_timeout",
        "store_postgres_wait",
        mode="before",
    )
    @classmethod
    def _seconds(cls, value: object) -> object:
        return span(value) if isinstance(value, str) else value

    @field_validator(
        "backlog_webhook_bytes",
        "backlog_namespace_bytes",
        "backlog_bytes",
        "dead_letters_bytes",
        "history_bytes",
        mode="before",
    )
    @classmethod
    def _bytes(cls, value: object) -> object:
        return parse_size(value) if isinstance(value, str) else value

    @field_validator("backlog_webhook", "backlog_namespace", "backlog_total", "ingest_rate", mode="before")
    @classmethod
    def _count(cls, value: object) -> object:
        """Whole numbers; people write large ones as 100,000 or 100_000."""
        if not isinstance(value, str):
            return value
        digits = value.replace(",", "").replace("_", "")
        if not digits.isdecimal():
            raise ValueError(f"{value!r} is not a whole number")
        return int(digits)

    @field_validator("egress_connect_to")
    @classmethod
    def _connect_to(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            parse_connect_to(text)
        return value

    @property
    def room(self) -> Room:
        """How much may wait."""
        return Room(
            webhook=self.backlog_webhook,
            webhook_bytes=self.backlog_webhook_bytes or self.backlog_bytes // 2,
            namespace=self.backlog_namespace or self.backlog_total // 2,
            namespace_bytes=self.backlog_namespace_bytes or self.backlog_bytes // 2,
            total=self.backlog_total,
            total_bytes=self.backlog_bytes,
        )

    @property
    def place(self) -> Path | Database:
        """Where the store is. UsageError with one sentence."""
        if self.store_kind == "sqlite":
            return self.data
        if self.store_postgres_url_file is None:
            raise UsageError(
                "There is no database: set HOOKWRIGHT_STORE_POSTGRES_URL_FILE to a file with its URL, or "
                "HOOKWRIGHT_STORE_KIND=sqlite."
            )
        return Database(
            url_file=self.store_postgres_url_file,
            ca_file=self.store_postgres_ca_file,
            schema=self.store_postgres_schema,
            wait=self.store_postgres_wait,
            allow_unsafe=self.store_postgres_allow_unsafe,
        )

    @field_validator("listen", "admin")
    @classmethod
    def _address(cls, value: str) -> str:
        parse_address(value)
        return value
