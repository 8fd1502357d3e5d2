"""Stored records of attempts as the Invocations that people read (SPEC 1, Words).

Must not: redact (records have been).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from hookwright.api.admin import Invocation, RequestRecord, ResponseRecord, Timings, ValidatorResult
from hookwright.core.event import delivery_id, event_id
from hookwright.core.hints import hint
from hookwright.core.records import AttemptRecord, LastInvocation
from hookwright.core.times import rfc3339
from hookwright.errors import Cause
from hookwright.limits import ADMIN_SHOWN


def cut(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8 of a text; an ellipsis marks the cut."""
    head = text.encode()[: limit + 1]
    return text if len(head) <= limit else head[:limit].decode("utf-8", "ignore") + "…"


def invocation(record: AttemptRecord, tag: str) -> Invocation:
    """A stored record as people read it."""
    stored = orjson.loads(record.detail)
    cause = Cause(record.cause) if record.cause else None
    request, response = stored.get("request"), stored.get("response")
    return Invocation(
        id=f"{delivery_id(record.delivery_key, tag)}.{record.attempt}",
        event_id=event_id(record.event_key, tag) if record.event_key else None,
        webhook=record.route,
        trigger=record.trigger,
        attempt=record.attempt,
        result=record.result,
        message=stored.get("message", ""),
        hint=hint(cause, record.status),
        time=rfc3339(record.time),
        friendly_id=record.friendly_id,
        kind=record.kind,
        request=RequestRecord.model_validate(request) if request else None,
        response=ResponseRecord.model_validate(response) if response else None,
        unread=stored.get("unread"),
        timings=Timings.model_validate(stored.get("timings", {})),
        validators=[ValidatorResult.model_validate(each) for each in stored.get("validators", ())],
        attempts=stored.get("attempts", 1),
    )


@lru_cache(ADMIN_SHOWN)
def in_short(record: AttemptRecord, tag: str) -> Invocation:
    """The same without what was sent and answered, but for the status and how long it took."""
    status = record.status
    response = None if status is None else ResponseRecord(status_code=status)
    changes = {"timings": Timings(total=round(record.duration, 2)), "response": response}
    return invocation(record, tag).model_copy(update=changes)


def last_invocation(record: AttemptRecord, tag: str) -> LastInvocation:
    """What a status tells of a stored record."""
    return LastInvocation(
        record.time, record.result, event_id(record.event_key, tag), record.trigger, record.attempt,
        record.status, record.duration, orjson.loads(record.detail).get("message", ""),
    )  # fmt: skip


def with_bodies_cut(whole: Invocation, limit: int) -> Invocation:
    """The same with bodies of at most `limit` bytes."""
    changes: dict[str, Any] = {}
    for name, message in (("request", whole.request), ("response", whole.response)):
        if message is not None and message.body is not None:
            changes[name] = message.model_copy(update={"body": cut(message.body, limit)})
    return whole.model_copy(update=changes)
