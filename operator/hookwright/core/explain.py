"""One event and one webhook: does it match, and what would go out? (DESIGN 1)

Runs the steps of a delivery with reasons, and sends nothing: `render` and the page's preview show it.
Credentials and signature stand as ‹secret name/key› and ‹signature›.
Must not: decide anything that a delivery would not, show a value of a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hookwright.api.admin import RequestRecord
from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import Auth
from hookwright.core.event import Event
from hookwright.core.filters import compile_filters
from hookwright.core.matching import Matcher
from hookwright.core.redaction import placeholder
from hookwright.core.routes import Route, host_of
from hookwright.core.templates import Budget
from hookwright.errors import FieldError, TemplateError

SIGNATURE = "‹signature›"


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer. `reasons` say why the event does not match (empty: it does).

    `request` is the request as it may be shown, None when there is none; then `error` says why in one
    sentence, and `fault` where, if a template is at fault. The shares say what this event takes of the webhook's
    budgets, 0 to 1.
    """

    webhook: str
    matched: bool
    reasons: list[str] = field(default_factory=list)
    request: RequestRecord | None = None
    error: str | None = None
    filters_share: float = 0.0
    templates_share: float = 0.0
    fault: TemplateError | None = None


def explain(
    config: RouteConfig,
    event: Event,
    *,
    delivery_id: str,
    attempt: int,
    now: int,
) -> Explained:
    """What becomes of `event` at this webhook; the request is shown whether it matches or not.

    `delivery_id` and `attempt` are what the templates see, `now` is the timestamp (epoch seconds).
    """
    reasons = Matcher([config]).explain(event, config.key, None)
    budget = Budget()
    matched, filters = not reasons, _filters_share(config, event)
    try:
        request = _shown_request(config, event, budget, delivery_id=delivery_id, attempt=attempt, now=now)
    except (TemplateError, ValueError) as error:
        fault = error if isinstance(error, TemplateError) else None
        return Explained(config.key, matched, reasons, None, str(error), filters, budget.share, fault)
    return Explained(config.key, matched, reasons, request, None, filters, budget.share)


def _filters_share(config: RouteConfig, event: Event) -> float:
    try:
        return compile_filters(config.filters).share(event.document)
    except FieldError:
        return 1.0  # over it


def _shown_request(
    config: RouteConfig, event: Event, budget: Budget, *, delivery_id: str, attempt: int, now: int
) -> RequestRecord:
    """The request as it may be shown. Raises TemplateError, and ValueError when the webhook is held."""
    route = Route(config)
    outgoing = route.build(
        event.raw,
        trigger=event.trigger,
        delivery_id=delivery_id,
        attempt=attempt,
        now=now,
        document=event.document,
        budget=budget,
    )
    headers = dict(outgoing.shown_headers)
    authorization = _shown_authorization(route.spec.auth)
    if authorization is not None:
        headers["authorization"] = authorization
    if route.spec.signing is not None:
        headers["webhook-signature"] = SIGNATURE
    return RequestRecord(
        method=outgoing.method,
        url=outgoing.shown_url,
        headers=headers,
        body=outgoing.body.decode(),
    )


def _shown_authorization(auth: Auth | None) -> str | None:
    """The authorization header as the attempt's record shows it (`outbound.auth` makes the real one)."""
    if auth is None:
        return None
    if auth.bearer is not None:
        return f"Bearer {placeholder(auth.bearer.token_secret_ref.label)}"
    if auth.basic is not None:
        refs = (auth.basic.username_secret_ref, auth.basic.password_secret_ref)
        return f"Basic {':'.join(placeholder(ref.label) for ref in refs)}"
    if auth.oauth2 is not None:
        return f"Bearer {placeholder(f'token of {host_of(auth.oauth2.token_url)}')}"
    return None
