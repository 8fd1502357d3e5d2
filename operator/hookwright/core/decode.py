"""What arrives at `POST /v1/events`, in all its shapes, → Events (SPEC 3).

Shapes: one Apono envelope or a list of them, NDJSON, and CloudEvents in every mode (`core.cloudevents`).
`data` may be left out or null; it is then `{}`, so that templates and filters always find an object there.
The bytes of a single envelope are kept as they came (but what `core.event_json` had to mend); only members of a batch
are written anew. Where the URL names a type, any JSON object is the data of an event.
Must not: know HTTP beyond header values, match, or store.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from typing import Any, Final

from hookwright.api.v1alpha1.webhook import MANUAL, REQUEST_TRIGGERS
from hookwright.core import cloudevents
from hookwright.core.event import Event
from hookwright.core.event_json import read_json, sorted_json
from hookwright.core.jsontext import check_depth, dump_json
from hookwright.core.times import epoch_text
from hookwright.errors import EventError
from hookwright.limits import (
    BATCH_BYTES,
    BATCH_EVENTS,
    EVENT_BYTES,
    EVENT_TYPE_CHARACTERS,
    IDENTITY_BYTES,
)

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
_IDENTITY_HEADERS: Final = ("idempotency-key", "webhook-id")
_CHARSETS: Final = frozenset({"", "utf-8", "utf8", "us-ascii"})
_TYPE: Final = re.compile(r"[^\s*]+\.[^\s*]+")  # what a trigger can name
_TRIGGERS: Final = {
    MANUAL: MANUAL,
    **{trigger: trigger for trigger in REQUEST_TRIGGERS},
    **{f"Access{trigger}": trigger for trigger in REQUEST_TRIGGERS},
}


def normalise_trigger(event_type: str) -> str | None:
    """`AccessRequestX` → `RequestX`; `RequestX`, `Manual` and types with a dot as they are; else None."""
    return _TRIGGERS.get(event_type) or (event_type if "." in event_type else None)


def decode(headers: Mapping[str, str], body: bytes) -> list[Event]:
    """One request → its events, in order; an empty batch is an empty list.

    `headers` have lower-case names. Raises EventError (400, 413 or 415) with one sentence, which names the
    line or index of a batch.
    """
    media_type = _media_type(headers, body)
    body = body.removeprefix(BOM_UTF8)
    if media_type == cloudevents.STRUCTURED:
        return [_structured(_parse(_bounded(body), "the event")[0], "the event")]
    if media_type == cloudevents.BATCHED:
        return _list(body, None, _structured)
    if cloudevents.is_binary(headers):
        return [_binary(headers, media_type, body)]
    if media_type == NDJSON:
        return _lines(body, _header_identity(headers))
    if not cloudevents.is_json(media_type):
        raise EventError(
            f"the content type {media_type or '(none)'} is not understood: send {JSON}, {NDJSON}, "
            f"{cloudevents.STRUCTURED} or {cloudevents.BATCHED}",
            status=415,
        )
    identity = _header_identity(headers)
    if body.lstrip()[:1] == b"[":
        return _list(body, identity, _envelope)
    document, text = _parse(_bounded(body), "the event")
    return [_envelope(document, "the event", identity, text)]


def decode_any(headers: Mapping[str, str], body: bytes, event_type: str, *, now_ms: int) -> Event:
    """A request whose URL names the type of event: its body, any JSON object, is the data (SPEC 3).

    The content type says nothing then, for its senders can often set no more than a URL. `now_ms`: epoch milliseconds,
    the time of the event. Raises EventError as `decode` does.
    """
    if not _TYPE.fullmatch(event_type) or not event_type.isprintable():
        raise EventError(
            "?type= in the URL must be a type with a dot and without blanks, such as ?type=dev.example.alert; "
            f"it is {event_type[:EVENT_TYPE_CHARACTERS]!r}"
        )
    media_type = _media_type(headers, body)
    if media_type in (cloudevents.STRUCTURED, cloudevents.BATCHED) or cloudevents.is_binary(headers):
        raise EventError("a CloudEvent names its own type: take ?type= out of the URL")
    data, text = _parse(_bounded(body), "the event") if media_type != NDJSON else (None, body)
    if not isinstance(data, dict):
        raise EventError("with ?type= in the URL the body must be one JSON object: send each by itself")
    document = {"event_type": event_type, "event_time": epoch_text(now_ms), "data": data}
    raw = _spliced(document, text)
    return _event(document, "the event", _header_identity(headers), raw, [event_type, data])


# --- shapes ------------------------------------------------------------------------------------


def _binary(headers: Mapping[str, str], media_type: str, body: bytes) -> Event:
    if media_type and not cloudevents.is_json(media_type):
        raise EventError(
            f"the content type {media_type} of the CloudEvent's data is not JSON: send {JSON}", status=415
        )
    attributes = cloudevents.binary_attributes(headers)
    data, text = _parse(_bounded(body), "the data of the CloudEvent") if body else (None, body)
    return _cloud_event(attributes, data, "the event", text)


def _structured(value: Any, where: str, _: str | None = None) -> Event:
    attributes, data = cloudevents.structured_parts(value, where)
    return _cloud_event(attributes, data, where, None)


def _cloud_event(attributes: dict[str, Any], data: Any, where: str, text: bytes | None) -> Event:
    """`text`: the bytes of `data`, where they came by themselves."""
    identity = _identity(cloudevents.identity(attributes), f"source and id of {where}")
    content = [attributes["type"], data]  # brokers and tracers stamp the other attributes at every hop
    if _is_envelope(data):
        return _event(data, where, identity, text, content)
    document = cloudevents.document(attributes, {} if data is None else data)
    raw = None if text is None or data is None else _spliced(document, text)
    return _event(document, where, identity, raw, content)


def _spliced(document: dict[str, Any], data: bytes) -> bytes:
    """JSON text of `document` with its data as it came: written anew, a long integer would lose its digits."""
    head = {name: value for name, value in document.items() if name != "data"}
    return b'%b,"data":%b}' % (dump_json(head)[:-1], data)


def _list(body: bytes, key: str | None, make: Callable[[Any, str, str | None], Event]) -> list[Event]:
    members, _ = _parse(_bounded(body, BATCH_BYTES, "the batch"), "the batch")
    if not isinstance(members, list):
        raise EventError(
            f"a batch must be a JSON array of events: send a single one as {cloudevents.STRUCTURED}"
        )
    _check_count(len(members))
    return [
        make(member, f"event {index} of the batch", _member_key(key, index))
        for index, member in enumerate(members)
    ]


def _lines(body: bytes, key: str | None) -> list[Event]:
    lines = enumerate(_bounded(body, BATCH_BYTES, "the batch").split(b"\n"), 1)
    numbered = [(f"line {number}", line.strip()) for number, line in lines if line.strip()]
    _check_count(len(numbered))
    return [_line(line, where, _member_key(key, index)) for index, (where, line) in enumerate(numbered)]


def _line(line: bytes, where: str, identity: str | None) -> Event:
    document, text = _parse(_bounded(line, what=where), where)
    return _envelope(document, where, identity, text)


# --- the envelope ------------------------------------------------------------------------------


def _is_envelope(data: Any) -> bool:
    """Whether a CloudEvent's data is an Apono envelope: one of its event types, beside an object `data`."""
    return (
        isinstance(data, dict)
        and isinstance(data.get("event_type"), str)
        and data["event_type"] in _TRIGGERS
        and isinstance(data.get("data"), dict)
    )


