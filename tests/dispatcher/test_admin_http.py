"""Who may ask the admin port, what may be sent in, and errors as problem documents."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from admin_backend import MemoryBackend
from admin_port import PATHS, TOKEN, V1, Clients, assert_problem
from hookwright.core.hosts import HostGuard
from hookwright.dispatcher.ports.admin import admin_app
from hookwright.errors import EventError, StoreAway, StoreFull


@pytest.mark.parametrize(
    ("path", "body"), [("/healthz", b"ok\n"), ("/readyz", b"ready\n"), ("/metrics", b"hookwright_up 1\n")]
)
async def test_probes_and_metrics_need_no_token(client: Clients, path: str, body: bytes) -> None:
    """kubelet and Prometheus bring none."""
    async with client(authorization="") as http:
        answer = await http.get(path)
    assert (answer.status_code, answer.content) == (200, body)


async def test_ready_says_what_else_is_to_be_known(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """Such as how many servers have what is stored."""
    backend.remark = "A commit is on one server."
    assert (await admin.get("/readyz")).text == "ready\nA commit is on one server.\n"


async def test_not_ready_says_why(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """Readiness is 503 with the reason; liveness is not touched by it."""
    backend.not_ready = "No complete configuration has been loaded yet."
    assert_problem(await admin.get("/readyz"), 503, "No complete configuration")
    assert (await admin.get("/healthz")).status_code == 200


async def test_a_store_that_is_full_is_not_ready_and_one_that_is_away_says_so(
    backend: MemoryBackend, admin: httpx.AsyncClient
) -> None:
    """A database that is away is so for every dispatcher: none would be left to wait for it, or to answer 503."""
    backend.not_ready = StoreFull("The disk is full.")
    assert_problem(await admin.get("/readyz"), 503, "The disk is full")
    backend.not_ready = StoreAway("The database is away.")
    answer = await admin.get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\nThe database is away.\n")
    assert (await admin.get("/admin/v1/summary")).json()["notReady"] == "The database is away."


@pytest.mark.parametrize(("method", "path"), [*PATHS, ("GET", "/nowhere")])
@pytest.mark.parametrize(
    "authorization", ["", "Bearer wrong", "Bearer", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x"]
)
async def test_everything_else_needs_the_token(
    backend: MemoryBackend, client: Clients, method: str, path: str, authorization: str
) -> None:
    """Without the right bearer token each path is 401, unknown ones too, and nothing is done."""
    async with client(authorization=authorization) as http:
        answer = await http.request(method, V1 + path, json={"ids": ["dlv_2"]} if method == "POST" else None)
    assert_problem(answer, 401, "Authorization: Bearer")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert backend.replays == []


@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", "bearer second", f"BEARER  {TOKEN}"])
async def test_each_given_token_lets_in(client: Clients, authorization: str) -> None:
    """Two tokens are valid while they are changed over; the scheme's case does not matter (RFC 9110 11.1)."""
    async with client(authorization=authorization) as http:
        assert (await http.get(f"{V1}/summary")).status_code == 200


async def test_a_token_in_query_or_cookie_is_none(client: Clients) -> None:
    """Only the header is proof."""
    async with client(authorization="", cookie=f"token={TOKEN}") as http:
        assert_problem(await http.get(f"{V1}/summary", params={"token": TOKEN}), 401)


async def test_without_tokens_nobody_is_asked(backend: MemoryBackend) -> None:
    """`dev` on loopback."""
    transport = httpx.ASGITransport(
        admin_app(
            backend, backend, backend, backend, backend, workbench=backend, tokens=None, hosts=HostGuard()
        )
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        assert (await http.get(f"{V1}/summary")).status_code == 200


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3:8081", "[::1]:8081", "localhost:8081", "hookwright.hooks.svc"]
)
async def test_known_hosts_are_served(client: Clients, host: str) -> None:
    """An IP literal, localhost and the names that were given."""
    async with client(host=host) as http:
        assert (await http.get(f"{V1}/summary")).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", f"{V1}/summary"])
async def test_another_host_is_421(client: Clients, path: str) -> None:
    """A name that an attacker points at us (DNS rebinding) is refused, before the token is looked at."""
    async with client(host="rebound.example.com:8081", authorization="") as http:
        assert_problem(await http.get(path), 421)


