"""Answers and requests of the admin port, for CLI, controller and page. JSON names as in SPEC 6 and 7."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhooktest import WebhookTestSpec
from hookwright.limits import ACTIVITY_SECONDS, REPLAY_IDS, STORE_PARTS

WEBHOOK_STATES: Final = ("failing", "open", "held", "gone", "dead", "inactive")
"""What a webhook may be, several at once: its last attempt failed, its circuit is open, it is held, gone, has dead
letters, is inactive."""
WEBHOOK_SORTS: Final = ("attention", "name", "host", "result", "time", "waiting", "dead")
"""What webhooks may be sorted by: `attention` is who needs it first, `time` that of the last attempt."""


class Answer(BaseModel):
    """Base of what we send: camelCase, lenient when read by a neighbouring release."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class RequestRecord(Answer):
    """The request as it may be shown: secrets as ‹secret name/key›."""

    method: str
    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    body: str | None = None
    """None: not kept (settings `history.bodies`); cut at its limit with an ellipsis."""


class ResponseRecord(Answer):
    """The answer as it may be shown: secrets replaced."""

    status_code: int
    headers: dict[str, str] = Field(default_factory=dict)
    body: str | None = None


class Timings(Answer):
    """Milliseconds of each phase; a phase that did not happen is null (a kept connection has no dns, connect,
    tls).
    """

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    total: float = 0.0


class ValidatorResult(Answer):
    """One response validator on one answer."""

    path: str
    passed: bool
    actual: str | None = None
    problem: str | None = Field(default=None, exclude_if=lambda problem: problem is None)
    """Why nobody could look, a phrase that follows `the answer` (`was cut at 64 KiB`); absent: somebody could."""


class Invocation(Answer):
    """The record of one attempt, Manual call or test (SPEC 7)."""

    id: str
    """`<delivery>.<attempt>`"""
    event_id: str | None = Field(default=None, alias="eventID")
    webhook: str
    """`namespace/name`"""
    trigger: str | None = None
    attempt: int
    result: str
    """Delivered, Retrying, Rejected, Gone, Exhausted; of a test `Test successful` or `Test failed`."""
    message: str = ""
    """One sentence: what happened."""
    hint: str | None = None
    """One sentence: what to check next."""
    time: str
    """RFC 3339, UTC, when the attempt began."""
    friendly_id: str | None = Field(default=None, alias="friendlyID")
    """`data.friendly_id` of the event (AR-123), by which people look for it."""
    kind: str = "Delivery"
    """Delivery, Manual or Test."""
    request: RequestRecord | None = None
    response: ResponseRecord | None = None
    unread: str | None = None
    """The first bytes of what came instead of an answer that can be read."""
    timings: Timings = Field(default_factory=Timings)
    validators: list[ValidatorResult] = Field(default_factory=list)
    attempts: int = 1
    """Requests sent in this invocation: 2 after a token was refreshed on 401."""


class DeadLetter(Answer):
    """A delivery that ended without success; kept with its exact event until it is replayed or pruned."""

    id: str
    event_id: str = Field(alias="eventID")
    webhook: str
    trigger: str | None = None
    reason: str
    """Rejected, Gone, Exhausted, FilterError, Backlog, WebhookDeleted, Suspect."""
    message: str = ""
    attempts: int
    time: str
    """When it became a dead letter."""
    accepted_time: str


class WebhookView(Answer):
    """A webhook as the dispatcher sees it: the row of `hookwright list`."""

    webhook: str
    active: bool
    method: str | None = None
    host: str | None = None
    url: str | None = None
    """As it is written; one that stands in a Secret as ‹secret name/key›."""
    display_name: str | None = None
    triggers: list[str] = Field(default_factory=list)
    config_hash: str
    state: str
    """running, held or gone; inactive: it would be running, and takes no events."""
    message: str = ""
    """Why it is held or gone, or the circuit open."""
    circuit: str = "Closed"
    """Closed or Open."""
    pending: int = 0
    in_flight: int = 0
    dead_lettered: int = 0
    consecutive_failures: int = 0
    last_success_time: str | None = None
    last_failure_time: str | None = None
    last_invocation: dict[str, Any] | None = None
    """`status.lastInvocation` of SPEC 2."""
    oldest_waiting: str | None = None
    """None of its deliveries that wait, and are not under way, was accepted before; None: none waits."""
    next_due: str | None = None
    """When the next one may be sent at the earliest; None: none waits, or it is held or gone."""
    activity: list[tuple[int, int]] | None = Field(default=None, exclude_if=lambda activity: activity is None)
    """Attempts that were delivered, and others, in each slot of the last hour, the present one last; absent: there were
    none since the dispatcher started."""
    activity_seconds: int = ACTIVITY_SECONDS
    """Of a slot."""
    owned: bool = True
    """The dispatcher that answers works on it; otherwise another on the same database does. In pages and alone it is then
    shown as that one said last, about 4 s ago at most. In the whole list, and with `since`, it has then nothing but its
    configuration, so that what all dispatchers answer can be added up."""


