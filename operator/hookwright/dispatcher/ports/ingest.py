"""The event port: bare ASGI, as it is the hot path. Reads within limits, decodes, hands to the acceptor, answers: a small
body and the answer at once, by the cycle of its connection.

Every answer of SPEC 3 comes from here; an error is one sentence as an RFC 9457 problem document. Must not: match,
store or send.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import nullcontext
from typing import Any, Protocol
from urllib.parse import parse_qs

import orjson
import structlog

from hookwright.api.admin import Invocation
from hookwright.api.event_schema import event_schema
from hookwright.api.openapi import Invoked, events_api
from hookwright.api.v1alpha1.webhook import MANUAL
from hookwright.core.decode import decoding, decoding_any
from hookwright.core.event import Event
from hookwright.core.hosts import HostGuard, is_label
from hookwright.core.rate import Bucket
from hookwright.core.samples import SAMPLE_TRIGGERS, sample, sample_event
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.accept import Acceptor, unavailable
from hookwright.dispatcher.ports.answers import problem
from hookwright.dispatcher.ports.bodies import Bodies, Disconnected, Receive
from hookwright.dispatcher.ports.crowd import Memory
from hookwright.dispatcher.ports.cycle import CYCLE, Cycle, Header
from hookwright.dispatcher.ports.tokens import Tokens
from hookwright.errors import EventError
from hookwright.limits import (
    BATCH_BYTES,
    DECODE_STEP_BYTES,
    EVENT_BYTES,
    HOPS,
    INGEST_LARGE_BYTES,
)

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = structlog.get_logger()
_JSON = (b"content-type", b"application/json")
_ONCE = {
    b"host",
    b"content-type",
    b"authorization",
    b"idempotency-key",
    b"webhook-id",
    b"webhook-hops",
}
_EVENTS_ALLOW = b"POST, OPTIONS"
_HOPS = re.compile("0|[1-9][0-9]{0,3}")
_PROBLEM = (b"content-type", b"application/problem+json")


_To = tuple[str | None, str, int]
"""Where events go and where they come from: the path's namespace, the token's holder, hops."""


class Invoker(Protocol):
    """Runs one webhook now (SPEC 3, Manual)."""

    async def invoke(self, key: str, event: Event | None) -> Invocation:
        """Raises EventError: 404 unknown, 409 where Manual is not listed."""


class Ingest:
    """The ASGI application of the event port."""

    def __init__(
        self,
        acceptor: Acceptor,
        invoker: Invoker,
        clock: Clock,
        *,
        tokens: Tokens | None,
        hosts: HostGuard,
        rate: int | None,
        processes: Callable[[], int],
        memory: Memory,
        count: Callable[[int, int], None],
    ) -> None:
        """`rate`: events a second, of all `processes` together; `memory`: of the port; `count(status, events)` is called
        with every answer."""
        self._acceptor, self._invoker, self._clock = acceptor, invoker, clock
        self._tokens, self._hosts, self._count = tokens, hosts, count
        self._bucket = None if rate is None else Bucket(rate, clock.monotonic())
        self._processes = processes
        self._memory = memory
        self._bodies = Bodies()
        self._schema = orjson.dumps(event_schema())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        cycle: Cycle = scope["extensions"][CYCLE]
        events = 0
        extra: tuple[Header, ...] = ()
        try:
            if len(headers) != len(scope["headers"]):
                _check_repeated(scope["headers"])
            self._check(headers)
            status, body, events = await self._serve(scope, headers, cycle, receive)
            if scope["method"] == "OPTIONS":
                extra = _handshake(headers)
            cycle.answer(status, (_JSON, *extra), body)
        except EventError as error:
            status = error.status
            if error.retry_after is not None:
                extra = ((b"retry-after", str(error.retry_after).encode()),)
            if status == 405:
                extra = (*extra, (b"allow", _allowed(scope["path"])))
            if status == 401:
                extra = (*extra, (b"www-authenticate", b"Bearer"))
            cycle.answer(
                status,
                (_PROBLEM, *extra),
                problem(status, str(error), error.hint),
                close=status in (408, 413),
            )
        except Disconnected:
            status = 499
        except Exception:
            status = 500
            log.exception("ingest.failed")
            detail = "Something is wrong in the dispatcher; its log says what."
            cycle.answer(status, (_PROBLEM, *extra), problem(status, detail))
        self._count(status, events)

    # --- routing ---------------------------------------------------------------------------------

    async def _serve(
        self, scope: Scope, headers: Mapping[str, str], cycle: Cycle, receive: Receive
    ) -> tuple[int, bytes, int]:
        path, method = scope["path"], scope["method"]
        if path == "/v1/events":
            namespace = None
        else:
            parts = path.removesuffix("/").split("/")
            if parts == ["", "v1", "events"]:
                namespace = None
            elif parts[1:3] == ["v1", "namespaces"] and parts[4:] == ["events"] and is_label(parts[3]):
                namespace = parts[3]
            else:
                return await self._others(parts, method, headers, receive)
        if method == "OPTIONS":
            return 200, b"", 0
        if method != "POST":
            raise EventError(f"{method} is not for {path}; POST an event to it.", status=405)
        holder = self._authenticate(headers)
        hops = _hops(headers)
        query, to = scope["query_string"], (namespace, holder, hops)
        body, weighs = cycle.whole(INGEST_LARGE_BYTES), 0
        if body is None:
            body, weighs = await self._bodies.read(headers, receive, BATCH_BYTES)
        if weighs:
            return await self._take_in_turn(query, headers, body, weighs, to)
        events = [*filter(None, self._decoding(query, headers, body))]
        size = 0
        for event in events:
            size += event.weight
        self._hold(size)
        try:
            return 202, await self._accept(events, to), len(events)
        finally:
            self._memory.give(size)

    async def _take_in_turn(
        self, query: bytes, headers: Mapping[str, str], body: bytes, size: int, to: _To
    ) -> tuple[int, bytes, int]:
        """A large body, which weighs `size`, waits for the one before it; between its steps ordinary ones go first."""
        async with self._bodies.turn:
            self._hold(size)
            try:
                events = await self._decode_in_steps(query, headers, body)
            except BaseException:
                self._memory.give(size)
                raise
        try:
            return 202, await self._accept(events, to), len(events)
        finally:
            self._memory.give(size)

    async def _decode_in_steps(self, query: bytes, headers: Mapping[str, str], body: bytes) -> list[Event]:
        events: list[Event] = []
        done = 0
        for event in self._decoding(query, headers, body):
            if event is not None:
                events.append(event)
                done += len(event.raw)
            if event is None or done > DECODE_STEP_BYTES:
                done = 0
                await asyncio.sleep(0)
        return events

    def _hold(self, size: int) -> None:
        if not self._memory.take(size):
            raise unavailable("Too many large requests at once; send the event again.")

    def _accept(self, events: list[Event], to: _To) -> Awaitable[bytes]:
        namespace, holder, hops = to
        if hops:
            events = [event._replace(hops=hops) for event in events]
        self._take(len(events))
        return self._acceptor.accept(events, namespace, holder)

    def _decoding(self, query: bytes, headers: Mapping[str, str], body: bytes) -> Iterator[Event | None]:
        types = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("type") if query else None
        if types is None:
            return decoding(headers, body)
        if len(types) > 1:
            raise EventError("?type= stands twice in the URL; send it once.")
        return decoding_any(headers, body, types[0], now_ms=self._clock.wall_ms())

    async def _others(
        self, parts: list[str], method: str, headers: Mapping[str, str], receive: Receive
    ) -> tuple[int, bytes, int]:
        match parts[1:]:
            case ["v1", "webhooks", namespace, name, "invoke"] if is_label(namespace) and is_label(name):
                if method != "POST":
                    raise EventError("Use POST to invoke a webhook.", status=405)
                self._authenticate(headers)
                hops = _hops(headers)
                body, weighs = await self._bodies.read(headers, receive, EVENT_BYTES)
                return await self._invoke(f"{namespace}/{name}", headers, body, hops, large=weighs > 0)
            case ["v1", "schema"]:
                self._get(method, headers)
                return 200, self._schema, 0
            case ["openapi.json"]:
                self._get(method, headers)
                return 200, orjson.dumps(events_api()), 0
            case ["v1", "samples", trigger]:
                self._get(method, headers)
                if trigger not in SAMPLE_TRIGGERS:
                    raise EventError(
                        f"There is no sample of {trigger!r}; there is one of {', '.join(SAMPLE_TRIGGERS)}.",
                        status=404,
                    )
                return 200, orjson.dumps(sample(trigger)), 0
        raise EventError(
            "There is nothing here; events go to POST /v1/events or /v1/namespaces/{namespace}/events.",
            status=404,
        )

    def _get(self, method: str, headers: Mapping[str, str]) -> None:
        if method not in ("GET", "HEAD"):
            raise EventError(f"{method} is not for this; use GET.", status=405)
        self._authenticate(headers)

    async def _invoke(
        self, key: str, headers: Mapping[str, str], body: bytes, hops: int, *, large: bool
    ) -> tuple[int, bytes, int]:
        event = sample_event(MANUAL)
        if body:
            async with self._bodies.turn if large else nullcontext():
                events = await self._decode_in_steps(b"", headers, body)
            if len(events) != 1:
                raise EventError("Invoke takes one event, not a list of them.")
            event = events[0]
        invocation = await self._invoker.invoke(key, event._replace(hops=hops))
        delivered = invocation.result == "Delivered"
        shown = Invoked(
            id=invocation.id,
            webhook=invocation.webhook,
            result=invocation.result,
            message=invocation.message,
            status_code=invocation.response.status_code if invocation.response else None,
            validators=invocation.validators,
            duration_millis=invocation.timings.total,
            hint=None if delivered else invocation.hint,
        )
        return 200 if delivered else 502, shown.model_dump_json(by_alias=True).encode(), 1

    # --- what every request passes -----------------------------------------------------------------

    def _check(self, headers: Mapping[str, str]) -> None:
        host, origin = headers.get("host"), headers.get("origin")
        if not self._hosts.allows_host(host):
            raise EventError(
                "This host name is not served here; use the Service's name or an address, or add it to ingest.hosts.",
                status=421,
            )
        if origin is not None and not self._hosts.allows_origin(origin, host):
            raise EventError("Requests from web pages of other origins are refused.", status=403)

    def _authenticate(self, headers: Mapping[str, str]) -> str:
        """Who sends this; see `Tokens.holder`."""
        if self._tokens is None:
            return ""
        holder = self._tokens.holder(headers.get("authorization"), self._clock.monotonic())
        if holder is None:
            raise EventError("Send the ingest token as Authorization: Bearer.", status=401)
        return holder

    def _take(self, count: int) -> None:
        """Keep to the rate of events."""
        if self._bucket is None:
            return
        processes = self._processes()
        wait = math.ceil(self._bucket.take(count, self._clock.monotonic(), processes))
        if wait:
            shared = f", shared by {processes} dispatchers" if processes > 1 else ""
            raise EventError(
                f"More than {self._bucket.rate:,} events a second{shared}; send this again in {wait} s.",
                status=429,
                retry_after=wait,
            )


def _check_repeated(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Headers that decide something stand once: which of two would count is a matter of taste (RFC 9112, 3.2)."""
    for name, count in Counter(name for name, _ in headers).items():
        if count > 1 and (name in _ONCE or name.startswith(b"ce-")):
            raise EventError(f"The header {name.decode()} stands twice; send it once.")


