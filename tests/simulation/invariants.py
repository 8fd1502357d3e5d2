"""What must be true at any time, whatever the world does. Worded on what is seen from outside.

`Ledger` is told of each change of the store before it is carried out; `Manners` of each request. Both raise
`Violation`, as does `look` at a quiet moment. Must not: build or change anything of the product.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hookwright.core.event import parse_id
from hookwright.core.retry import RetryPolicy
from hookwright.limits import CIRCUIT_FAILURES, CIRCUIT_PROBE_MAX_SECONDS, CIRCUIT_PROBE_MIN_SECONDS
from hookwright.store.port import Action, DeadReason, Delivery

from .sender import FAILING, SLOWING
from .store import Disk
from .virtual import Moment

EARLY = 0.05  # seconds that a request may be early by, as it begins a moment after its turn
WRITTEN = 10.0  # seconds in which what is to be remembered is written, while the store is well
SETTLED = 60.0  # seconds in which what came back, or changed, is surely known and written

STARTS_A_TURN = 100  # requests that a webhook may begin before the next has its turn

RETRIED = frozenset((*FAILING, *SLOWING))
FINE = frozenset(("200",))  # also where validators read the body
FINE_UNREAD = FINE | {"204", "not ok", "not json"}


class Violation(AssertionError):
    """A promise was broken. `kind`: which, in a word."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


@dataclass(slots=True)
class Webhook:
    """What the world knows of one webhook, and what was seen of its target."""

    route: str
    url: str
    limit: int
    rate: tuple[int, float] | None
    policy: RetryPolicy
    validated: bool
    present_since: float | None = None
    """Since when it is in the configuration in force, or in one that is being loaded; None: it is not."""
    marks: set[str] = field(default_factory=set)
    """Under which a 410 may be remembered: those of the configurations in force and being loaded."""
    gone: dict[str, float | None] = field(default_factory=dict)
    """Marks under which a 410 came; since when another one is in force."""
    ways: dict[int, str] = field(default_factory=dict)
    """The last answer to each delivery that was sent since the process began."""
    running: set[int] = field(default_factory=set)
    starts: deque[float] = field(default_factory=deque)
    failures: int = 0
    opened: float | None = None
    interval: float = 0.0
    probe: int | None = None
    circuit_known: bool = True
    circuit_sure: bool = True


