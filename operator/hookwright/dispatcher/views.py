"""What the admin port shows of a dispatcher, read from lanes and history.

Lists are given as iterators that make each item when it is asked for, so that whoever writes them out lets go of the
event loop in between: 10,000 webhooks take half a second. Must not: know HTTP, change anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from secrets import token_hex
from typing import NamedTuple

from hookwright import __version__
from hookwright.api.admin import Answer, Explanation, Summary, WebhookView
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.changes import Changes
from hookwright.core.decode import decode
from hookwright.core.lifecycle import RouteState, spoken
from hookwright.core.records import LastInvocation
from hookwright.core.redaction import placeholder
from hookwright.core.shown import Shown, shown
from hookwright.core.times import rfc3339
from hookwright.core.webhook_table import Wanted
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.configuration.loader import Loader
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.mirror import Mirror
from hookwright.dispatcher.webhook_rows import WebhookRows, host
from hookwright.errors import EventError
from hookwright.limits import ACTIVITY_SECONDS, CHANGES_REMOVED
from hookwright.store.port import History, Work


class Listed(NamedTuple):
    """A page: its items, each made when it is asked for, and where the page after it begins (None: there is none)."""

    items: Iterator[Answer]
    next: str | None = None


class Searched(NamedTuple):
    """A page of what was searched; see `core.webhook_table.Found`."""

    items: Iterator[WebhookView]
    next: str | None
    previous: str | None
    total: int
    skipped: int
    counts: dict[str, int]
    namespaces: dict[str, int]


class Changed(NamedTuple):
    """See `api.admin.WebhookChanges`."""

    items: Iterator[WebhookView]
    removed: list[str]
    anew: bool
    next: str | None
    since: str


class Views:
    """Webhook keys are `namespace/name`. Any method may raise EventError, answered as it says, and StoreError (503)."""

    def __init__(
        self, history: History, lanes: Lanes, loader: Loader, clock: Clock, work: Work, *, retry: str
    ) -> None:
        """`retry`: the command that tries a webhook now, but for its name."""
        self._retry = retry
        self._history, self._work = history, work
        self._lanes, self._loader, self._clock = lanes, loader, clock
        self._started = rfc3339(clock.wall_ms())
        self._changes = Changes(token_hex(4))
        self._mirror = Mirror(work, lanes, clock)
        self._rows = WebhookRows(lanes, loader, self._mirror)
        self._owned: set[str] = set()
        self._held: set[str] = set()
        self._gone: set[str] = set()

    async def summary(self) -> Summary:
        """What is running."""
        self._look()
        config, totals, others = self._loader.config, self._lanes.totals, [*self._mirror.others()]
        return Summary(
            version=__version__,
            config_hash=config.hash if config else None,
            started=self._started,
            webhooks=len(self._loader.webhooks),
            held=len(self._held),
            gone=len(self._gone),
            pending=totals.waiting + sum(each.waiting for each in others),
            dead_letters=totals.dead + sum(each.dead for each in others),
            in_flight=totals.in_flight + sum(each.in_flight for each in others),
            config_problem=self._loader.problem,
            owned=len(self._owned),
            parts=len(self._work.own),
        )

    def _look(self) -> None:
        """Take in what changed since the last look."""
        touched, webhooks = self._lanes.touched(), self._loader.webhooks
        self._changes.note(sorted(touched))
        self._mirror.touch(touched)
        self._note(touched)
        if len(self._changes) > len(webhooks) + 2 * CHANGES_REMOVED:
            self._changes.forget(webhooks, CHANGES_REMOVED)

    def _note(self, keys: Set[str]) -> None:
        """What is shown of these may have changed, whoever works on them."""
        self._rows.touch(keys)
        for noted in (self._owned, self._held, self._gone):
            noted -= keys
        for key in keys & self._loader.webhooks.keys():
            state = self._mirror.state(key)
            if self._lanes.lane(key).owned:
                self._owned.add(key)
            if state is RouteState.HELD:
                self._held.add(key)
            elif state is RouteState.GONE:
                self._gone.add(key)

    async def exchange(self) -> None:
        """Tell the other processes what is shown of the webhooks on which this one works, and ask them."""
        self._look()
        self._note(await self._mirror.exchange(self._loader.webhooks))

    def webhooks(self) -> Listed:
        """All, by key."""
        return Listed(self._views(self._loader.keys))

    async def search(self, wanted: Wanted) -> Searched:
        """A page of those that are wanted. EventError: `after` is none of an answer."""
        self._look()
        try:
            found = await self._rows.find(wanted)
        except ValueError as error:
            raise EventError(str(error)) from None
        return Searched(
            self._views(found.keys, whole=True),
            found.next,
            found.previous,
            found.total,
            found.skipped,
            found.counts,
            self._rows.namespaces,
        )

    def changes(self, since: str, limit: int) -> Changed:
        """Webhooks that changed since an earlier answer. EventError: `since` is none of an answer."""
        self._look()
        try:
            found = self._changes.since(since, limit)
        except ValueError as error:
            raise EventError(str(error)) from None
        removed = [] if found.anew else [key for key in found.keys if key not in self._loader.webhooks]
        return Changed(
            self._views(found.keys), removed, found.anew, found.cursor if found.more else None, found.cursor
        )

    def state(self, key: str) -> RouteState:
        """Of one, whoever works on it; of another's as that told last."""
        return self._mirror.of(key).state

    def webhook(self, key: str) -> WebhookView | None:
        """One; None: unknown."""
        return self._view(key, whole=True) if key in self._loader.webhooks else None

    def _views(self, keys: Iterable[str], *, whole: bool = False) -> Iterator[WebhookView]:
        """Those that are still there when their turn comes."""
        return (self._view(key, whole=whole) for key in keys if key in self._loader.webhooks)

    def _view(self, key: str, *, whole: bool) -> WebhookView:
        """As it is, or (not `whole`) so that those of all processes can be added up."""
        config, lane, target = self._loader.webhooks[key], self._lanes.lane(key), self._lanes.target(key)
        spec, now = config.spec, self._clock.now()
        seen = self._mirror.of(key) if whole else shown(lane, now)
        running = seen.state is RouteState.RUNNING
        return WebhookView(
            webhook=key,
            active=config.active,
            method=spec.method if spec else None,
            host=host(config, target),
            url=_written_url(config.spec),
            display_name=spec.display_name if spec else None,
            triggers=config.triggers,
            config_hash=config.hash,
            state="inactive" if running and not config.active else seen.state,
            message=self._message(key, seen, now),
            circuit="Open" if seen.circuit_failures else "Closed",
            pending=seen.waiting,
            in_flight=seen.in_flight,
            dead_lettered=seen.dead,
            consecutive_failures=seen.consecutive_failures,
            last_success_time=_time(seen.last_success_ms),
            last_failure_time=_time(seen.last_failure_ms),
            last_invocation=_last(seen.last),
            oldest_waiting=_moment(seen.oldest),
            next_due=_moment(seen.next_due),
            activity=seen.activity,
            activity_seconds=ACTIVITY_SECONDS,
            owned=lane.owned,
        )

    def _message(self, key: str, seen: Shown, now: float) -> str:
        """Why a webhook's deliveries wait or become dead letters, if they do."""
        if seen.state is RouteState.GONE:
            return f"The target answered 410 Gone; change the spec, or try again: {self._retry} {key}"
        if seen.message:
            return seen.message
        if not seen.circuit_failures:
            return ""
        wait = seen.probe_at - now
        when = f"in {spoken(wait)}" if wait > 0 else "with the next delivery that is due"
        return (
            f"The circuit is open after {seen.circuit_failures:,} failed attempts in a row; it is tried {when}, or now: "
            f"{self._retry} {key}"
        )

    def explain(self, headers: Mapping[str, str], event: bytes, namespace: str | None) -> Listed:
        """Of each webhook whether this one event matches, posted to /v1/events or to a namespace's path."""
        events = decode(headers, event)
        if len(events) != 1:
            raise EventError("Explain takes one event, not a list of them.")
        config, keys, matcher = self._loader.config, self._loader.keys, self._loader.matcher
        reach: frozenset[str] | None = None
        if namespace is not None:
            reach = frozenset((namespace,))
        elif config is not None and config.cluster_events is not None:
            reach = frozenset(config.cluster_events)
        explained = ((key, matcher.explain(events[0], key, reach)) for key in keys)
        return Listed(Explanation(webhook=key, matched=not why, reasons=why) for key, why in explained)


def _written_url(spec: WebhookSpec | None) -> str | None:
    if spec is None or spec.url_from is None:
        return spec.url if spec else None
    return placeholder(spec.url_from.secret_key_ref.label)


def _last(last: LastInvocation | None) -> dict[str, object] | None:
    if last is None:
        return None
    return {
        "time": rfc3339(last.time_ms),
        "result": last.result,
        "eventID": last.event_id,
        "trigger": last.trigger,
        "attempt": last.attempt,
        "statusCode": last.status,
        "durationMillis": round(last.duration),
        "message": last.message,
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(int(seconds * 1000))


def _time(epoch_ms: int | None) -> str | None:
    return None if epoch_ms is None else rfc3339(epoch_ms)