def _envelope(document: Any, where: str, identity: str | None, text: bytes | None = None) -> Event:
    if not isinstance(document, dict):
        raise EventError(f"{where} must be a JSON object with event_type and data")
    data = document.get("data")
    if data is None:
        document, text = {**document, "data": {}}, None
    elif not isinstance(data, dict):
        raise EventError(f"data of {where} must be a JSON object")
    return _event(document, where, identity, text)


def _event(
    document: dict[str, Any], where: str, identity: str | None, text: bytes | None, content: Any = None
) -> Event:
    """`text`: the JSON text of `document`, if it is known; `content`: by what a repeat is known (None: all of it)."""
    event_type = document.get("event_type")
    if not isinstance(event_type, str) or not event_type:
        raise EventError(_untyped(document, where))
    if len(event_type) > EVENT_TYPE_CHARACTERS:
        raise EventError(f"event_type of {where} is longer than {EVENT_TYPE_CHARACTERS} characters")
    try:
        raw = dump_json(document) if text is None else text
        check_depth(document, raw)
    except ValueError as problem:
        raise EventError(f"{where} {problem}") from None
    known_by = None if identity is None else sorted_json(document if content is None else content)
    return Event(
        event_type, normalise_trigger(event_type), document, _bounded(raw, what=where), identity, known_by
    )


