"""What client commands run against: both ports of a dispatcher on real sockets, and a way to call them."""

from __future__ import annotations

import asyncio
import shlex
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from admin_backend import MemoryBackend
from cli.terminal import Terminal, on_terminal
from hookwright.api.admin import RequestRecord, ResponseRecord, Timings, ValidatorResult
from hookwright.cli.main import main
from hookwright.core.decode import decode, decode_any
from hookwright.dispatcher.ports.server import Listener
from hookwright.errors import EventError

ADMIN_TOKEN, EVENT_TOKEN = "admin-t0ken", "event-t0ken"


@contextmanager
def serve(app: Any) -> Iterator[str]:
    """Serve an application on a free port of loopback, in a thread of its own; its URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listener = Listener(app, "127.0.0.1", 0)
    asyncio.run_coroutine_threadsafe(listener.start(), loop).result()
    try:
        yield f"http://127.0.0.1:{listener.address[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(listener.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class EventPort:
    """Decodes events as the real port does and says they were accepted for some webhooks."""

    webhooks: tuple[str, ...] = ("shop/slack",)
    posted: list[tuple[str, str, list[str | None]]] = field(default_factory=list)
    """Path with query, content type and triggers of each request."""

    async def take(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {EVENT_TOKEN}":
            return JSONResponse({"detail": "Send the ingest token as Authorization: Bearer."}, 401)
        try:
            kind, body = request.query_params.get("type"), await request.body()
            events = (
                [decode_any(request.headers, body, kind, now_ms=0)] if kind else decode(request.headers, body)
            )
        except EventError as error:
            return JSONResponse({"detail": str(error)}, error.status)
        triggers = [event.trigger for event in events]
        path = f"{request.url.path}?{request.url.query}".removesuffix("?")
        self.posted.append((path, request.headers["content-type"], triggers))
        deliveries = [{"id": f"dlv_{n}", "webhook": webhook} for n, webhook in enumerate(self.webhooks)]
        accepted = [{"id": f"evt_{n}", "deliveries": deliveries} for n in range(len(events))]
        return JSONResponse({"events": accepted}, 202)


@dataclass
class Hookwright:
    """Runs the command line against one dispatcher."""

    to: str
    admin: str
    tokens: Path
    backend: MemoryBackend
    events: EventPort

    def __call__(self, words: str, *extra: str, stdin: str | bytes = "") -> Result:
        """`hookwright WORDS` with the flags that reach the dispatcher."""
        arguments = [*shlex.split(words), *self.flags(words.split()[0]), *extra]
        return CliRunner().invoke(main, arguments, input=stdin, catch_exceptions=False)

    def on_terminal(self, words: str, *, columns: int = 80, **environment: str) -> str:
        """What a terminal of that width shows of `hookwright WORDS`, colours included."""
        with self.terminal(words, columns=columns, **environment) as terminal:
            terminal.closed()
        return terminal.coloured

    @contextmanager
    def terminal(self, words: str, *, columns: int = 80, **environment: str) -> Iterator[Terminal]:
        """`hookwright WORDS` on a terminal of that width, with no wish for colours but those given."""
        arguments = [*shlex.split(words), *self.flags(words.split()[0])]
        usual = dict.fromkeys(("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"), "") | {"TERM": "xterm"}
        command = [sys.executable, "-m", "hookwright", *arguments]
        with on_terminal(command, self.tokens, usual | environment, columns) as terminal:
            yield terminal

    def flags(self, command: str) -> list[str]:
        """Addresses and token files, as the command takes them."""
        admin = ["--admin", self.admin, "--admin-token-file", str(self.tokens / "admin")]
        return (
            [*admin, "--to", self.to, "--token-file", str(self.tokens / "events")]
            if command == "send"
            else admin
        )


FAILURE: dict[str, Any] = {
    "result": "Rejected",
    "message": "The target answered 404 Not Found; the delivery is kept as a dead letter.",
    "hint": "Check the path of the URL.",
    "event_id": "evt_1",
    "friendly_id": "AR-7",
    "request": RequestRecord(
        method="POST", url="https://hooks.slack.com/‹secret slack/path›", headers={"x-a": "1"}, body='{"a":1}'
    ),
    "response": ResponseRecord(status_code=404, headers={"server": "s"}, body="no \x1b[31m such hook"),
    "timings": Timings(connect=1.25, first_byte=20, total=30),
    "validators": [ValidatorResult(path="$.ok", passed=False, actual="false")],
}
