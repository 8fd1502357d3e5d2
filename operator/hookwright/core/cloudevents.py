"""CloudEvents 1.0 as they come over HTTP → context attributes and data (HTTP binding and JSON format 1.0.2).

Binary: attributes in `ce-` headers, data in the body. Structured and batched: one JSON object per event.
`core.decode` tells the modes apart and makes Events of the parts.
Must not: interpret data beyond its being JSON.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote

from hookwright.core.event_json import read_json
from hookwright.core.times import timestamp
from hookwright.errors import EventError

STRUCTURED: Final = "application/cloudevents+json"
BATCHED: Final = "application/cloudevents-batch+json"
_REQUIRED: Final = ("specversion", "id", "source", "type")
_STRINGS: Final = (*_REQUIRED, "time", "subject", "dataschema", "datacontenttype")
_PREFIX: Final = "ce-"
_REQUIRED_HEADERS: Final = frozenset(_PREFIX + name for name in _REQUIRED)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_JSON: Final = re.compile(r"[^/;\s]+/(?:[^/;\s]+\+)?json", re.IGNORECASE)


def is_binary(headers: Mapping[str, str]) -> bool:
    """Whether the headers (lower-case names) carry a CloudEvent in binary mode."""
    return not _REQUIRED_HEADERS.isdisjoint(headers)


def is_json(media_type: str) -> bool:
    """Whether data of this content type is JSON: subtype `json` or a `+json` suffix, parameters aside."""
    return _JSON.fullmatch(media_type.partition(";")[0].strip()) is not None


def binary_attributes(headers: Mapping[str, str]) -> dict[str, Any]:
    """The context attributes in `ce-` headers, checked; `datacontenttype` is the content type.

    Raises EventError (400).
    """
    attributes: dict[str, Any] = {
        name.removeprefix(_PREFIX): _header_value(value)
        for name, value in headers.items()
        if name.startswith(_PREFIX)
    }
    if "content-type" in headers:
        attributes["datacontenttype"] = headers["content-type"]
    _check(attributes, "the event")
    return attributes


def structured_parts(value: Any, where: str) -> tuple[dict[str, Any], Any]:
    """A CloudEvent as a JSON object → its attributes, checked, and its data (None: it has none).

    An attribute that is null counts as left out (JSON format, section 2.2). EventError (400) names `where`.
    """
    if not isinstance(value, dict):
        raise EventError(
            f"{where} is not a CloudEvent: it must be a JSON object; an array of them is sent as {BATCHED}"
        )
    attributes = {
        name: attribute
        for name, attribute in value.items()
        if attribute is not None and name not in ("data", "data_base64")
    }
    _check(attributes, where)
    encoded = value.get("data_base64")
    if encoded is None:
        return attributes, value.get("data")
    if "data" in value:
        raise EventError(f"{where} has both data and data_base64: send one of them")
    return attributes, _decoded(encoded, where)


def identity(attributes: Mapping[str, Any]) -> tuple[str, str]:
    """`source` and `id`, which together name one event (CloudEvents 1.0, section 3.1)."""
    return attributes["source"], attributes["id"]


def document(attributes: dict[str, Any], data: Any) -> dict[str, Any]:
    """The event as templates and filters see it (SPEC 3); `event_time` only where there is a `time`."""
    time = {"event_time": attributes["time"]} if "time" in attributes else {}
    return {"event_type": attributes["type"], **time, "data": data, "cloudevent": attributes}


def _header_value(value: str) -> str:
    """Undo quoting, then one round of percent-encoding (HTTP binding, section 3.1.3.2).

    `value` came as bytes read as Latin-1. Some SDKs do not encode what is beyond ASCII but send it as UTF-8; what is
    none is read as Windows-1252, which is Latin-1 with letters in place of control characters.
    """
    if not value.isascii():
        value = _text(value)
    quoted = _QUOTED.fullmatch(value)
    plain = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else value
    try:
        return unquote(plain, errors="strict")
    except UnicodeDecodeError:  # a percent sign that encodes nothing, as in a URI of another charset
        return plain


def _text(value: str) -> str:
    for charset in ("utf-8", "cp1252"):
        with suppress(UnicodeError):
            return value.encode("latin-1").decode(charset)
    return value


def _check(attributes: Mapping[str, Any], where: str) -> None:
    for name in _REQUIRED:
        if name not in attributes:
            if "event_type" in attributes:
                raise EventError(
                    f"{where} is an envelope with event_type, no CloudEvent: send it as application/json"
                )
            raise EventError(f"{where} is not a CloudEvent: it has no {name}")
    for name, value in attributes.items():
        _check_attribute(name, value, where)
    if attributes["specversion"] != "1.0":
        raise EventError(f"specversion of {where} is {attributes['specversion']}: only 1.0 is understood")
    if "time" in attributes:
        try:
            timestamp(attributes["time"])
        except ValueError as problem:
            raise EventError(f"time of {where} {problem}; write it like 2026-01-31T12:00:00Z") from None
    if not is_json(attributes.get("datacontenttype", "application/json")):
        raise EventError(f"datacontenttype of {where} is {attributes['datacontenttype']}: data must be JSON")


def _check_attribute(name: str, value: Any, where: str) -> None:
    if name in _STRINGS and (not isinstance(value, str) or not value):
        raise EventError(f"{name} of {where} must be a string that is not empty")
    if not isinstance(value, str | int):  # a boolean is an int here
        raise EventError(f"{name} of {where} must be a string, an integer or a boolean")
    if isinstance(value, str) and _CONTROL.search(value):
        raise EventError(f"{name} of {where} must not contain control characters")


def _decoded(encoded: Any, where: str) -> Any:
    try:
        return read_json(base64.b64decode(encoded, validate=True))[0]
    except (TypeError, binascii.Error):
        raise EventError(f"data_base64 of {where} is not base64") from None
    except ValueError as problem:
        raise EventError(f"data_base64 of {where} {problem}") from None
