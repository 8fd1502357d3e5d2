"""Clients of one admin port, in process."""

from __future__ import annotations

from pathlib import Path

import httpx

from admin_backend import MemoryBackend
from hookwright.core.hosts import HostGuard
from hookwright.dispatcher.ports.admin import admin_app
from hookwright.dispatcher.ports.tokens import Tokens

TOKEN = "t0ken-of-the-admin"
V1 = "/admin/v1"
PATHS = [
    ("GET", "/summary"),
    ("GET", "/webhooks"),
    ("GET", "/webhooks/shop/slack"),
    ("GET", "/invocations"),
    ("GET", "/invocations/dlv_1.1"),
    ("GET", "/deliveries/dlv_1"),
    ("GET", "/dead-letters"),
    ("GET", "/dead-letters/groups"),
    ("POST", "/replays"),
    ("POST", "/tests"),
    ("POST", "/explain"),
    ("POST", "/webhooks/shop/slack/invoke"),
    ("POST", "/webhooks/shop/slack/probe"),
    ("GET", "/webhooks/shop/slack/definition"),
    ("POST", "/preview"),
    ("GET", "/schema"),
    ("GET", "/samples/Manual"),
]


class Clients:
    """Makes clients of one admin port that accepts two tokens."""

    def __init__(self, backend: MemoryBackend, file: Path) -> None:
        file.write_text(f"{TOKEN}\nsecond\n")
        self._app = admin_app(
            backend,
            backend,
            backend,
            backend,
            backend,
            workbench=backend,
            tokens=Tokens(file),
            hosts=HostGuard(["hookwright.hooks.svc"]),
        )

    def __call__(self, *, host: str = "127.0.0.1:8081", **headers: str) -> httpx.AsyncClient:
        """A client that sends the token, unless another `authorization` ("": none) is given."""
        sent = {"authorization": f"Bearer {TOKEN}"} | headers
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self._app, raise_app_exceptions=False),
            base_url=f"http://{host}",
            headers={name: value for name, value in sent.items() if value},
        )


def assert_problem(answer: httpx.Response, status: int, part: str = "") -> None:
    """The answer is a problem document of that status whose detail is one sentence with `part`."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert document["title"]
    assert part in document["detail"]
    assert document["detail"].endswith(".")
