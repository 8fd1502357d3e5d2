"""What accepting, finishing and claiming do to the tables, for many calls at once.

Runs in the writer's thread inside a transaction that `writer` begins and commits. Must not: commit, touch
futures, or know threads. After a rollback `reload` reads again what is kept in memory beside the tables.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hookwright.core.records import Action, AttemptRecord, Claimed, Delivery, Finish, StoredRoute, Wanted
from hookwright.limits import HISTORY_ROW_BYTES
from hookwright.store.claiming import claimed
from hookwright.store.kept import identity_size
from hookwright.store.port import Accepted, Conflict, New, NewEvent, Repeat
from hookwright.store.sqlite import statements
from hookwright.store.sqlite.identities import kept_answer, kept_size, read_answer

_SQL = statements.load("work.sql")
_NEW = New()
_CONFLICT = Conflict()
_Known = tuple[bytes, Repeat]  # digest, and what a repeat is answered from


class TakenLetter(NamedTuple):
    """What was a dead letter: its webhook by number, `size` of its event."""

    key: int
    event_key: int
    route: int
    attempts: int
    size: int


class Tables:
    """The tables of one open database. `tag` stands in ids, `identity_seconds` is the window of identities."""

    def __init__(self, connection: sqlite3.Connection, tag: str, identity_seconds: int) -> None:
        self.connection = connection
        self._tag = tag
        self.high_key = 0
        """The highest key this process stored."""
        self._window = identity_seconds * 1000
        self._page_size: int = connection.execute("PRAGMA page_size").fetchone()[0]
        self.reload()

    def reload(self) -> None:
        """Read what is kept in memory: numbers of routes, ends of the running sums of history and identities."""
        execute = self.connection.execute
        self._routes: dict[str, int] = dict(execute(_SQL["all_routes"]))
        self.names = {number: route for route, number in self._routes.items()}
        """The webhooks by their numbers."""
        row = execute(_SQL["history_end"], (HISTORY_ROW_BYTES,)).fetchone()
        self.history_end: int = row[0] if row else 0
        """The running sum of the history's bytes."""
        row = execute(_SQL["identity_end"]).fetchone()
        self.identity_end: int = row[0] + kept_size(row[1]) if row else 0
        """The same of the identities."""
        self.measure_identities()

    def measure_identities(self) -> None:
        """Read again how many identities there are, and of the oldest its time and where it begins."""
        row = self.connection.execute(_SQL["identity_window"]).fetchone()
        self.identities: int = row[0] if row else 0
        self.oldest_identity: int | None = row[1] if row else None
        self._identities_begin: int = row[2] or 0 if row else self.identity_end

    @property
    def identity_bytes(self) -> int:
        """What the identities count."""
        return self.identity_end - self._identities_begin

    def route_id(self, route: str) -> int:
        """The number of a webhook, given at first sight."""
        number = self._routes.get(route)
        if number is None:
            number = self.connection.execute(_SQL["insert_route"], (route,)).lastrowid
            assert number is not None
            self._routes[route] = number
            self.names[number] = route
        return number

    def known_route(self, route: str) -> int | None:
        """The number of a webhook, None if it was never seen."""
        return self._routes.get(route)

    def forget_routes(self, routes: Iterable[str]) -> None:
        """Routes whose rows were deleted."""
        for route in routes:
            self.names.pop(self._routes.pop(route, 0), None)

    def check_owner(self, epoch: int) -> bool:
        """Last in every transaction: keep the highest key; False if another process owns the database now."""
        return self.connection.execute(_SQL["still_own"], (epoch, self.high_key)).rowcount == 1

    def free_bytes(self) -> int:
        """What the database holds for use again."""
        pages: int = self.connection.execute("PRAGMA freelist_count").fetchone()[0]
        return pages * self._page_size

    # --- accept ----------------------------------------------------------------------------------

    def accept(self, batches: Sequence[Sequence[NewEvent]]) -> list[list[Accepted]]:
        """Store batches, each all or nothing; a repeat of an earlier batch of the same call is one too."""
        seen: dict[bytes, _Known] = {}
        stored: list[NewEvent] = []
        answers = []
        for batch in batches:
            answer, fresh = self._judge(batch, seen)
            answers.append(answer)
            if _CONFLICT in answer:
                continue
            seen.update(fresh)
            stored += [event for event, one in zip(batch, answer, strict=True) if one is _NEW]
        self._insert(stored)
        return answers

    def _judge(
        self, batch: Sequence[NewEvent], seen: dict[bytes, _Known]
    ) -> tuple[list[Accepted], dict[bytes, _Known]]:
        """Answers of one batch, and the identities it brings."""
        fresh: dict[bytes, _Known] = {}
        answers: list[Accepted] = []
        for event in batch:
            identity = event.identity
            if identity is None:
                answers.append(_NEW)
                continue
            known = fresh.get(identity) or seen.get(identity) or self._known(identity, event.received)
            if known is None:
                routes = tuple(each.route for each in event.deliveries)
                fresh[identity] = (event.digest, Repeat(event.key, routes))
                answers.append(_NEW)
            else:
                answers.append(known[1] if known[0] == event.digest else _CONFLICT)
        return answers, fresh

    def _known(self, identity: bytes, now: int) -> _Known | None:
        row: tuple[bytes, bytes] | None = self.connection.execute(
            _SQL["find_identity"], (identity, now - self._window)
        ).fetchone()
        return None if row is None else (row[0], read_answer(row[1], self.names))

    def _insert(self, stored: Iterable[NewEvent]) -> None:
        events, fanout, waiting, dead, identities = [], [], [], [], []
        high = self.high_key
        for event in stored:
            key, count, size, received = event.key, len(event.deliveries), len(event.raw), event.received
            high = max(high, key + count)
            if event.identity is not None:
                identities.append(self._identity(event))
            if not count:
                continue
            events.append((key, event.event_type, event.trigger, count, event.raw, event.hops))
            if count > 1:
                fanout.append((key, count))
            for delivery in event.deliveries:
                route = self.route_id(delivery.route)
                if delivery.dead is None:
                    waiting.append((route, delivery.key, key, received, 0, 0, size))
                else:
                    message = delivery.message
                    dead.append(
                        (delivery.key, key, route, delivery.dead, message, 0, received, received, size)
                    )
        self.high_key = high
        self._many("insert_event", events)
        self._many("insert_waiting", waiting)
        self._many("insert_fanout", fanout)
        self._many("insert_dead", dead)
        self._many("insert_identity", identities)
        if identities:
            self.identities += len(identities)
            if self.oldest_identity is None:
                self.measure_identities()

    def _identity(self, event: NewEvent) -> tuple[object, ...]:
        """The row of an event's identity."""
        routes = [self.route_id(each.route) for each in event.deliveries]
        kept, begins = kept_answer(event.key, self._tag, routes), self.identity_end
        self.identity_end += identity_size(len(routes))
        return event.identity, event.digest, event.received, kept, begins

    def stored(self, keys: Sequence[int]) -> set[int]:
        """See `store.port.Work.stored`."""
        return {key for (key,) in self.connection.execute(_SQL["stored"], (json.dumps([*keys]),))}

    # --- finish ----------------------------------------------------------------------------------

    def finish(self, results: Iterable[Finish]) -> None:
        """Carry out results and keep their records."""
        done: list[tuple[int, int]] = []
        released: Counter[int] = Counter()
        records = []
        for result in results:
            if result.record is not None:
                records.append(result.record)
            route = self.route_id(result.route)
            if result.action is Action.ACK:
                if result.sole:
                    done.append((route, result.key))
                elif (row := self._take(route, result.key)) is not None:
                    released[row[0]] += 1
            elif result.action is Action.DELAY:
                self._delay(route, result)
            else:
                self.bury(route, result)
        if done and self._many("delete_waiting", done) < len(done):
            self._many("delete_delayed", done)
        self._many("delete_sole_event", [(key - 1,) for _, key in done])
        self.release(released)
        self._record(records)

    def _take(self, route: int, key: int) -> tuple[int, int, int, int] | None:
        """Remove a waiting delivery: (event_key, received, attempts, bytes), None if it is not waiting."""
        for name in ("take_waiting", "take_delayed"):
            rows = self.connection.execute(_SQL[name], (route, key)).fetchall()
            if rows:
                return rows[0]  # type: ignore[no-any-return]
        return None

    def _delay(self, route: int, result: Finish) -> None:
        row = self._take(route, result.key)
        if row is None:
            return
        event_key, received, _, size = row
        values = (route, result.key, event_key, received, result.attempts, result.steps, size)
        if result.due:
            self.connection.execute(
                _SQL["insert_delayed"], (*values, result.due, max(0, result.due - result.at))
            )
        else:
            self.insert_waiting(values)

    def bury(self, route: int, result: Finish) -> tuple[int, int] | None:
        """Make a dead letter of a waiting delivery; its event and the bytes of that, None if it is not waiting."""
        row = self._take(route, result.key)
        if row is None:
            return None
        assert result.reason is not None
        event_key, received, attempts, size = row
        attempts = max(attempts, result.attempts)
        letter = (
            result.key,
            event_key,
            route,
            result.reason,
            result.message,
            attempts,
            result.at,
            received,
            size,
        )
        self.connection.execute(_SQL["insert_dead"], letter)
        return event_key, size

    def take_dead(self, position: int) -> TakenLetter:
        """Remove a dead letter, for what becomes of it."""
        (row,) = self.connection.execute(_SQL["take_dead"], (position,)).fetchall()
        return TakenLetter(*row)

    def insert_waiting(self, row: tuple[int, int, int, int, int, int, int]) -> None:
        """A delivery that may go at once: route number, key, event_key, received, attempts, steps, bytes."""
        self.connection.execute(_SQL["insert_waiting"], row)

    def release(self, events: Counter[int]) -> int:
        """So many deliveries of these events are done. How many events were dropped with their last one."""
        keys = [(key,) for key in events]
        self._many("release_fanout", list(events.items()))
        dropped = self._many("delete_released_event", keys)
        self._many("delete_fanout", keys)
        return dropped

    def _record(self, records: Iterable[AttemptRecord]) -> None:
        rows = []
        end = self.history_end
        for one in records:
            route = self.route_id(one.route)
            rows.append(
                (one.delivery_key, one.attempt, one.event_key, route, one.kind, one.trigger, one.result,
                 one.status, one.cause, one.time, one.duration, one.friendly_id, end, one.detail)
            )  # fmt: skip
            end += len(one.detail) + HISTORY_ROW_BYTES
        self._many("insert_attempt", rows)
        self.history_end = end

    def remember(self, routes: Iterable[StoredRoute]) -> None:
        """Replace what is remembered of these routes."""
        rows = [
            (self.route_id(one.route), one.gone, one.deleted_at, one.last_success, one.last_failure,
             one.consecutive_failures)
            for one in routes
        ]  # fmt: skip
        self._many("remember_route", rows)

    def clamp(self, now: int) -> int:
        """See `store.port.Upkeep.clamp`."""
        return self.connection.execute(_SQL["clamp_delayed"], (now,)).rowcount

    def _many(self, name: str, rows: Sequence[tuple[object, ...]]) -> int:
        """Run a statement for all rows; how many rows of the table changed."""
        return self.connection.executemany(_SQL[name], rows).rowcount if rows else 0

    # --- claim -----------------------------------------------------------------------------------

    def claim(self, wanted: Mapping[str, Wanted], now: int) -> dict[str, Claimed]:
        """See `store.port.Work.claim`."""
        return {route: self._claim(route, one, now) for route, one in wanted.items()}

    def _claim(self, route: str, wanted: Wanted, now: int) -> Claimed:
        number = self._routes.get(route)
        if number is None:
            return Claimed([], None)
        at_once = self.connection.execute(_SQL["claim_waiting"], (number,))
        delayed = self.connection.execute(_SQL["claim_delayed"], (number, now))
        exclude = wanted.exclude
        return claimed(
            _deliveries(at_once, route, exclude), _deliveries(delayed, route, exclude), wanted, now
        )


def _deliveries(rows: Iterable[tuple[Any, ...]], route: str, exclude: frozenset[int]) -> Iterator[Delivery]:
    for row in rows:
        if row[0] not in exclude:
            key, event_key, event_type, trigger, raw, received, attempts, steps, due, sole, hops = row
            yield Delivery(
                key,
                event_key,
                route,
                event_type,
                trigger,
                raw,
                received,
                attempts,
                steps,
                due,
                bool(sole),
                hops,
            )
