"""Settings of a dispatcher: one chart value = one environment variable `HOOKWRIGHT_…` (SPEC 7). Read once, at start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hookwright import limits
from hookwright.api.fields import seconds


def parse_connect_to(text: str) -> tuple[str, tuple[str, int]]:
    """`host:443:address:port` → (host, (address, port)), like curl's option. ValueError with one sentence."""
    parts = text.split(":")
    if len(parts) < 4 or parts[1] != "443" or not parts[-1].isdigit():
        raise ValueError(f"connect-to {text!r}: write HOST:443:ADDRESS:PORT")
    return parts[0].lower(), (":".join(parts[2:-1]).strip("[]"), int(parts[-1]))


def parse_address(text: str) -> tuple[str, int]:
    """`host:port` → (host, port). ValueError with one sentence."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is not an address: write HOST:PORT, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)


Words = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """What an administrator sets. Lists are separated by commas or blanks, durations are written like 20s or 7d."""

    model_config = SettingsConfigDict(env_prefix="HOOKWRIGHT_", frozen=True, extra="ignore")

    listen: str = "0.0.0.0:8080"
    """Where events are taken."""
    admin: str = "0.0.0.0:8081"
    """Where the admin API, metrics and probes are served."""
    data: Path = Path("/data")
    """Folder of the store; one dispatcher owns it."""
    config: Path = Path("/config")
    """Folder of the dispatch configuration."""
    last_good: Path | None = None
    """Folder, in memory, where the configuration in force is kept over a restart."""
    token_file: Path | None = None
    """File with the ingest token, or several, one a line."""
    admin_token_file: Path | None = None
    """File with the admin token, or several, one a line."""
    ingest_auth: Literal["token", "none"] = "token"
    """`none` takes events from anybody who reaches the port."""
    ingest_rate: int | None = Field(default=None, ge=1)
    """Events a second; over it 429. Default: none."""
    ingest_hosts: Words = ()
    """Further names this port is called by."""
    backlog_webhook: int = Field(default=limits.BACKLOG_WEBHOOK, ge=1)
    backlog_total: int = Field(default=limits.BACKLOG_TOTAL, ge=1)
    backlog_bytes: int = Field(default=limits.BACKLOG_BYTES, ge=1)
    dead_letters_age: float = limits.DEAD_LETTER_SECONDS
    dead_letters_bytes: int = Field(default=limits.DEAD_LETTER_BYTES, ge=1)
    history_age: float = limits.HISTORY_SECONDS
    history_bytes: int = Field(default=limits.HISTORY_BYTES, ge=1)
    history_bodies: Literal["all", "failed", "none"] = "failed"
    drain_timeout: float = 20.0
    """Seconds for which attempts under way may end after SIGTERM."""
    egress_allow: Words = ()
    egress_allow_hosts: Words = ()
    egress_deny_hosts: Words = ()
    egress_connect_to: Words = ()
    egress_ca_file: Annotated[tuple[Path, ...], NoDecode] = ()

    @field_validator(
        "ingest_hosts",
        "egress_allow",
        "egress_allow_hosts",
        "egress_deny_hosts",
        "egress_connect_to",
        "egress_ca_file",
        mode="before",
    )
    @classmethod
    def _words(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("dead_letters_age", "history_age", "drain_timeout", mode="before")
    @classmethod
    def _seconds(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.endswith("d") and value[:-1].isdigit():
            return int(value[:-1]) * 86_400.0
        return seconds(value)

    @field_validator("egress_connect_to")
    @classmethod
    def _connect_to(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            parse_connect_to(text)
        return value

    @field_validator("listen", "admin")
    @classmethod
    def _address(cls, value: str) -> str:
        parse_address(value)
        return value
