"""Secrets leave texts in every form a target may echo them in."""

import html
import json
import random
import re
import sys
import unicodedata
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import reduce
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookwright.core.readings import Effort, TooMuchError, readings
from hookwright.core.redaction import HIDDEN, Redactor, printable
from hookwright.limits import KIB, REDACT_EFFORT_BYTES, REDACT_FORM_BYTES

MARKER = "‹secret chat/token›"
secrets = st.text(min_size=8, max_size=80)
surroundings = st.text(max_size=20)
Encode = Callable[[str], str]


def lower_percent(text: str) -> str:
    """Percent encoding with lower-case digits."""
    return re.sub("%..", lambda match: match.group().lower(), quote(text, safe=""))


FORMS: dict[str, Encode] = {
    "plain": lambda text: text,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, UTF-8": lambda text: orjson.dumps(text).decode()[1:-1],
    "JSON, upper case": lambda text: json.dumps(text)[1:-1].replace("\\ud", "\\uD"),
    "percent": lambda text: quote(text, safe=""),
    "percent, lower case": lower_percent,
    "hex": lambda text: text.encode().hex(),
    "hex, upper case": lambda text: text.encode().hex().upper(),
    "hex of percent": lambda text: quote(text, safe="").encode().hex(),
}
ENCODINGS: dict[str, Encode] = {
    **FORMS,
    "JSON, slashes escaped": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "percent, path": quote,
    "percent, form": quote_plus,
    "HTML": html.escape,
    "HTML, numbers": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "base64": lambda text: b64encode(text.encode()).decode(),
}
TEXTS = [name for name in ENCODINGS if not name.startswith(("hex", "base64"))]


@pytest.mark.parametrize("form", FORMS)
@given(secret=secrets, before=surroundings, after=surroundings)
def test_no_form_of_a_secret_survives(form: str, secret: str, before: str, after: str) -> None:
    """Whatever stands around it, a value of 8 characters or more is gone and named in its place."""
    written = FORMS[form](secret)
    text = Redactor({"chat/token": secret}).text(before + written + after)
    assert MARKER in text
    assert written not in text.replace(MARKER, "\n\n")


@given(
    secret=secrets,
    before=surroundings,
    after=surroundings,
    inner=st.sampled_from(sorted(ENCODINGS)),
    outer=st.lists(st.sampled_from(TEXTS), max_size=2),
)
def test_no_secret_survives_in_a_text_that_is_encoded_as_a_whole(
    secret: str, before: str, after: str, inner: str, outer: list[str]
) -> None:
    """JSON in a URL in HTML: encodings on top of each other, with whatever else stands in the text."""
    written: str = reduce(lambda text, name: ENCODINGS[name](text), [inner, *outer], before + secret + after)
    assert MARKER in Redactor({"chat/token": secret}).text(written)


@given(secret=st.text("aé%/ \"'&<+-_\n😀", min_size=8, max_size=20), data=st.data())
def test_a_secret_of_mixed_escapes_is_found(secret: str, data: st.DataObject) -> None:
    """Each character may be escaped in another way, or not at all."""
    ways = st.sampled_from([FORMS["JSON"], FORMS["percent"], ENCODINGS["HTML, numbers"]])
    signs = {"%": quote, '"': FORMS["JSON"], "&": html.escape}  # which would have another meaning
    written = "".join(data.draw(st.just(signs[each]) if each in signs else ways)(each) for each in secret)
    assert Redactor({"chat/token": secret}).text(f"|{written}|") == f"|{MARKER}|"


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


anything = st.text(
    st.characters(categories=["Cc", "Cs", "L", "N", "P", "S", "Z"]) | st.sampled_from('\\%&#;ux0"')
)


@given(secrets=st.dictionaries(anything, anything, max_size=3), extra=anything, text=anything)
def test_nothing_makes_it_fail(secrets: dict[str, str], extra: str, text: str) -> None:
    """Any text and any secret, with halves of characters, control characters and broken escapes."""
    redactor = Redactor(secrets).with_extra((("extra", extra),))
    redactor.text(text).encode("utf-8", "surrogatepass")
    assert set(redactor.headers([(text, text)])) == {redactor.text(text)}
    assert redactor.hides_bodies in (True, False)


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("9f86d081884c7d65", "9F86D081884C7D65"),
        ("b0a7f1e2-3c4d-4e5f-8a9b-0c1d2e3f4a5b", "B0A7F1E2-3C4D-4E5F-8A9B-0C1D2E3F4A5B"),
        ("XOXB-ABCDEFGH", "xoxb-abcdefgh"),
        ("größe-12345", "GRößE-12345"),
    ],
)
def test_a_secret_is_found_in_the_other_case(secret: str, told: str) -> None:
    """Programs print hex and UUIDs in the case they like."""
    assert Redactor({"chat/token": secret}).text(f"no key {told}.") == f"no key {MARKER}."


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


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ('{"a": "x\\u00e9\\"pässwörd\\u0021", "b": 1}', f'{{"a": "x\\u00e9\\"{MARKER}", "b": 1}}'),
        ("?q=%C3%A9p%C3%A4ssw%C3%B6rd!%C3%A9", f"?q=%C3%A9{MARKER}%C3%A9"),
        ("&eacute;&#112;ässw&ouml;rd&#x21;&eacute;", f"&eacute;{MARKER}&eacute;"),
        ("\\\\u0070\\\\u00e4sswörd!\\\\n", f"{MARKER}\\\\n"),
    ],
)
def test_what_stands_beside_an_escaped_secret_stays(text: str, redacted: str) -> None:
    """Nothing but the secret goes, to the very sign."""
    assert Redactor({"chat/token": "pässwörd!"}).text(text) == redacted