def _untyped(document: dict[str, Any], where: str) -> str:
    if "specversion" in document:
        return (
            f"{where} is a CloudEvent: send it as {cloudevents.STRUCTURED}, "
            f"several as a JSON array of them as {cloudevents.BATCHED}"
        )
    return (
        f"{where} has no event_type: it must be a string such as AccessRequestCreated; "
        "other JSON is taken with its type in the URL, as in /v1/events?type=dev.example.alert"
    )


# --- headers and bounds ------------------------------------------------------------------------


def _media_type(headers: Mapping[str, str], body: bytes) -> str:
    """Media type in lower case, without parameters; 415 for a body that is compressed or no Unicode.

    A charset means nothing for JSON, which is UTF-8 (RFC 8259, section 11): it is named only where it is not.
    """
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise EventError(
            f"the content encoding {encoding} is not accepted: send the body uncompressed", status=415
        )
    media_type, semicolon, parameters = headers.get("content-type", "").partition(";")
    for parameter in parameters.split(";") if semicolon else ():
        name, _, value = parameter.partition("=")
        charset = value.strip().strip('"').lower()
        if name.strip().lower() == "charset" and charset not in _CHARSETS and not _is_utf8(body):
            raise EventError(f"the charset {charset} is not accepted: send JSON as UTF-8", status=415)
    return media_type.strip().lower()


def _is_utf8(body: bytes) -> bool:
    """Whether it is, going by its bytes; a zero byte, which UTF-16 has and JSON has not, says no."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in body


def _header_identity(headers: Mapping[str, str]) -> str | None:
    for name in _IDENTITY_HEADERS:
        key = headers.get(name)
        if key is not None:
            return _identity(key.strip(), f"the header {name}")
    return None


def _identity(identity: str, what: str) -> str:
    if not identity:
        raise EventError(f"{what} is empty: give each event its own, or leave it out")
    if len(identity.encode()) > IDENTITY_BYTES:
        raise EventError(f"{what} is longer than {IDENTITY_BYTES:,} bytes")
    return identity


def _member_key(key: str | None, index: int) -> str | None:
    return None if key is None else f"{key}#{index}"


def _check_count(count: int) -> None:
    if count > BATCH_EVENTS:
        raise EventError(
            f"the batch holds {count:,} events, more than {BATCH_EVENTS:,}: send it in parts", status=413
        )


def _bounded(body: bytes, limit: int = EVENT_BYTES, what: str = "the event") -> bytes:
    if len(body) > limit:
        raise EventError(f"{what} is larger than {limit:,} bytes", status=413)
    return body


def _parse(body: bytes, what: str) -> tuple[Any, bytes]:
    try:
        return read_json(body)
    except ValueError as problem:
        raise EventError(f"{what} {problem}") from None