def _hops(headers: Mapping[str, str]) -> int:
    """How often what is posted came through a dispatcher: every request that one sends says so. EventError 400, 508."""
    text = headers.get("webhook-hops")
    if text is None:
        return 0
    if not _HOPS.fullmatch(text):
        raise EventError(
            "The header webhook-hops is not a whole number; hand it on as it came, or leave it out."
        )
    if int(text) >= HOPS:
        raise EventError(
            f"This event came through a dispatcher {HOPS} times, so it goes in a loop; "
            "look for a webhook whose target posts its events back to this address.",
            status=508,
        )
    return int(text)


def _allowed(path: str) -> bytes:
    """Value of Allow, which every 405 carries (RFC 9110, section 15.5.6)."""
    path = path.removesuffix("/")
    if path.endswith("/invoke"):
        return b"POST"
    return _EVENTS_ALLOW if path.endswith("/events") else b"GET, HEAD"


def _handshake(headers: Mapping[str, str]) -> tuple[Header, ...]:
    """CloudEvents webhook validation: we agree to any sender, at any rate."""
    allowed = [(b"allow", _EVENTS_ALLOW)]
    origin = headers.get("webhook-request-origin")
    if origin is not None:
        allowed.append((b"webhook-allowed-origin", origin.encode("latin-1")))
        allowed.append((b"webhook-allowed-rate", b"*"))
    return tuple(allowed)
