"""Answers that come in place of an application's: problem documents, and the refusals of a connection.

Must not: decide which, or know the state of a connection.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import orjson

from hookwright.limits import INGEST_RETRY_AFTER_SECONDS


def problem(status: int, detail: str, hint: str | None = None) -> bytes:
    """An RFC 9457 problem document; `hint` is an extension member of it."""
    document = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return orjson.dumps(document | ({} if hint is None else {"hint": hint}))


def _refusal(status: int, sentence: str) -> bytes:
    body = problem(status, sentence)
    wait = f"retry-after: {INGEST_RETRY_AFTER_SECONDS}\r\n" if status == 503 else ""
    return (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/problem+json\r\n{wait}"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    ).encode() + body


BAD: Final = _refusal(400, "This is not a request of HTTP/1.1 as RFC 9112 has it.")
TOO_LARGE: Final = _refusal(431, "The headers are larger than 64 KiB; send less in them.")
TOO_MANY: Final = _refusal(431, "There are more than 100 headers; send fewer.")
LATE: Final = _refusal(408, "The request was not complete within 30 s.")
CROWDED: Final = _refusal(503, "Too many connections; close idle ones and try again.")
FULL: Final = _refusal(503, "Too many large requests at once; send this again.")
