"""The forms in which a known value may stand in what a program writes; `test_secrets` searches for all of them."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote


def forms(value: str) -> frozenset[bytes]:
    """Plain, JSON-escaped (once, twice), percent-encoded (once, twice), hex, base64 behind 0, 1 or 2 other bytes.

    OAuth 2.0 has the base64 of percent-encoded values too (RFC 6749 section 2.3.1).
    """
    return frozenset(
        each
        for text in {value, value.encode().decode("latin-1")}  # many servers read header bytes as Latin-1
        for each in (*_texts(text), *_encoded(text.encode()), *_encoded(quote(text, safe="").encode()))
    )


def found(data: bytes, values: dict[str, str]) -> list[str]:
    """The labels of the values that stand in `data` in any form, each with the form."""
    return [
        f"{label}: {form.decode(errors='backslashreplace')}"
        for label, value in values.items()
        for form in sorted(forms(value))
        if form in data
    ]


def _texts(text: str) -> Iterator[bytes]:
    yield text.encode()
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield once.encode()
        yield json.dumps(once, ensure_ascii=ascii_only)[1:-1].encode()
    percent = quote(text, safe="")
    yield percent.encode()
    yield quote(text, safe="/").encode()
    yield quote(percent, safe="").encode()
    yield "".join(each.lower() if each.startswith("%") else each for each in _units(percent)).encode()


def _units(percent: str) -> Iterable[str]:
    """The text cut into %xx and single characters."""
    at = 0
    while at < len(percent):
        size = 3 if percent[at] == "%" else 1
        yield percent[at : at + size]
        at += size


def _encoded(raw: bytes) -> Iterator[bytes]:
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for before in range(3):
        first = -(-8 * before // 6)  # the characters that hold bits of neighbours are not ours
        last = 8 * (before + len(raw)) // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(bytes(before) + raw)[first:last]
