"""What the headers of a request become: credentials, the content type, headers that stay, and some that go.

Must not: decide what of them is a secret (`sensitive` does).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from hookwright.cli.importing.form import Form

_BROWSER: Final = (
    "sec-",
    "accept-language",
    "priority",
    "dnt",
    "upgrade-insecure-requests",
    "pragma",
    "cache-control",
)
_OURS: Final = ("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade",
                "expect", "accept-encoding")  # fmt: skip


def take_headers(form: Form, headers: Iterable[tuple[str, str]]) -> None:
    """Put each where it belongs in the form; the names of those left out become a note."""
    left_out: list[str] = []
    for name, value in headers:
        low = name.lower()
        if low in _OURS or low.startswith((*_BROWSER, "proxy-")):
            left_out.append(name)
        elif low == "content-type":
            form.content_type = value.partition(";")[0].strip()
        elif low == "authorization" and form.oauth is None:
            _take_authorization(form, value)
        elif low == "authorization":
            left_out.append(name)
        else:
            form.headers.append((name, value))
    if left_out:
        form.notes.append(
            f"Headers that the dispatcher or a browser sets were left out: {', '.join(left_out)}."
        )


def _take_authorization(form: Form, value: str) -> None:
    scheme, _, rest = value.partition(" ")
    if scheme.lower() == "bearer" and rest:
        form.bearer = rest.strip()
        return
    if scheme.lower() == "basic":
        with suppress(ValueError):
            user, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
            if colon:
                form.basic = user, password
                return
    form.headers.append(("Authorization", value))