def test_every_secret_is_named_by_its_own_label() -> None:
    """Several secrets in one text; one that begins another one does not hide it."""
    redactor = Redactor({"a/short": "abcdefgh", "b/long": "abcdefghijkl", "c/other": "12345678"})
    assert redactor.text("x abcdefghijkl y abcdefgh z 12345678") == (
        "x ‹secret b/long› y ‹secret a/short› z ‹secret c/other›"
    )


def test_of_secrets_that_overlap_nothing_is_left() -> None:
    """Two share a character: both go, under the name of the longer one."""
    redactor = Redactor({"a/first": "password", "b/second": "dragonfly-123"})
    assert redactor.text("<passwordragonfly-123>") == "<‹secret b/second›>"


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


def test_a_secret_read_as_latin_1_is_found() -> None:
    """Many servers take the bytes of a header for Latin-1."""
    wrong = "pässwörd!".encode().decode("latin-1")
    assert (
        Redactor({"chat/token": "pässwörd!"}).text(f"<{wrong}> <{json.dumps(wrong)}>")
        == f'<{MARKER}> <"{MARKER}">'
    )


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


def test_headers_are_searched_name_and_value() -> None:
    """A target may tell a token back as the name of a header; of two with one name both stay."""
    pairs = [("x-xoxb-12345678", "1"), ("via", "a"), ("via", "xoxb-12345678"), ("date", "now")]
    assert Redactor({"chat/token": "XOXB-12345678"}).headers(pairs) == {
        f"x-{MARKER}": "1",
        "via": f"a, {MARKER}",
        "date": "now",
    }


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


ALPHABETS = pytest.mark.parametrize("alphabet", ["0123456789", "éèä", "'\"\\", "\x01\x02", "中文😀"])


def long_secret(alphabet: str, size: int) -> str:
    """A secret of so many characters, always the same."""
    return "".join(random.Random(size).choices(alphabet, k=size))


@ALPHABETS
def test_a_large_secret_is_found_whatever_it_is_made_of(alphabet: str) -> None:
    """Characters that forms write in ten and more others are no reason to hide what is not too large."""
    value = long_secret(alphabet, 3_000)
    redactor = Redactor({"chat/token": value})
    assert not redactor.hides_bodies
    for form in ("plain", "JSON", "percent", "hex"):
        assert redactor.text(f"<{FORMS[form](value)}>").replace(MARKER, "") == "<>"


@ALPHABETS
@pytest.mark.parametrize("size", [20_000, 60_000, REDACT_FORM_BYTES])
def test_secrets_too_large_to_search_for_hide_everything(alphabet: str, size: int) -> None:
    """No size is refused with an error, and beyond the limit nothing is let through."""
    value = long_secret(alphabet, size)
    redactor = Redactor({"chat/token": value})
    text = redactor.text(f"<{value[:4_096]}>")
    assert text == HIDDEN if redactor.hides_bodies else text.replace(MARKER, "") == "<>"
    assert redactor.hides_bodies or size < REDACT_FORM_BYTES


def test_a_bundle_of_authorities_can_be_searched_for() -> None:
    """A private CA of 39 KiB in a Secret does not hide the answers of its webhook."""
    lines = "\n".join("".join(random.Random(line).choices("abcXYZ012+/", k=64)) for line in range(600))
    assert not Redactor({"a/ca.crt": lines, "a/tls.key": lines[:3_000]}).hides_bodies


def test_several_threads_may_prepare_it_at_once() -> None:
    """One is at it when a text comes that is to be searched: nothing is let through half prepared."""
    key = long_secret("abcdefghijklmnopqrstuvwxyz", 40_000)
    redactor = Redactor({"chat/token": key, "a/other": "12345678"})
    with ThreadPoolExecutor(4) as threads:
        prepared = [threads.submit(redactor.prepare) for _ in range(2)]
        texts = [threads.submit(redactor.text, f"<{key[:512]}>") for _ in range(2)]
    assert [each.result().replace(MARKER, "") for each in texts] == ["<>", "<>"]
    assert [each.result() for each in prepared] == [None, None]


