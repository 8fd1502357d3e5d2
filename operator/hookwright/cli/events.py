"""An event from a file or stdin, with the content type by which the event port knows its shape (SPEC 3).

Reads no more than a batch may hold. Must not: judge the event, the dispatcher does.
"""

from __future__ import annotations

import json
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hookwright.cli.called import called
from hookwright.errors import UsageError
from hookwright.limits import BATCH_BYTES


@dataclass(frozen=True, slots=True)
class Body:
    """A request body; `single`: it holds one event, not a batch; `bare`: it is a JSON object of another kind."""

    content: bytes
    content_type: str
    single: bool
    bare: bool = False


def read_event(file: str) -> Body:
    """The file's events (`-`: stdin). UsageError when it cannot be read or is larger than a batch may be."""
    try:
        if file == "-":
            content = sys.stdin.buffer.read(BATCH_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(BATCH_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}).") from None
    if len(content) > BATCH_BYTES:
        raise UsageError(f"{file}: is larger than {BATCH_BYTES // 1024} KiB; send it in parts.")
    if not content.strip():
        raise UsageError(f"{file}: is empty; write an event into it, or `{called()} sample TRIGGER` does.")
    return _described(_utf8(content))


def _utf8(content: bytes) -> bytes:
    """A file that says it is UTF-16, as Windows PowerShell's `>` writes it, in UTF-8."""
    if not content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content
    return content.decode("utf-16", "replace").encode()


def _described(content: bytes) -> Body:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        # several documents, one a line; what is no JSON at all is refused by the dispatcher with the line
        several = len(content.strip().splitlines()) > 1
        return Body(content, "application/x-ndjson" if several else "application/json", single=not several)
    if isinstance(document, list):
        cloud = bool(document) and all(map(_is_cloudevent, document))
        return Body(
            content, "application/cloudevents-batch+json" if cloud else "application/json", single=False
        )
    cloud = _is_cloudevent(document)
    bare = isinstance(document, dict) and not cloud and "event_type" not in document
    return Body(
        content, "application/cloudevents+json" if cloud else "application/json", single=True, bare=bare
    )


def _is_cloudevent(document: Any) -> bool:
    return isinstance(document, dict) and "specversion" in document
