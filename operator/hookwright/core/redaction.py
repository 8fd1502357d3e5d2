"""Takes secrets out of texts that came from outside: answers and errors, before they are cut and stored.

Requests are not searched: what is stored of them is built a second time without the values (SPEC 5).
A value is found in any form (`secret_forms`), also in the middle of longer text (`Basic <base64 of user:password>`).
Its forms are searched for one by one: for the dozens that a webhook has this is as fast as an automaton of them all,
which takes ten times the memory and holds up all threads while it is made. The time is in proportion to the text,
whatever a hostile answer holds. Must not: log, keep what it found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from hookwright.core.invisible import INVISIBLE
from hookwright.core.secret_forms import forms, readings, utf8
from hookwright.limits import REDACT_FORM_BYTES, REDACT_SHORTEST_SECRET

HIDDEN: Final = "‹hidden: the Secrets of this webhook are too large to be searched for›"

_BASE64_END: Final = re.compile(rb"[0-9a-z/ ]?=*")  # folded

Pair = tuple[str, str]
"""Label (`name/key`) and value of a secret."""


class Redactor:
    """Replaces the secrets of one webhook by ‹secret name/key›. Takes any text and any value; raises nothing."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """`secrets`: label (`name/key`) → value. Costs nothing: what the search needs is made by `prepare`."""
        self._set_parts((_Part(tuple(secrets.items())),))
        self._extras: dict[Pair, _Part] = {}
        self._extended: Redactor | None = None

    def _set_parts(self, parts: tuple[_Part, ...]) -> None:
        self._parts = parts
        self._known = frozenset(pair for part in parts for pair in part.pairs)
        self._prepared = self._too_large = False

    def prepare(self) -> None:
        """Make what the search needs, once: 0.02 ms for a token, some 10 ms at the limit. Any thread may do it
        before `text` and `hides_bodies` do it themselves."""
        if self._prepared:
            return
        for part in self._parts:
            part.prepare()
        self._too_large = sum(part.size for part in self._parts) > REDACT_FORM_BYTES
        self._prepared = True

    def text(self, text: str) -> str:
        """The text with every form of every value replaced. Values under 8 bytes are not searched for."""
        if not self._known:
            return text
        self.prepare()
        if self._too_large:
            return HIDDEN
        data = utf8(text)
        found = [
            _Found(*reading.origin(start, end), label)
            for reading in readings(data)
            for part in self._parts
            for start, end, label in part.find(reading.data)
        ]
        return _replaced(data, found) if found else data.decode()

    def headers(self, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Names and values of an answer's headers; values of one name are joined by commas (RFC 9110 section 5.3)."""
        shown: dict[str, str] = {}
        for pair in pairs:
            name, value = map(self.text, pair)
            shown[name] = f"{shown[name]}, {value}" if name in shown else value
        return shown

    @property
    def hides_bodies(self) -> bool:
        """Whether no answer body may be stored: a value is too short to search for, or all are too large."""
        self.prepare()
        return self._too_large or any(part.short for part in self._parts)

    def with_extra(self, values: Iterable[Pair]) -> Redactor:
        """This one and more (label, value): fetched tokens, values rotated out. The last one is kept."""
        more = tuple(dict.fromkeys(pair for pair in values if pair not in self._known))
        if not more:
            return self
        if self._extended is None or more != tuple(self._extras):
            self._extras = {pair: self._extras.get(pair) or _Part((pair,)) for pair in more}
            self._extended = Redactor({})
            self._extended._set_parts((*self._parts, *self._extras.values()))
        return self._extended


class _Part:
    """Some of the secrets, and the forms to search for."""

    def __init__(self, pairs: tuple[Pair, ...]) -> None:
        self.pairs = pairs
        self.short = False
        self.size = 0
        """Bytes of all forms, counted up to the limit."""
        self._forms: list[_Needle] | None = None

    def prepare(self) -> None:
        """Set all fields, once. Two threads at once do the same work twice and leave the same behind."""
        if self._forms is not None:
            return
        self.short = any(0 < len(utf8(value)) < REDACT_SHORTEST_SECRET for _, value in self.pairs)
        needles: dict[bytes, _Needle] = {}
        size = 0
        for label, value in self.pairs:
            for data, shared in forms(value):
                if data not in needles:
                    needles[data] = _Needle(len(data), data, label, shared)
                    size += len(data)
                if size > REDACT_FORM_BYTES:
                    break
        self.size = size
        self._forms = sorted(needles.values()) if size <= REDACT_FORM_BYTES else []

    def find(self, data: bytes) -> Iterator[_Found]:
        """What stands in `data`, which is folded; finds may overlap."""
        for length, needle, label, shared in self._forms or ():
            if length > len(data):
                return
            start = data.find(needle)
            while start >= 0:
                end = start + length
                if shared and (rest := _BASE64_END.match(data, end)):
                    end = rest.end()
                yield _Found(start, end, label)
                start = data.find(needle, end)


class _Needle(NamedTuple):
    """One form of a secret, the shortest first; the rest as in `secret_forms.Form`."""

    length: int
    data: bytes
    label: str
    shared: bool


class _Found(NamedTuple):
    """Where a secret stands in a text, in bytes."""

    start: int
    end: int
    label: str


def _replaced(data: bytes, found: list[_Found]) -> str:
    shown: list[str] = []
    done = 0
    for start, end, label in _joined(found):
        shown += data[done:start].decode("utf-8", "replace"), placeholder(label)
        done = end
    return "".join([*shown, data[done:].decode("utf-8", "replace")])


def _joined(found: list[_Found]) -> list[_Found]:
    """In order; what overlaps is one, by the name of the longest."""
    joined: list[_Found] = []
    for one in sorted(found):
        last = joined[-1] if joined else one
        if one.start >= last.end or not joined:
            joined.append(one)
        else:
            longest = max(last, one, key=lambda each: each.end - each.start)
            joined[-1] = _Found(last.start, max(last.end, one.end), longest.label)
    return joined


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
