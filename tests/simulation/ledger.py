"""What was stored, acknowledged, delivered and buried, and what of it breaks a promise.

`Ledger` is told of each change of the store before it is carried out (`door.Watch`), and raises what is `Wrong`. Must not:
build or change anything of the product.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hookwright.core.records import Action, Claimed, DeadReason, Delivery, Finish
from hookwright.core.retry import RetryPolicy

from .disk import Disk
from .sender import FAILING, SLOWING
from .virtual import Moment

SETTLED = 60.0  # seconds in which what came back, or changed, is surely known and written
IN_VAIN = 50  # claims of one webhook in a second that bring nothing

RETRIED = frozenset((*FAILING, *SLOWING))
FINE = frozenset(("200",))  # also where validators read the body
FINE_UNREAD = FINE | {"204", "not ok", "not json"}


class Violation(AssertionError):  # noqa: N818 - of a promise, not of a call
    """A promise was broken. `kind`: which, in a word."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Wrong(list[Violation]):
    """What was found wrong since somebody looked, as the product survives what is raised into it."""

    def __call__(self, kind: str, message: str) -> Violation:
        """To be raised."""
        violation = Violation(kind, message)
        self.append(violation)
        return violation


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
    in_force_since: float | None = None
    """Since when it is in every configuration that may be in force; None: it may be away."""
    marks: set[str] = field(default_factory=set)
    """Under which a 410 may be remembered: those of the configurations in force and being loaded."""
    gone: dict[str, float | None] = field(default_factory=dict)
    """Marks under which a 410 came; since when another one is in force."""
    ways: dict[int, str] = field(default_factory=dict)
    """The last answer to each delivery that was sent since the process began."""
    manual: int = 0
    """Manual calls under way."""
    in_doubt: bool = False
    """Whether something of it was stored that nobody was told of, and that no sweep has found yet."""
    running: set[int] = field(default_factory=set)
    starts: deque[float] = field(default_factory=deque)
    failures: int = 0
    opened: float | None = None
    interval: float = 0.0
    probe: int | None = None
    circuit_known: bool = True
    paused_until: float = 0.0
    """Until when its target asked to be left alone, at most."""


