"""Which of several releases writes an object's status: the one whose name stands in it, for as long as it answers.

A release that finds another's name leaves status, Events and tests of the object to it, and asks from time to time, in
the status of one object of each namespace, whether it still stands: it answers by taking the question away, as all it
writes does. Without an answer the objects are taken over. Needs no right beyond that to the status.
Pure: entries in, entries out. Must not: write, or decide what a status says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hookwright.controller.inventory import ASKED_BY, HANDLED_BY, Entry, Id
from hookwright.controller.plan import StatusChange
from hookwright.limits import ANSWER_SECONDS, ASK_SECONDS, RETRY_SECONDS

Pair = tuple[str, str]
"""Another release (`namespace/name`), and a namespace in which it handles objects."""


@dataclass(slots=True)
class _Rival:
    """What is known of the other release in one namespace. Times are monotonic seconds."""

    asked: Id | None = None
    """The object that carries the question."""
    since: float = 0.0
    answered: float | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """`ours`: entries whose status is ours to write. `asks`: questions to write. `again`: seconds until the next look.

    `yielded`: other release → entries that are left to it, once it has answered.
    """

    ours: Mapping[Id, Entry]
    asks: Sequence[StatusChange]
    yielded: Mapping[str, Sequence[Entry]]
    again: float | None


class Owners:
    """`me`: our own release, as `namespace/name`; `monotonic`: seconds."""

    def __init__(self, me: str, monotonic: Callable[[], float]) -> None:
        self._me, self._monotonic = me, monotonic
        self._rivals: dict[Pair, _Rival] = {}

    def look(self, current: Mapping[Id, Entry]) -> Looked:
        """What is ours of the present entries."""
        theirs = self._theirs(current)
        self._rivals = {pair: self._rivals.get(pair, _Rival()) for pair in theirs}
        asks = [each for pair in theirs if (each := self._judge(pair, theirs)) is not None]
        standing = {pair: entries for pair, entries in theirs.items() if not self._rivals[pair].gone}
        left = {name for entries in standing.values() for name in entries} | self._unclaimed(
            current, standing
        )
        yielded: dict[str, list[Entry]] = defaultdict(list)
        for pair, entries in standing.items():
            if self._rivals[pair].answered is not None:
                yielded[pair[0]] += entries.values()
        ours = {name: entry for name, entry in current.items() if name not in left}
        return Looked(ours, asks, yielded, self._again(asks))

    def _theirs(self, current: Mapping[Id, Entry]) -> dict[Pair, dict[Id, Entry]]:
        theirs: dict[Pair, dict[Id, Entry]] = defaultdict(dict)
        for name, entry in current.items():
            release = entry.status.get(HANDLED_BY, self._me)
            if release != self._me:
                theirs[(release, entry.object.namespace)][name] = entry
        return theirs

    def _judge(self, pair: Pair, theirs: Mapping[Pair, Mapping[Id, Entry]]) -> StatusChange | None:
        """Whether the other one still stands; the question to write, if it is time to ask."""
        rival, entries, now = self._rivals[pair], theirs[pair], self._monotonic()
        asked = None if rival.asked is None else entries.get(rival.asked)
        if asked is None:  # not asked, or that object is gone or another's
            rested = rival.answered is None or now - rival.answered >= self._period()
            if rival.gone or not rested:
                return None
            rival.asked, rival.since = min(entries), now
            return StatusChange(entries[rival.asked], {ASKED_BY: self._me}, ())
        if asked.status.get(ASKED_BY) == self._me:
            rival.gone = now - rival.since >= ANSWER_SECONDS
        else:  # or it could not be asked: whoever cannot write takes nothing over
            self._rivals[pair] = _Rival(answered=now)
        return None

    def _period(self) -> float:
        """Seconds between two questions in one namespace: about one a second, however many there are."""
        return max(ASK_SECONDS, float(len(self._rivals)))

    def _unclaimed(self, current: Mapping[Id, Entry], standing: Mapping[Pair, Mapping[Id, Entry]]) -> set[Id]:
        """New objects beside those of another release: it takes them, or of several with objects there the first."""
        others: dict[str, list[str]] = defaultdict(list)
        for release, namespace in standing:
            others[namespace].append(release)
        mine = {each.object.namespace for each in current.values() if each.status.get(HANDLED_BY) == self._me}
        first = {namespace for namespace in mine & others.keys() if self._me < min(others[namespace])}
        return {
            name
            for name, entry in current.items()
            if HANDLED_BY not in entry.status and entry.object.namespace in others.keys() - first
        }

    def _again(self, asks: Sequence[StatusChange]) -> float | None:
        now, due = self._monotonic(), []
        for rival in self._rivals.values():
            if rival.asked is not None and not rival.gone:
                due.append(rival.since + ANSWER_SECONDS)
            elif rival.answered is not None:
                due.append(rival.answered + self._period())
        if asks:
            due.append(now + RETRY_SECONDS)
        return max(min(due) - now, RETRY_SECONDS) if due else None
