"""The admin port (SPEC 7): health, metrics, and what a dispatcher runs, did and is asked to do again.

Handlers parse, call once and print the model; who may ask and how errors are said is
`admin_http`'s. Must not: decide anything about deliveries.
"""

from __future__ import annotations

from typing import Final, Protocol

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hookwright.api.admin import ReplayRequest, RunRequest
from hookwright.api.openapi import admin_api
from hookwright.core.decode import decode
from hookwright.core.event import Event
from hookwright.core.hosts import HostGuard, is_label
from hookwright.dispatcher.direct import Direct
from hookwright.dispatcher.ports import admin_session, admin_webhooks
from hookwright.dispatcher.ports.admin_http import (
    Guard,
    bug,
    choice,
    event_problem,
    http_problem,
    listed,
    only_known,
    page_before,
    page_limit,
    problem,
    read_body,
    read_model,
    store_problem,
    time_ms,
    webhook_key,
)
from hookwright.dispatcher.ports.page import Page
from hookwright.dispatcher.ports.tokens import Tokens
from hookwright.dispatcher.ports.unchanged import Unchanged
from hookwright.dispatcher.views import Listed, Views
from hookwright.errors import EventError, StoreError
from hookwright.limits import ADMIN_BODY_BYTES, EVENT_BYTES

RESULTS: Final = frozenset(
    {"Delivered", "Retrying", "Rejected", "Gone", "Exhausted", "Test successful", "Test failed"}
)
KINDS: Final = frozenset({"Delivery", "Manual", "Test"})


class Probes(Protocol):
    """What the process says of itself (`dispatcher.app`)."""

    async def ready(self) -> str | None:
        """None: events are taken. Otherwise the reason why not, one sentence."""

    async def metrics(self) -> bytes:
        """Prometheus text format 0.0.4."""


def admin_app(
    views: Views,
    actions: Direct,
    probes: Probes,
    *,
    tokens: Tokens | None,
    hosts: HostGuard,
    readers: Tokens | None = None,
    page: Page | None = None,
) -> ASGIApp:
    """The ASGI application of the admin port. Without `tokens` (`dev` on loopback) none is asked; with one of
    `readers` nothing can be changed. `page`: another than the one that was built.
    """
    api = _Api(views, actions, probes)
    admin = "/admin/v1"
    webhook = admin + "/webhooks/{namespace}/{name}"
    app = Starlette(
        routes=[
            Route("/healthz", api.healthz),
            Route("/readyz", api.readyz),
            Route("/metrics", api.metrics),
            *admin_session.routes(asked=tokens is not None),
            Route(f"{admin}/summary", api.summary),
            *admin_webhooks.routes(admin, views),
            Route(webhook, api.webhook),
            Route(f"{webhook}/invoke", api.invoke, methods=["POST"]),
            Route(f"{admin}/invocations", api.invocations),
            Route(f"{admin}/invocations/{{identifier}}", api.invocation),
            Route(f"{admin}/dead-letters", api.dead_letters),
            Route(f"{admin}/replays", api.replays, methods=["POST"]),
            Route(f"{admin}/tests", api.tests, methods=["POST"]),
            Route(f"{admin}/explain", api.explain, methods=["POST"]),
            Route(f"{admin}/openapi.json", api.openapi),
        ],
        middleware=[
            Middleware(Guard, tokens=tokens, readers=readers, hosts=hosts, page=page or Page()),
            Middleware(Unchanged),
        ],
        exception_handlers={
            HTTPException: http_problem,
            EventError: event_problem,
            StoreError: store_problem,
            Exception: bug,
        },
    )
    app.router.redirect_slashes = False  # a redirect is no problem document
    return app


class _Api:
    """One handler per path."""

    def __init__(self, views: Views, actions: Direct, probes: Probes) -> None:
        self._views, self._actions, self._probes = views, actions, probes

    async def healthz(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(self, request: Request) -> Response:
        reason = await self._probes.ready()
        return PlainTextResponse("ready\n") if reason is None else problem(503, reason)

    async def metrics(self, request: Request) -> Response:
        return Response(await self._probes.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def summary(self, request: Request) -> Response:
        try:
            not_ready = await self._probes.ready()
        except StoreError as error:
            not_ready = str(error)
        found = await self._views.summary()
        return _json(found.model_copy(update={"not_ready": not_ready}))

    async def webhook(self, request: Request) -> Response:
        key = _key(request)
        view = self._views.webhook(key)
        if view is None:
            raise HTTPException(404, f"There is no webhook {key}.")
        return _json(view)

    async def invocations(self, request: Request) -> Response:
        query = request.query_params
        only_known(query, {"webhook", "result", "friendlyID", "kind", "before", "limit"})
        return _listed(
            await self._views.invocations(
                webhook=webhook_key(query.get("webhook")),
                result=choice(query, "result", RESULTS),
                friendly_id=query.get("friendlyID"),
                kind=choice(query, "kind", KINDS),
                before=page_before(query),
                limit=page_limit(query),
            )
        )

    async def invocation(self, request: Request) -> Response:
        invocation = await self._views.invocation(request.path_params["identifier"])
        if invocation is None:
            raise HTTPException(404, "There is no such invocation; the history keeps them for a time only.")
        return _json(invocation)

    async def dead_letters(self, request: Request) -> Response:
        query = request.query_params
        only_known(query, {"webhook", "before", "limit"})
        return _listed(
            await self._views.dead_letters(
                webhook=webhook_key(query.get("webhook")), before=page_before(query), limit=page_limit(query)
            )
        )

    async def replays(self, request: Request) -> Response:
        wanted = await read_model(request, ReplayRequest, ADMIN_BODY_BYTES)
        since, until = time_ms("since", wanted.since), time_ms("until", wanted.until)
        if not wanted.ids and wanted.webhook is None and since is None and until is None:
            raise HTTPException(400, "Say what to replay: ids, webhook, since or until.")
        return _json(
            await self._actions.replay(
                ids=wanted.ids, webhook=webhook_key(wanted.webhook), since_ms=since, until_ms=until
            )
        )

    async def tests(self, request: Request) -> Response:
        return _json(await self._actions.run_test(await read_model(request, RunRequest, ADMIN_BODY_BYTES)))

    async def invoke(self, request: Request) -> Response:
        body = await read_body(request, EVENT_BYTES, optional=True)
        invocation = await self._actions.invoke(_key(request), _event(request, body) if body else None)
        if invocation.result == "Delivered":
            return _json(invocation)
        return problem(502, invocation.message, invocation=invocation)

    async def explain(self, request: Request) -> Response:
        only_known(request.query_params, {"namespace"})
        event = await read_body(request, EVENT_BYTES)
        return _listed(self._views.explain(request.headers, event, request.query_params.get("namespace")))

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(admin_api())


def _json(model: BaseModel) -> Response:
    return Response(model.model_dump_json(by_alias=True), media_type="application/json")


def _listed(page: Listed) -> Response:
    return listed(page.items, next=page.next)


def _key(request: Request) -> str:
    """The webhook in the path. HTTPException 404 for what cannot be the name of one."""
    parts = request.path_params["namespace"], request.path_params["name"]
    if not all(map(is_label, parts)):
        raise HTTPException(404, "There is no such webhook; its namespace and its name are DNS labels.")
    return "/".join(parts)


def _event(request: Request, body: bytes) -> Event:
    """The one event of a body, in any JSON mode of SPEC 3. EventError as on the event port."""
    events = decode(request.headers, body)
    if len(events) != 1:
        raise EventError("One event is taken here, not a list of them.")
    return events[0]
