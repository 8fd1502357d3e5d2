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
from collections.abc import Callable, Generator, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from hookwright.api.v1alpha1.webhook import MANUAL, REQUEST_TRIGGERS
from hookwright.core import cloudevents
from hookwright.core.event import Event, Identity
from hookwright.core.event_json import check_keys, load_json, sorted_json, split_array
from hookwright.core.jsontext import check_text_depth, dump_json
from hookwright.core.times import epoch_text
from hookwright.errors import EventError
from hookwright.limits import (
    BATCH_BYTES,
    BATCH_EVENTS,
    DECODE_STEP_BYTES,
    EVENT_BYTES,
    EVENT_TYPE_CHARACTERS,
    IDENTITY_BYTES,
)

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
_NO_LIST: Final = f"a batch must be a JSON array of events: send a single one as {cloudevents.STRUCTURED}"
_IDENTITY_HEADERS: Final = ("idempotency-key", "webhook-id")
_CHARSETS: Final = frozenset({"", "utf-8", "utf8", "us-ascii"})
_LINE: Final = re.compile(rb"\S[^\n]*")  # blank ones count as nothing
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
    return [event for event in decoding(headers, body) if event is not None]


def decoding(headers: Mapping[str, str], body: bytes) -> Iterator[Event | None]:
    """As `decode`, event by event; None stands between two steps that take long, for others to go first."""
    media_type = _media_type(headers, body)
    body = body.removeprefix(BOM_UTF8)
    if media_type == cloudevents.STRUCTURED:
        document, _ = yield from _parse(_bounded(body), "the event")
        yield _structured(document, "the event")
    elif media_type == cloudevents.BATCHED:
        yield from _list(body, None, _structured)
    elif cloudevents.is_binary(headers):
        yield from _binary(headers, media_type, body)
    elif media_type == NDJSON:
        yield from _lines(body, _header_identity(headers))
    elif media_type != JSON and not cloudevents.is_json(media_type):
        raise EventError(
            f"the content type {media_type or '(none)'} is not understood: send {JSON}, {NDJSON}, "
            f"{cloudevents.STRUCTURED} or {cloudevents.BATCHED}",
            status=415,
        )
    elif body.lstrip()[:1] == b"[":
        yield from _list(body, _header_identity(headers), _envelope)
    else:
        identity = _header_identity(headers)
        document, text = yield from _parse(_bounded(body), "the event")
        yield _envelope(document, "the event", identity, text)


def decode_any(headers: Mapping[str, str], body: bytes, event_type: str, *, now_ms: int) -> Event:
    """A request whose URL names the type of event: its body, any JSON object, is the data (SPEC 3).

    The content type says nothing then, for its senders can often set no more than a URL. `now_ms`: epoch milliseconds,
    the time of the event. Raises EventError as `decode` does.
    """
    (event,) = filter(None, decoding_any(headers, body, event_type, now_ms=now_ms))
    return event


def decoding_any(
    headers: Mapping[str, str], body: bytes, event_type: str, *, now_ms: int
) -> Iterator[Event | None]:
    """As `decode_any`, in steps as `decoding` has them."""
    if not _TYPE.fullmatch(event_type) or not event_type.isprintable():
        raise EventError(
            "?type= in the URL must be a type with a dot and without blanks, such as ?type=dev.example.alert; "
            f"it is {event_type[:EVENT_TYPE_CHARACTERS]!r}"
        )
    media_type = _media_type(headers, body)
    if media_type in (cloudevents.STRUCTURED, cloudevents.BATCHED) or cloudevents.is_binary(headers):
        raise EventError("a CloudEvent names its own type: take ?type= out of the URL")
    data, text = (None, body) if media_type == NDJSON else (yield from _parse(_bounded(body), "the event"))
    if not isinstance(data, dict):
        raise EventError("with ?type= in the URL the body must be one JSON object: send each by itself")
    document = {"event_type": event_type, "event_time": epoch_text(now_ms), "data": data}
    raw = _spliced(document, text)
    yield _event(document, "the event", _header_identity(headers), raw, [event_type, data])


# --- shapes ------------------------------------------------------------------------------------


def _binary(headers: Mapping[str, str], media_type: str, body: bytes) -> Iterator[Event | None]:
    if media_type and not cloudevents.is_json(media_type):
        raise EventError(
            f"the content type {media_type} of the CloudEvent's data is not JSON: send {JSON}", status=415
        )
    attributes = cloudevents.binary_attributes(headers)
    what = "the data of the CloudEvent"
    data, text = (yield from _parse(_bounded(body), what)) if body else (None, body)
    yield _cloud_event(attributes, data, "the event", text)


def _structured(value: Any, where: str, _: Identity | None = None) -> Event:
    attributes, data = cloudevents.structured_parts(value, where)
    return _cloud_event(attributes, data, where, None)


def _cloud_event(attributes: dict[str, Any], data: Any, where: str, text: bytes | None) -> Event:
    """`text`: the bytes of `data`, where they came by themselves."""
    parts = cloudevents.identity(attributes)
    identity = _identity(("cloudevent", *parts), f"source and id of {where}")
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


