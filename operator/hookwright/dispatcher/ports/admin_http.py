"""The outer half of the admin port: who may ask, what may be sent in, and how errors are said.

Every request passes the guard first: Host, Origin, then the page's own or the token. Bodies are JSON and bounded while
they are read; errors are RFC 9457 problem documents. Must not: know the backend, or put what a client sent into an
error beyond the names of fields.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from enum import Enum
from http import HTTPStatus
from typing import Final, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hookwright.api.admin import Answer, Invocation, Problem
from hookwright.api.fields import span
from hookwright.core.hosts import HostGuard, is_label
from hookwright.dispatcher.ports.page import Page
from hookwright.dispatcher.ports.tokens import Tokens
from hookwright.errors import EventError
from hookwright.limits import ADMIN_PAGE_DEFAULT, ADMIN_PAGE_MAX, ADMIN_PIECE_BYTES, ADMIN_SLICE_SECONDS

OPEN_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics", "/admin/v1/session"})
"""What is served without a token: probes and scrapers have none, and the page asks whether it needs one."""

BodyModel = TypeVar("BodyModel", bound=BaseModel)


class Guard:
    """Host, Origin and token of every request; headers of every answer.

    `tokens` None: nobody is asked for one; `readers` are those with which nothing may be changed. What the page
    `takes` is its own and needs none. An answer may be kept nowhere unless it says otherwise: data are not written to
    a disk, and an unchanged answer is known by its tag to whoever holds it in memory.
    """

    def __init__(
        self, app: ASGIApp, *, tokens: Tokens | None, readers: Tokens | None, hosts: HostGuard, page: Page
    ) -> None:
        self._app, self._tokens, self._readers, self._hosts, self._page = app, tokens, readers, hosts, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                headers.setdefault("cache-control", "no-store")
                headers["x-content-type-options"] = "nosniff"
                message["headers"] = headers.raw
            await send(message)

        headers = Headers(scope=scope)
        answer: ASGIApp | None = self._foreign(headers, scope)
        if answer is None and self._page.takes(scope):
            answer = self._page
        if answer is None:
            answer = self._unproven(headers, scope) or self._app
        await answer(scope, receive, send_guarded)

    def _foreign(self, headers: Headers, scope: Scope) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._hosts.allows_host(hosts[0]):
            return problem(
                421, "This port is called by its address, localhost or the name of its Service only."
            )
        if not self._hosts.allows_origin(headers.get("origin"), hosts[0]):
            return problem(403, "Pages of another origin may not call this port.")
        if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
            return None
        if self._page.takes(scope) and headers.get("sec-fetch-dest") == "document":
            return None  # somebody follows a link to the page
        return problem(403, "Pages of another origin may not call this port.")

    def _unproven(self, headers: Headers, scope: Scope) -> Response | None:
        """What whoever brings no token, or one with less rights, is told; who it is goes into the request's state."""
        caller = self._caller(headers)
        scope.setdefault("state", {})["caller"] = caller
        if caller is None and scope["path"] not in OPEN_PATHS:
            return problem(
                401,
                "The admin token is missing or wrong; send it as Authorization: Bearer.",
                headers={"www-authenticate": 'Bearer realm="hookwright admin"'},
            )
        if caller is Caller.READER and scope["method"] not in ("GET", "HEAD"):
            return problem(403, "This token may only read; use the admin token to change or send anything.")
        return None

    def _caller(self, headers: Headers) -> Caller | None:
        if self._tokens is None:
            return Caller.ADMIN
        given, now = headers.get("authorization"), time.monotonic()
        if self._tokens.holder(given, now) is not None:
            return Caller.ADMIN
        if self._readers is not None and self._readers.holder(given, now) is not None:
            return Caller.READER
        return None


class Caller(Enum):
    """Who asks."""

    ADMIN = "admin"
    READER = "reader"
    """May change nothing."""


def problem(
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    invocation: Invocation | None = None,
    hint: str | None = None,
) -> Response:
    """An RFC 9457 problem document; `invocation` and `hint` are extension members of it."""
    document = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail).model_dump()
    if hint is not None:
        document["hint"] = hint
    if invocation is not None:
        document["invocation"] = invocation.model_dump(mode="json", by_alias=True)
    return Response(orjson.dumps(document), status, headers, media_type="application/problem+json")


async def http_problem(request: Request, error: Exception) -> Response:
    """What the router or a handler refused."""
    assert isinstance(error, HTTPException)
    detail = error.detail
    if detail == HTTPStatus(error.status_code).phrase:  # of the router, which says no more
        detail = _ROUTER.get(error.status_code, detail)
    return problem(error.status_code, detail, headers=error.headers)


