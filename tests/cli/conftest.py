"""Fixtures of the client commands: a dispatcher and the command line that reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from admin_backend import MemoryBackend, view
from client_harness import ADMIN_TOKEN, EVENT_TOKEN, EventPort, Hookwright, serve
from hookwright.core.hosts import HostGuard
from hookwright.dispatcher.ports.admin import admin_app
from hookwright.dispatcher.ports.tokens import Tokens


@pytest.fixture
def backend() -> MemoryBackend:
    """Three webhooks; nothing has happened."""
    return MemoryBackend(
        views=[
            view("default/jira", active=False),
            view(
                "shop/slack",
                host="hooks.slack.com",
                pending=3,
                dead_lettered=1,
                last_invocation={"result": "Delivered", "time": "2020-01-01T00:00:00.000Z"},
            ),
            view("shop/teams", state="held", host=None, message="The Secret shop/teams is missing."),
        ]
    )


@pytest.fixture
def events() -> EventPort:
    """An event port that remembers."""
    return EventPort()


@pytest.fixture
def hookwright(backend: MemoryBackend, events: EventPort, tmp_path: Path) -> Iterator[Hookwright]:
    """A dispatcher's two ports and the command line that reaches them."""
    (tmp_path / "admin").write_text(f"{ADMIN_TOKEN}\n")
    (tmp_path / "events").write_text(f"{EVENT_TOKEN}\n")
    paths = ("/v1/events", "/v1/namespaces/{ns}/events")
    taking = Starlette(routes=[Route(path, events.take, methods=["POST"]) for path in paths])
    admin_port = admin_app(
        backend,
        backend,
        backend,
        backend,
        backend,
        workbench=backend,
        tokens=Tokens(tmp_path / "admin"),
        hosts=HostGuard(),
    )
    with serve(taking) as to, serve(admin_port) as admin:
        yield Hookwright(to, admin, tmp_path, backend, events)
