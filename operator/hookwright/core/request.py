"""What an attempt will send: the request in full, and the same as it may be shown.

The shown form is built a second time from the same parts, with `‹secret name/key›` in place of each value
(SPEC 5), never by searching and replacing. Must not: send, read the clock.
"""

from __future__ import annotations

from typing import NamedTuple


class Outgoing(NamedTuple):
    """One request, ready for the sender. `headers` are in order, without Host and Content-Length.

    `shown_url` and `shown_headers` are what may be stored and shown.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    shown_url: str
    shown_headers: tuple[tuple[str, str], ...]
