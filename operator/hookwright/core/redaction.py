"""Takes secrets out of texts that came from outside: answers and errors, before they are cut and stored.

Requests are not searched: what is stored of them is built a second time without the values (SPEC 5).
A value is found in any form (`secret_forms`), whole or not (`secret_search`), also in the middle of longer text
(`Basic <base64 of user:password>`) and under escapes (`readings`). What cannot be searched is hidden whole, so the
time is bounded whatever a hostile answer holds. Must not: log, keep what it found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from hookwright.core.invisible import INVISIBLE
from hookwright.core.readings import Effort, TooMuchError, readings
from hookwright.core.secret_forms import utf8
from hookwright.core.secret_search import Found, Pair, Secrets
from hookwright.limits import REDACT_MARGIN_CHARACTERS

HIDDEN: Final = "‹hidden: the Secrets of this webhook, or of all together, are too large to be searched for›"
HIDDEN_TEXT: Final = "‹hidden: this text holds too many escapes or secrets to be searched›"


class Redactor:
    """Replaces the secrets of one webhook by ‹secret name/key›. Takes any text and any value; raises nothing."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """`secrets`: label (`name/key`) → value. Costs next to nothing: what searches for them is made later."""
        self._use((Secrets(tuple(secrets.items())),))

    def _use(self, groups: tuple[Secrets, ...]) -> None:
        self._groups = groups
        self._known = frozenset(pair for group in groups for pair in group.pairs)
        self._last: tuple[tuple[tuple[Pair, ...], ...], Redactor | None] = (), None

    def prepare(self) -> None:
        """Make what takes milliseconds. For a thread, before the first text."""
        for group in self._groups:
            if group.large:
                group.search()

    def text(self, text: str) -> str:
        """The text with every form of every value replaced. Values under 8 bytes are not searched for."""
        return self.beginning(text, len(text))

    def beginning(self, text: str, characters: int) -> str:
        """So much of a text, redacted; an ellipsis marks that there was more.

        A secret that stands across the end is replaced whole, and what is behind never moves into the place of a
        secret that was longer than its name.
        """
        kept, more = text[:characters], "…" if len(text) > characters else ""
        if not self._known:
            return kept + more
        data, end = utf8(text[: characters + REDACT_MARGIN_CHARACTERS]), len(utf8(kept))
        found = self._find(data)
        if isinstance(found, str):
            return found
        return _replaced(data, [one for one in found if one.start < end], end) + more

    def _find(self, data: bytes) -> list[Found] | str:
        """Where secrets stand in a text, or what is to be shown in its place."""
        searches = [group.search() for group in self._groups]
        found: list[Found] = []
        effort = Effort()
        try:
            for reading in readings(data, effort):
                for search in searches:
                    if search is None:
                        return HIDDEN
                    for start, end, label in search.find(reading.data, effort):
                        found.append(Found(*reading.origin(start, end), label))
        except TooMuchError:
            return HIDDEN_TEXT
        return found

    def headers(self, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Names and values of an answer's headers; values of one name are joined by commas (RFC 9110 section 5.3)."""
        pairs = list(pairs)
        found = self._find(utf8("\n".join(map("\n".join, pairs)))) if self._known else []
        if isinstance(found, str):
            return {found: found}
        shown: dict[str, str] = {}
        for pair in pairs:
            name, value = map(self.text if found else _valid, pair)
            shown[name] = f"{shown[name]}, {value}" if name in shown else value
        return shown

    @property
    def hides_bodies(self) -> bool:
        """Whether no answer body may be stored: a value is too short to search for, or all are too large."""
        return any(group.short or group.search() is None for group in self._groups)

    def with_extra(self, *more: tuple[Pair, ...]) -> Redactor:
        """This one and more (label, value): values rotated out, fetched tokens. What was made for a group of them is
        kept as long as it is among them, and so is the last answer."""
        asked, answer = self._last
        if asked != more:
            answer = self._extended(more, answer)
            self._last = more, answer  # at once, as another thread may ask
        return answer or self

    def _extended(self, more: tuple[tuple[Pair, ...], ...], last: Redactor | None) -> Redactor | None:
        unknown = (tuple(pair for pair in group if pair not in self._known) for group in more)
        extra = [pairs for pairs in unknown if pairs]
        if not extra:
            return None
        made = {} if last is None else {group.pairs: group for group in last._groups[len(self._groups) :]}
        extended = Redactor({})
        extended._use((*self._groups, *(made.get(pairs) or Secrets(pairs) for pairs in extra)))
        return extended


def _replaced(data: bytes, found: list[Found], until: int) -> str:
    """The text up to `until`, with names in place of what was found; no character is divided."""
    shown: list[str] = []
    done = 0
    for start, end, label in _joined(found):
        shown += data[done:start].decode("utf-8", "ignore"), placeholder(label)
        done = end
        while data[done : done + 1] and data[done] & 0xC0 == 0x80:
            done += 1
    return "".join([*shown, data[done:until].decode()])


def _joined(found: list[Found]) -> list[Found]:
    """In order; what overlaps is one, by the name of the longest."""
    joined: list[Found] = []
    for one in sorted(found):
        last = joined[-1] if joined else one
        if one.start >= last.end or not joined:
            joined.append(one)
        else:
            longest = max(last, one, key=lambda each: each.end - each.start)
            joined[-1] = Found(last.start, max(last.end, one.end), longest.label)
    return joined


def _valid(text: str) -> str:
    """The text without halves of characters."""
    return utf8(text).decode()


def placeholder(label: str) -> str:
    """How a secret's value is shown: `‹secret name/key›`."""
    return f"‹secret {label}›"


def printable(text: str) -> str:
    """The text with everything that nobody sees, or that changes how a line is seen, written as JSON writes it: \\u200b.

    Control and format characters, odd blanks, separators, lone surrogates; the joiners inside an emoji stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return INVISIBLE.sub(_written, text)


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
