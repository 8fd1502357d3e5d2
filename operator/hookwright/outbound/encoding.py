"""Expands a compressed answer, never beyond a limit.

We ask for `identity`, but some servers compress whatever one asks. Must not: fail. What cannot be expanded
(an unknown coding, damaged data) stays as it came, for the answer's status counts all the same.
"""

from __future__ import annotations

import zlib

_GZIP = frozenset({"gzip", "x-gzip"})
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # told apart by their first bytes


def expand(body: bytes, coding: str, limit: int) -> tuple[bytes, bool]:
    """The body of at most `limit` bytes, and whether it was cut. `coding`: the value of content-encoding."""
    coding = coding.strip().lower()
    if coding in _GZIP:
        windows = [_GZIP_OR_ZLIB]
    elif coding == "deflate":
        windows = [_GZIP_OR_ZLIB, -zlib.MAX_WBITS]  # zlib by the standard, bare deflate by some servers
    else:
        return body, False
    for window in windows:
        try:
            expanded = zlib.decompressobj(window).decompress(body, limit + 1)
        except zlib.error:
            continue
        return expanded[:limit], len(expanded) > limit
    return body, False