def _list(
    body: bytes, key: Identity | None, make: Callable[[Any, str, Identity | None], Event]
) -> Iterator[Event | None]:
    _bounded(body, BATCH_BYTES, "the batch")
    if len(body) <= DECODE_STEP_BYTES:
        members, _ = yield from _parse(body, "the batch")
        if not isinstance(members, list):
            raise EventError(_NO_LIST)
        _check_count(len(members))
        for index, member in enumerate(members):
            yield make(member, _member(index), _member_key(key, index))
        return
    for index, text in enumerate(_members(body)):
        _check_count(index + 1)
        yield None
        member, _ = yield from _parse(_bounded(text, what=_member(index)), _member(index))
        yield make(member, _member(index), _member_key(key, index))


def _members(body: bytes) -> Iterator[bytes]:
    if body.lstrip()[:1] != b"[":
        raise EventError(_NO_LIST)
    try:
        yield from split_array(body)
    except ValueError as problem:
        raise EventError(f"the batch {problem}") from None


def _member(index: int) -> str:
    return f"event {index} of the batch"


def _lines(body: bytes, key: Identity | None) -> Iterator[Event | None]:
    _bounded(body, BATCH_BYTES, "the batch")
    _check_count(sum(1 for _ in islice(_LINE.finditer(body), BATCH_EVENTS + 1)))
    number, counted = 1, 0
    for index, found in enumerate(_LINE.finditer(body)):
        number += body.count(b"\n", counted, found.start())
        counted = found.start()
        where = f"line {number}"
        document, text = yield from _parse(_bounded(found[0].rstrip(), what=where), where)
        yield _envelope(document, where, _member_key(key, index), text)


# --- the envelope ------------------------------------------------------------------------------


def _is_envelope(data: Any) -> bool:
    """Whether a CloudEvent's data is an Apono envelope: one of its event types, beside an object `data`."""
    return (
        isinstance(data, dict)
        and isinstance(data.get("event_type"), str)
        and data["event_type"] in _TRIGGERS
        and isinstance(data.get("data"), dict)
    )


def _envelope(document: Any, where: str, identity: Identity | None, text: bytes | None = None) -> Event:
    if not isinstance(document, dict):
        raise EventError(f"{where} must be a JSON object with event_type and data")
    data = document.get("data")
    if data is None:
        document, text = {**document, "data": {}}, None
    elif not isinstance(data, dict):
        raise EventError(f"data of {where} must be a JSON object")
    return _event(document, where, identity, text)


def _event(
    document: dict[str, Any], where: str, identity: Identity | None, text: bytes | None, content: Any = None
) -> Event:
    """`text`: the JSON text of `document`, if it is known; `content`: by what a repeat is known (None: all of it)."""
    event_type = document.get("event_type")
    if not isinstance(event_type, str) or not event_type:
        raise EventError(_untyped(document, where))
    if len(event_type) > EVENT_TYPE_CHARACTERS:
        raise EventError(f"event_type of {where} is longer than {EVENT_TYPE_CHARACTERS} characters")
    try:
        raw = dump_json(document) if text is None else text
        weight = check_text_depth(raw)
    except ValueError as problem:
        raise EventError(f"{where} {problem}") from None
    known_by = None if identity is None else sorted_json(document if content is None else content)
    return Event(
        event_type, normalise_trigger(event_type), document, _bounded(raw, what=where), identity, known_by,
        weight=weight,
    )  # fmt: skip


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


def _header_identity(headers: Mapping[str, str]) -> Identity | None:
    for name in _IDENTITY_HEADERS:
        key = headers.get(name)
        if key is not None:
            return _identity(("key", key.strip()), f"the header {name}")
    return None


def _identity(identity: Identity, what: str) -> Identity:
    if not any(identity[1:]):
        raise EventError(f"{what} is empty: give each event its own, or leave it out")
    if len("".join(identity[1:]).encode()) > IDENTITY_BYTES:
        raise EventError(f"{what} is longer than {IDENTITY_BYTES:,} bytes")
    return identity


def _member_key(key: Identity | None, index: int) -> Identity | None:
    """The key of a list is that of its members, with the place of each."""
    return None if key is None else (*key, str(index))


def _check_count(count: int) -> None:
    if count > BATCH_EVENTS:
        raise EventError(f"the batch holds more than {BATCH_EVENTS:,} events: send it in parts", status=413)


def _bounded(body: bytes, limit: int = EVENT_BYTES, what: str = "the event") -> bytes:
    if len(body) > limit:
        raise EventError(f"{what} is larger than {limit:,} bytes", status=413)
    return body


def _parse(body: bytes, what: str) -> Generator[None, None, tuple[Any, bytes]]:
    try:
        value, text = load_json(body)
        if len(text) > DECODE_STEP_BYTES:
            yield
        check_keys(value, text)
        if len(text) > DECODE_STEP_BYTES:
            yield
    except ValueError as problem:
        raise EventError(f"{what} {problem}") from None
    return value, text
