"""The admin port (SPEC 7): health, metrics, and what a dispatcher runs, did and is asked to do again.

Handlers parse, call the backend once and print its model; errors are RFC 9457 problem documents. Every
request passes the guard first: Host, Origin, token, in this order, and no answer may be cached. Must not:
decide anything about deliveries, read more of a body than its limit, or put what a client sent into an error
beyond field names.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final, Protocol, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.datastructures import Headers, QueryParams
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hookwright.api.admin import (
    Explanation,
    Invocation,
    Page,
    Problem,
    Replayed,
    ReplayRequest,
    RunRequest,
    Summary,
    TestRun,
    WebhookView,
)
from hookwright.api.fields import seconds
from hookwright.dispatcher.hosts import HostGuard
from hookwright.errors import EventError, StoreError
from hookwright.limits import ADMIN_BODY_BYTES, ADMIN_PAGE_DEFAULT, ADMIN_PAGE_MAX, EVENT_BYTES

OPEN_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""What is served without a token: probes and scrapers have none."""

RESULTS: Final = frozenset(
    {"Delivered", "Retrying", "Rejected", "Gone", "Exhausted", "Test successful", "Test failed"}
)
KINDS: Final = frozenset({"Delivery", "Manual", "Test"})

BodyModel = TypeVar("BodyModel", bound=BaseModel)


class AdminBackend(Protocol):
    """What the admin port asks of a dispatcher.

    Any method may raise EventError (answered with its status and sentence) and StoreError (503). Webhook keys
    are `namespace/name`; a `before` is the number that an earlier page's `next` held as text; pages are
    newest first.
    """

    async def summary(self) -> Summary:
        """What is running."""

    async def webhooks(self) -> Sequence[WebhookView]:
        """All of them, by key."""

    async def webhook(self, key: str) -> WebhookView | None:
        """One; None: unknown."""

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

    async def invocation(self, identifier: str) -> Invocation | None:
        """One, by invocation id, or the latest of a delivery id; None: unknown or no such id."""

    async def dead_letters(self, *, webhook: str | None, before: int | None, limit: int) -> Page:
        """DeadLetters, of one webhook or all."""

    async def replay(
        self, *, ids: Sequence[str], webhook: str | None, since_ms: int | None, until_ms: int | None
    ) -> Replayed:
        """Dead letters that fit every selector given go back to waiting; ids that are none are left out.

        Times are epoch milliseconds, [since, until), of when a delivery became a dead letter.
        """

    async def run_test(self, request: RunRequest) -> TestRun:
        """Run a test to its end. A run id that is running or has run gives that run. EventError 404: no
        webhook.
        """

    async def invoke(self, key: str, event: bytes | None) -> Invocation:
        """Manual: run a webhook once, now, with an event (None: the sample). EventError 404 and 409 as in
        SPEC 3.
        """

    async def explain(
        self, headers: Mapping[str, str], event: bytes, namespace: str | None
    ) -> Sequence[Explanation]:
        """Of each webhook whether this one event matches, as if posted to /v1/events or to a namespace's
        path.
        """

    async def ready(self) -> str | None:
        """None: events are taken. Otherwise the reason why not, one sentence."""

    async def metrics(self) -> bytes:
        """Prometheus text format 0.0.4."""


def admin_app(backend: AdminBackend, *, tokens: Sequence[str] | None, hosts: Iterable[str] = ()) -> ASGIApp:
    """The ASGI application of the admin port.

    `tokens` are the accepted admin tokens (None: none is asked, for `dev` on loopback; empty: nobody may
    enter); `hosts` the names beside IP literals and localhost that a Host header may hold.
    """
    api = _Api(backend)
    admin = "/admin/v1"
    webhook = admin + "/webhooks/{namespace}/{name}"
    return Starlette(
        routes=[
            Route("/healthz", api.healthz),
            Route("/readyz", api.readyz),
            Route("/metrics", api.metrics),
            Route(f"{admin}/summary", api.summary),
            Route(f"{admin}/webhooks", api.webhooks),
            Route(webhook, api.webhook),
            Route(f"{webhook}/invoke", api.invoke, methods=["POST"]),
            Route(f"{admin}/invocations", api.invocations),
            Route(f"{admin}/invocations/{{identifier}}", api.invocation),
            Route(f"{admin}/dead-letters", api.dead_letters),
            Route(f"{admin}/replays", api.replays, methods=["POST"]),
            Route(f"{admin}/tests", api.tests, methods=["POST"]),
            Route(f"{admin}/explain", api.explain, methods=["POST"]),
        ],
        middleware=[Middleware(_Guard, tokens=tokens, hosts=hosts)],
        exception_handlers={
            HTTPException: _http_problem,
            EventError: _event_problem,
            StoreError: _store_problem,
            Exception: _bug,
        },
    )


