"""Expands a compressed answer, never beyond a limit.

We ask for `identity`, but some servers compress whatever one asks. Must not: fail. What cannot be expanded
(an unknown coding, damaged data) stays as it came, for the answer's status counts all the same.
"""

from __future__ import annotations

import zlib

from hookwright.limits import GZIP_MEMBERS, KIB

_NONE = frozenset({"", "identity"})
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = frozenset({"gzip", "x-gzip"})
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # told apart by their first bytes


def expand(body: bytes, coding: str, limit: int) -> tuple[bytes, str | None]:
    """The body of at most `limit` bytes, and why it is not whole, a phrase as in `port.Answer.cut`.

    `coding`: the value of content-encoding.
    """
    coding = ", ".join(each for each in map(str.strip, coding.lower().split(",")) if each not in _NONE)
    if not coding or not body:
        return body, None
    if coding in _GZIP:
        windows = [_GZIP_OR_ZLIB]
    elif coding == "deflate":
        windows = [_GZIP_OR_ZLIB, -zlib.MAX_WBITS]  # zlib by the standard, bare deflate by some servers
    else:
        return body, "is compressed in a way that was not asked for and cannot be read"
    for window in windows:
        try:
            expanded, whole = _members(body, window, limit + 1)
        except zlib.error:
            continue
        if len(expanded) > limit:
            return expanded[:limit], f"was cut at {limit // KIB} KiB"
        return expanded, None if whole else "is not whole in its compressed data"
    return body, "is said to be compressed and cannot be expanded"


def _members(body: bytes, window: int, limit: int) -> tuple[bytes, bool]:
    """All members of a gzip body one after the other (RFC 1952 section 2.2), and whether the last one is whole.

    Whatever else stands behind a member is left out. Raises zlib.error.
    """
    expanded = b""
    for _ in range(GZIP_MEMBERS):
        member = zlib.decompressobj(window)
        expanded += member.decompress(body, limit - len(expanded))
        body = member.unused_data
        if not member.eof or len(expanded) >= limit or not body.startswith(_GZIP_MAGIC):
            return expanded, member.eof
    return expanded, False
