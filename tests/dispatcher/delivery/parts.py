"""The delivery room of a dispatcher over the store in memory, with a target in place of the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dispatcher.delivery.virtual import VirtualClock
from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.former import FormerSecrets
from hookwright.core.keys import Keys
from hookwright.core.lane_steps import Rules
from hookwright.core.parts import EVERY_PART
from hookwright.core.records import Buried, Claimed, DeadReason, Delivery, Finish, Wanted
from hookwright.core.retry import RetryPolicy
from hookwright.core.routes import Route
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.delivery.attempt import Pipeline, Target
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.delivery.ownership import Ownership
from hookwright.dispatcher.delivery.under_way import UnderWay
from hookwright.errors import StoreError
from hookwright.limits import ATTEMPTS
from hookwright.outbound.port import Answer, OnSent, TlsSettings
from hookwright.store.memory import MemoryStore
from hookwright.store.port import Accepted, NewDelivery, NewEvent, Retention, Store
from hookwright.telemetry.record import AttemptDetails

HOOK, OTHER = "team/hook", "team/other"
RAW = b'{"event_type":"AccessRequestGranted","event_time":null,"data":{}}'
RULES = Rules(RetryPolicy((5.0, 60.0), 3600.0, 86_400.0), 4)


class Connections:
    """A pool."""

    def __init__(self) -> None:
        self.closed = False
        self.size = 1_024

    def close(self) -> None:
        self.closed = True


def answered(status: int = 200, *headers: tuple[str, str], body: bytes = b"") -> Answer:
    """An answer of a target."""
    return Answer(status, list(headers), body)


class Wire:
    """A Sender: `respond` is what every target does; `sent` the ids of deliveries in the order they came.

    `connect` is what goes before.
    """

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.under_way = self.most = 0
        self.respond: Callable[[], Awaitable[Answer]] = self.take
        self.connect: Callable[[], Awaitable[None]] = self.at_once

    async def take(self) -> Answer:
        """200, at once."""
        return answered()

    async def at_once(self) -> None:
        """There is a connection."""

    def pool(self, tls: TlsSettings, webhook: str) -> Connections:
        return Connections()

    async def send(
        self,
        pool: object,
        method: str,
        url: str,
        headers: tuple[tuple[str, str], ...],
        body: bytes,
        *,
        timeout: float,
        sent: OnSent = None,
    ) -> Answer:
        await self.connect()
        self.sent.append(dict(headers)["webhook-id"])
        if sent is not None:
            sent()
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            return await self.respond()
        finally:
            self.under_way -= 1

    async def close(self) -> None:
        pass


class Disk(MemoryStore):
    """A store in memory of which the disk makes trouble. `space`: cleared, results and memories wait for it."""

    def __init__(self, retention: Retention = Retention()) -> None:  # noqa: B008 - frozen
        super().__init__(retention=retention)
        self.space = asyncio.Event()
        self.space.set()
        self.refused: Callable[[Finish], bool] = lambda _: False
        """Which results the store does not take for what they hold."""
        self.trouble: Exception | None = None
        """What claims, burials, counts and the rest raise."""
        self.doubt: bool | None = None
        """An acceptance fails, and its events are stored, or are not."""
        self.claims: list[dict[str, Wanted]] = []
        self.written: list[list[int]] = []

    def _raise(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    async def accept(self, batch: Sequence[NewEvent]) -> list[Accepted]:
        self._raise()
        if self.doubt is not None:
            if self.doubt:
                await super().accept(batch)
            raise StoreError("Nobody knows what became of it.")
        return await super().accept(batch)

    async def finish(self, results: Sequence[Finish]) -> None:
        await self.space.wait()
        if any(self.refused(result) for result in results):
            raise ValueError("a result cannot be stored")
        self.written.append([result.key for result in results])
        await super().finish(results)

    async def claim(self, wanted: Mapping[str, Wanted], *, now: int) -> dict[str, Claimed]:
        self.claims.append(dict(wanted))
        self._raise()
        return await super().claim(wanted, now=now)

    async def bury(
        self,
        route: str,
        reason: DeadReason,
        message: str,
        *,
        now: int,
        exclude: frozenset[int],
        received_before: int | None = None,
        after: int = 0,
    ) -> Buried:
        self._raise()
        return await super().bury(
            route, reason, message, now=now, exclude=exclude, received_before=received_before, after=after
        )


@dataclass
class Room:
    """Everything between an accepted delivery and its result."""

    disk: Disk = field(default_factory=Disk)
    wire: Wire = field(default_factory=Wire)
    clock: VirtualClock = field(default_factory=VirtualClock)
    attempts: int = ATTEMPTS
    under_way: UnderWay | None = None
    failed: list[str] = field(default_factory=list)
    """Names of what failed, as metrics are told."""
    ended: list[BaseException] = field(default_factory=list)
    details: list[AttemptDetails] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.background = Background(failed=self.failed.append, end=self.ended.append)
        self.former = FormerSecrets(self.clock.monotonic)
        self.keys = Keys(0, 0, self.clock.now_ms)
        self.lanes = Lanes(
            self.disk, Pipeline(self.clock), self.clock, self.background, bodies="all",
            observe=lambda details: self.observe(details), jitter=lambda: 0.0, attempts=self.attempts,
            under_way=self.under_way,
        )  # fmt: skip
        self.observe: Callable[[AttemptDetails], None] = self.details.append

    @property
    def store(self) -> Store:
        """By what is asked of it."""
        return Store(self.disk, self.disk, self.disk)

    def target(
        self,
        key: str = HOOK,
        *,
        mark: str = "1",
        body: str | None = None,
        headers: Sequence[dict[str, str]] = (),
    ) -> Target:
        """What a webhook is sent with."""
        namespace, name = key.split("/")
        spec = {"url": "https://api.example.com/x", "triggers": ["RequestCreated"], "headers": [*headers]}
        if body is not None:
            spec["bodyTemplate"] = body
        config = RouteConfig(
            namespace=namespace, name=name, hash=mark, triggers=["RequestCreated"],
            spec=WebhookSpec.model_validate(spec),
        )  # fmt: skip
        return Target(Route(config), self.wire, self.clock.monotonic, self.former)

    def configure(self, *keys: str, rules: Rules = RULES, target: Target | None = None) -> None:
        """These webhooks are in the configuration."""
        for key in keys or (HOOK,):
            used = self.target(key) if target is None else target
            self.lanes.configure(key, used, rules, mark=used.mark, held=None, message="")

    async def stored(self, key: str = HOOK, count: int = 1, *others: str, raw: bytes = RAW) -> list[int]:
        """Events that wait in the store, which the lanes do not know of; the keys of the deliveries to `key`."""
        keys = []
        for _ in range(count):
            number = self.keys.take(2 + len(others))
            new = NewEvent(
                number, "AccessRequestGranted", "RequestGranted", raw, self.clock.now_ms(),
                tuple(NewDelivery(number + at, each) for at, each in enumerate((key, *others), 1)),
            )  # fmt: skip
            await self.disk.accept([new])
            keys.append(number + 1)
        return keys

    async def accepted(self, *keys: str, count: int = 1, raw: bytes = RAW) -> None:
        """Events that are accepted: stored, and handed to the lanes; each for all of these webhooks."""
        keys = keys or (HOOK,)
        for _ in range(count):
            number, now = self.keys.take(1 + len(keys)), self.clock.now_ms()
            each = [(number + at, key) for at, key in enumerate(keys, 1)]
            new = NewEvent(
                number, "AccessRequestGranted", None, raw, now, tuple(NewDelivery(*one) for one in each)
            )
            for key in keys:
                self.lanes.lane(key).reserve(len(raw))
            await self.disk.accept([new])
            for one, key in each:
                self.lanes.accepted(
                    Delivery(one, number, key, "AccessRequestGranted", None, raw, now, sole=len(keys) == 1)
                )

    async def take(self) -> None:
        """Begin with what the store holds."""
        ownership = Ownership(self.store, self.lanes, self.clock, self.background, _never, _never)
        await ownership.take(EVERY_PART, await self.disk.recovered(), {})

    async def waiting(self, key: str = HOOK) -> int:
        """How many wait in the store."""
        counts = await self.disk.counts([key])
        return counts[key].waiting if key in counts else 0

    async def dead(self) -> list[str]:
        """The reasons of all dead letters, newest first."""
        return [row.reason for _, row in await self.disk.dead_letters(limit=1000)]

    async def results(self) -> list[str]:
        """What came of the attempts, the first one first."""
        kept = await self.disk.invocations(limit=10_000)
        return [record.result for _, record in reversed(kept)]


async def _never(*_: object) -> None:
    raise AssertionError("the store has one owner")


async def until(holds: Callable[[], bool | Awaitable[bool]], *, seconds: float = 3600.0) -> None:
    """Let virtual time pass until something holds; fails when it never does."""
    async with asyncio.timeout(seconds):
        step = 0.001
        while True:
            answer = holds()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(step)
            step = min(1.0, step * 1.2)


async def passes(seconds: float) -> None:
    """Let virtual time pass."""
    await asyncio.sleep(seconds)
