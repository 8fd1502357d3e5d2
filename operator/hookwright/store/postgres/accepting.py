"""Storing events: batches are judged by their identities, and what is new becomes the values of a call.

A batch that was tried before and may have been stored is looked for first, so that it is stored once. Must not: write
(`writing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from hookwright.store.kept import identity_size
from hookwright.store.port import Accepted, Conflict, New, NewEvent, Repeat
from hookwright.store.postgres.groups import Job
from hookwright.store.postgres.ownership import Ownership
from hookwright.store.postgres.routes import Routes
from hookwright.store.postgres.rows import columns, plain
from hookwright.store.postgres.server import Connection
from hookwright.store.postgres.statements import load
from hookwright.store.postgres.waking import COLUMNS, told

_NEW = New()
_STORED = New()
"""By a try before, whose answer was lost."""
_CONFLICT = Conflict()
_EVENT, _WAITING, _DEAD, _IDENTITY = 6, 5, 7, 6
"""How many columns each has, in the order of `accept_1`."""


class _Known(NamedTuple):
    """An identity that came before: its digest, and what a repeat is answered from."""

    digest: bytes
    answer: Repeat


class Stored(NamedTuple):
    """What becomes of batches of events: their answers, and the values of `accept_1` that store what is new of them."""

    answers: list[list[Accepted]]
    values: list[Any]
    events: int
    identities: Sequence[tuple[Any, ...]]


class Accepting:
    """Prepares events in the name of the owner of a slot; `seconds` is the window of identities."""

    def __init__(self, routes: Routes, schema: str, owner: Ownership, *, seconds: int) -> None:
        self._routes, self._sql = routes, load("work.sql", schema)
        self._owner, self._channel, self._window = owner, schema, seconds * 1000
        self.rows = 0
        self.identities = self.identity_bytes = 0
        """Of the window, as last measured and stored since."""
        self.oldest_identity: int | None = None

    async def measure(self, connection: Connection) -> None:
        """Read anew what the window holds."""
        row = await connection.fetchrow(self._sql["identities"])
        self.identities, self.identity_bytes, self.oldest_identity = row

    async def prepare(self, connection: Connection, jobs: Sequence[Job]) -> Stored:
        """The batches of these jobs, each all or nothing; a repeat of an earlier one of them is one too.

        It is to be written with nothing new in it as well: what a repeat is answered from may not have reached a standby
        yet, and is there then.
        """
        batches: list[Sequence[NewEvent]] = [job.work for job in jobs]
        known, past = await self._known(connection, batches)
        answers, events = _judge(batches, known)
        if any(job.doubtful for job in jobs):
            events = await self._not_there(connection, events)
        await self._routes.know(connection, (each.route for event in events for each in event.deliveries))
        return self._stored(answers, events, past)

    def wrote(self, stored: Stored) -> None:
        """It was committed."""
        identities = stored.identities
        self.rows += stored.events
        self.identities += len(identities)
        self.identity_bytes += sum(row[-1] for row in identities)
        if identities and self.oldest_identity is None:
            self.oldest_identity = identities[0][2]

    async def _known(
        self, connection: Connection, batches: Iterable[Sequence[NewEvent]]
    ) -> tuple[dict[bytes, _Known], list[bytes]]:
        """Identities of these batches that are inside the window, and those that have left it."""
        asked = {event.identity: event for batch in batches for event in batch if event.identity is not None}
        if not asked:
            return {}, []
        rows = await connection.fetch(self._sql["known"], list(asked))
        past = [
            row["identity"] for row in rows if row["at"] <= asked[row["identity"]].received - self._window
        ]
        found = [row for row in rows if row["identity"] not in past]
        numbers = {
            row["identity"]: [int(number) for number in row["routes"].split(",") if number] for row in found
        }
        await self._routes.find(connection, {number for each in numbers.values() for number in each})
        names = self._routes.names
        known = {}
        for row in found:
            routes = tuple(names.get(number, "") for number in numbers[row["identity"]])
            known[row["identity"]] = _Known(row["digest"], Repeat(row["event_key"], routes))
        return known, past

    async def _not_there(self, connection: Connection, events: list[NewEvent]) -> list[NewEvent]:
        """Those that a try before did not store."""
        rows = await connection.fetch(self._sql["stored"], [event.key for event in events])
        there = {key for (key,) in rows}
        return [event for event in events if event.key not in there]

    def _stored(self, answers: list[list[Accepted]], events: Sequence[NewEvent], past: list[bytes]) -> Stored:
        numbers = self._routes.numbers
        kept, waiting, dead, identities, others = [], [], [], [], []
        used = {numbers[each.route] for event in events for each in event.deliveries}
        for event in events:
            key, size = event.key, len(event.raw)
            if event.deliveries:
                kept.append(
                    (
                        key,
                        plain(event.event_type),
                        plain(event.trigger),
                        len(event.deliveries),
                        event.hops,
                        event.raw,
                    )
                )
            for each in event.deliveries:
                number = numbers[each.route]
                if each.dead is None:
                    waiting.append((number, each.key, key, event.received, size))
                else:
                    dead.append((number, each.key, key, each.dead, plain(each.message), event.received, size))
                if not each.own:
                    others.append((number, 1, size, 0) if each.dead is None else (number, 0, 0, 1))
            if event.identity is not None:
                identities.append(self._identity(event))
        high = max((event.key + len(event.deliveries) for event in events), default=0)
        values = [
            self._owner.slot, self._owner.holder, high, list(used), self._channel, *columns(told(others), COLUMNS),
            *columns(kept, _EVENT), *columns(waiting, _WAITING), *columns(dead, _DEAD), *columns(identities, _IDENTITY),
            past,
        ]  # fmt: skip
        return Stored(answers, values, len(events), identities)

    def _identity(self, event: NewEvent) -> tuple[Any, ...]:
        """The row of an event's identity."""
        routes = ",".join(str(self._routes.numbers[each.route]) for each in event.deliveries)
        size = identity_size(len(event.deliveries))
        return event.identity, event.digest, event.received, event.key, routes, size


def _judge(
    batches: Iterable[Sequence[NewEvent]], known: dict[bytes, _Known]
) -> tuple[list[list[Accepted]], list[NewEvent]]:
    """The answers of each batch, and the events that are to be stored; what these bring is known from then on."""
    answers, stored = [], []
    for batch in batches:
        fresh: dict[bytes, _Known] = {}
        answer = [_judged(event, known, fresh) for event in batch]
        answers.append(answer)
        if _CONFLICT not in answer:
            known.update(fresh)
            stored += [event for event, one in zip(batch, answer, strict=True) if one is _NEW]
    return answers, stored


def _judged(event: NewEvent, known: dict[bytes, _Known], fresh: dict[bytes, _Known]) -> Accepted:
    """`fresh`: identities that this batch brings; this one's is added."""
    if event.identity is None:
        return _NEW
    found = fresh.get(event.identity) or known.get(event.identity)
    if found is None:
        answer = Repeat(event.key, tuple(each.route for each in event.deliveries))
        fresh[event.identity] = _Known(event.digest, answer)
        return _NEW
    if found.answer.event_key == event.key:
        return _STORED
    return found.answer if found.digest == event.digest else _CONFLICT