async def test_two_host_headers_are_421(client: Clients) -> None:
    """Which of them an intermediary looked at cannot be known."""
    async with client() as http:
        hosts = [("host", "127.0.0.1:8081"), ("host", "rebound.example.com")]
        assert_problem(await http.get("/healthz", headers=hosts), 421)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:8081", 200),
        ("https://evil.example.com", 403),
        ("null", 403),
        ("http://127.0.0.1:9", 403),
    ],
)
async def test_a_foreign_origin_is_403(client: Clients, origin: str, status: int) -> None:
    """A page of another origin may not call, and no answer carries a CORS header."""
    async with client(origin=origin) as http:
        answer = await http.get(f"{V1}/summary")
    assert answer.status_code == status
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_no_answer_may_be_cached(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """Answers and refusals hold data of one moment for one reader."""
    for path in ("/summary", "/nowhere"):
        answer = await admin.get(V1 + path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


POSTS = [path for method, path in PATHS if method == "POST"]


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
async def test_a_body_that_is_not_plain_json_is_415(
    admin: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    """A form that a browser may send without asking is refused on every path."""
    assert_problem(await admin.post(V1 + path, content=b'{"ids":["dlv_2"]}', headers=headers), 415)


@pytest.mark.parametrize("path", POSTS)
async def test_a_body_over_its_limit_is_413_while_it_is_read(admin: httpx.AsyncClient, path: str) -> None:
    """Of a body without a length no more is taken in than the limit and one chunk."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 6 * 1024 * 1024:
            taken += 65_536
            yield b" " * 65_536

    answer = await admin.post(V1 + path, content=endless(), headers={"content-type": "application/json"})
    assert_problem(answer, 413, "larger than")
    assert taken <= 4 * 1024 * 1024 + 65_536


@pytest.mark.parametrize("content", [b"", b"{", b'{"ids": NaN}', b"[" * 100_000, b"\xff"])
async def test_a_body_that_is_not_json_is_400(admin: httpx.AsyncClient, content: bytes) -> None:
    """Broken, empty and hostile JSON all end in a sentence."""
    answer = await admin.post(f"{V1}/replays", content=content, headers={"content-type": "application/json"})
    assert_problem(answer, 400)


@pytest.mark.parametrize("path", ["/", "/admin", f"{V1}/nowhere", f"{V1}/webhooks/", f"{V1}/webhooks/a/b/c"])
async def test_an_unknown_path_is_a_404_problem(admin: httpx.AsyncClient, path: str) -> None:
    """No redirect, no HTML."""
    assert_problem(await admin.get(path), 404, "nothing at this path")


@pytest.mark.parametrize(
    ("method", "path"), [(("POST", "GET")[method == "POST"], path) for method, path in PATHS]
)
async def test_a_wrong_method_is_a_405_problem(admin: httpx.AsyncClient, method: str, path: str) -> None:
    """The Allow header says what the path takes (RFC 9110 15.5.6)."""
    if method == "GET" and path == "/webhooks/shop/slack/invoke":
        path = "/webhooks/ops/jira/invoke"
    answer = await admin.request(method, V1 + path)
    assert_problem(answer, 405)
    assert ("GET" if method == "POST" else "POST") in answer.headers["allow"]


RAISED = [
    (EventError("Too many at once.", status=429, retry_after=7), 429, "Too many", "7"),
    (StoreFull("The disk is full."), 503, "The disk is full", "5"),
    (RuntimeError("password=hunter2"), 500, "its log says what", None),
]


@pytest.mark.parametrize(("error", "status", "part", "wait"), RAISED)
async def test_what_the_backend_raises_becomes_a_problem(
    backend: MemoryBackend,
    admin: httpx.AsyncClient,
    error: Exception,
    status: int,
    part: str,
    wait: str | None,
) -> None:
    """A refusal keeps its status, the store's troubles are 503, and a bug does not say what it knows."""
    backend.raising = error
    answer = await admin.get(f"{V1}/summary")
    assert_problem(answer, status, part)
    assert answer.headers.get("retry-after") == wait
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(("method", "path"), [*PATHS, ("GET", "/session"), ("GET", "/openapi.json")])
async def test_a_parameter_that_nobody_knows_is_400(
    admin: httpx.AsyncClient, backend: MemoryBackend, method: str, path: str
) -> None:
    """Or a dry run that was asked for in the wrong place would replay everything; nothing is done."""
    body = {"ids": ["dlv_2"]} if method == "POST" else None
    answer = await admin.request(method, V1 + path, params={"dryRun": "true"}, json=body)
    assert_problem(answer, 400, "'dryRun' is no parameter here; ")
    assert backend.replays == []
