"""The status of both kinds (SPEC 2 and 6): what the controller writes and nobody else.

A field's docstring is its CRD description. Everything may be absent; texts are cut to their bound by the
writer. Secrets never stand here: texts pass `core.redaction` first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from hookwright.api.base import Model
from hookwright.api.ruled import Distinct

Word = Annotated[str, Field(max_length=256)]
Sentence = Annotated[str, Field(max_length=4096)]
Text = Annotated[str, Field(max_length=16384)]
Release = Annotated[str, Field(max_length=128)]
Headers = Annotated[dict[str, Sentence], Field(max_length=160)]


class Condition(Model):
    """One condition, with the meaning of Kubernetes' API conventions."""

    type: Annotated[str, Field(max_length=316)]
    """What it is about, such as Ready."""
    status: Annotated[str, Field(max_length=16)]
    """True, False or Unknown."""
    observed_generation: int | None = None
    """The generation of the object that it speaks of."""
    last_transition_time: datetime | None = None
    """When status last changed."""
    reason: Annotated[str, Field(max_length=1024)] | None = None
    """One word for programs."""
    message: Sentence | None = None
    """One sentence for people."""


Conditions = Annotated[list[Condition], Field(max_length=16), Distinct("type")]


class LastInvocation(Model):
    """The last attempt of a regular delivery."""

    time: datetime | None = None
    """When the attempt began."""
    result: Word | None = None
    """Delivered, Retrying, Rejected, Gone or Exhausted."""
    event_id: Word | None = Field(default=None, alias="eventID")
    """Our id of the event."""
    trigger: Word | None = None
    """What fired it."""
    attempt: int | None = None
    """Number of the attempt, from 1."""
    status_code: int | None = None
    """Status code of the answer, if there was one."""
    duration_millis: int | None = None
    """How long the attempt took, in milliseconds."""
    message: Sentence | None = None
    """What happened, in one sentence."""


class TestCounts(Model):
    """The WebhookTests of this webhook."""

    __test__ = False  # no test class, whatever pytest thinks of its name

    total: int | None = None
    """How many there are."""
    passed: int | None = None
    """How many of their last runs passed."""
    failed: int | None = None
    """How many of their last runs failed."""


class WebhookStatus(Model):
    """What the controller and the dispatchers know of this webhook."""

    observed_generation: int | None = None
    """The generation that the rest speaks of; -1 before the controller has seen the object."""
    conditions: Conditions | None = None
    """Accepted, ResolvedRefs, Programmed, Ready, DeliveryHealthy; Reconciling and Stalled only while True."""
    host: Annotated[str, Field(max_length=253)] | None = None
    """The host it sends to."""
    config_hash: Annotated[str, Field(max_length=128)] | None = None
    """HMAC over everything that shapes a request, under a key of this installation."""
    last_invocation: LastInvocation | None = None
    """The last attempt."""
    last_success_time: datetime | None = None
    """When a delivery last succeeded."""
    last_failure_time: datetime | None = None
    """When an attempt last failed."""
    consecutive_failures: int | None = None
    """Failed attempts since the last success."""
    pending: int | None = None
    """Deliveries that wait or are under way."""
    dead_lettered: int | None = None
    """Dead letters that are kept."""
    tests: TestCounts | None = None
    """Its WebhookTests."""
    last_handled_reconcile_at: Word | None = None
    """Echo of the annotation hookwright.io/requestedAt."""
    handled_by: Release | None = None
    """The release that writes this status, as namespace/name."""
    asked_by: Release | None = None
    """Another release that asks whether the one in handledBy still stands; its answer takes this away."""


class TestRequest(Model):
    """The request as it went out, secrets as ‹secret name/key›."""

    __test__ = False

    method: Word | None = None
    """Method."""
    url: Text | None = None
    """URL."""
    headers: Headers | None = None
    """Headers."""
    body: Text | None = None
    """Body, cut at its bound."""


class TestResponse(Model):
    """The answer, secrets replaced."""

    __test__ = False

    status_code: int | None = None
    """Status code."""
    headers: Headers | None = None
    """Headers."""
    body: Text | None = None
    """Body, cut at its bound."""


class TestTimings(Model):
    """Milliseconds of each phase; one that did not happen is left out."""

    __test__ = False

    dns: float | None = None
    """Resolving the name."""
    connect: float | None = None
    """Connecting."""
    tls: float | None = None
    """TLS handshake."""
    first_byte: float | None = None
    """From the request to the first byte of the answer."""
    total: float | None = None
    """Everything."""


class TestInvocation(Model):
    """Request and answer of the last run."""

    __test__ = False

    request: TestRequest | None = None
    """The request."""
    response: TestResponse | None = None
    """The answer, if there was one."""
    timings: TestTimings | None = None
    """How long each phase took."""
    attempts: int | None = None
    """Requests sent: 0 in mode Render, 2 after a token was fetched anew."""


class TestAssertion(Model):
    """One thing the test expected."""

    __test__ = False

    name: Word | None = None
    """What was looked at."""
    passed: bool | None = None
    """Whether it was as expected."""
    expected: Sentence | None = None
    """What was expected."""
    actual: Sentence | None = None
    """What was found."""


class WebhookTestStatus(Model):
    """How the last run went."""

    observed_generation: int | None = None
    """The generation that the rest speaks of; -1 before the controller has seen the object."""
    conditions: Conditions | None = None
    """Ready and Finished; Reconciling and Stalled only while True."""
    run_id: Word | None = Field(default=None, alias="runID")
    """The run that the result is of; another one is due once the test, its webhook or a Secret changes."""
    result: Word | None = None
    """Test successful or Test failed."""
    message: Sentence | None = None
    """What happened, in one sentence."""
    hint: Sentence | None = None
    """What to check next."""
    invocation: TestInvocation | None = None
    """Request and answer."""
    assertions: Annotated[list[TestAssertion], Field(max_length=128)] | None = None
    """What was expected and found."""
    tested_generation: int | None = None
    """Generation of the webhook that was tested."""
    tested_config_hash: Annotated[str, Field(max_length=128)] | None = None
    """Configuration hash of the webhook that was tested."""
    last_run_time: datetime | None = None
    """When it last ran."""
    last_handled_reconcile_at: Word | None = None
    """Echo of the annotation hookwright.io/requestedAt."""
    handled_by: Release | None = None
    """The release that runs this test and writes this status, as namespace/name."""
    asked_by: Release | None = None
    """Another release that asks whether the one in handledBy still stands; its answer takes this away."""
