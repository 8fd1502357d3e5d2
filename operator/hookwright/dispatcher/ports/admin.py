"""The admin port (SPEC 7): health, metrics, and what a dispatcher runs, did and is asked to do again.

Handlers parse, call once and print the model; who may ask and how errors are said is
`admin_http`'s. Must not: decide anything about deliveries.
"""

from __future__ import annotations

from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hookwright.api.admin import RunRequest
from hookwright.api.openapi import admin_api
from hookwright.core.decode import decode
from hookwright.core.event import Event
from hookwright.core.hosts import HostGuard
from hookwright.dispatcher.dead_letters import DeadLetters
from hookwright.dispatcher.direct import Direct
from hookwright.dispatcher.invocation_views import InvocationViews
from hookwright.dispatcher.ports import (
    admin_dead,
    admin_invocations,
    admin_session,
    admin_webhooks,
    admin_workbench,
)
from hookwright.dispatcher.ports.admin_http import (
    Guard,
    answered,
    bug,
    event_problem,
    http_problem,
    listed,
    only_known,
    path_key,
    problem,
    read_body,
    read_model,
    store_problem,
)
from hookwright.dispatcher.ports.admin_workbench import Workbench
from hookwright.dispatcher.ports.page import Page
from hookwright.dispatcher.ports.tokens import Tokens
from hookwright.dispatcher.ports.unchanged import Unchanged
from hookwright.dispatcher.views import Listed, Views
from hookwright.errors import EventError, StoreAway, StoreError
from hookwright.limits import ADMIN_BODY_BYTES, EVENT_BYTES


class Probes(Protocol):
    """What the process says of itself (`dispatcher.app`)."""

    remark: str | None
    """What else is to be said when it is ready, one sentence."""

    async def ready(self) -> str | None:
        """None: events are taken. Otherwise the reason why not, one sentence. StoreError: the store's."""

    async def metrics(self) -> bytes:
        """Prometheus text format 0.0.4."""


def admin_app(
    views: Views,
    invocations: InvocationViews,
    dead_letters: DeadLetters,
    actions: Direct,
    probes: Probes,
    *,
    workbench: Workbench,
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
            *admin_invocations.routes(admin, invocations),
            *admin_dead.routes(dead_letters, views, actions),
            Route(f"{admin}/tests", api.tests, methods=["POST"]),
            Route(f"{admin}/explain", api.explain, methods=["POST"]),
            Route(f"{admin}/openapi.json", api.openapi),
            *admin_workbench.routes(workbench, path_key),
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
        try:
            reason = await self._probes.ready()
        except (
            StoreAway
        ) as error:  # without any dispatcher the Service would refuse what here is answered 503
            return PlainTextResponse(f"ready\n{error}\n")
        if reason is not None:
            return problem(503, reason)
        return PlainTextResponse("\n".join(["ready", *filter(None, [self._probes.remark]), ""]))

    async def metrics(self, request: Request) -> Response:
        return Response(await self._probes.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def summary(self, request: Request) -> Response:
        only_known(request.query_params)
        try:
            not_ready = await self._probes.ready()
        except StoreError as error:
            not_ready = str(error)
        found = await self._views.summary()
        return answered(found.model_copy(update={"not_ready": not_ready}))

    async def webhook(self, request: Request) -> Response:
        only_known(request.query_params)
        key = path_key(request)
        view = self._views.webhook(key)
        if view is None:
            raise HTTPException(404, f"There is no webhook {key}.")
        return answered(view)

    async def tests(self, request: Request) -> Response:
        only_known(request.query_params)
        return answered(await self._actions.run_test(await read_model(request, RunRequest, ADMIN_BODY_BYTES)))

    async def invoke(self, request: Request) -> Response:
        only_known(request.query_params)
        body = await read_body(request, EVENT_BYTES, optional=True)
        invocation = await self._actions.invoke(path_key(request), _event(request, body) if body else None)
        if invocation.result == "Delivered":
            return answered(invocation)
        return problem(502, invocation.message, invocation=invocation)

    async def explain(self, request: Request) -> Response:
        only_known(request.query_params, frozenset({"namespace"}))
        event = await read_body(request, EVENT_BYTES)
        return _listed(self._views.explain(request.headers, event, request.query_params.get("namespace")))

    async def openapi(self, request: Request) -> Response:
        only_known(request.query_params)
        return JSONResponse(admin_api())


def _listed(page: Listed) -> Response:
    return listed(page.items, next=page.next)


def _event(request: Request, body: bytes) -> Event:
    """The one event of a body, in any JSON mode of SPEC 3. EventError as on the event port."""
    events = decode(request.headers, body)
    if len(events) != 1:
        raise EventError("One event is taken here, not a list of them.")
    return events[0]
