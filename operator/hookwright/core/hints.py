"""The tip that every failure carries: one sentence of what to check and what to do next, from one table.

Keyed by cause, and for an answer by its status code. A hint is the same for every webhook, so it never holds
a value. Must not: judge (`core.outcome` does), name a host, a path or anything else of one delivery.
"""

from __future__ import annotations

from typing import Final

from hookwright.errors import Cause


def hint(cause: Cause | None, status: int | None) -> str | None:
    """The tip for this cause; `status` counts where the cause is the status. None: nothing is wrong."""
    if cause is None:
        return None
    if cause is not Cause.STATUS or status is None:
        return _CAUSES[cause]
    return _STATUSES.get(status) or _STATUS_CLASSES.get(status // 100) or _CAUSES[cause]


_CAUSES: Final[dict[Cause, str]] = {
    Cause.TEMPLATE: (
        "Check the template at the line that the message names, and see the result for this event with"
        " hookwright render."
    ),
    Cause.UNDEFINED_FIELD: (
        "Check the field's name against the event (hookwright sample shows one,"
        " hookwright schema all fields), or give it a fallback such as {{ data.field | default('', true) }}."
    ),
    Cause.BUDGET: "Check the template's loops, and write fewer rounds or a smaller body.",
    Cause.FILTER: (
        "Check the path in filters.matchExpressions: a narrower one than $..* visits fewer parts of the"
        " event; then replay the webhook's dead letters."
    ),
    Cause.HELD: (
        "Check what the webhook's message says is missing, mend it, and its deliveries go on by themselves."
    ),
    Cause.TEST: (
        "Check the WebhookTest itself: its fields, the webhook and the ConfigMap that it names, and its event,"
        " an object with an event_type (hookwright sample shows one)."
    ),
    Cause.TOKEN: (
        "Check auth.oauth2: tokenURL, client id and secret, scopes, and whether the server wants"
        " authStyle Body rather than Header."
    ),
    Cause.DNS: "Check the host in url for a typing error, and that its name can be resolved where it is sent from.",
    Cause.REFUSED_ADDRESS: (
        "Check where the host resolves to: a private or local target must be allowed by the installation's"
        " egress.allow (--allow of dev and test), a host that egress.allowHosts leaves out by that."
    ),
    Cause.CONNECT: (
        "Check that the target is up, and that firewalls and NetworkPolicies let the dispatcher reach its"
        " port 443."
    ),
    Cause.TLS_NAME: "Check that url has the name in the target's certificate, not an alias or an address.",
    Cause.TLS_UNTRUSTED: (
        "Check who signed the target's certificate, and give a private authority in tls.ca (or the"
        " installation's egress.caFile)."
    ),
    Cause.TLS_EXPIRED: "Check the dates of the target's certificate, and have its owner renew it.",
    Cause.TLS: (
        "Check that the target speaks TLS 1.2 or newer, and whether it wants a client certificate"
        " (tls.clientCertSecretRef)."
    ),
    Cause.TIMEOUT: (
        "Check how long the target takes to answer, and raise timeout (at most 60s) or have it answer before"
        " it works."
    ),
    Cause.RESET: (
        "Check the target's and its proxy's logs for why the connection was closed; the request may have"
        " arrived, so look there for webhook-id first."
    ),
    Cause.PROTOCOL: (
        "Check that url leads to an HTTP/1.1 server, and at the place that the message names what it answers"
        " (the invocation keeps the first bytes)."
    ),
    Cause.STATUS: "Check the target's answer in the invocation's response for what it did not like.",
    Cause.VALIDATOR: (
        "Check the answer's value against responseValidators: either the target refused the request in a 2xx"
        " answer, or a value is missing from the list."
    ),
    Cause.INTERNAL: (
        "Check the dispatcher's log for attempt.fault and report it; a delivery's dead letter keeps the event: replay"
        " it after an upgrade."
    ),
    Cause.NOT_JSON: (
        "Check the answer's body: responseValidators need whole JSON of at most 64 KiB, and a page of HTML often"
        " means that url leads to a sign-in or the wrong path."
    ),
}

_STATUSES: Final[dict[int, str]] = {
    400: (
        "Check the body against the target's documentation, with hookwright render for what was sent and the"
        " response for what it did not like."
    ),
    401: "Check auth and the Secret it refers to: the token may be wrong, expired or of another account.",
    403: (
        "Check what the credentials may do at the target (scopes, roles, allowed addresses), and that auth"
        " sends what it expects."
    ),
    404: (
        "Check the path in url; many targets also answer 404 for a deleted or revoked webhook, or without"
        " credentials."
    ),
    405: "Check method: the target does not take it at this URL.",
    408: "Check how busy the target is: it gave up waiting for the request.",
    409: "Check whether the target has the object already: it may have taken an earlier attempt.",
    410: (
        "Check whether the target's endpoint still exists, put its new address into url, or try again with"
        " hookwright retry, which sets hookwright.io/requestedAt; then replay its dead letters."
    ),
    413: "Check the size of the body, and send fewer fields in bodyTemplate.",
    415: "Check contentType: the target wants another one, or a header such as Accept beside it.",
    422: (
        "Check the fields of the body: the target understood the JSON but not its values; its response often"
        " names the field."
    ),
    429: "Check the target's limits, and set rateLimit or a lower maxInFlight to stay under them.",
}

_STATUS_CLASSES: Final[dict[int, str]] = {
    3: (
        "Check the Location header of the response, and put the final address into url: redirects are not"
        " followed."
    ),
    5: (
        "Check the target's status page or logs; a delivery is tried again by itself as long as its schedule"
        " lasts, a test is not."
    ),
}
