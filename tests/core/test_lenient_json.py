"""The tolerant reader of JSON: what others read is read, and what is not JSON is refused with why and where."""

import json
from decimal import Decimal
from typing import Any

import pytest

from hookwright.core.lenient_json import UnreadableJson, read_json

BOM = b"\xef\xbb\xbf"
LONG = "12345678901234567890123"


@pytest.mark.parametrize(
    ("data", "value"),
    [
        pytest.param(b'{"a": [1, 2.5, true, null, "x"]}', {"a": [1, 2.5, True, None, "x"]}, id="plain"),
        pytest.param(BOM + b'{"a": 1}', {"a": 1}, id="byte order mark"),
        pytest.param(BOM + b'{"a": "cut \\ud83d"}', {"a": "cut \ufffd"}, id="mark and half"),
        pytest.param(b'"cut \\ud83d"', "cut \ufffd", id="first half"),
        pytest.param(b'"\\uDE00 cut"', "\ufffd cut", id="second half"),
        pytest.param(b'"\\ude00\\ud83d"', "\ufffd\ufffd", id="halves in the wrong order"),
        pytest.param(b'"\\ud83d\\ud83d\\ude00"', "\ufffd\U0001f600", id="half before a pair"),
        pytest.param(b'"\\\\ud83d \\ud83d"', "\\ud83d \ufffd", id="an escaped backslash is no escape"),
        pytest.param(b'"\\\\\\ud83d"', "\\\ufffd", id="a half after an escaped backslash"),
        pytest.param(b'{"\\ud83d": 1}', {"\ufffd": 1}, id="half in a key"),
        pytest.param(b'"\xed\xa0\xbd"', "\ufffd", id="half as UTF-8 bytes"),
        pytest.param(b'"\xed\xa0\xbd\xed\xb8\x80"', "\U0001f600", id="a pair as UTF-8 bytes of its halves"),
        pytest.param('{"ä": "😀"}'.encode("utf-16"), {"ä": "😀"}, id="UTF-16 with its mark"),
        pytest.param('{"ä": "😀"}'.encode("utf-16-le"), {"ä": "😀"}, id="UTF-16LE without"),
        pytest.param('{"ä": "😀"}'.encode("utf-16-be"), {"ä": "😀"}, id="UTF-16BE without"),
        pytest.param('{"ä": "😀"}'.encode("utf-32"), {"ä": "😀"}, id="UTF-32"),
        pytest.param(b'{"a": 1, "a": 2}', {"a": 2}, id="the last of two keys"),
        pytest.param(b"\r\n\t 1 \n", 1, id="blanks around"),
    ],
)
def test_what_others_read_is_read(data: bytes, value: Any) -> None:
    """A mark is skipped, half a pair is U+FFFD, Unicode in any of its forms is known by its first bytes."""
    assert read_json(data) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9223372036854775807", 2**63 - 1),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", Decimal(2**64)),
        ("-9223372036854775808", -(2**63)),
        ("-9223372036854775809", Decimal(-(2**63) - 1)),
        (LONG, Decimal(LONG)),
        ("0.1234567890123456789012", 0.1234567890123456789012),
        ("1e400", Decimal("1e400")),
        (json.dumps(LONG), LONG),
        ("1" * 100_000, Decimal("1" * 100_000)),
    ],
)
def test_a_long_number_keeps_all_its_digits(text: str, value: Any) -> None:
    """It is no error and no rounded double, whatever stands beside it."""
    read = read_json(b'{"n": %b, "s": "cut \\ud83d"}' % text.encode())
    assert read == {"n": value, "s": "cut \ufffd"}
    assert type(read["n"]) is type(value)
    assert read_json(text.encode()) == value


@pytest.mark.parametrize("charset", ["ISO-8859-1", '"iso-8859-1"', "latin1", "windows-1252"])
def test_a_charset_counts_where_the_text_is_not_unicode(charset: str) -> None:
    """Single bytes are read by it; UTF-8 under a wrong name stays UTF-8."""
    assert read_json('{"a": "grün"}'.encode("latin-1"), charset=charset) == {"a": "grün"}
    assert read_json('{"a": "grün"}'.encode(), charset=charset) == {"a": "grün"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (BOM + b" \n", "is empty"),
        (b"<html>", "is not JSON: unexpected character, expected a JSON value at character 1"),
        (b'{"a": NaN}', "is not JSON: unexpected character, expected a JSON value at character 7"),
        (b"[1e400, NaN]", "is not JSON: it holds NaN"),
        (b'{\n"a": 1,\n', "is not JSON: unexpected end of data at line 3, character 1"),
        (BOM + b"[1,]", "is not JSON: trailing comma is not allowed at character 3"),
        (b"[1e400", "is not JSON: Expecting ',' delimiter at character 7"),
        (b'{"a": "gr\xfcn"}', "is not UTF-8 (byte 10 cannot be read)"),
        ('{"a": 1}'.encode("utf-16-le") + b"x", "is not UTF-16-LE (byte 17 cannot be read)"),
        (b"[" * 2_000 + b"]" * 2_000, "is nested too deeply"),
        (b"[" * 1_010 + b"1e400" + b"]" * 1_010, "is nested too deeply"),
        (b"1e9999999999999999999", "holds a number that is too large"),
    ],
)
def test_what_is_not_json_says_why_and_where(data: bytes, reason: str) -> None:
    """NaN is none, as Go and JavaScript have it; a place is counted from one."""
    with pytest.raises(UnreadableJson) as caught:
        read_json(data)
    assert (caught.value.reason, str(caught.value)) == (reason, reason)