class Ledger:
    """All deliveries."""

    def __init__(self, wrong: Wrong, disk: Disk, moment: Moment, webhooks: Mapping[str, Webhook]) -> None:
        self._wrong = wrong
        self._disk, self._moment, self._webhooks = disk, moment, webhooks
        self.acknowledged: dict[int, str] = {}
        """Deliveries that a 202 named and that are not delivered."""
        self.delivered: set[int] = set()
        self.stored = 0
        self._second, self._in_vain = 0.0, Counter[str]()
        self.wall = 0.0
        """What the present process adds to the time for the wall clock's."""

    def acknowledge(self, answered: Sequence[tuple[int, str]]) -> None:
        """A 202 named these."""
        kept, delivered = self._disk.kept, self.delivered
        for key, route in answered:
            if key in delivered:
                continue
            if not kept(route, key):
                raise self._wrong("lost", f"{route}: {key} was acknowledged and is not stored")
            self.acknowledged[key] = route

    # --- the store (door.Watch) ----------------------------------------------------------------------

    def asked(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """A step of a burial that begins now is for what holds now."""
        if name != "bury":
            return
        webhook, reason = self._webhooks[args[0]], args[1]
        since = webhook.in_force_since
        if (
            since is None or since == self._moment.now
        ):  # at this very moment it may have been asked for already
            return
        if reason is DeadReason.WEBHOOK_DELETED:
            raise self._wrong(
                "dead",
                f"{webhook.route}: buried as deleted, {self._moment.now - since:.3f} s after it was in force",
            )
        if reason is DeadReason.GONE and not webhook.marks & webhook.gone.keys():
            raise self._wrong(
                "dead", f"{webhook.route}: buried as gone, and the change that clears it is in force"
            )

    def change(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """A call of the store's port is about to be carried out."""
        if name == "finish":
            for finish in args[0]:
                self._finish(finish)
        elif name == "accept":
            self.stored += sum(len(event.deliveries) for event in args[0])
        elif name == "bury":
            self._bury(args[0], args[1], kwargs["received_before"], kwargs["exclude"])

    def claimed(self, found: Mapping[str, Claimed]) -> None:
        """See `door.Watch`: none asks again and again for what is not there."""
        now = self._moment.now
        if now > self._second + 1.0:
            self._second = now
            self._in_vain.clear()
        for route, one in found.items():
            if not one.deliveries:
                self._in_vain[route] += 1
                if self._in_vain[route] > IN_VAIN:
                    raise self._wrong(
                        "hot", f"{route}: more than {IN_VAIN} claims in a second that brought nothing"
                    )

    def in_doubt(self, name: str, args: Sequence[Any]) -> None:
        """See `door.Watch`."""
        for event in args[0]:
            for each in event.deliveries:
                self._webhooks[each.route].in_doubt = True

    def refused(self, finish: Finish) -> None:
        """See `door.Watch`: it will be sent again."""
        self._webhooks[finish.route].ways.pop(finish.key, None)

    def _finish(self, finish: Finish) -> None:
        if finish.record is not None and finish.record.kind != "Delivery":
            return
        route, key = finish.route, finish.key
        delivery = self._disk.rows(route).get(key)
        if delivery is None:
            raise self._wrong("twice", f"{route}: {key} has a result and does not wait")
        webhook = self._webhooks[route]
        way = webhook.ways.pop(key, None)
        if finish.action is Action.ACK:
            if way not in (FINE if webhook.validated else FINE_UNREAD):
                raise self._wrong("untrue", f"{route}: {key} was taken for delivered after {way}")
            self.delivered.add(key)
            self.acknowledged.pop(key, None)
        elif finish.action is Action.DELAY:
            if way not in RETRIED:
                raise self._wrong("untrue", f"{route}: {key} is tried again after {way}")
        else:
            self._one_buried(webhook, delivery, finish.reason, way)

    def _one_buried(
        self, webhook: Webhook, delivery: Delivery, reason: DeadReason | None, way: str | None
    ) -> None:
        if reason is DeadReason.REJECTED:
            if way is not None and way in (FINE if webhook.validated else FINE_UNREAD) | RETRIED:
                raise self._wrong("dead", f"{webhook.route}: {delivery.key} is Rejected after {way}")
        elif reason is DeadReason.GONE:
            if way != "410":
                self._gone(webhook)
        elif reason is DeadReason.EXHAUSTED:
            self._exhausted(webhook, delivery)
        else:
            raise self._wrong("dead", f"{webhook.route}: {delivery.key} is {reason} after {way}")

    def _exhausted(self, webhook: Webhook, delivery: Delivery) -> None:
        policy = webhook.policy
        if delivery.steps >= len(policy.schedule):
            return
        last = 1.2 * policy.schedule[delivery.steps]
        age = self._moment.now + self.wall - delivery.received / 1000
        if age + max(last, policy.retry_after_max) < policy.max_age:
            raise self._wrong(
                "dead", f"{webhook.route}: {delivery.key} is Exhausted at {age:.0f} s of {policy.max_age:.0f}"
            )

    def _bury(self, route: str, reason: DeadReason, before: int | None, exclude: frozenset[int]) -> None:
        webhook, now = self._webhooks[route], self._moment.now
        if webhook.running and not webhook.running <= exclude | webhook.ways.keys():
            rows = self._disk.rows(route)
            under_way = [
                key
                for key in webhook.running - exclude
                if key in rows and rows[key].received < (before or 1 << 62)
            ]
            if under_way:
                raise self._wrong("dead", f"{route}: {under_way} are buried while they are sent")
        if reason is DeadReason.WEBHOOK_DELETED:
            since = webhook.present_since
            if since is not None and now - since > SETTLED:
                raise self._wrong(
                    "dead", f"{route}: WebhookDeleted, and it has been there for {now - since:.0f} s"
                )
        elif reason is DeadReason.GONE:
            self._gone(webhook)
        elif before is None or now + self.wall - before / 1000 < webhook.policy.max_age - 0.01:
            raise self._wrong("dead", f"{route}: buried as {reason} before {before}, which is not too old")

    def _gone(self, webhook: Webhook) -> None:
        if not webhook.gone:
            raise self._wrong(
                "dead", f"{webhook.route}: Gone, and no 410 came that a change of it has not cleared"
            )

    def look(self) -> None:
        """Everything acknowledged is somewhere."""
        kept = self._disk.kept
        for key, route in self.acknowledged.items():
            if not kept(route, key):
                raise self._wrong("lost", f"{route}: {key} is neither waiting nor delivered nor dead")
