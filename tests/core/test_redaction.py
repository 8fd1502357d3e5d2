"""Secrets leave texts in every form a target may echo them in."""

import html
import json
import re
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookwright.core.redaction import HIDDEN, Redactor, printable
from hookwright.limits import REDACT_CHARACTERS

MARKER = "‹secret chat/token›"
secrets = st.text(min_size=8, max_size=80)
surroundings = st.text(max_size=20)


def lower_percent(text: str) -> str:
    """Percent encoding with lower-case digits."""
    return re.sub("%..", lambda match: match.group().lower(), quote(text, safe=""))


FORMS = {
    "plain": lambda text: text,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, UTF-8": lambda text: orjson.dumps(text).decode()[1:-1],
    "JSON, slashes escaped": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON, upper case": lambda text: json.dumps(text)[1:-1].replace("\\ud", "\\uD"),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "percent": lambda text: quote(text, safe=""),
    "percent, path": quote,
    "percent, form": quote_plus,
    "percent, lower case": lower_percent,
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "HTML": html.escape,
    "hex": lambda text: text.encode().hex(),
    "hex, upper case": lambda text: text.encode().hex().upper(),
}


@pytest.mark.parametrize("form", FORMS)
@given(secret=secrets, before=surroundings, after=surroundings)
def test_no_form_of_a_secret_survives(form: str, secret: str, before: str, after: str) -> None:
    """Whatever stands around it, a value of 8 characters or more is gone and named in its place."""
    written = FORMS[form](secret)
    text = Redactor({"chat/token": secret}).text(before + written + after)
    assert MARKER in text
    assert written not in text.replace(MARKER, "\n\n")


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@given(secret=secrets, before=st.binary(max_size=9), after=st.binary(max_size=9), padded=st.booleans())
def test_no_base64_form_of_a_secret_survives(
    encode: Callable[[bytes], bytes], secret: str, before: bytes, after: bytes, padded: bool
) -> None:
    """Both alphabets, with and without padding, at all three alignments inside a longer base64 text."""
    raw = secret.encode()
    written = encode(before + raw + after).decode()
    text = Redactor({"chat/token": secret}).text(f"Basic {written if padded else written.rstrip('=')}")
    first, last = (8 * len(before) + 5) // 6, 8 * (len(before) + len(raw)) // 6
    assert MARKER in text
    assert written[first:last] not in text


def test_user_and_password_leave_a_basic_header() -> None:
    """Both are found in the base64 of `user:password`, whatever their lengths."""
    for user in ("service-user", "service-user1", "service-user12"):
        header = b64encode(f"{user}:pass-word-12345".encode()).decode()
        text = Redactor({"a/user": user, "a/password": "pass-word-12345"}).text(f"you sent Basic {header}!")
        assert text.startswith("you sent Basic ‹secret a/user›")
        assert text.endswith("‹secret a/password›!")
        assert len(text) < len("you sent Basic ‹secret a/user›‹secret a/password›!") + 3


def test_base64_itself_escaped_is_found() -> None:
    """A base64 text inside a URL or a JSON text has its own characters encoded."""
    secret = "\xff\xfe?>?>?>~~~~~~"
    encoded = b64encode(secret.encode()).decode()
    assert "/" in encoded
    for written in (quote(encoded, safe=""), encoded.replace("/", "\\/")):
        assert Redactor({"chat/token": secret}).text(f"<{written}>") == f"<{MARKER}>"


def test_every_secret_is_named_by_its_own_label() -> None:
    """Several secrets in one text; one that begins another one does not hide it."""
    redactor = Redactor({"a/short": "abcdefgh", "b/long": "abcdefghijkl", "c/other": "12345678"})
    assert redactor.text("x abcdefghijkl y abcdefgh z 12345678") == (
        "x ‹secret b/long› y ‹secret a/short› z ‹secret c/other›"
    )


@pytest.mark.parametrize(
    ("secret", "text", "redacted"),
    [
        (
            "https://hooks.example.com/services/T00/B00/abcdefghijklmnop?key=qrstuvwxyz012345",
            "no route /services/T00/B00/abcdefghijklmnop?key=qrstuvwxyz012345 at hooks.example.com",
            f"no route {MARKER} at hooks.example.com",
        ),
        (
            "https://hooks.example.com/services/T00/B00/abcdefghijklmnop?key=qrstuvwxyz012345",
            "unknown key qrstuvwxyz012345 of abcdefghijklmnop",
            f"unknown key {MARKER} of {MARKER}",
        ),
        ("https://hooks.example.com/a%2Fbcdefgh", "no route /a/bcdefgh", f"no route {MARKER}"),
        ("Token token=0123456789abcdef", "bad token 0123456789abcdef", f"bad token {MARKER}"),
    ],
    ids=["path of a URL", "parts of a URL", "decoded path", "word of a header"],
)
def test_a_long_part_of_a_secret_is_found_alone(secret: str, text: str, redacted: str) -> None:
    """A target echoes the path of a URL or one word of a header; the host is no secret."""
    assert Redactor({"chat/token": secret}).text(text) == redacted


