"""A dispatcher in memory, as the admin port sees one: what it holds is set by a test, what it was asked is
kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hookwright.api import admin
from hookwright.api.admin import (
    DeadGroup,
    DeadLetter,
    Explanation,
    Invocation,
    Replayed,
    Summary,
    WebhookView,
)
from hookwright.api.admin_deliveries import DeliveryView
from hookwright.api.admin_workbench import Definition
from hookwright.core.changes import Changes
from hookwright.core.decode import decode
from hookwright.core.event import Event
from hookwright.core.lifecycle import RouteState
from hookwright.core.records import DeadReason
from hookwright.core.webhook_table import Row, Wanted, find, namespaces, row
from hookwright.dispatcher.views import Changed, Listed, Searched
from hookwright.errors import EventError, StoreError
from hookwright.store.port import AttemptSelector, ReplaySelector


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


def delivery(identifier: str, webhook: str = "shop/slack") -> DeliveryView:
    """One that was delivered."""
    return DeliveryView(
        id=identifier, webhook=webhook, state="delivered", accepted_time="2026-01-02T03:04:05.000Z"
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
    not_ready: str | StoreError | None = None
    remark: str | None = None
    raising: Exception | None = None
    replays: list[dict[str, Any]] = field(default_factory=list)
    runs: dict[str, admin.TestRun] = field(default_factory=dict)
    events: list[Event | None] = field(default_factory=list)
    retried: list[str] = field(default_factory=list)
    selected: list[tuple[AttemptSelector, int | None, bool]] = field(default_factory=list)
    deliveries: list[DeliveryView] = field(default_factory=list)
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

    def delivery_key(self, identifier: str) -> int | None:
        return int(identifier[4:]) if identifier.startswith("dlv_") else None

    async def invocations(
        self, selector: AttemptSelector, *, before: int | None, after: int | None, limit: int, short: bool
    ) -> Listed:
        self.selected.append((selector, after, short))
        wanted = {
            "webhook": selector.route, "result": selector.result, "friendly_id": selector.friendly_id,
            "kind": selector.kind,
        }  # fmt: skip
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

    async def delivery(self, identifier: str) -> DeliveryView | None:
        return next((one for one in self.deliveries if one.id == identifier), None)

    def definition(self, key: str) -> Definition:
        return Definition(webhook=key)

    async def dead_letters(self, selector: ReplaySelector, *, before: int | None, limit: int) -> Listed:
        chosen = [
            (position, letter)
            for position, letter in zip(range(len(self.dead), 0, -1), self.dead, strict=True)
            if _fits(letter, selector) and (before is None or position < before)
        ]
        return _page(chosen, limit)

    async def dead_groups(
        self, *, webhook: str | None, reason: DeadReason | None, before: int | None, limit: int
    ) -> Listed:
        groups: dict[tuple[str, str], list[DeadLetter]] = {}
        for letter in self.dead:
            if _fits(letter, ReplaySelector(route=webhook, reason=reason)):
                groups.setdefault((letter.webhook, letter.reason), []).append(letter)
        chosen = [(-at, _group(letters)) for at, letters in enumerate(groups.values())]
        return _page([each for each in chosen if before is None or each[0] < before], limit)

    async def replay(
        self, selector: ReplaySelector, *, ids: Sequence[str], limit: int | None, dry_run: bool
    ) -> Replayed:
        self.replays.append({"selector": selector, "ids": list(ids), "limit": limit, "dry_run": dry_run})
        fitting = [each for each in self.dead if _fits(each, selector) and (not ids or each.id in ids)]
        taken = [] if dry_run else fitting[-(limit or len(ids) or 500) :]
        self.dead = [each for each in self.dead if each not in taken]
        replayed = [each.id for each in taken] if ids else None
        return Replayed(replayed=len(taken), remaining=len(fitting) - len(taken), ids=replayed)

    async def retry(self, key: str) -> None:
        if self.webhook(key) is None:
            raise EventError(f"There is no webhook {key}.", status=404)
        if self.raising is not None:
            raise self.raising
        self.retried.append(key)

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
        if isinstance(self.not_ready, StoreError):
            raise self.not_ready
        return self.not_ready

    async def metrics(self) -> bytes:
        return b"hookwright_up 1\n"


def _fits(letter: DeadLetter, selector: ReplaySelector) -> bool:
    died = datetime.fromisoformat(letter.time).timestamp() * 1000
    return (
        selector.route in (None, letter.webhook)
        and selector.reason in (None, letter.reason)
        and (selector.since is None or died >= selector.since)
        and (selector.until is None or died < selector.until)
    )


def _group(letters: Sequence[DeadLetter]) -> DeadGroup:
    newest, oldest = letters[0], letters[-1]
    return DeadGroup(
        webhook=newest.webhook, reason=newest.reason, count=len(letters), message=newest.message, newest=newest.time,
        oldest=oldest.time,
    )  # fmt: skip


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
