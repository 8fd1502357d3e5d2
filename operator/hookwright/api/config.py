"""The dispatch configuration: the one document that is written for a dispatcher, and all it knows.

Written by `core.assemble` (from manifests or from the cluster), read by `dispatcher.config_folder`.
It holds credentials in plain text: files of it are mode 0600, and its text never reaches a log.
"""

from __future__ import annotations

from pydantic import Field

from hookwright.api.base import Model
from hookwright.api.v1alpha1.webhook import Filters, WebhookSpec
from hookwright.errors import Cause

CONFIG_VERSION = 1


class RouteConfig(Model):
    """One webhook, references resolved.

    Triggers and filters stand apart from `spec`, since a webhook that cannot be sent still matches:
    then `held` says why in one sentence and `spec` may be null (SPEC 5, Held).
    """

    namespace: str
    name: str
    hash: str
    """HMAC over everything here that shapes a request, secrets included (status.configHash)."""
    active: bool = True
    triggers: list[str]
    filters: Filters | None = None
    held: str | None = None
    """Why it cannot be sent now; None: it can."""
    held_cause: Cause | None = None
    """The tip that goes with `held`, where it is not that of held webhooks in general."""
    spec: WebhookSpec | None = None
    """The whole spec; None only when held."""
    secrets: dict[str, str] = Field(default_factory=dict)
    """"name/key" → value, for each Secret key the spec refers to."""
    configs: dict[str, str] = Field(default_factory=dict)
    """"name/key" → text, for each ConfigMap key the spec refers to."""
    requested_at: str | None = None
    """Annotation hookwright.io/requestedAt: a new value clears Gone and an open circuit."""

    @property
    def key(self) -> str:
        """`namespace/name`, how a webhook is called everywhere."""
        return f"{self.namespace}/{self.name}"


class DispatchConfig(Model):
    """Everything a dispatcher runs."""

    version: int = CONFIG_VERSION
    hash: str
    """Over all of it; what the dispatcher reports it runs."""
    cluster_events: list[str] | None = None
    """Namespaces that /v1/events reaches; None: all (`dev`)."""
    webhooks: list[RouteConfig]