class WebhookChanges(Answer):
    """Answer of GET /admin/v1/webhooks?since=: what changed since the answer that ended with that `since`."""

    items: list[WebhookView]
    """Webhooks that are new or of which anything changed; with `next` more of them follow."""
    removed: list[str] = Field(default_factory=list)
    """`namespace/name` of webhooks that are not there any more."""
    anew: bool = True
    """These are the first of all webhooks, and what was told before is void: the process has started since, say."""
    next: str | None = None
    since: str | None = None
    """What to ask with next time; None: of a release that tells everything at once."""


class Summary(Answer):
    """What a dispatcher runs, in one look. Webhooks and counts are those of all dispatchers on one database, others' as they
    said last: not to be added up."""

    version: str
    config_hash: str | None
    started: str
    webhooks: int
    held: int
    gone: int
    pending: int
    dead_letters: int
    in_flight: int
    config_problem: str | None = None
    """Why the present configuration was refused, in one sentence without values; the one of `config_hash` runs on."""
    not_ready: str | None = None
    """Why no event is taken, one sentence; null: events are taken."""
    owned: int | None = None
    """How many of `webhooks` the dispatcher that answers works on; null: of a release that works on all of them."""
    parts: int = STORE_PARTS
    """In how many of the 64 parts of all webhooks those are."""


class Session(Answer):
    """Answer of GET /admin/v1/session, which asks for no token: who asks."""

    version: str
    token_asked: bool
    """Whether all else asks for one."""
    read_only: bool
    """Whether nothing can be changed with the token that was sent."""
    authenticated: bool
    """Whether the token that was sent is taken, or none is asked."""


class Page(Answer):
    """Several things."""

    items: list[Any]
    next: str | None = None


class Assertion(Answer):
    """One thing a test expected."""

    name: str
    passed: bool
    expected: str | None = None
    actual: str | None = None


class TestRun(Answer):
    """Outcome of one run of a WebhookTest (SPEC 6)."""

    run_id: str = Field(alias="runID")
    test: str
    """`namespace/name` of the WebhookTest."""
    webhook: str
    mode: str
    result: str
    """`Test successful` or `Test failed`."""
    message: str
    hint: str | None = None
    invocation: Invocation | None = None
    assertions: list[Assertion] = Field(default_factory=list)
    tested_config_hash: str | None = None
    time: str = Field(alias="lastRunTime")
    """RFC 3339, UTC, when the run began."""


class DeadGroup(Answer):
    """The dead letters of a webhook with a reason."""

    webhook: str
    """`namespace/name`"""
    reason: str
    count: int
    message: str
    """Of the newest."""
    newest: str
    """When the newest became a dead letter."""
    oldest: str


class Replayed(Answer):
    """Answer of POST /admin/v1/replays."""

    replayed: int
    remaining: int
    """Dead letters that fit and are left: ask again, with the `until` of the first time."""
    ids: list[str] | None = Field(default=None, exclude_if=lambda ids: ids is None)
    """Those that were replayed of the ids asked for; absent where none were."""


class ReplayRequest(Answer):
    """Body of POST /admin/v1/replays: which dead letters to deliver once more; at least one selector."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] = Field(default_factory=list, max_length=REPLAY_IDS)
    """Delivery or invocation ids."""
    webhook: str | None = None
    """`namespace/name`"""
    since: str | None = None
    """Those that died at or after this: an RFC 3339 time, or a duration before now (2h)."""
    until: str | None = None
    """Those that died before this."""
    reason: str | None = None
    """Rejected, Gone, Exhausted, FilterError, Backlog, WebhookDeleted, Suspect."""
    limit: int | None = Field(default=None, ge=1, le=REPLAY_IDS)
    """How many at most, the oldest first; default: all ids, or 500."""
    dry_run: bool = False
    """Only count them."""


class RunRequest(Answer):
    """Body of POST /admin/v1/tests: run a WebhookTest once; the same `run_id` gives the same run."""

    model_config = ConfigDict(extra="forbid")

    run_id: str = Field(alias="runID", min_length=1, max_length=256)
    test: str
    """`namespace/name` of the WebhookTest."""
    spec: WebhookTestSpec
    event_from: str | None = None
    """Text of the ConfigMap key that `spec.eventFrom` names."""
    webhook: RouteConfig | None = None
    """The webhook as it is to be tested; None: as it is loaded."""


class Explanation(Answer):
    """Whether an event matches a webhook, and if not, why."""

    webhook: str
    """`namespace/name`"""
    matched: bool
    reasons: list[str] = Field(default_factory=list)
    """One sentence each; empty when it matches."""


class Problem(Answer):
    """RFC 9457 problem document."""

    title: str
    status: int
    detail: str
