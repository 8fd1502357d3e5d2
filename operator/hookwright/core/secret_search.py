"""One search for all forms of some secrets: an automaton of their pieces, which are then compared as far as they go.

Of each form a few pieces of twelve characters are searched for: the first, the last, and some between. Where one
stands, the form is followed in both directions, so what is found is all that stands there of it, whole or not: an answer
that tells the first twelve characters of a token, or the last sixteen, tells nothing. Time is in proportion to the text,
whatever secrets there are; the memory of all searches together is bounded. Must not: keep what it found.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

from ahocorasick_rs import BytesAhoCorasick, Implementation

from hookwright.core.readings import Effort
from hookwright.core.secret_forms import Form, forms, utf8
from hookwright.core.secret_values import is_public
from hookwright.limits import (
    KIB,
    REDACT_ALL_BYTES,
    REDACT_DISGUISED_BYTES,
    REDACT_FIND_BYTES,
    REDACT_FORM_BYTES,
    REDACT_MATCH_BYTES,
    REDACT_SHORTEST_SECRET,
    REDACT_SMALL_ALL_BYTES,
    REDACT_SMALL_BYTES,
)

_APART: Final = 256  # bytes between the beginnings of two pieces
_LEAST_FORMS: Final = 7  # times its own size that the forms of any value take
_LEAST_MEMORY: Final = 12 * KIB  # bytes that a search takes beside its forms,
_PIECE_MEMORY: Final = 512  # and for each piece
_FEW: Final = 4  # different bytes; a piece of so few, such as a row of zeros, stands in too many texts
_AT_ONCE: Final = 4_096  # bytes of text in one call: bounds the list that it answers
_BASE64_END: Final = re.compile(rb"[0-9a-z/ ]?=*")  # folded

Pair = tuple[str, str]
"""Label (`name/key`) and value of a secret."""


class Found(NamedTuple):
    """Where a secret stands in a text, in bytes."""

    start: int
    end: int
    label: str


class Secrets:
    """Some secrets of a webhook. Costs next to nothing until they are searched for."""

    def __init__(self, pairs: tuple[Pair, ...]) -> None:
        self.pairs = pairs
        self._searched = tuple(pair for pair in pairs if not is_public(pair[1]))
        sizes = [len(utf8(value)) for _, value in self._searched]
        self.short = any(0 < size < REDACT_SHORTEST_SECRET for size in sizes)
        """Whether a value is too short to be searched for."""
        self.large = sum(sizes) > REDACT_SMALL_BYTES
        """Whether the search takes milliseconds to make. It is kept then, otherwise only while it is used."""
        self._too_large = _LEAST_FORMS * sum(sizes) > REDACT_FORM_BYTES
        self._kept: Search | None = None

    def search(self) -> Search | None:
        """What finds them, made if it is not there; None if that is too large, alone or beside all others."""
        if self._too_large:
            return None
        if not self.large:
            return _small(self._searched)
        if self._kept is None:
            search = _large(self._searched)
            self._too_large = search is not None and search.size > REDACT_FORM_BYTES
            self._kept = None if self._too_large else search
        return self._kept


class Search:
    """Searches for some secrets."""

    def __init__(self, pairs: tuple[Pair, ...]) -> None:
        """Takes 0.3 ms for a token, some 10 ms at the limit."""
        labels = {form: label for label, form in reversed(list(_all_forms(pairs)))}
        self.size = sum(len(form.data) for form in labels)
        """Bytes of all forms. Over `REDACT_FORM_BYTES` nothing is searched for."""
        self._forms, self._labels = list(labels), list(labels.values())
        self._of, self._at = array("I"), array("I")  # of each piece: the number of its form, and where in it
        pieces: list[bytes] = []
        for number, form in enumerate(self._forms if self.size <= REDACT_FORM_BYTES else ()):
            for piece, place in _pieces(form).items():
                self._of.append(number)
                self._at.append(place)
                pieces.append(piece)
        self._longest = max(map(len, pieces), default=1)
        self._automaton = BytesAhoCorasick(pieces, implementation=Implementation.ContiguousNFA)
        self.memory = _LEAST_MEMORY + self.size + _PIECE_MEMORY * len(pieces)
        """Bytes that it takes, about."""

    def find(self, data: bytes, effort: Effort) -> Iterator[Found]:
        """What stands in `data`, which is folded; finds may overlap. Raises TooMuchError."""
        effort.spend(len(data))
        reached: dict[int, int] = {}
        for number, start, end in self._matches(data):
            which, place = self._of[number], self._at[number]
            effort.spend(REDACT_MATCH_BYTES)
            if end <= reached.get(which, 0):
                continue
            effort.spend(REDACT_FIND_BYTES)
            form = self._forms[which]
            first = start - _alike(data, start, form.data, place, ahead=False)
            last = end + _alike(data, end, form.data, place + end - start, ahead=True)
            reached[which] = last
            ended = form.shared and place + last - start == len(form.data)
            if ended and (rest := _BASE64_END.match(data, last)):
                last = rest.end()
            yield Found(first, last, self._labels[which])

    def _matches(self, data: bytes) -> Iterator[tuple[int, int, int]]:
        """Pieces: number, start, end."""
        for at in range(0, len(data), _AT_ONCE):
            part = data[at : at + _AT_ONCE + self._longest - 1]
            for number, start, end in self._automaton.find_matches_as_indexes(part, overlapping=True):
                yield number, at + start, at + end


_SMALL: Final[dict[tuple[Pair, ...], Search]] = {}
"""Those that were used lately, the latest last."""


def _small(pairs: tuple[Pair, ...]) -> Search:
    search = _SMALL.pop(pairs, None)
    if search is None:
        search = Search(pairs)
        kept = sum(each.memory for each in list(_SMALL.values()))
        for oldest in list(_SMALL):
            if kept + search.memory <= REDACT_SMALL_ALL_BYTES:
                break
            gone = _SMALL.pop(oldest, None)  # another thread may have been here
            kept -= 0 if gone is None else gone.memory
    _SMALL[pairs] = search
    return search


_LARGE: Final[WeakValueDictionary[tuple[Pair, ...], Search]] = WeakValueDictionary()


def _large(pairs: tuple[Pair, ...]) -> Search | None:
    """One for all webhooks that have the same secrets, as long as one of them lives. None: there is no room."""
    search = _LARGE.get(pairs)
    if search is None:
        held = sum(each.memory for ref in _LARGE.valuerefs() if (each := ref()))
        if held < REDACT_ALL_BYTES:
            search = _LARGE[pairs] = Search(pairs)
    return search


def _all_forms(pairs: tuple[Pair, ...]) -> Iterator[tuple[str, Form]]:
    left = REDACT_DISGUISED_BYTES
    for label, value in pairs:
        disguised = len(value) <= left
        left -= len(value) if disguised else 0
        for form in forms(value, disguised=disguised):
            yield label, form


def _pieces(form: Form) -> dict[bytes, int]:
    """What is searched for of a form, and where in it that stands."""
    data, first, last = form.data, form.first, form.last
    end = max(0, len(data) - last)
    between = (place for place in range(_APART, end, _APART) if len(set(data[place : place + first])) > _FEW)
    return {data[end:]: end, **{data[place : place + first]: place for place in between}, data[:first]: 0}


def _alike(text: bytes, at: int, form: bytes, place: int, *, ahead: bool) -> int:
    """How many bytes of a text from `at` on are those of a form from `place` on, or before them both."""
    room = min(len(text) - at, len(form) - place) if ahead else min(at, place)
    done, size = 0, 64
    while done < room:
        size = min(size, room - done)
        back = 0 if ahead else 2 * done + size
        here, there = at + done - back, place + done - back
        if text[here : here + size] == form[there : there + size]:
            done += size
            size *= 2
        elif size > 1:
            size //= 2
        else:
            break
    return done
