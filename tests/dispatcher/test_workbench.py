"""The workbench's paths on the admin port, over a real loader; that previews wait for each other and for places."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from admin_backend import MemoryBackend
from admin_port import V1, assert_problem
from dispatcher.test_direct import made
from hookwright.api.admin_workbench import PreviewRequest
from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.hosts import HostGuard
from hookwright.core.samples import SAMPLE_TRIGGERS
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.under_way import UnderWay
from hookwright.dispatcher.direct import Direct
from hookwright.dispatcher.invocation_views import InvocationViews
from hookwright.dispatcher.ports.admin import admin_app
from hookwright.dispatcher.workbench import Workbench
from hookwright.store.memory import MemoryStore

SPEC = WebhookSpec(url="https://a.example/x", triggers=["RequestCreated"], max_in_flight=1)
WEBHOOK = RouteConfig(namespace="default", name="one", hash="a", triggers=SPEC.triggers, spec=SPEC)


def bench(direct: Direct) -> Workbench:
    """Over the loader of a dispatcher that has no history."""
    store, lanes = MemoryStore(), direct._lanes
    deliveries = InvocationViews(store, lanes, UnderWay(None), Clock(), store.tag)
    return Workbench(direct._loader, deliveries, direct.places, Clock())


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a port with one webhook."""
    direct = await made(None, WEBHOOK)
    workbench = bench(direct)
    backend = MemoryBackend()
    app = admin_app(
        backend, backend, backend, backend, backend, workbench=workbench, tokens=None, hosts=HostGuard([])
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def previewed(http: httpx.AsyncClient, **wanted: Any) -> httpx.Response:
    """The answer to a preview of the webhook."""
    return await http.post(f"{V1}/preview", json={"webhook": "default/one", **wanted})


async def test_a_definition(http: httpx.AsyncClient) -> None:
    """In JSON names; an unknown webhook is 404."""
    found = (await http.get(f"{V1}/webhooks/default/one/definition")).json()
    assert found["spec"] == {"url": "https://a.example/x", "triggers": ["RequestCreated"], "maxInFlight": 1}
    assert (found["defaults"]["timeout"], found["bodyTemplateFrom"]) == ("15s", None)
    assert found["yaml"].startswith("apiVersion: hookwright.io/v1alpha1\nkind: Webhook\n")
    assert_problem(await http.get(f"{V1}/webhooks/default/two/definition"), 404, "default/two")


async def test_a_preview(http: httpx.AsyncClient) -> None:
    """With everything that the page shows."""
    found = (await previewed(http, bodyTemplate='{"a": "{{ data.id }}"}')).json()
    assert (found["matched"], found["trigger"], found["problems"]) == (True, "RequestCreated", [])
    assert found["request"]["body"] == '{"a": "request-1"}'
    assert found["tookMillis"] > 0
    assert 0 < found["shares"]["templates"] < 0.1


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ({"webhook": "default/two"}, 404, "default/two"),
        ({"webhook": "one"}, 400, "namespace/name"),
        ({"delivery": "dlv_none"}, 404, "not kept"),
        ({"event": {"a": 1}}, 400, "event_type"),
        ({"body": "x"}, 400, "body"),
        ({"bodyTemplate": "x" * 1_100_000}, 413, "1024 KiB"),
    ],
)
async def test_a_preview_that_cannot_be_made(
    http: httpx.AsyncClient, wanted: dict[str, Any], status: int, part: str
) -> None:
    """With the sentence that says why."""
    answer = await previewed(http, **wanted)
    assert answer.status_code == status
    assert part in answer.json()["detail"]


async def test_schema_and_samples_are_those_of_the_event_port(http: httpx.AsyncClient) -> None:
    """Each trigger's sample has the fields that the schema names."""
    schema = (await http.get(f"{V1}/schema")).json()
    for trigger in SAMPLE_TRIGGERS:
        assert (await http.get(f"{V1}/samples/{trigger}")).json().keys() <= schema["properties"].keys()
    assert_problem(await http.get(f"{V1}/samples/none"), 404, "RequestCreated")


async def test_previews_take_places_of_direct_runs_and_give_them_back() -> None:
    """Many at once are all answered, one after the other, though the webhook allows one request at a time."""
    direct = await made(None, WEBHOOK)
    workbench = bench(direct)
    http_wanted = [_wanted(number) for number in range(100)]
    taken: list[int] = []

    async def asked(number: int) -> str | None:
        found = await workbench.preview(http_wanted[number])
        taken.append(direct.places.taken)
        assert found.request is not None
        return found.request.body

    bodies = await asyncio.gather(*map(asked, range(100)))
    assert bodies == [f'{{"n": {number}}}' for number in range(100)]
    assert 0 < max(taken) < direct.places.places
    assert direct.places.taken == 0


def _wanted(number: int) -> PreviewRequest:
    return PreviewRequest(webhook="default/one", body_template=f'{{"n": {number}}}')
