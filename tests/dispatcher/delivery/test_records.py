"""What the history keeps of an attempt: bodies by their charset, cut, without any part of a secret."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from counting import calls
from hookwright.core.invocations import cut
from hookwright.core.outcome import judge_answer
from hookwright.core.redaction import Redactor
from hookwright.dispatcher.delivery import records
from hookwright.dispatcher.delivery.attempt import Performed
from hookwright.dispatcher.delivery.records import detail, friendly_id, shown_text
from hookwright.limits import ANSWER_BYTES, HISTORY_BODY_BYTES, KIB
from hookwright.outbound.port import Answer

TOKEN = "sk_live_Q7xWZ93LMPqRtV5bNk82HdFs"
ÜMLAUT = "sk_live_Äpfel_und_Größe_93LMPqRtV5bNk82HdFs"


def kept(body: bytes, *headers: tuple[str, str], secret: str = TOKEN, limit: int = HISTORY_BODY_BYTES) -> Any:
    """The response of a refused attempt."""
    answer = Answer(404, list(headers), body)
    outcome = judge_answer(404, answer.headers, [], now=1.0)
    shown = detail(Performed(outcome, 1.0, None, answer), Redactor({"a/b": secret}), "no", "failed", limit)
    return orjson.loads(shown)["response"]


@pytest.mark.parametrize("secret", [TOKEN, ÜMLAUT])
@pytest.mark.parametrize(
    ("charset", "content_type"),
    [
        ("utf-8", "application/json"),
        ("utf-16", "application/json"),
        ("utf-16-le", "text/plain; charset=utf-16"),
        ("utf-16-be", "text/plain; charset=UTF-16BE"),
        ("utf-32", "text/plain"),
        ("latin-1", "text/html; charset=iso-8859-1"),
        ("latin-1", "text/html"),
        ("cp1252", "text/html; charset=windows-1252"),
    ],
)
def test_a_secret_is_found_in_the_charset_that_is_told(charset: str, content_type: str, secret: str) -> None:
    """Honest servers answer in their own charset; the text is shown in it."""
    response = kept(
        f"no key {secret} here, größer".encode(charset), ("content-type", content_type), secret=secret
    )
    assert response["body"] == "no key ‹secret a/b› here, größer"


def test_utf_16_that_nobody_tells_of_shows_no_secret() -> None:
    """Its letters stand apart."""
    assert kept(f"key {TOKEN}".encode("utf-16-le"))["body"].startswith("k\0e\0y\0 \0‹secret a/b›")


def test_nothing_of_a_secret_moves_up_from_the_edge() -> None:
    """Thousands of whole ones shrink to their names; the one that was cut with the answer stays where it was."""
    for before in range(len(TOKEN) + 1):
        many = "\n" * before + f"{TOKEN}\n" * 3_000
        few = "\n" * (55_000 + before) + f"{TOKEN}\n" * 400
        for told, limit in ((many, HISTORY_BODY_BYTES), (few, 2 * ANSWER_BYTES)):
            body = kept(told.encode()[:ANSWER_BYTES], limit=limit)["body"]
            assert set(body.removesuffix("…").split("\n")) <= {"‹secret a/b›", ""}
            assert body.endswith("…")


def test_names_of_headers_are_searched_too() -> None:
    """They come in lower case."""
    response = kept(b"", (f"x-{TOKEN.lower()}", "1"), ("location", f"https://a.example/?k={TOKEN[:14]}"))
    assert response["headers"] == {"x-‹secret a/b›": "1", "location": "https://a.example/?k=‹secret a/b›"}


def test_a_large_event_is_searched_for_its_friendly_id_once() -> None:
    """However many deliveries share its bytes; each gets it."""
    raw = b'{"data":{"text":"%b","friendly_id":"AR-7"}}' % (b"x" * 1_000 * KIB)
    found: list[str | None] = []
    count = calls(records._find_friendly_id, lambda: found.extend(friendly_id(raw) for _ in range(100)))
    assert (count, set(found)) == (1, {"AR-7"})


@pytest.mark.parametrize("before", range(5))
def test_a_body_is_cut_between_characters(before: int) -> None:
    """As if it had been decoded whole, wherever the limit falls."""
    text = "a" * before + "\U0001f600" * 50
    assert shown_text(text.encode(), 100) == cut(text, 100)
    assert shown_text(text.encode(), 1_000) == text