def test_a_long_secret_is_found_piece_by_piece() -> None:
    """Of a key file not even a part of 512 characters survives."""
    key = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(f"{line:064}" for line in range(40)) + "\n"
    text = Redactor({"chat/token": key}).text(f"<{key}> <{json.dumps(key)}> <{key[:512]}>")
    assert text.replace(MARKER, "") == '<> <""> <>'


@pytest.mark.parametrize(
    "text", ["", "nothing to see", "größe ✓ ‹secret a/b›", "%25 \\\\ \\u0041 ====", "a" * 70_000]
)
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    """Nothing else is touched."""
    assert Redactor({"chat/token": "xoxb-12345678"}).text(text) == text
    assert Redactor({}).text(text) == text


def test_a_lone_surrogate_stops_nothing() -> None:
    """A text that is no Unicode text is searched all the same."""
    assert Redactor({"chat/token": "xoxb-12345678"}).text("\ud800 xoxb-12345678") == f"? {MARKER}"


@pytest.mark.parametrize(
    ("values", "hides"),
    [
        (["12345678"], False),
        (["1234567"], True),
        (["ääää"], False),
        (["äää"], True),
        (["12345678", "x"], True),
        ([""], False),
        ([], False),
    ],
)
def test_a_secret_under_8_bytes_hides_answer_bodies(values: list[str], hides: bool) -> None:
    """Searching for so short a value would hit by chance, so no body is stored at all (SPEC 5)."""
    redactor = Redactor({f"a/{index}": value for index, value in enumerate(values)})
    assert redactor.hides_bodies is hides
    assert redactor.text("1234567 x äää") == "1234567 x äää"


def test_secrets_too_large_to_search_for_hide_everything() -> None:
    """The pattern is bounded; beyond it nothing is let through."""
    redactor = Redactor({"a/b": "".join(f"{number:08}" for number in range(REDACT_CHARACTERS // 8 + 1))})
    assert redactor.hides_bodies
    assert redactor.text("anything") == HIDDEN


def test_fetched_and_rotated_values_are_added() -> None:
    """A rotated value has the label of the present one; what is known already adds nothing."""
    redactor = Redactor({"chat/token": "new-value-1"})
    extended = redactor.with_extra([("chat/token", "old-value-1"), ("token of idp", "fetched-1")])
    assert extended.text("new-value-1 old-value-1 fetched-1") == f"{MARKER} {MARKER} ‹secret token of idp›"
    assert redactor.text("old-value-1") == "old-value-1"
    assert redactor.with_extra([("chat/token", "new-value-1")]) is redactor
    assert redactor.with_extra([("chat/token", "old-value-1"), ("token of idp", "fetched-1")]) is extended
    assert redactor.with_extra([("token of idp", "fetched-2")]).text("fetched-2") == "‹secret token of idp›"


@pytest.mark.parametrize("text", ["%25" * 22_000, "\\" * 65_536, "&#0" * 22_000, "YWFh" * 16_384])
def test_a_hostile_answer_costs_little(text: str) -> None:
    """64 KiB of what patterns stumble over is searched in well under a second."""
    redactor = Redactor({"a/b": "%\\&aaaaaaaa %\\&", "c/d": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"})
    began = time.perf_counter()
    redactor.text(text)
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("größe ✓ 中 e\u0301", "größe ✓ 中 e\u0301"),
        ("a\x1b[31mred", "a\\u001b[31mred"),
        ("a\r\n\tb\x00", "a\\u000d\\u000a\\u0009b\\u0000"),
        ("\x7f\x80\x9f\x9b", "\\u007f\\u0080\\u009f\\u009b"),
        ("\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"),
        ("\u2028\ufeff\ud800", "\\u2028\\ufeff\\ud800"),
        ("no\u00a0break", "no\u00a0break"),
    ],
)
def test_control_characters_are_escaped(text: str, escaped: str) -> None:
    """What moves a cursor, ends a line or turns its direction is written out; all other text stays."""
    assert printable(text) == escaped


@given(st.text())
def test_printable_text_holds_no_control_character(text: str) -> None:
    """No text gets a C0, C1 or DEL through, and escaping twice is escaping once."""
    escaped = printable(text)
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) <= 0x9F for character in escaped)
    assert printable(escaped) == escaped
