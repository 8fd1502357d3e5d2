"""Secrets that are told back in part, in another case, in pieces or in disguise; texts that cannot be searched."""

from __future__ import annotations

import gc
import json
from base64 import b32encode, b64encode
from codecs import encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookwright.core import secret_search
from hookwright.core.redaction import HIDDEN, HIDDEN_TEXT, Redactor
from hookwright.limits import KIB, REDACT_ALL_BYTES, REDACT_SMALL_ALL_BYTES, REDACT_SMALL_BYTES

TOKEN = "sk_live_Q7xWZ93LMPqRtV5bNk82HdFs"
MARKER = "‹secret chat/token›"


def shown(text: str, secret: str = TOKEN) -> str:
    """The text without the secret."""
    return Redactor({"chat/token": secret}).text(text)


@pytest.mark.parametrize(
    ("told", "redacted"),
    [
        (f"{TOKEN[:20]}…", f"{MARKER}…"),
        (f"{TOKEN[:12]}…{TOKEN[-4:]}", f"{MARKER}…HdFs"),
        (f"…{TOKEN[-16:]}", f"…{MARKER}"),
        (f"…{TOKEN[-12:]}.", f"…{MARKER}."),
        (f"{TOKEN[:11]}…", f"{TOKEN[:11]}…"),
        (TOKEN[:14].upper(), MARKER),
        (f"x{TOKEN[:30]}*{TOKEN[3:]}x", f"x{MARKER}*{MARKER}x"),
    ],
)
def test_beginning_and_end_of_a_secret_are_hidden(told: str, redacted: str) -> None:
    """Honest servers tell the first twelve characters, or the last sixteen; fewer are not told from chance."""
    assert shown(f"no such key: {told}") == f"no such key: {redacted}"


@given(secret=st.text(min_size=12, max_size=80), size=st.integers(12, 80), before=st.text(max_size=9))
def test_a_beginning_or_end_of_twelve_characters_never_stays(secret: str, size: int, before: str) -> None:
    """Of any value, whatever stands before it."""
    for told in (secret[:size], secret[-size:]):
        assert told not in shown(before + told, secret).replace(MARKER, "\n\n")


@pytest.mark.parametrize(
    "form",
    [
        lambda part: json.dumps(part)[1:-1],
        lambda part: part.encode().hex(),
        lambda part: b64encode(part.encode()).decode().rstrip("="),
        lambda part: b64encode(b"user:" + part.encode()).decode(),
    ],
    ids=["JSON", "hex", "base64", "base64 behind a user"],
)
def test_a_beginning_is_hidden_in_other_forms_too(form: Callable[[str], str]) -> None:
    """A target that cuts a header and tells it encoded."""
    for secret in (TOKEN, "pässwörd-für-größere-Äpfel"):
        told = form(secret[:14])
        assert told[-8:] not in shown(told, secret).replace(MARKER, "")
        assert MARKER in shown(told, secret)


@pytest.mark.parametrize(
    "secret", [TOKEN, "größe-und-ähre", "ΑΒΓΔΕΖΗΘΙ", "straße-1234567", "ŉ-und-ǰ-und-İ-1"]
)
def test_a_secret_in_one_case_is_found(secret: str) -> None:
    """Also where another case has more letters, and where the text is escaped; what stands beside it stays."""
    for told in (secret.upper(), secret.lower(), secret.casefold()):
        for text in (told, json.dumps(told)[1:-1]):
            assert shown(f"ß<{text}>ß", secret) == f"ß<{MARKER}>ß"


def test_marks_beside_their_letter_are_the_letter() -> None:
    """Some programs write é as e and a mark."""
    assert shown("<e\u0301tage\u0301re-12>", "étagére-12") == f"<{MARKER}>"


@pytest.mark.parametrize("secret", [TOKEN, "abcdefghijklmnop", "abcdefghijklmnopq", "pässwörd-ä"])
def test_a_text_may_end_anywhere_in_a_secret(secret: str) -> None:
    """Whatever form it stands in, and whether base64 is padded or not."""
    for before in range(3):
        told = b64encode(b"x" * before + secret.encode()).decode()
        assert MARKER in shown(told, secret)
        for end in range(len(told)):
            assert secret[:12] not in shown(told[:end] + secret[:end], secret)


