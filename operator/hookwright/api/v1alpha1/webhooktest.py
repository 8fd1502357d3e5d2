"""`WebhookTest` (SPEC 6): the Test button as a resource. A field's docstring is its CRD description."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from hookwright.api.base import Model
from hookwright.api.fields import ConfigMapKeyRef, NameRef


class ExpectBody(Model):
    """What the request body must be."""

    json_: Any = Field(default=None, alias="json")
    """Equal to this, after parsing."""
    contains: list[str] | None = None
    """Contains each of these texts."""


class ExpectRequest(Model):
    """What the request must be."""

    method: str | None = None
    """Method."""
    url: str | None = None
    """URL, secrets as ‹secret name/key›."""
    headers: dict[str, str] | None = None
    """Headers that must be there with this value, names whatever their case."""
    body: ExpectBody | None = None
    """Body."""


class ExpectResponse(Model):
    """What the answer must be."""

    status_codes: list[int] | None = None
    """One of these; default: any 2xx."""
    validators_pass: bool | None = None
    """Whether the webhook's response validators must hold (default) or fail."""
    body_contains: str | None = None
    """Text that the body contains."""


class Expect(Model):
    """What must hold for the test to pass."""

    matched: bool | None = None
    """Whether the event matches triggers and filters; false sends nothing."""
    request: ExpectRequest | None = None
    """The request."""
    response: ExpectResponse | None = None
    """The answer."""


class WebhookTestSpec(Model):
    """Which webhook to run, with which event, and what to expect."""

    webhook_ref: NameRef
    """The webhook, in the same namespace."""
    trigger: str | None = None
    """Trigger of the sample event; default: the webhook's first that has a sample."""
    event: Any = None
    """Merged over the sample event: objects deeply, lists and scalars replaced; null never deletes."""
    event_from: ConfigMapKeyRef | None = None
    """The exact whole event as JSON text."""
    mode: str = "Send"
    """Send: mock data really reaches the target. Render: nothing leaves."""
    expect: Expect | None = None
    """What must hold; default: the answer is 2xx and all validators pass."""
    run_policy: str = "OnChange"
    """OnChange or Interval."""
    interval: str | None = None
    """With Interval: how often, at least 1m."""
    timeout: str = "30s"
    """Bound on the whole run."""
