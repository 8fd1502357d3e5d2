"""From what an attempt came to, the record that is kept of it, and back to the Invocation that people read.

Deliveries, Manual calls and tests alike. Everything kept has passed redaction; bodies are kept as the setting says
(`all`, `failed`, `none`). Must not: store.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import orjson

from hookwright.api.admin import ValidatorResult
from hookwright.core.charsets import decoded
from hookwright.core.invocations import cut
from hookwright.core.outcome import DELIVERED
from hookwright.core.records import AttemptRecord
from hookwright.core.redaction import Redactor
from hookwright.core.times import hundredths
from hookwright.dispatcher.delivery.attempt import Performed
from hookwright.limits import (
    ANSWER_BYTES,
    HISTORY_BODY_BYTES,
    KIB,
    REDACT_MARGIN_CHARACTERS,
    TEST_VALUE_CHARACTERS,
    UNREAD_BYTES,
)
from hookwright.outbound.port import Phases

_FRIENDLY = re.compile(rb'"friendly_id"\s*:\s*"([!#-\[\]-~]{1,64})"')  # as it stands in JSON without escapes
_LARGE = 64 * KIB  # searching a MiB takes a millisecond, and a thousand deliveries may share it
Bodies = Literal["all", "failed", "none"]


class Attempted(NamedTuple):
    """Whose attempt it was: the `attempt`-th of a delivery, begun at `began_ms` of the wall clock.

    `kind` is Delivery, Manual or Test; `event_key` 0 when the event was not stored; `raw` its JSON text.
    """

    delivery_key: int
    event_key: int
    attempt: int
    route: str
    kind: str
    trigger: str | None
    raw: bytes
    began_ms: int


def attempt_record(what: Attempted, performed: Performed, result: str, shown: bytes) -> AttemptRecord:
    """The record of an attempt; `shown` is its `detail`."""
    delivery_key, event_key, attempt, route, kind, trigger, raw, began_ms = what
    outcome = performed.outcome
    return AttemptRecord(
        delivery_key, attempt, event_key, route, kind, trigger, result, outcome.status, outcome.cause, began_ms,
        performed.duration, shown, friendly_id(raw),
    )  # fmt: skip


def shown_text(body: bytes, limit: int) -> str:
    """A body of ours as text, cut to `limit` bytes; an ellipsis marks the cut."""
    return cut(body[: limit + 4].decode("utf-8", "replace"), limit)  # with the last character whole


def _answer_text(body: bytes, content_type: str, redactor: Redactor, limit: int) -> str:
    """What came, as text without secrets, cut to `limit` bytes; an ellipsis marks the cut."""
    text = decoded(body, content_type)
    if len(body) >= ANSWER_BYTES:  # it was cut as it came, perhaps inside a secret
        limit = min(limit, max(0, len(text) - REDACT_MARGIN_CHARACTERS))
    return cut(redactor.beginning(text, limit), limit)


def _timings(phases: Phases, total: float) -> dict[str, float | None]:
    if phases.connect is None and phases.dns is None and phases.tls is None:
        return {"firstByte": _rounded(phases.first_byte), "total": total}
    return {
        "dns": _rounded(phases.dns),
        "connect": _rounded(phases.connect),
        "tls": _rounded(phases.tls),
        "firstByte": _rounded(phases.first_byte),
        "total": total,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else hundredths(value)


def detail(
    performed: Performed, redactor: Redactor, message: str, bodies: Bodies, limit: int = HISTORY_BODY_BYTES
) -> bytes:
    """The JSON that the history keeps of one attempt; bodies are cut to `limit` bytes."""
    delivered = performed.outcome.verdict is DELIVERED
    keep = bodies == "all" or (bodies == "failed" and not delivered)
    document: dict[str, Any] = {"message": message}
    outgoing = performed.outgoing
    if outgoing is not None:
        request: dict[str, Any] = {
            "method": outgoing.method,
            "url": outgoing.shown_url,
            "headers": dict(outgoing.shown_headers),
        }
        if keep:
            request["body"] = shown_text(outgoing.body, limit)
        document["request"] = request
    answer = performed.answer
    if answer is not None:
        document["timings"] = _timings(answer.phases, performed.duration)
        response: dict[str, Any] = {"statusCode": answer.status}
        if keep and not redactor.hides_bodies:
            response["headers"] = redactor.headers(answer.headers)
            content_type = next((value for name, value in answer.headers if name == "content-type"), "")
            response["body"] = _answer_text(answer.body, content_type, redactor, limit)
        document["response"] = response
    else:
        document["timings"] = {"total": performed.duration}
    if performed.unread and keep and not redactor.hides_bodies:
        document["unread"] = _answer_text(performed.unread, "", redactor, UNREAD_BYTES)
    if performed.validators:
        document["validators"] = [_validator(result, redactor) for result in performed.validators]
    if performed.requests > 1:
        document["attempts"] = performed.requests
    return orjson.dumps(document)


def _validator(result: ValidatorResult, redactor: Redactor) -> dict[str, Any]:
    actual = result.actual
    if actual is not None:
        actual = None if redactor.hides_bodies else redactor.beginning(actual, TEST_VALUE_CHARACTERS)
    shown = {"path": result.path, "passed": result.passed, "actual": actual}
    return shown if result.problem is None else shown | {"problem": result.problem}


def friendly_id(raw: bytes) -> str | None:
    """`data.friendly_id` of an event's JSON text (AR-123), found without parsing it; in a large one once for all."""
    return _find_friendly_id(raw) if len(raw) < _LARGE else _found_friendly_id(raw)


def _find_friendly_id(raw: bytes) -> str | None:
    found = _FRIENDLY.search(raw)
    return found[1].decode() if found else None


_found_friendly_id = lru_cache(maxsize=4)(_find_friendly_id)