class Ledger:
    """What was stored, acknowledged and delivered."""

    def __init__(self, disk: Disk, moment: Moment, webhooks: Mapping[str, Webhook]) -> None:
        self._disk, self._moment, self._webhooks = disk, moment, webhooks
        self.acknowledged: dict[int, str] = {}
        """Deliveries that a 202 named and that are not delivered."""
        self.delivered: set[int] = set()
        self.stored = 0
        self.wall = 0.0
        """What the present process adds to the time for the wall clock's."""

    def acknowledge(self, answered: Sequence[tuple[int, str]]) -> None:
        """A 202 named these."""
        waiting, dead, dropped, delivered = (
            self._disk.waiting,
            self._disk.dead,
            self._disk.dropped,
            self.delivered,
        )
        for key, route in answered:
            if key in delivered or key in dropped:
                continue
            if key not in waiting and key not in dead:
                raise Violation("lost", f"{route}: {key} was acknowledged and is not stored")
            self.acknowledged[key] = route

    def change(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """A call of the store's port is about to be carried out."""
        if name == "finish":
            for finish in args[0]:
                self._finish(finish)
        elif name == "accept":
            self.stored += sum(len(event.deliveries) for event in args[0])
        elif name == "bury_waiting":
            self._buried(args[0], args[1])

    def _finish(self, finish: Any) -> None:
        delivery = self._disk.waiting.get(finish.key)
        if delivery is None:
            raise Violation("twice", f"{finish.route}: {finish.key} has a result and does not wait")
        webhook = self._webhooks[finish.route]
        way = webhook.ways.pop(finish.key, None)
        if finish.action is Action.ACK:
            if way not in (FINE if webhook.validated else FINE_UNREAD):
                raise Violation("untrue", f"{finish.route}: {finish.key} was taken for delivered after {way}")
            self.delivered.add(finish.key)
            self.acknowledged.pop(finish.key, None)
        elif finish.action is Action.DELAY:
            if way not in RETRIED:
                raise Violation("untrue", f"{finish.route}: {finish.key} is tried again after {way}")
        else:
            self._one_buried(webhook, delivery, finish.reason, way)

    def _one_buried(
        self, webhook: Webhook, delivery: Delivery, reason: DeadReason | None, way: str | None
    ) -> None:
        if reason is DeadReason.REJECTED:
            if way is not None and way in (FINE if webhook.validated else FINE_UNREAD) | RETRIED:
                raise Violation("dead", f"{webhook.route}: {delivery.key} is Rejected after {way}")
        elif reason is DeadReason.GONE:
            if way != "410":
                self._buried(webhook.route, reason)
        elif reason is DeadReason.EXHAUSTED:
            self._exhausted(webhook, delivery)
        else:
            raise Violation("dead", f"{webhook.route}: {delivery.key} is {reason} after {way}")

    def _exhausted(self, webhook: Webhook, delivery: Delivery) -> None:
        policy = webhook.policy
        if delivery.steps >= len(policy.schedule):
            return
        last = 1.2 * policy.schedule[delivery.steps]
        age = self._moment.now + self.wall - delivery.received / 1000
        if age + max(last, policy.retry_after_max) < policy.max_age:
            raise Violation(
                "dead", f"{webhook.route}: {delivery.key} is Exhausted at {age:.0f} s of {policy.max_age:.0f}"
            )

    def _buried(self, route: str, reason: DeadReason) -> None:
        webhook, now = self._webhooks[route], self._moment.now
        if reason is DeadReason.WEBHOOK_DELETED:
            since = webhook.present_since
            if since is not None and now - since > SETTLED:
                raise Violation(
                    "dead", f"{route}: WebhookDeleted, and it has been there for {now - since:.0f} s"
                )
        elif reason is DeadReason.GONE and not webhook.gone:
            raise Violation("dead", f"{route}: Gone, and no 410 came that a change of it has not cleared")

    def look(self) -> None:
        """Everything acknowledged is somewhere."""
        waiting, dead, dropped = self._disk.waiting, self._disk.dead, self._disk.dropped
        for key, route in self.acknowledged.items():
            if key not in waiting and key not in dead and key not in dropped:
                raise Violation("lost", f"{route}: {key} is neither waiting nor delivered nor dead")


class Manners:
    """How requests may follow each other: in flight, rate, circuit; none twice at a time, none after its end."""

    def __init__(self, disk: Disk, moment: Moment, webhooks: Mapping[str, Webhook]) -> None:
        self._disk, self._moment = disk, moment
        self._by_url = {webhook.url: webhook for webhook in webhooks.values()}
        self.begun = 0
        self.awaited: dict[str, int] = {}
        """Webhooks that may start what they were just given: how many requests had begun then."""
        self.digest = 0
        """Of all requests in their order: two runs of one seed have the same."""

    def begins(self, url: str, delivery: str, headers: Sequence[tuple[str, str]]) -> None:
        """See `sender.Rules`."""
        webhook, now = self._by_url[url], self._moment.now
        key = parse_id(delivery, self._disk.tag)[0]
        self.digest = hash((self.digest, key, now))
        if key not in self._disk.waiting:
            raise Violation("again", f"{webhook.route}: {key} is sent and does not wait")
        if key in webhook.running:
            raise Violation("again", f"{webhook.route}: {key} is sent while it is under way")
        if webhook.ways.get(key) is not None:
            raise Violation(
                "again", f"{webhook.route}: {key} is sent before the result of {webhook.ways[key]} is written"
            )
        if len(webhook.running) >= webhook.limit:
            raise Violation("in flight", f"{webhook.route}: more than {webhook.limit}")
        if webhook.opened is not None and webhook.circuit_known:
            self._probe(webhook, key, now)
        if webhook.rate is not None:
            self._rate(webhook, webhook.rate, now)
        webhook.running.add(key)
        self._turn(webhook)

    def awaits(self, webhook: Webhook, keys: Sequence[int]) -> None:
        """A webhook that has nothing else to do, and whose target is well, was given these."""
        rows = self._disk.waiting.routes.get(webhook.route, {})
        idle = not webhook.running and webhook.opened is None and webhook.rate is None
        if idle and len(rows) == len(keys) and not any(key in webhook.ways for key in keys):
            self.awaited.setdefault(webhook.route, self.begun)

    def _turn(self, webhook: Webhook) -> None:
        """None waits while the others begin many times what one turn gives."""
        self.begun += 1
        self.awaited.pop(webhook.route, None)
        for route, before in self.awaited.items():
            if self.begun - before > STARTS_A_TURN * len(self._by_url):
                raise Violation(
                    "starved", f"{route}: {self.begun - before} requests of others began, and none of its own"
                )
            break  # the first is the one that has waited longest

    def _probe(self, webhook: Webhook, key: int, now: float) -> None:
        assert webhook.opened is not None
        if now < webhook.opened + EARLY:
            return  # it had its turn before
        if webhook.probe is not None:
            raise Violation("circuit", f"{webhook.route}: a second request beside a probe")
        webhook.probe = key
        if now < webhook.opened + webhook.interval - EARLY:
            raise Violation(
                "circuit",
                f"{webhook.route}: a request {now - webhook.opened:.3f} s after it opened for {webhook.interval}",
            )

    def _rate(self, webhook: Webhook, rate: tuple[int, float], now: float) -> None:
        requests, seconds = rate
        starts = webhook.starts
        if len(starts) >= requests and now < starts.popleft() + seconds - EARLY:
            raise Violation("rate", f"{webhook.route}: more than {requests} in {seconds} s")
        starts.append(now)

    def ends(self, url: str, delivery: str, way: str | None) -> None:
        """See `sender.Rules`."""
        webhook, now = self._by_url[url], self._moment.now
        key = parse_id(delivery, self._disk.tag)[0]
        webhook.running.discard(key)
        if way is None:
            webhook.probe = None if webhook.probe == key else webhook.probe
            return
        webhook.ways[key] = way
        if way == "410":
            for mark in webhook.marks:
                webhook.gone[mark] = None
        if way in RETRIED:
            webhook.failures += 1
            if webhook.opened is None and webhook.failures >= CIRCUIT_FAILURES:
                webhook.opened, webhook.interval = now, CIRCUIT_PROBE_MIN_SECONDS
            elif key == webhook.probe:
                webhook.opened, webhook.probe = now, None
                webhook.interval = min(2 * webhook.interval, CIRCUIT_PROBE_MAX_SECONDS)
        else:
            close(webhook)
            webhook.circuit_known = webhook.circuit_sure


def close(webhook: Webhook) -> None:
    """Its circuit is closed."""
    webhook.failures, webhook.opened, webhook.interval, webhook.probe = 0, None, 0.0, None


def restarted(webhook: Webhook) -> None:
    """The process began anew: it knows nothing of what was under way, of rate and circuit."""
    webhook.running.clear()
    webhook.ways.clear()
    webhook.starts.clear()
    close(webhook)
    webhook.circuit_known = webhook.circuit_sure


def look(engine: Any, disk: Disk, *, quiet: bool, dead_too: Callable[[], bool]) -> None:
    """Every lane, between two rounds of the loop. `quiet`: no call of the store is under way."""
    waiting = size = 0
    for route in engine.routes():
        count = disk.count(route)
        waiting += count.waiting
        size += count.waiting_bytes
        if quiet:
            seen = engine.counts(route)
            if seen[:2] != (count.waiting, count.waiting_bytes):
                raise Violation(
                    "counts",
                    f"{route}: (waiting, bytes) {seen[:2]}, the store has {count.waiting, count.waiting_bytes}",
                )
            if seen[2] != count.dead and dead_too():
                raise Violation("counts", f"{route}: {seen[2]} dead letters, the store has {count.dead}")
        if count.waiting:
            complaint = engine.complaint(route, disk.waiting.routes[route], quiet)
            if complaint is not None:
                raise Violation("stuck", f"{route}: {complaint}")
    if quiet:
        seen = engine.totals()
        if seen[:2] != (waiting, size):
            raise Violation("counts", f"all together: {seen[:2]}, the store has {waiting, size}")
