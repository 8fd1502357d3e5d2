"""The sender double: every webhook has a target with a mood, and every mood is a mixture of ways to misbehave.

Implements `outbound.port`'s Sender. Must not: judge outcomes (`core.outcome`), know lanes or the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random
from typing import Protocol

from hookwright.errors import Cause, SendError, Sent
from hookwright.outbound.port import Answer, OnSent, TlsSettings

from .virtual import Moment

Headers = tuple[tuple[str, str], ...]

OK = b'{"ok":true}'
ANSWERS: dict[str, tuple[int, Headers, bytes]] = {
    "200": (200, (("content-type", "application/json"),), OK),
    "204": (204, (), b""),
    "not ok": (200, (("content-type", "application/json"),), b'{"ok":false}'),
    "not json": (200, (("content-type", "text/html"),), b"<html>"),
    "302": (302, (("location", "https://elsewhere.test/"),), b""),
    "101": (101, (), b""),
    "404": (404, (), b"not here"),
    "422": (422, (), b"no"),
    **{str(code): (code, (), b"") for code in (400, 401, 403, 408, 409, 410, 425, 429, 500, 502, 503, 504)},
    "429 for 1": (429, (("retry-after", "1"),), b""),
    "429 for 0": (429, (("retry-after", "0"),), b""),
    "503 for 7": (503, (("retry-after", "7"),), b""),
    "503 for ever": (503, (("retry-after", "9" * 30),), b""),
    "500 for 3": (500, (("retry-after", "3"),), b""),
    "503 odd": (503, (("retry-after", "soon"),), b""),
}
ERRORS: dict[str, tuple[Cause, Sent]] = {
    "dns": (Cause.DNS, Sent.NOT_SENT),
    "refused address": (Cause.REFUSED_ADDRESS, Sent.NOT_SENT),
    "connect": (Cause.CONNECT, Sent.NOT_SENT),
    "tls name": (Cause.TLS_NAME, Sent.NOT_SENT),
    "tls untrusted": (Cause.TLS_UNTRUSTED, Sent.NOT_SENT),
    "tls expired": (Cause.TLS_EXPIRED, Sent.NOT_SENT),
    "tls": (Cause.TLS, Sent.NOT_SENT),
    "token": (Cause.TOKEN, Sent.NOT_SENT),
    "reset": (Cause.RESET, Sent.MAYBE_SENT),
    "protocol": (Cause.PROTOCOL, Sent.ANSWERED),
}
FAILING = ("500", "502", "504", "408", "409", "425", "401", "403", "500 for 3", *ERRORS, "hang")
SLOWING = ("429", "429 for 1", "429 for 0", "503", "503 for 7", "503 for ever", "503 odd", "503 until")
REJECTING = ("400", "404", "422", "302", "101", "not ok", "not json")


@dataclass(frozen=True, slots=True)
class Mood:
    """How a target behaves for a while: seconds until it answers, and which of the ways it takes how often."""

    name: str
    ways: tuple[str, ...]
    least: float
    most: float


class Rules(Protocol):
    """Is told when requests begin and end."""

    def begins(self, url: str, delivery: str, headers: Headers) -> None:
        """A request is on its way."""

    def ends(self, url: str, delivery: str, way: str | None) -> None:
        """It was answered; None: it was given up."""


class Unforeseen(Exception):  # noqa: N818
    """Nobody expects this one."""


class _Pool:
    size = 1_024

    def close(self) -> None:
        """See the port."""


class Targets:
    """All targets. `closed` is set when the process is killed: then no request ends any more."""

    def __init__(
        self,
        random: Random,
        moment: Moment,
        rules: Rules,
        build_seconds: Callable[[], float],
        coincidence: Callable[[], float],
    ) -> None:
        self._random, self._moment, self._rules = random, moment, rules
        self._build_seconds, self._coincidence = build_seconds, coincidence
        self.moods: dict[str, Mood] = {}
        self.closed = False
        self.requests = 0

    def pool(self, tls: TlsSettings, webhook: str) -> _Pool:
        """See the port. Building a webhook's connections takes a moment."""
        self._moment.work(self._build_seconds())
        return _Pool()

    async def send(
        self,
        pool: _Pool,
        method: str,
        url: str,
        headers: Headers,
        body: bytes,
        *,
        timeout: float,
        sent: OnSent = None,
    ) -> Answer:
        """See the port."""
        delivery = next(value for name, value in headers if name == "webhook-id")
        self.requests += 1
        self._rules.begins(url, delivery, headers)
        if sent is not None:
            sent()
        mood = self.moods[url]
        random = self._random
        way = mood.ways[int(random.random() * len(mood.ways))] if len(mood.ways) > 1 else mood.ways[0]
        seconds = mood.least + (mood.most - mood.least) * random.random() if mood.most else 0.0
        if random.random() < 0.01:
            seconds = self._coincidence() or seconds
        ended: str | None = None
        try:
            if way == "hang" or seconds >= timeout:
                await asyncio.sleep(timeout)
                ended = "hang"
                raise SendError("No answer in time", cause=Cause.TIMEOUT, sent=Sent.MAYBE_SENT)
            await asyncio.sleep(seconds)
            ended = way
            return self._answer(way)
        finally:
            if not self.closed:
                self._rules.ends(url, delivery, ended)

    def _answer(self, way: str) -> Answer:
        if way in ERRORS:
            cause, sent = ERRORS[way]
            raise SendError(f"The target was {way}", cause=cause, sent=sent)
        if way == "unforeseen":
            raise Unforeseen("nobody foresaw this")
        if way == "503 until":
            until = datetime.fromtimestamp(self._moment.now + self._moment.wall + 4, UTC)
            return Answer(503, [("retry-after", format_datetime(until, usegmt=True))], b"")
        status, headers, body = ANSWERS[way]
        return Answer(status, list(headers), body)

    async def close(self) -> None:
        """See the port."""