_ROUTER: Final = {
    404: "There is nothing at this path.",
    405: "This path does not take that method; the Allow header says which it takes.",
}


async def event_problem(request: Request, error: Exception) -> Response:
    """What the backend refused."""
    assert isinstance(error, EventError)
    wait = None if error.retry_after is None else {"retry-after": str(error.retry_after)}
    return problem(error.status, str(error), headers=wait, hint=error.hint)


async def store_problem(request: Request, error: Exception) -> Response:
    """The store cannot answer now."""
    return problem(503, str(error), headers={"retry-after": "5"})


async def bug(request: Request, error: Exception) -> Response:
    """What nobody foresaw; the server logs the exception after this answer."""
    return problem(500, "Something is wrong in the dispatcher; its log says what.")


async def read_body(request: Request, limit: int, *, optional: bool = False) -> bytes:
    """The JSON body, never more than `limit` bytes of it. HTTPException 400, 413, 415."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise HTTPException(413, f"The body is larger than {limit // 1024} KiB.")
    except ClientDisconnect:
        raise HTTPException(400, "The connection ended before the body did.") from None
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


async def read_model(request: Request, model: type[BodyModel], limit: int) -> BodyModel:
    """The JSON body as a model. HTTPException 400 naming the field, or as `read_body`."""
    body = await read_body(request, limit)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the body"
        raise HTTPException(400, f"{place}: {first['msg']}.") from None


def answered(model: BaseModel) -> Response:
    """One thing as JSON."""
    return Response(model.model_dump_json(by_alias=True), media_type="application/json")


def listed(items: Iterable[Answer], **rest: object) -> Response:
    """A list as JSON: `{"items": […], …}`. Items are made and written in slices, between which others go on."""
    return StreamingResponse(_pieces(items, orjson.dumps(rest)), media_type="application/json")


async def _pieces(items: Iterable[Answer], rest: bytes) -> AsyncIterator[bytes]:
    piece, comma = bytearray(b'{"items":['), b""
    began = time.monotonic()
    for item in items:
        piece += comma + item.model_dump_json(by_alias=True).encode()
        comma = b","
        if len(piece) > ADMIN_PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
        if time.monotonic() - began > ADMIN_SLICE_SECONDS:
            await asyncio.sleep(0)
            began = time.monotonic()
    yield bytes(piece) + b"]," + rest[1:]


def only_known(query: QueryParams, known: frozenset[str] = frozenset()) -> None:
    """Refuse a misspelt parameter, or one of another path, which would silently select everything."""
    if unknown := sorted(set(query) - known):
        words = f"known are {', '.join(sorted(known))}" if known else "this path takes none"
        raise HTTPException(400, f"{unknown[0][:64]!r} is no parameter here; {words}.")


def choice(query: QueryParams, name: str, choices: frozenset[str]) -> str | None:
    """A parameter that must be one of some words."""
    value = query.get(name)
    if value is not None and value not in choices:
        raise HTTPException(400, f"{name} must be one of {', '.join(sorted(choices))}.")
    return value


def webhook_key(text: str | None, name: str = "webhook") -> str | None:
    """A webhook's key in the parameter of that name, checked for its form."""
    if text is not None and (text.count("/") != 1 or not all(map(is_label, text.split("/")))):
        raise HTTPException(400, f"{name} is written as namespace/name.")
    return text


def path_key(request: Request) -> str:
    """The webhook in the path. HTTPException 404 for what cannot be the name of one."""
    parts = request.path_params["namespace"], request.path_params["name"]
    if not all(map(is_label, parts)):
        raise HTTPException(404, "There is no such webhook; its namespace and its name are DNS labels.")
    return "/".join(parts)


def page_limit(query: QueryParams) -> int:
    """How many things a page may hold."""
    text = query.get("limit", str(ADMIN_PAGE_DEFAULT))
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= ADMIN_PAGE_MAX):
        raise HTTPException(400, f"limit is a number from 1 to {ADMIN_PAGE_MAX}.")
    return int(text)


def page_position(query: QueryParams, name: str = "before") -> int | None:
    """Where a page begins or ends."""
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise HTTPException(400, f"{name} is the next of an earlier page.")
    return int(text)


def time_ms(name: str, text: str | None) -> int | None:
    """Epoch milliseconds of an RFC 3339 time, or of a duration before now."""
    if text is None:
        return None
    try:
        return int((time.time() - span(text)) * 1000)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - has no zone, so it is refused below
    if moment.tzinfo is None:
        raise HTTPException(400, f"{name} is a time such as 2026-01-02T03:04:05Z or a duration such as 2h.")
    return int(moment.timestamp() * 1000)