def test_fetched_and_rotated_values_are_added() -> None:
    """A rotated value has the label of the present one; what is known already adds nothing."""
    redactor = Redactor({"chat/token": "new-value-1"})
    former, fetched = (("chat/token", "old-value-1"),), (("token of idp", "fetched-1"),)
    extended = redactor.with_extra(former, fetched)
    assert extended.text("new-value-1 old-value-1 fetched-1") == f"{MARKER} {MARKER} ‹secret token of idp›"
    assert redactor.text("old-value-1") == "old-value-1"
    assert redactor.with_extra(former, fetched) is extended
    assert redactor.with_extra((("chat/token", "new-value-1"),)) is redactor
    assert redactor.with_extra((("token of idp", "fetched-2"),)).text("fetched-2") == "‹secret token of idp›"
    assert redactor.with_extra() is redactor


def steps(action: Callable[[], object]) -> int:
    """How many functions are called, those of C too."""
    count = 0

    def called(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


def test_the_work_is_done_once_and_by_prepare() -> None:
    """Making one costs nothing, nor does a text after it; a fetched token costs what it costs alone."""
    secrets = {"a/key": long_secret("abcdefghijklmnopqrstuvwxyz", 40_000)}
    redactor = Redactor(secrets)
    assert steps(lambda: Redactor(secrets)) < 50
    assert steps(redactor.prepare) > 200
    assert steps(redactor.prepare) < 20
    assert steps(lambda: redactor.text("The target answered 503.")) < 200
    former = (("a/key", long_secret("0123456789abcdef", 40_000)),)
    assert steps(lambda: redactor.with_extra(former)) < 100
    redactor.with_extra(former).prepare()
    assert steps(lambda: redactor.with_extra(former).text("The target answered 503.")) < 200
    fetched = (("token of idp", "fetched-token-1"),)
    assert steps(lambda: redactor.with_extra(fetched).text("x")) > 500
    assert steps(lambda: redactor.with_extra(fetched).text("x")) < 200
    assert (
        steps(lambda: redactor.with_extra(fetched, (("token of idp", "fetched-token-2"),)).text("x")) < 2_000
    )


@pytest.mark.parametrize(
    "text",
    [
        "%25" * 22_000,
        "\\" * 65_536,
        "&#0" * 22_000,
        "YWFh" * 16_384,
        "%5c%26%25" * 7_000,
        "%5cu0026#37;\\u0025#&#92;" * 2_700,
        "&amp;amp;#38;%2526" * 3_600,
    ],
)
def test_a_hostile_answer_is_read_a_bounded_number_of_times(text: str) -> None:
    """Escapes that make escapes: each kind alone and one after another, and no reading grows."""
    sizes = []
    with suppress(TooMuchError):
        for reading in readings(text.encode(), Effort()):
            sizes.append(len(reading.data))
    assert max(sizes) <= len(text) <= 66 * KIB
    assert sum(sizes) <= REDACT_EFFORT_BYTES + 3 * len(text)


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
        ("pay\u200bpal \u2060\xad", "pay\\u200bpal \\u2060\\u00ad"),
        ("a\u2003b\u3000c\u3164", "a\\u2003b\\u3000c\\u3164"),
        ("x\U000e0041\ufe0f\u200d", "x\\udb40\\udc41\\ufe0f\\u200d"),
        (
            "👩\u200d🚀 👨\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 1\ufe0f",
            "👩\u200d🚀 👨\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 1\ufe0f",
        ),
    ],
)
def test_control_characters_are_escaped(text: str, escaped: str) -> None:
    """What moves a cursor, ends a line, turns its direction or is not seen is written out; all other text stays."""
    assert printable(text) == escaped


@given(st.text())
def test_printable_text_holds_no_control_character(text: str) -> None:
    """No text gets a C0, C1 or DEL through, and escaping twice is escaping once."""
    escaped = printable(text)
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) <= 0x9F for character in escaped)
    assert printable(escaped) == escaped


def test_every_character_that_is_not_seen_is_escaped() -> None:
    """Unicode's control and format characters, separators, halves of pairs and blanks, but the one that does not break."""
    for character in map(chr, range(0x110000)):
        kind = unicodedata.category(character)
        if kind in ("Cc", "Cf", "Cs", "Zl", "Zp") or (kind == "Zs" and character not in " \u00a0"):
            escaped = printable(character)
            assert json.loads(f'"{escaped}"') == character
            assert escaped.isascii()
            assert escaped.isprintable()
