"""Bodies become text by their charset, whatever they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookwright.core.charsets import decoded

TEXT = "größe ✓ 中"


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (TEXT.encode(), "application/json", TEXT),
        (TEXT.encode("utf-8-sig"), "", TEXT),
        (TEXT.encode("utf-16"), "application/json", TEXT),
        (TEXT.encode("utf-16-le"), "text/plain; charset=UTF-16", TEXT),
        (TEXT.encode("utf-16-be"), 'text/plain; charset="utf-16be"', TEXT),
        (b"\0a\0b", "text/plain; charset=utf-16", "ab"),
        (TEXT.encode("utf-32"), "", TEXT),
        ("größe".encode("latin-1"), "text/html; charset=ISO-8859-1", "größe"),
        ("größe".encode("latin-1"), "text/html", "größe"),
        ("größe €".encode("cp1252"), "text/html;charset=windows-1252", "größe €"),
        ("größe ".encode() + "größe".encode("latin-1"), "text/html; charset=utf-8", "größe größe"),
        ("größe 中".encode()[:-1], "", "größe ä¸"),
        ("中文".encode("gb18030"), "text/plain; charset=GB18030", "中文"),
        (b"+AGEAYg-", "text/plain; charset=utf-7", "+AGEAYg-"),
        (rb"\u0061", "text/plain; charset=unicode_escape", r"\u0061"),
        (b"abc", "text/plain; charset=iso-8859-99", "abc"),
        (b"abc", "text/plain; charset=", "abc"),
        (b"abc", "text/plain; charset=cp037", "abc"),
        (b"", "text/plain; charset=utf-16", ""),
    ],
)
def test_a_body_is_read_by_its_charset(body: bytes, content_type: str, text: str) -> None:
    """A mark goes before what is told; bytes that are no UTF-8 are Latin-1; odd charsets are not tried."""
    assert decoded(body, content_type) == text


charsets = st.sampled_from(["", "utf-16", "utf-32le", "big5", "shift_jis", "cp1252", "x"])


@given(body=st.binary(max_size=60), charset=charsets)
def test_no_body_fails(body: bytes, charset: str) -> None:
    """The text is valid Unicode, whatever came."""
    decoded(body, f"text/plain; charset={charset}").encode()
