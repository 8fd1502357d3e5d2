"""Settings of a controller: one chart value = one environment variable `HOOKWRIGHT_…`. Read once, at start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hookwright.telemetry.logs import LogLevel

_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"


class Settings(BaseSettings):
    """What an administrator sets. Lists are separated by commas or blanks."""

    model_config = SettingsConfigDict(
        env_prefix="HOOKWRIGHT_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    namespace: str = Field(max_length=63, pattern=_LABEL)
    """The release's own namespace, where its Secrets and the dispatcher's pods are."""
    release: str = Field(default="hookwright", max_length=40, pattern=_LABEL)
    """What the names of its Secrets begin with."""
    watch_namespaces: Annotated[tuple[str, ...], NoDecode] = ()
    """Exactly these namespaces; none: the whole cluster."""
    dispatcher_selector: str = ""
    """Label selector of the dispatcher's pods; default: the chart's labels for this release."""
    dispatcher_port: int = Field(default=8081, ge=1, le=65535)
    """Admin port of the dispatcher's pods."""
    log_level: LogLevel = "info"
    """The least that is logged."""
    ingest_existing_secret_name: str = ""
    """A Secret of one's own in its namespace that holds the events port's tokens; default: one is made."""
    ingest_existing_secret_key: str = "token"  # noqa: S105 - a key
    """The key in it."""
    admin_existing_secret_name: str = ""
    """The same for the admin port; its first token is used."""
    admin_existing_secret_key: str = "token"  # noqa: S105
    """The key in it."""
    labels: Mapping[str, str] = {}
    """Labels of the Secrets it makes beside its own, as a JSON object."""
    annotations: Mapping[str, str] = {}
    """Annotations of the Secrets it makes, as a JSON object."""
    probes: str = "0.0.0.0:8082"
    """Where /healthz, /readyz and /metrics are served."""

    @field_validator("watch_namespaces", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        return tuple(dict.fromkeys(value.replace(",", " ").split())) if isinstance(value, str) else value

    @field_validator("probes")
    @classmethod
    def _address(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"{value!r} is not an address: write HOST:PORT, such as 0.0.0.0:8082")
        return value

    @model_validator(mode="before")
    @classmethod
    def _named_after_release(cls, given: dict[str, object]) -> dict[str, object]:
        release = given.get("release") or "hookwright"
        labels = f"app.kubernetes.io/instance={release},app.kubernetes.io/component=dispatcher"
        return {**given, "dispatcher_selector": given.get("dispatcher_selector") or labels}

    @property
    def probes_address(self) -> tuple[str, int]:
        """Host and port of `probes`."""
        host, _, port = self.probes.rpartition(":")
        return host.strip("[]"), int(port)