DISGUISES: dict[str, Callable[[str], str]] = {
    "letters as \\u": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "letters as \\x": lambda text: "".join(f"\\x{ord(each):02x}" for each in text),
    "letters as \\u{}": lambda text: "".join(f"\\u{{{ord(each):x}}}" for each in text),
    "letters as octal numbers": lambda text: "".join(f"\\{ord(each):03o}" for each in text),
    "letters as %u": lambda text: "".join(f"%u{ord(each):04x}" for each in text),
    "letters as HTML": lambda text: "".join(f"&#x{ord(each):x};" for each in text),
    "reversed": lambda text: text[::-1],
    "rot13": lambda text: encode(text, "rot13"),
    "spaced": lambda text: " ".join(text),
    "a list of letters": lambda text: json.dumps(list(text)),
    "lines": lambda text: "\r\n".join(text[at : at + 10] for at in range(0, len(text), 10)),
    "zero-width": lambda text: "\u200b".join(text),
    "UTF-16 taken for UTF-8": lambda text: text.encode("utf-16-le").decode(),
    "UTF-32 taken for UTF-8": lambda text: text.encode("utf-32-be").decode(),
    "numbers": lambda text: str(list(text.encode())),
    "spaced numbers": lambda text: " ".join(map(str, text.encode())),
    "numbers as Go and JavaScript write them": lambda text: ", ".join(f"0x{byte:02x}" for byte in text.encode()),
    "quoted-printable": lambda text: "".join(f"={byte:02X}" for byte in text.encode()),
    "HTML without semicolons": lambda text: "".join(f"&#{ord(each)}" for each in text),
    "spaced hex": lambda text: text.encode().hex(" "),
    "hex with colons": lambda text: text.encode().hex(":"),
    "base32": lambda text: b32encode(text.encode()).decode(),
    "base32 behind something": lambda text: b32encode(b"abc" + text.encode()).decode(),
    "base64 in lines": lambda text: "\n".join(b64encode(text.encode()).decode()[at : at + 8] for at in range(0, 44, 8)),
    "base64 of base64": lambda text: b64encode(b64encode(text.encode())).decode(),
    "base64 of hex": lambda text: b64encode(text.encode().hex().encode()).decode(),
    "hex of base64": lambda text: b64encode(text.encode()).hex(),
    "hex of hex": lambda text: text.encode().hex().encode().hex(),
}  # fmt: skip


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_secret_in_disguise_is_found(disguise: str) -> None:
    """What only a hostile target writes is kept from those who read the history all the same."""
    written = DISGUISES[disguise](TOKEN)
    text = shown(f"you sent >>{written}<<")
    assert MARKER in text
    assert len(text) < len(f"you sent >>{MARKER}<<") + 10


@pytest.mark.parametrize(
    "text",
    [
        "The authorization header is not valid: expected a bearer token of 32 characters, see /docs/api-keys",
        '{"error":"invalid_api_key","message":"No such API key: sk_live_****"}',
        "https://hooks.example.com/ is up; 73 6b 5f 6c 69; c2tfbGl2ZV8=",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.2Z1vM",
    ],
)
def test_what_tells_nothing_stays(text: str) -> None:
    """A public beginning, short parts and other people's values are no secret."""
    assert shown(text) == text
    assert shown(text, "https://hooks.example.com/T0/B0/abcdefghijklmnopq") == text
    assert shown(text, "https://hooks.example.com/abc") == text


def test_what_is_cut_shows_no_part_of_a_secret() -> None:
    """Nothing moves up into the place of secrets that were longer than their names, and the cut divides none."""
    redactor = Redactor({"a/b": TOKEN})
    many = f"{TOKEN}\n" * 500
    kept = redactor.beginning(many + TOKEN[:9], len(many) - 1)
    assert kept == "‹secret a/b›\n" * 499 + "‹secret a/b›…"
    for cut in range(1, len(TOKEN)):
        assert redactor.beginning(f"key {TOKEN} is wrong", 4 + cut) == "key ‹secret a/b›…"
    assert redactor.beginning("no key", 2) == Redactor({}).beginning("no key", 2) == "no…"
    assert redactor.beginning("no key", 6) == "no key"


