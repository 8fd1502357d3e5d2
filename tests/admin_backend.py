"""A dispatcher in memory, as the admin port sees one: what it holds is set by a test, what it was asked is
kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hookwright.api import admin
from hookwright.api.admin import DeadLetter, Explanation, Invocation, Replayed, Summary, WebhookView
from hookwright.core.changes import Changes
from hookwright.core.decode import decode
from hookwright.core.event import Event
from hookwright.core.lifecycle import RouteState
from hookwright.core.webhook_table import Row, Wanted, find, namespaces, row
from hookwright.dispatcher.views import Changed, Listed, Searched
from hookwright.errors import EventError


def view(key: str, **fields: Any) -> WebhookView:
    """A running webhook."""
    given = {"method": "POST", "host": "api.example.com", "triggers": ["Manual"], "active": True} | fields
    return WebhookView(webhook=key, config_hash="h1", **({"state": "running"} | given))


def invocation(identifier: str, webhook: str = "shop/slack", **fields: Any) -> Invocation:
    """A delivered attempt."""
    given = {
        "attempt": 1,
        "result": "Delivered",
        "time": "2026-01-02T03:04:05.000Z",
        "trigger": "RequestCreated",
    }
    return Invocation(id=identifier, webhook=webhook, **(given | fields))


def dead_letter(
    identifier: str, webhook: str = "shop/slack", time: str = "2026-01-02T03:04:05.000Z"
) -> DeadLetter:
    """A rejected delivery."""
    return DeadLetter(
        id=identifier,
        event_id="evt_1",
        webhook=webhook,
        reason="Rejected",
        message="The target answered 404 Not Found; the delivery is kept as a dead letter.",
        attempts=1,
        time=time,
        accepted_time=time,
    )


@dataclass
class MemoryBackend:
    """`views`, `history` (newest first), `dead` (newest first) are what there is; the rest what was asked."""

    views: list[WebhookView] = field(default_factory=list)
    history: list[Invocation] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    changed: Changes = field(default_factory=lambda: Changes("s1"))
    explanations: list[Explanation] = field(default_factory=list)
    invoked: Invocation | None = None
    not_ready: str | None = None
    raising: Exception | None = None
    replays: list[dict[str, Any]] = field(default_factory=list)
    runs: dict[str, admin.TestRun] = field(default_factory=dict)
    events: list[Event | None] = field(default_factory=list)
    explained: list[tuple[Event, str | None]] = field(default_factory=list)

    async def summary(self) -> Summary:
        if self.raising is not None:
            raise self.raising
        return Summary(
            version="0.1.0",
            config_hash="c1",
            started="2026-01-02T03:04:05.000Z",
            webhooks=len(self.views),
            held=0,
            gone=0,
            pending=0,
            dead_letters=len(self.dead),
            in_flight=0,
        )

    def webhooks(self) -> Listed:
        return Listed(iter(self.views))

    async def search(self, wanted: Wanted) -> Searched:
        rows = [_row(view) for view in self.views]
        try:
            found = find(rows, wanted)
        except ValueError as error:
            raise EventError(str(error)) from None
        views = {view.webhook: view for view in self.views}
        return Searched(
            (views[key] for key in found.keys),
            found.next,
            found.previous,
            found.total,
            found.skipped,
            found.counts,
            namespaces(rows),
        )

    def changes(self, since: str, limit: int) -> Changed:
        found = self.changed.since(since, limit)
        views = {view.webhook: view for view in self.views}
        return Changed(
            (views[key] for key in found.keys if key in views),
            [key for key in found.keys if key not in views],
            found.anew,
            found.cursor if found.more else None,
            found.cursor,
        )

    def webhook(self, key: str) -> WebhookView | None:
        return next((view for view in self.views if view.webhook == key), None)

    async def invocations(
        self,
        *,
        webhook: str | None,
        result: str | None,
        friendly_id: str | None,
        kind: str | None,
        before: int | None,
        limit: int,
    ) -> Listed:
        wanted = {"webhook": webhook, "result": result, "friendly_id": friendly_id, "kind": kind}
        chosen = [
            (position, item)
            for position, item in zip(range(len(self.history), 0, -1), self.history, strict=True)
            if all(value is None or getattr(item, name) == value for name, value in wanted.items())
            and (before is None or position < before)
        ]
        return _page(chosen, limit)

    async def invocation(self, identifier: str) -> Invocation | None:
        return next(
            (item for item in self.history if identifier in (item.id, item.id.partition(".")[0])), None
        )

    async def dead_letters(self, *, webhook: str | None, before: int | None, limit: int) -> Listed:
        chosen = [
            (position, letter)
            for position, letter in zip(range(len(self.dead), 0, -1), self.dead, strict=True)
            if webhook in (None, letter.webhook) and (before is None or position < before)
        ]
        return _page(chosen, limit)

    async def replay(
        self, *, ids: Sequence[str], webhook: str | None, since_ms: int | None, until_ms: int | None
    ) -> Replayed:
        self.replays.append({"ids": list(ids), "webhook": webhook, "since": since_ms, "until": until_ms})
        replayed = [
            letter.id for letter in self.dead if letter.id in ids or (not ids and letter.webhook == webhook)
        ]
        return Replayed(replayed=len(replayed), ids=replayed)

    async def run_test(self, request: admin.RunRequest) -> admin.TestRun:
        run = admin.TestRun(
            run_id=request.run_id,
            test=request.test,
            webhook=f"{request.test.partition('/')[0]}/{request.spec.webhook_ref.name}",
            mode=request.spec.mode,
            result="Test successful",
            message="",
            time="2026-01-02T03:04:05.000Z",
        )
        return self.runs.setdefault(request.run_id, run)

    async def invoke(self, key: str, event: Event | None) -> Invocation:
        if self.webhook(key) is None:
            raise EventError(f"There is no webhook {key}.", status=404)
        if self.invoked is None:
            raise EventError(f"{key} does not list the trigger Manual.", status=409)
        self.events.append(event)
        return self.invoked

    def explain(self, headers: Mapping[str, str], event: bytes, namespace: str | None) -> Listed:
        (decoded,) = decode(headers, event)
        self.explained.append((decoded, namespace))
        return Listed(iter(self.explanations))

    async def ready(self) -> str | None:
        return self.not_ready

    async def metrics(self) -> bytes:
        return b"hookwright_up 1\n"


def _row(view: WebhookView) -> Row:
    return row(
        view.webhook, display_name=view.display_name or "", host=view.host or "", active=view.active,
        state=RouteState.RUNNING if view.state == "inactive" else RouteState(view.state),
        circuit_open=view.circuit == "Open",
        failing=view.consecutive_failures > 0, result="", time=0, waiting=view.pending, dead=view.dead_lettered,
    )  # fmt: skip


def _page(chosen: Sequence[tuple[int, Any]], limit: int) -> Listed:
    shown = chosen[:limit]
    return Listed((item for _, item in shown), str(shown[-1][0]) if len(chosen) > limit else None)
