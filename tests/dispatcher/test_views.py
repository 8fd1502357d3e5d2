"""What a dispatcher's admin port says of its webhooks: all, in pages, and what changed since it was last asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.records import Action, AttemptRecord, Finish
from hookwright.dispatcher.app import Dispatcher
from hookwright.dispatcher.settings import Settings
from hookwright.store.opening import open_store
from hookwright.store.port import Retention

EVENT = {"event_type": "AccessRequestCreated", "data": {"id": "req-1"}}


def hook(name: str, *, version: int = 1, held: str | None = None) -> RouteConfig:
    """A webhook on RequestCreated."""
    spec = WebhookSpec.model_validate({"url": "https://views.test/", "triggers": ["RequestCreated"]})
    return RouteConfig(
        namespace="shop",
        name=name,
        hash=f"{name}-{version}",
        triggers=["RequestCreated"],
        held=held,
        spec=spec,
    )


def config(*hooks: RouteConfig) -> DispatchConfig:
    """A configuration of these; its hash is made of theirs."""
    return DispatchConfig(hash=" ".join(each.hash for each in hooks), webhooks=list(hooks))


class Asked:
    """A running dispatcher that is asked for its webhooks again and again."""

    def __init__(self, dispatcher: Dispatcher, http: httpx.AsyncClient) -> None:
        self.dispatcher, self.http = dispatcher, http
        self.since = ""

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON that an admin path answers."""
        host, port = self.dispatcher.addresses[1]
        return (await self.http.get(f"http://{host}:{port}/admin/v1/{path}", params=query)).json()

    async def changes(self) -> tuple[bool, list[str], list[str]]:
        """What changed since the last call: whether it is told anew, webhooks, removed ones."""
        answer = await self.get("webhooks", since=self.since)
        self.since = answer["since"]
        return answer["anew"], [each["webhook"] for each in answer["items"]], answer["removed"]

    async def post(self) -> None:
        """Have an event accepted."""
        host, port = self.dispatcher.addresses[0]
        assert (await self.http.post(f"http://{host}:{port}/v1/events", json=EVENT)).status_code == 202


@asynccontextmanager
async def running(folder: Path, first: DispatchConfig) -> AsyncIterator[Asked]:
    """A dispatcher with this configuration and its store in the folder."""
    settings = Settings(listen="127.0.0.1:0", admin="127.0.0.1:0", data=folder / "data", ingest_auth="none")
    dispatcher = Dispatcher(settings, lambda details: None)
    await dispatcher.start(first)
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Asked(dispatcher, http)
    await dispatcher.stop()


async def test_only_what_a_new_configuration_changed_is_told(tmp_path: Path) -> None:
    """A changed one and a new one are told, a removed one is named; the others, which were reloaded too, are not."""
    async with running(tmp_path, config(hook("a"), hook("b"), hook("c"))) as asked:
        assert await asked.changes() == (True, ["shop/a", "shop/b", "shop/c"], [])
        assert await asked.changes() == (False, [], [])
        await asked.dispatcher.use(config(hook("a"), hook("b", version=2), hook("d")))
        assert await asked.changes() == (False, ["shop/b", "shop/d"], ["shop/c"])
        assert await asked.changes() == (False, [], [])


async def test_what_happens_to_a_webhook_changes_it(tmp_path: Path) -> None:
    """An event that waits for a held webhook changes that one alone; the summary counts it."""
    async with running(tmp_path, config(hook("a", held="Its Secret is away."), hook("b"))) as asked:
        await asked.dispatcher.use(
            config(hook("a", held="Its Secret is away."), hook("b", held="So is this."))
        )
        await asked.changes()
        await asked.dispatcher.use(config(hook("a", held="Its Secret is away.")))
        assert await asked.changes() == (False, [], ["shop/b"])
        await asked.post()
        assert await asked.changes() == (False, ["shop/a"], [])
        summary = await asked.get("summary")
        assert (summary["webhooks"], summary["held"], summary["pending"]) == (1, 1, 1)


async def test_after_a_restart_everything_is_told_anew(tmp_path: Path) -> None:
    """A cursor of the process before is void, though its number may be one of this process too."""
    async with running(tmp_path, config(hook("a"), hook("b"))) as asked:
        await asked.changes()
        since = asked.since
    async with running(tmp_path, config(hook("a"), hook("b"))) as asked:
        asked.since = since
        assert await asked.changes() == (True, ["shop/a", "shop/b"], [])


async def test_pages_together_are_the_whole(tmp_path: Path) -> None:
    """Asked without a limit everything comes at once, by key, as ever."""
    async with running(tmp_path, config(*(hook(f"w{n}") for n in (3, 1, 2, 0)))) as asked:
        whole = await asked.get("webhooks")
        first = await asked.get("webhooks", limit=3)
        last = await asked.get("webhooks", limit=3, after=first["next"])
        assert [each["webhook"] for each in whole["items"]] == [f"shop/w{n}" for n in range(4)]
        assert first["items"] + last["items"] == whole["items"]
        assert (first["next"], last["next"], whole["next"]) == ("shop/w2", None, None)


async def test_a_start_finds_what_was_delivered_last(tmp_path: Path) -> None:
    """The newest delivery of each webhook, whatever was called by hand or tested since."""
    store = await open_store(tmp_path / "data", retention=Retention())
    for number, kind in enumerate(("Delivery", "Delivery", "Manual", "Test"), 1):
        detail = orjson.dumps({"message": f"This is {number}."})
        record = AttemptRecord(
            number * 2 + 1,
            1,
            number * 2,
            "shop/a",
            kind,
            None,
            "Rejected",
            404,
            "Status",
            number,
            7.0,
            detail,
        )
        await store.work.finish(
            [Finish(key=record.delivery_key, route="shop/a", action=Action.ACK, record=record)]
        )
    await store.history.close()
    await store.work.close()
    async with running(tmp_path, config(hook("a"), hook("b"))) as asked:
        views = (await asked.get("webhooks"))["items"]
    assert views[0]["lastInvocation"]["message"] == "This is 2."
    assert views[0]["lastInvocation"]["statusCode"] == 404
    assert views[1]["lastInvocation"] is None


async def test_scrapes_at_the_same_time_are_written_once(tmp_path: Path) -> None:
    """Nobody needs a token for them, so many must not cost more than one; the next one is a new one."""
    async with running(tmp_path, config(hook("a"))) as asked:
        first, second = await asyncio.gather(asked.dispatcher.metrics(), asked.dispatcher.metrics())
        assert first is second
        assert await asked.dispatcher.metrics() is not first
