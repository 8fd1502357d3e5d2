"""Who asks the admin port: with a token that may do all, with one that may only read, with none."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from admin_backend import MemoryBackend
from admin_port import PATHS, V1, assert_problem
from hookwright import __version__
from hookwright.core.hosts import HostGuard
from hookwright.dispatcher.ports.admin import admin_app
from hookwright.dispatcher.ports.tokens import Tokens


@pytest.fixture
def http(backend: MemoryBackend, tmp_path: Path) -> httpx.AsyncClient:
    """A client of a port with both kinds of tokens."""
    for name in ("all", "read"):
        (tmp_path / name).write_text(f"{name}-token")
    tokens, readers = Tokens(tmp_path / "all"), Tokens(tmp_path / "read")
    app = admin_app(
        backend,
        backend,
        backend,
        backend,
        backend,
        workbench=backend,
        tokens=tokens,
        readers=readers,
        hosts=HostGuard(),
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8081")


@pytest.mark.parametrize(
    ("token", "authenticated", "read_only"),
    [("", False, False), ("wrong", False, False), ("all-token", True, False), ("read-token", True, True)],
)
async def test_session_says_who_asks(
    http: httpx.AsyncClient, token: str, authenticated: bool, read_only: bool
) -> None:
    """It needs no token, and a wrong one is no error: the page learns it without one."""
    answer = await http.get(f"{V1}/session", headers={"authorization": f"Bearer {token}"} if token else {})
    assert answer.status_code == 200
    assert answer.json() == {
        "version": __version__,
        "tokenAsked": True,
        "authenticated": authenticated,
        "readOnly": read_only,
    }


async def test_where_no_token_is_asked_everybody_may_do_all(backend: MemoryBackend) -> None:
    """`dev` on loopback."""
    transport = httpx.ASGITransport(
        admin_app(
            backend, backend, backend, backend, backend, workbench=backend, tokens=None, hosts=HostGuard()
        )
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        said = (await client.get(f"{V1}/session")).json()
    assert (said["tokenAsked"], said["authenticated"], said["readOnly"]) == (False, True, False)


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_a_token_to_read_reads_and_does_nothing_else(
    backend: MemoryBackend, http: httpx.AsyncClient, method: str, path: str
) -> None:
    """Each GET is answered as ever; every POST is 403 in plain words, and nothing is done."""
    answer = await http.request(
        method,
        V1 + path,
        json={"ids": ["dlv_2"]} if method == "POST" else None,
        headers={"authorization": "Bearer read-token"},
    )
    if method == "GET":
        assert answer.status_code == 200
    else:
        assert_problem(answer, 403, "may only read")
    assert backend.replays == []