class _Api:
    """One handler per path."""

    def __init__(self, backend: AdminBackend) -> None:
        self._backend = backend

    async def healthz(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(self, request: Request) -> Response:
        reason = await self._backend.ready()
        return PlainTextResponse("ready\n") if reason is None else problem(503, reason)

    async def metrics(self, request: Request) -> Response:
        return Response(await self._backend.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def summary(self, request: Request) -> Response:
        return _json(await self._backend.summary())

    async def webhooks(self, request: Request) -> Response:
        return _json(Page(items=list(await self._backend.webhooks())))

    async def webhook(self, request: Request) -> Response:
        key = _key(request)
        view = await self._backend.webhook(key)
        if view is None:
            raise HTTPException(404, f"There is no webhook {key}.")
        return _json(view)

    async def invocations(self, request: Request) -> Response:
        query = request.query_params
        _only(query, {"webhook", "result", "friendlyID", "kind", "before", "limit"})
        return _json(
            await self._backend.invocations(
                webhook=_webhook(query.get("webhook")),
                result=_choice(query, "result", RESULTS),
                friendly_id=query.get("friendlyID"),
                kind=_choice(query, "kind", KINDS),
                before=_before(query),
                limit=_limit(query),
            )
        )

    async def invocation(self, request: Request) -> Response:
        invocation = await self._backend.invocation(request.path_params["identifier"])
        if invocation is None:
            raise HTTPException(404, "There is no such invocation; the history keeps them for a time only.")
        return _json(invocation)

    async def dead_letters(self, request: Request) -> Response:
        query = request.query_params
        _only(query, {"webhook", "before", "limit"})
        return _json(
            await self._backend.dead_letters(
                webhook=_webhook(query.get("webhook")), before=_before(query), limit=_limit(query)
            )
        )

    async def replays(self, request: Request) -> Response:
        wanted = await _model(request, ReplayRequest)
        since, until = _time_ms("since", wanted.since), _time_ms("until", wanted.until)
        if not wanted.ids and wanted.webhook is None and since is None and until is None:
            raise HTTPException(400, "Say what to replay: ids, webhook, since or until.")
        return _json(
            await self._backend.replay(
                ids=wanted.ids, webhook=_webhook(wanted.webhook), since_ms=since, until_ms=until
            )
        )

    async def tests(self, request: Request) -> Response:
        return _json(await self._backend.run_test(await _model(request, RunRequest)))

    async def invoke(self, request: Request) -> Response:
        event = await _body(request, EVENT_BYTES, optional=True)
        invocation = await self._backend.invoke(_key(request), event or None)
        if invocation.result == "Delivered":
            return _json(invocation)
        return problem(502, invocation.message, invocation=invocation)

    async def explain(self, request: Request) -> Response:
        _only(request.query_params, {"namespace"})
        event = await _body(request, EVENT_BYTES)
        explanations = await self._backend.explain(
            request.headers, event, request.query_params.get("namespace")
        )
        return _json(Page(items=list(explanations)))


class _Guard:
    """Host, Origin and token of every request; headers of every answer."""

    def __init__(self, app: ASGIApp, *, tokens: Sequence[str] | None, hosts: Iterable[str]) -> None:
        self._app = app
        self._tokens = None if tokens is None else [token.encode() for token in tokens]
        self._hosts = HostGuard(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_uncached(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"cache-control", b"no-store"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        refusal = self._refusal(Headers(scope=scope), scope["path"])
        await (refusal or self._app)(scope, receive, send_uncached)

    def _refusal(self, headers: Headers, path: str) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._hosts.allows_host(hosts[0]):
            return problem(
                421, "This port is called by its address, localhost or the name of its Service only."
            )
        if not self._hosts.allows_origin(headers.get("origin"), hosts[0]):
            return problem(403, "Pages of another origin may not call this port.")
        if self._tokens is None or path in OPEN_PATHS or self._known(headers.getlist("authorization")):
            return None
        return problem(
            401,
            "The admin token is missing or wrong; send it as Authorization: Bearer.",
            headers={"www-authenticate": 'Bearer realm="hookwright admin"'},
        )

    def _known(self, authorizations: Sequence[str]) -> bool:
        if len(authorizations) != 1:
            return False
        scheme, _, given = authorizations[0].partition(" ")
        secret = given.strip().encode()
        found = False
        for token in self._tokens or ():
            found |= hmac.compare_digest(secret, token)
        return found and scheme.lower() == "bearer"


def problem(
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    invocation: Invocation | None = None,
) -> Response:
    """An RFC 9457 problem document; `invocation` is an extension member of it."""
    document = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail).model_dump()
    if invocation is not None:
        document["invocation"] = invocation.model_dump(mode="json", by_alias=True)
    return Response(orjson.dumps(document), status, headers, media_type="application/problem+json")


def _json(model: BaseModel) -> Response:
    return Response(model.model_dump_json(by_alias=True), media_type="application/json")


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if detail == HTTPStatus(error.status_code).phrase:  # of the router, which says no more
        detail = _ROUTER.get(error.status_code, detail)
    return problem(error.status_code, detail, headers=error.headers)


_ROUTER: Final = {
    404: "There is nothing at this path.",
    405: "This path does not take that method; the Allow header says which it takes.",
}


async def _event_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, EventError)
    wait = None if error.retry_after is None else {"retry-after": str(error.retry_after)}
    return problem(error.status, str(error), headers=wait)


async def _store_problem(request: Request, error: Exception) -> Response:
    return problem(503, str(error), headers={"retry-after": "5"})


async def _bug(request: Request, error: Exception) -> Response:
    return problem(500, "Something is wrong in the dispatcher; its log says what.")


async def _body(request: Request, limit: int, *, optional: bool = False) -> bytes:
    """The JSON body, never more than `limit` bytes of it. HTTPException 400, 413, 415."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HTTPException(413, f"The body is larger than {limit // 1024} KiB.")
    if not body and optional:
        return b""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not (kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))):
        raise HTTPException(415, "Only JSON is taken here: send Content-Type: application/json.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "Compressed bodies are not taken here.")
    if not body:
        raise HTTPException(400, "The body is empty; send a JSON object.")
    return bytes(body)


async def _model(request: Request, model: type[BodyModel]) -> BodyModel:
    body = await _body(request, ADMIN_BODY_BYTES)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the body"
        raise HTTPException(400, f"{place}: {first['msg']}.") from None


def _only(query: QueryParams, known: set[str]) -> None:
    if unknown := sorted(set(query) - known):
        raise HTTPException(
            400, f"{unknown[0][:64]!r} is no parameter here; known are {', '.join(sorted(known))}."
        )


def _choice(query: QueryParams, name: str, choices: frozenset[str]) -> str | None:
    value = query.get(name)
    if value is not None and value not in choices:
        raise HTTPException(400, f"{name} must be one of {', '.join(sorted(choices))}.")
    return value


def _key(request: Request) -> str:
    return f"{request.path_params['namespace']}/{request.path_params['name']}"


def _webhook(text: str | None) -> str | None:
    if text is not None and (text.count("/") != 1 or text.startswith("/") or text.endswith("/")):
        raise HTTPException(400, "webhook is written as namespace/name.")
    return text


def _limit(query: QueryParams) -> int:
    text = query.get("limit", str(ADMIN_PAGE_DEFAULT))
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= ADMIN_PAGE_MAX):
        raise HTTPException(400, f"limit is a number from 1 to {ADMIN_PAGE_MAX}.")
    return int(text)


def _before(query: QueryParams) -> int | None:
    text = query.get("before")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise HTTPException(400, "before is the next of an earlier page.")
    return int(text)


def _time_ms(name: str, text: str | None) -> int | None:
    """Epoch milliseconds of an RFC 3339 time, or of a duration before now."""
    if text is None:
        return None
    try:
        return int((time.time() - seconds(text)) * 1000)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - has no zone, so it is refused below
    if moment.tzinfo is None:
        raise HTTPException(400, f"{name} is a time such as 2026-01-02T03:04:05Z or a duration such as 2h.")
    return int(moment.timestamp() * 1000)