def test_a_secret_in_the_names_of_headers_is_found_in_any_case() -> None:
    """Names come in lower case."""
    headers = [(f"x-{TOKEN.lower()}", "1"), ("date", "now"), (f"x-{TOKEN[:14].lower()}", TOKEN.upper())]
    assert Redactor({"chat/token": TOKEN}).headers(headers) == {f"x-{MARKER}": f"1, {MARKER}", "date": "now"}


@pytest.mark.parametrize(
    "text",
    [
        "%25" * 22_000,
        "%5cu0026#37;\\u0025#&#92;" * 2_700,
        "&amp;amp;#38;%2526" * 3_600,
        f"{TOKEN} " * 2_000,
        TOKEN[:12] * 5_000,
    ],
)
def test_a_text_that_takes_too_long_is_hidden_whole(text: str) -> None:
    """Whatever a hostile answer is made of, its search ends; nothing of it is shown unsearched."""
    redactor = Redactor({"chat/token": TOKEN})
    found = redactor.text(f"{text}{TOKEN[::-1]}")
    assert found == HIDDEN_TEXT or found.replace(MARKER, "").strip(" ") in ("", text)
    assert TOKEN[::-1] not in found
    assert redactor.headers([("x", text), ("y", text), (TOKEN, "z")]).keys() <= {
        HIDDEN_TEXT,
        "x",
        "y",
        MARKER,
    }


def test_what_makes_one_text_hidden_leaves_the_next_one() -> None:
    """Each text has its own measure."""
    redactor = Redactor({"chat/token": TOKEN})
    assert redactor.text("&amp;amp;#38;%2526" * 9_000) == HIDDEN_TEXT
    assert redactor.text(TOKEN) == MARKER


def test_small_secrets_of_many_webhooks_take_little_memory() -> None:
    """Only those that were needed lately are ready to be searched for."""
    redactors = [Redactor({"a/b": f"{TOKEN}{number:05}"}) for number in range(1_000)]
    for number, redactor in enumerate(redactors):
        assert redactor.text(f"<{TOKEN}{number:05}>") == "<‹secret a/b›>"
        assert redactors[0].text(f"<{TOKEN}00000>") == "<‹secret a/b›>"
    ready = list(secret_search._SMALL.values())
    assert REDACT_SMALL_ALL_BYTES // 2 < sum(each.memory for each in ready) <= REDACT_SMALL_ALL_BYTES
    assert redactors[1].text(f"<{TOKEN}00001>") == "<‹secret a/b›>"
    assert len(ready) < 1_000


def test_large_secrets_of_many_webhooks_have_one_limit() -> None:
    """The same ones are searched for by one search; where no more have room, texts are hidden until some are gone."""

    def large(number: int) -> Redactor:
        redactor = Redactor({"a/b": f"{number:04}" + "x1y2z" * 10 * KIB})
        redactor.prepare()
        return redactor

    gc.collect()
    first = [large(1) for _ in range(50)]
    assert len(secret_search._LARGE) == 1
    each = next(iter(secret_search._LARGE.values())).memory
    assert len("x1y2z" * 10 * KIB) > REDACT_SMALL_BYTES
    others = [large(number) for number in range(2, REDACT_ALL_BYTES // each + 3)]
    assert first[0].text("nothing") == others[0].text("nothing") == "nothing"
    assert others[-1].text("nothing") == HIDDEN
    assert others[-1].hides_bodies
    late = others.pop()
    del others[:3]
    gc.collect()
    assert late.text("nothing") == "nothing"


def test_certificates_are_no_secret() -> None:
    """A bundle of authorities, however large, hides nothing; a key beside them is one."""
    certificate = (
        "-----BEGIN CERTIFICATE-----\n" + "MIIB1jCCAXygAwIBAgIUX1n0b3R\n" * 40 + "-----END CERTIFICATE-----\n"
    )
    redactor = Redactor({"a/ca.crt": certificate * 100, "chat/token": TOKEN})
    assert not redactor.hides_bodies
    assert redactor.text(f"{certificate[:80]} {TOKEN}") == f"{certificate[:80]} {MARKER}"
    assert Redactor({"a/both": certificate + TOKEN}).text(TOKEN) == "‹secret a/both›"
    assert Redactor({"a/both": (certificate + TOKEN) * 100}).text("nothing") == HIDDEN
