"""Bigger changes in bounded steps: burying and replaying, and dropping what is past its time or size.

Each step is a transaction of its own, and is run again while it says that there may be more. Must not: commit, hold a
connection between two steps.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence

from hookwright.core.parts import part_of
from hookwright.core.records import Buried, Finish, Pruned, Use
from hookwright.core.shares import namespace_of
from hookwright.limits import KEY_COUNTER_BITS, RUNS_KEPT_SECONDS, STORE_STEP_ROWS
from hookwright.store.kept import Kept, attempts_size, letters_size
from hookwright.store.port import Replay, ReplaySelector, Retention
from hookwright.store.postgres.choosing import HIGHEST, form
from hookwright.store.postgres.finishing import bury_row
from hookwright.store.postgres.measuring import kept_dead_letters, kept_history, uses_of
from hookwright.store.postgres.routes import Routes
from hookwright.store.postgres.rows import columns
from hookwright.store.postgres.server import Connection
from hookwright.store.postgres.statements import load
from hookwright.store.postgres.waking import Arrivals, told

NOTHING = Pruned(0, 0, {}, 0)


async def replay(
    connection: Connection,
    routes: Routes,
    arrivals: Arrivals,
    schema: str,
    selector: ReplaySelector,
    now: int,
    limit: int,
) -> list[Replay]:
    """Dead letters back to waiting; see `store.port.Work.replay`."""
    sql = load("upkeep.sql", schema)
    name, values = form(selector)
    positions = [row[0] for row in await connection.fetch(sql[f"dead_{name}"], *values, limit)]
    rows = await connection.fetch(sql["replay"], positions, now)
    await routes.find(connection, {row["route_id"] for row in rows})
    await arrivals.tell(
        connection,
        told(
            (number, 1, size, -1)
            for _, number, _, size in rows
            if part_of(routes.names[number]) not in arrivals.own
        ),
    )
    return [Replay(key, routes.names[number], event_key, size) for key, number, event_key, size in rows]


async def bury(
    connection: Connection, routes: Routes, schema: str, each: Finish, exclude: frozenset[int],
    received_before: int | None, after: int,
) -> Buried:  # fmt: skip
    """Bury what waits of a webhook, each as `each` says (but for its key); see `store.port.Work.bury`."""
    sql = load("work.sql", schema)
    await routes.look(connection, [each.route])
    number = routes.numbers.get(each.route)
    if number is None:
        return Buried(0, 0, None, None)
    end = HIGHEST if received_before is None else received_before
    highest = min(HIGHEST, end << KEY_COUNTER_BITS)
    keys = await connection.fetch(sql["some_waiting"], number, after, highest, STORE_STEP_ROWS)
    old = [
        bury_row(number, each._replace(key=key))
        for key, received in keys
        if received < end and key not in exclude
    ]
    rows = await connection.fetch(sql["bury"], *columns(old, 6))
    events = tuple((event_key, size) for _, event_key, size in rows)
    size = sum(size for _, size in events)
    if len(keys) == STORE_STEP_ROWS:
        return Buried(len(events), size, keys[-1][0], None, events)
    count, received, last = await connection.fetchrow(sql["first_waiting"], number, STORE_STEP_ROWS)
    if count == STORE_STEP_ROWS:
        received = min(received, last >> KEY_COUNTER_BITS)
    return Buried(len(events), size, None, received, events)


# --- dropping --------------------------------------------------------------------------------------


class Pruning:
    """One round of dropping, as of `now`. Each of the `steps` answers what it dropped, and whether there is more."""

    def __init__(self, routes: Routes, arrivals: Arrivals, schema: str, keep: Retention, now: int) -> None:
        self._routes, self._arrivals, self._schema, self._keep, self._now = (
            routes,
            arrivals,
            schema,
            keep,
            now,
        )
        self._sql = load("upkeep.sql", schema)
        self._window: tuple[int, int] | None = None
        """Identities, and what they count."""
        self._past_identity = self._past_attempt = 0
        self._past_dead = (0, 0)
        """How far it has come: dropped rows that the server cannot clean up yet are passed once, not at each step."""
        self._dead: Kept | None = None
        self._history: Kept | None = None
        self.steps: tuple[Callable[[Connection], Awaitable[tuple[Pruned, bool]]], ...] = (
            self._identities, self._old_attempts, self._fold, self._many_attempts, self._old_dead, self._much_dead,
            self._forget, self._of_processes,
        )  # fmt: skip

    def uses(self) -> dict[str, Use]:
        """After all steps, for metrics (`StoreStats.kept`)."""
        assert self._dead is not None
        assert self._history is not None
        return uses_of(self._dead, self._history, self._keep)

    async def _identities(self, connection: Connection) -> tuple[Pruned, bool]:
        keep = self._keep
        if self._window is None:
            self._window = (await connection.fetchrow(load("work.sql", self._schema)["identities"]))[:2]
        count, size = self._window
        dropped = []
        values = (self._past_identity, STORE_STEP_ROWS)
        for event_key, at, each in await connection.fetch(self._sql["oldest_identities"], *values):
            past = at <= self._now - keep.identity_seconds * 1000
            if not past and count <= keep.identity_count and size <= keep.identity_bytes:
                break
            dropped.append(event_key)
            count, size = count - 1, size - each
            self._past_identity = event_key
        self._window = count, size
        await connection.execute(self._sql["drop_identities"], dropped)
        return NOTHING._replace(identities=len(dropped)), len(dropped) == STORE_STEP_ROWS

    async def _old_attempts(self, connection: Connection) -> tuple[Pruned, bool]:
        past = self._now - self._keep.history_seconds * 1000
        rows = await connection.fetch(self._sql["old_attempts"], past, self._past_attempt, STORE_STEP_ROWS)
        positions = [position for (position,) in rows]
        self._past_attempt = max(positions, default=self._past_attempt)
        await connection.execute(self._sql["drop_attempts"], positions)
        return NOTHING._replace(history=len(rows)), len(rows) == STORE_STEP_ROWS

    async def _fold(self, connection: Connection) -> tuple[Pruned, bool]:
        await connection.execute(self._sql["fold_tallies"])
        return NOTHING, False

    async def _many_attempts(self, connection: Connection) -> tuple[Pruned, bool]:
        kept = self._history = self._history or await kept_history(connection, self._schema)
        oldest: defaultdict[str, deque[tuple[int, int]]] = defaultdict(deque)
        dropped: list[int] = []
        after: defaultdict[str, int] = defaultdict(int)
        while kept.total > self._keep.history_bytes and len(dropped) < STORE_STEP_ROWS:
            route = kept.loser()
            if not oldest[route]:
                await self._routes.know(connection, [route])
                values = (self._routes.numbers[route], after[route], STORE_STEP_ROWS)
                oldest[route].extend(await connection.fetch(self._sql["oldest_attempts"], *values))
            position, size = oldest[route].popleft()
            after[route] = position
            dropped.append(position)
            lost = attempts_size(1, size)
            kept.lost(lost, lost, lost)
        await connection.execute(self._sql["drop_attempts"], dropped)
        return NOTHING._replace(history=len(dropped)), len(dropped) == STORE_STEP_ROWS

    async def _old_dead(self, connection: Connection) -> tuple[Pruned, bool]:
        past = self._now - self._keep.dead_letter_seconds * 1000
        rows = await connection.fetch(self._sql["old_dead"], past, *self._past_dead, STORE_STEP_ROWS)
        self._past_dead = max(map(tuple, rows), default=self._past_dead)
        return await self._drop_dead(connection, [position for _, position in rows])

    async def _much_dead(self, connection: Connection) -> tuple[Pruned, bool]:
        kept = self._dead = self._dead or await kept_dead_letters(connection, self._schema)
        oldest: defaultdict[str, deque[tuple[int, int, int, int, int]]] = defaultdict(deque)
        gone: Counter[tuple[str, int]] = Counter()  # of a namespace, or of all (''), and an event
        taken: Counter[str] = Counter()
        dropped: list[int] = []
        while kept.total > self._keep.dead_letter_bytes and len(dropped) < STORE_STEP_ROWS:
            route = kept.loser()
            namespace = namespace_of(route)
            if not oldest[route]:
                await self._routes.know(connection, [route])
                values = (self._routes.numbers[route], namespace, taken[route], STORE_STEP_ROWS)
                oldest[route].extend(await connection.fetch(self._sql["oldest_dead"], *values))
            position, event_key, size, here, anywhere = oldest[route].popleft()
            taken[route] += 1
            dropped.append(position)
            gone[namespace, event_key] += 1
            gone["", event_key] += 1
            last_here, last = gone[namespace, event_key] >= here, gone["", event_key] >= anywhere
            kept.lost(
                letters_size(1, size),
                letters_size(1, size if last_here else 0),
                letters_size(1, size if last else 0),
            )
        return await self._drop_dead(connection, dropped)

    async def _drop_dead(self, connection: Connection, positions: Sequence[int]) -> tuple[Pruned, bool]:
        """Dead letters; their events go as well, if nothing else needs them."""
        rows = await connection.fetch(self._sql["drop_dead"], positions)
        events = await connection.fetchval(self._sql["release"], [event_key for _, event_key in rows])
        await self._routes.find(connection, {number for number, _ in rows})
        numbers = Counter(number for number, _ in rows)
        routes = {self._routes.names[number]: count for number, count in numbers.items()}
        others = [
            (number, 0, 0, -count)
            for number, count in numbers.items()
            if part_of(self._routes.names[number]) not in self._arrivals.own
        ]
        await self._arrivals.tell(connection, told(others))
        return Pruned(0, 0, routes, events), len(positions) == STORE_STEP_ROWS

    async def _forget(self, connection: Connection) -> tuple[Pruned, bool]:
        seconds = max(
            self._keep.history_seconds, self._keep.identity_seconds
        )  # an identity has webhooks by numbers
        await connection.fetch(self._sql["forgetting"])
        past = self._now - seconds * 1000
        gone = await connection.fetch(self._sql["forget_routes"], past, STORE_STEP_ROWS)
        self._routes.forget(route for (route,) in gone)
        return NOTHING, len(gone) == STORE_STEP_ROWS

    async def _of_processes(self, connection: Connection) -> tuple[Pruned, bool]:
        """What they tell each other."""
        await connection.execute(load("runs.sql", self._schema)["prune"], RUNS_KEPT_SECONDS)
        await connection.execute(load("showing.sql", self._schema)["prune"])
        return NOTHING, False


def together(one: Pruned, other: Pruned) -> Pruned:
    """What two steps dropped."""
    return Pruned(
        one.identities + other.identities,
        one.history + other.history,
        dict(Counter(one.dead_letters) + Counter(other.dead_letters)),
        one.events + other.events,
    )
