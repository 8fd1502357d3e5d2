"""The Event record that every other module speaks, and the keys and ids of events and deliveries.

Must not: decode wire formats (`core.cloudevents`), touch clock or randomness (callers pass them in).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_PAIRS: Final = [
    high + low for high in _ALPHABET for low in _ALPHABET
]  # ten bits at a time: ids are on the hot path
_VALUE: Final = {character: value for value, character in enumerate(_ALPHABET)}
_DIGITS: Final = 13  # 65 bits hold a key of 63
_KEYS: Final = 2**63
_ATTEMPT: Final = re.compile(r"[0-9]{1,9}")
_SHOWN: Final = 64  # characters of what is no id


Identity = tuple[str, ...]
"""What makes a repeat a repeat: its kind, then its parts (`cloudevent`, source, id; `key`, key and the place in a list)."""


class Event(NamedTuple):
    """One event as it was posted, decoded. (Records made per event are named tuples: a third of a frozen dataclass.)

    `document` is what templates and filters see (`event_type`, `event_time`, `data`, `cloudevent`);
    `raw` is the JSON text of it that the store keeps; `trigger` the normalised trigger (`RequestX`, `Manual`
    or a CloudEvents type), None for an `event_type` that is neither; `identity` what makes a repeat a repeat, and
    `content` what a repeat must have in common with the first, as JSON text (None: `raw`).
    """

    event_type: str
    trigger: str | None
    document: dict[str, Any]
    raw: bytes
    identity: Identity | None = None
    content: bytes | None = None
    hops: int = 0
    """How often it came through a dispatcher before."""
    weight: int = 0
    """Bytes that `document` takes at most."""


@lru_cache(maxsize=4096)  # an id is written some six times within a moment: answer, header, log, history
def encode_key(key: int) -> str:
    """A key (63-bit integer) as 13 base 32 characters that sort like it."""
    return (
        f"{_ALPHABET[key >> 60]}{_PAIRS[key >> 50 & 1023]}{_PAIRS[key >> 40 & 1023]}{_PAIRS[key >> 30 & 1023]}"
        f"{_PAIRS[key >> 20 & 1023]}{_PAIRS[key >> 10 & 1023]}{_PAIRS[key & 1023]}"
    )


def event_id(key: int, tag: str) -> str:
    """`evt_` + key + installation tag."""
    return f"evt_{encode_key(key)}{tag}"


def delivery_id(key: int, tag: str) -> str:
    """`dlv_` + key + installation tag: the `webhook-id` header, the same over retries and replays."""
    return f"dlv_{encode_key(key)}{tag}"


def event_key(identifier: str) -> int:
    """The key in an event's id. Raises KeyError for what is none."""
    key = 0
    for character in identifier[4 : 4 + _DIGITS]:
        key = key << 5 | _VALUE[character]
    return key


def parse_id(text: str, tag: str) -> tuple[int, int | None]:
    """A delivery or invocation id → (delivery key, attempt or None).

    Raises ValueError for what is no id of this installation.
    """
    head, _, attempt = text.partition(".")
    digits = head[4 : 4 + _DIGITS]
    if not head.startswith("dlv_") or len(digits) != _DIGITS or head[4 + _DIGITS :] != tag:
        raise ValueError(f"{text[:_SHOWN]!r} is not a delivery of this installation")
    try:
        key = 0
        for character in digits:
            key = key << 5 | _VALUE[character]
    except KeyError:
        key = _KEYS
    if key >= _KEYS or (attempt and not _ATTEMPT.fullmatch(attempt)):
        raise ValueError(f"{text[:_SHOWN]!r} is not a delivery or invocation id")
    return key, int(attempt) if attempt else None
