"""The outer half of the admin port: who may ask, what may be sent in, and how errors are said.

Every request passes the guard first: Host, Origin, token, in this order; no answer may be cached. Bodies are
JSON and bounded while they are read; errors are RFC 9457 problem documents. Must not: know the backend, or
put what a client sent into an error beyond the names of fields.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers, QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hookwright.api.admin import Answer, Invocation, Problem
from hookwright.api.fields import span
from hookwright.core.hosts import HostGuard, is_label
from hookwright.dispatcher.ports.tokens import Tokens
from hookwright.errors import EventError
from hookwright.limits import ADMIN_PAGE_DEFAULT, ADMIN_PAGE_MAX, ADMIN_SLICE_BYTES, ADMIN_SLICE_SECONDS

OPEN_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""What is served without a token: probes and scrapers have none."""

BodyModel = TypeVar("BodyModel", bound=BaseModel)


class Guard:
    """Host, Origin and token of every request; headers of every answer."""

    def __init__(self, app: ASGIApp, *, tokens: Tokens | None, hosts: HostGuard) -> None:
        self._app, self._tokens, self._hosts = app, tokens, hosts

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
        if self._tokens is None or path in OPEN_PATHS:
            return None
        if self._tokens.holder(headers.get("authorization"), time.monotonic()) is not None:
            return None
        return problem(
            401,
            "The admin token is missing or wrong; send it as Authorization: Bearer.",
            headers={"www-authenticate": 'Bearer realm="hookwright admin"'},
        )


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
        if len(piece) > ADMIN_SLICE_BYTES or time.monotonic() - began > ADMIN_SLICE_SECONDS:
            yield bytes(piece)
            piece.clear()
            await asyncio.sleep(0)
            began = time.monotonic()
    yield bytes(piece) + b"]," + rest[1:]


def only_known(query: QueryParams, known: set[str]) -> None:
    """Refuse a misspelt parameter, which would silently select everything."""
    if unknown := sorted(set(query) - known):
        raise HTTPException(
            400, f"{unknown[0][:64]!r} is no parameter here; known are {', '.join(sorted(known))}."
        )


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
