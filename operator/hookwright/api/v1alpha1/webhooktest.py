"""`WebhookTest` (SPEC 6): the Test button as a resource. A field's docstring is its CRD description."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field
from pydantic.config import JsonDict

from hookwright.api import rules
from hookwright.api.base import Model
from hookwright.api.fields import ConfigMapKeyRef, NameRef
from hookwright.api.ruled import Follows, Rule, Ruled
from hookwright.api.v1alpha1.webhook import Method
from hookwright.limits import RENDERED_URL_CHARACTERS

Text = Annotated[str, Field(max_length=4096)]
ANY_MEMBERS: JsonDict = {"x-kubernetes-preserve-unknown-fields": True}


class ExpectBody(Model):
    """What the request body must be."""

    json_: Any = Field(default=None, alias="json", json_schema_extra=ANY_MEMBERS)
    """Equal to this, after parsing."""
    contains: Annotated[list[Text], Field(max_length=16)] | None = None
    """Contains each of these texts."""


class ExpectRequest(Model):
    """What the request must be."""

    method: Method | None = None
    """Method."""
    url: Annotated[str, Field(max_length=RENDERED_URL_CHARACTERS)] | None = None
    """URL, secrets as ‹secret name/key›."""
    headers: Annotated[dict[str, Text], Field(max_length=32), Follows(rules.EXPECTED_HEADERS)] | None = None
    """Headers that must be there with this value, names whatever their case."""
    body: ExpectBody | None = None
    """Body."""


class ExpectResponse(Model):
    """What the answer must be."""

    status_codes: Annotated[list[Annotated[int, Follows(rules.STATUS_CODE)]], Field(max_length=32)] | None = (
        None
    )
    """One of these; default: any 2xx."""
    validators_pass: bool | None = None
    """Whether the webhook's response validators must hold (default) or fail."""
    body_contains: Text | None = None
    """Text that the body contains."""


class Expect(Model):
    """What must hold for the test to pass."""

    matched: bool | None = None
    """Whether the event matches triggers and filters; false sends nothing."""
    request: ExpectRequest | None = None
    """The request."""
    response: ExpectResponse | None = None
    """The answer."""


class WebhookTestSpec(Ruled):
    """Which webhook to run, with which event, and what to expect."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        rules.EVENT_SOURCE,
        rules.INTERVAL_WANTED,
        rules.INTERVAL_UNWANTED,
        rules.RESPONSE_WANTS_SEND,
    )

    webhook_ref: NameRef
    """The webhook, in the same namespace."""
    trigger: Annotated[str, Field(max_length=256), Follows(rules.TEST_TRIGGER)] | None = None
    """Trigger of the sample event; default: the webhook's first that has a sample."""
    event: Annotated[dict[str, Any], Field(max_length=256, json_schema_extra=ANY_MEMBERS)] | None = None
    """Merged over the sample event: objects deeply, lists and scalars replaced; null never deletes."""
    event_from: ConfigMapKeyRef | None = None
    """The exact whole event as JSON text."""
    mode: Annotated[str, Field(max_length=64), Follows(rules.MODE)] = "Send"
    """Send: mock data really reaches the target. Render: nothing leaves."""
    expect: Expect | None = None
    """What must hold; default: the answer is 2xx and all validators pass."""
    run_policy: Annotated[str, Field(max_length=64), Follows(rules.RUN_POLICY)] = "OnChange"
    """OnChange or Interval."""
    interval: Annotated[str, Field(max_length=32), Follows(rules.INTERVAL)] | None = None
    """With Interval: how often, at least 1m."""
    timeout: Annotated[str, Field(max_length=32), Follows(rules.TEST_TIMEOUT)] = "30s"
    """Bound on the whole run."""
