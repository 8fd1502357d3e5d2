"""What the admin port shows of a dispatcher, read from lanes and history.

Must not: know HTTP, change anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from hookwright import __version__
from hookwright.api.admin import DeadLetter, Explanation, Invocation, Page, Summary, WebhookView
from hookwright.api.config import RouteConfig
from hookwright.core.decode import decode
from hookwright.core.event import delivery_id, event_id, parse_id
from hookwright.core.invocations import invocation
from hookwright.core.lane import Lane
from hookwright.core.lifecycle import RouteState, spoken
from hookwright.core.routes import host_of
from hookwright.core.times import rfc3339
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.configuration.loader import Loader
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.errors import EventError
from hookwright.store.port import History


class Views:
    """Webhook keys are `namespace/name`, `tag` is the installation tag of ids.

    A `before` is the number that an earlier page's `next` held as text; pages are newest first. Any method may raise
    EventError (answered with its status and sentence) and StoreError (503).
    """

    def __init__(self, history: History, lanes: Lanes, loader: Loader, clock: Clock, tag: str) -> None:
        self._history, self._lanes, self._loader, self._clock, self._tag = history, lanes, loader, clock, tag
        self._started = rfc3339(clock.wall_ms())

    async def summary(self) -> Summary:
        """What is running."""
        lanes = self._lanes.lanes()
        config = self._loader.config
        return Summary(
            version=__version__,
            config_hash=config.hash if config else None,
            started=self._started,
            webhooks=len(self._loader.webhooks),
            held=sum(
                lane.standing.state is RouteState.HELD and lane.key in self._loader.webhooks for lane in lanes
            ),
            gone=sum(lane.standing.state is RouteState.GONE for lane in lanes),
            pending=self._lanes.totals.waiting,
            dead_letters=sum(lane.dead for lane in lanes),
            in_flight=self._lanes.totals.in_flight,
            config_problem=self._loader.problem,
        )

    async def webhooks(self) -> Sequence[WebhookView]:
        """All of them, by key."""
        return [await self._view(key) for key in sorted(self._loader.webhooks)]

    async def webhook(self, key: str) -> WebhookView | None:
        """One; None: unknown."""
        return await self._view(key) if key in self._loader.webhooks else None

    async def _view(self, key: str) -> WebhookView:
        config, lane, target = self._loader.webhooks[key], self._lanes.lane(key), self._lanes.target(key)
        spec, standing = config.spec, lane.standing
        return WebhookView(
            webhook=key,
            active=config.active,
            method=spec.method if spec else None,
            host=target.route.host if target else _host(config),
            display_name=spec.display_name if spec else None,
            triggers=config.triggers,
            config_hash=config.hash,
            state=standing.state,
            message=standing.message or self._circuit(lane),
            circuit="Open" if lane.circuit.open else "Closed",
            pending=lane.waiting,
            in_flight=lane.in_flight,
            dead_lettered=lane.dead,
            consecutive_failures=standing.consecutive_failures,
            last_success_time=_time(standing.last_success_ms),
            last_failure_time=_time(standing.last_failure_ms),
            last_invocation=await self._last(lane),
        )

    def _circuit(self, lane: Lane) -> str:
        """Why a running webhook's deliveries wait, if they do."""
        circuit = lane.circuit
        if not circuit.open:
            return ""
        wait = circuit.next_probe - self._clock.now()
        when = f"in {spoken(wait)}" if wait > 0 else "with the next delivery that is due"
        return (
            f"The circuit is open after {circuit.failures:,} failed attempts in a row; it is tried {when}, or now by "
            "setting hookwright.io/requestedAt anew."
        )

    async def _last(self, lane: Lane) -> dict[str, object] | None:
        last = lane.standing.last
        if last is not None:
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
        if lane.standing.last_success_ms is None and lane.standing.last_failure_ms is None:
            return None
        found = await self._history.invocations(route=lane.key, kind="Delivery", limit=1)
        if not found:
            return None
        shown = invocation(found[0][1], self._tag)
        return {
            "time": shown.time,
            "result": shown.result,
            "eventID": shown.event_id,
            "trigger": shown.trigger,
            "attempt": shown.attempt,
            "statusCode": shown.response.status_code if shown.response else None,
            "durationMillis": round(shown.timings.total),
            "message": shown.message,
        }

    async def invocations(
        self,
        *,
        webhook: str | None,
        result: str | None,
        friendly_id: str | None,
        kind: str | None,
        before: int | None,
        limit: int,
    ) -> Page:
        """Invocations that fit every selector given."""
        found = await self._history.invocations(
            route=webhook, result=result, friendly_id=friendly_id, kind=kind, before=before, limit=limit
        )
        items = [invocation(record, self._tag) for _, record in found]
        return Page(items=items, next=str(found[-1][0]) if len(found) == limit else None)

    async def invocation(self, identifier: str) -> Invocation | None:
        """One, by invocation id, or the latest of a delivery id; None: unknown or no such id."""
        try:
            key, attempt = parse_id(identifier, self._tag)
        except ValueError:
            return None
        record = await self._history.invocation(key, attempt)
        return None if record is None else invocation(record, self._tag)

    async def dead_letters(self, *, webhook: str | None, before: int | None, limit: int) -> Page:
        """DeadLetters, of one webhook or all."""
        found = await self._history.dead_letters(route=webhook, before=before, limit=limit)
        tag = self._tag
        items = [
            DeadLetter(
                id=delivery_id(row.key, tag),
                event_id=event_id(row.event_key, tag),
                webhook=row.route,
                trigger=row.trigger,
                reason=row.reason,
                message=row.message,
                attempts=row.attempts,
                time=rfc3339(row.at),
                accepted_time=rfc3339(row.received),
            )
            for _, row in found
        ]
        return Page(items=items, next=str(found[-1][0]) if len(found) == limit else None)

    async def explain(
        self, headers: Mapping[str, str], event: bytes, namespace: str | None
    ) -> Sequence[Explanation]:
        """Of each webhook whether this one event matches, posted to /v1/events or to a namespace's path."""
        events = decode(headers, event)
        if len(events) != 1:
            raise EventError("Explain takes one event, not a list of them.")
        config = self._loader.config
        reach: frozenset[str] | None = None
        if namespace is not None:
            reach = frozenset((namespace,))
        elif config is not None and config.cluster_events is not None:
            reach = frozenset(config.cluster_events)
        found = []
        for key in sorted(self._loader.webhooks):
            reasons = self._loader.matcher.explain(events[0], key, reach)
            found.append(Explanation(webhook=key, matched=not reasons, reasons=reasons))
            await asyncio.sleep(0)  # each may take its whole budget
        return found


def _host(config: RouteConfig) -> str | None:
    """The host of a webhook that cannot be sent now, where its url says it."""
    url = config.spec.url if config.spec else None
    return None if url is None else host_of(url)


def _time(epoch_ms: int | None) -> str | None:
    return None if epoch_ms is None else rfc3339(epoch_ms)
