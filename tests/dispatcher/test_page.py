"""The page's files on the admin port: to whom, as what, and with which headers."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from admin_backend import MemoryBackend
from admin_port import TOKEN, V1, assert_problem
from hookwright.core.hosts import HostGuard
from hookwright.dispatcher.ports.admin import admin_app
from hookwright.dispatcher.ports.page import Page
from hookwright.dispatcher.ports.tokens import Tokens

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SCRIPT = "/assets/main-ABCD1234.js"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
FILES = {"index.html": b"<!doctype html>shell", SCRIPT[1:]: b"let page", "licences.txt": b"MIT"}


def built(folder: Path) -> Path:
    """A folder as a build leaves it; what is packed says so."""
    for name, content in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        for packed in (".gz", ".br"):
            file.with_name(file.name + packed).write_bytes(packed.encode() + content)
    return folder


@pytest.fixture
def http(backend: MemoryBackend, tmp_path: Path) -> httpx.AsyncClient:
    """A client without a token, at a port that asks for one."""
    return client(backend, tmp_path, built(tmp_path / "page"))


def client(backend: MemoryBackend, tmp_path: Path, page: Path) -> httpx.AsyncClient:
    """The same, with the page of this folder."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    app = admin_app(
        backend,
        backend,
        backend,
        backend,
        backend,
        workbench=backend,
        tokens=Tokens(token),
        hosts=HostGuard(),
        page=Page(page),
    )
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8081", headers={"accept-encoding": ""}
    )


@pytest.mark.parametrize(
    "path", ["/", "/webhooks/shop/slack", "/invocations/dlv_1.1", "/dead-letters", "/index.html"]
)
async def test_each_path_of_the_page_is_the_shell(http: httpx.AsyncClient, path: str) -> None:
    """A browser gets it without a token, under the strict policy, and asks again whether it is the newest."""
    answer = await http.get(path, headers=HTML)
    assert (answer.status_code, answer.content) == (200, FILES["index.html"])
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"


async def test_an_asset_is_kept_for_good(http: httpx.AsyncClient) -> None:
    """Its name holds the hash of its content; one of another build is 404 and says what to do."""
    answer = await http.get(SCRIPT)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    gone = await http.get("/assets/main-OLD.js")
    assert (gone.status_code, gone.headers["cache-control"]) == (404, "no-store")
    assert "load the page anew" in gone.text


@pytest.mark.parametrize(
    ("accepted", "coding", "content"),
    [("gzip, deflate, br", "br", b".brlet page"), ("gzip", "gzip", b".gzlet page"), ("", None, b"let page")],
)
async def test_an_asset_goes_out_as_it_was_packed(
    backend: MemoryBackend, tmp_path: Path, accepted: str, coding: str | None, content: bytes
) -> None:
    """The smallest that the browser takes; caches in between keep them apart."""
    page = Page(built(tmp_path / "page"))
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": SCRIPT,
        "headers": [(b"accept-encoding", accepted.encode())],
    }
    await page(scope, None, send)  # type: ignore[arg-type]
    headers = dict(sent[0]["headers"])  # type: ignore[call-overload]
    assert headers.get(b"content-encoding") == (None if coding is None else coding.encode())
    assert headers[b"vary"] == b"accept-encoding"
    assert sent[1]["body"] == content


@pytest.mark.parametrize(
    ("path", "status"),
    [("/admin/v1/summary", 401), ("/admin", 401), ("/admin/v1/nowhere", 401), ("/healthz", 200)],
)
async def test_what_programs_ask_for_stays_theirs(http: httpx.AsyncClient, path: str, status: int) -> None:
    """Whatever a browser says that it accepts."""
    answer = await http.get(path, headers=HTML)
    assert (answer.status_code, b"shell" in answer.content) == (status, False)


async def test_programs_get_no_shell(http: httpx.AsyncClient) -> None:
    """Who does not ask for HTML, or does not only read, is told as ever that nothing is there."""
    assert_problem(await http.get("/nowhere"), 401)
    assert_problem(await http.post("/", headers=HTML), 401)


@pytest.mark.parametrize(
    "path", ["/assets/../index.html", "/assets/%2e%2e/index.html", "/assets//etc/passwd", "/assets/"]
)
async def test_only_what_was_built_is_served(http: httpx.AsyncClient, path: str) -> None:
    """A path leads to no other file."""
    assert (await http.get(http.base_url.copy_with(raw_path=path.encode()))).status_code in (401, 404)


async def test_a_page_that_was_not_built_says_so(backend: MemoryBackend, tmp_path: Path) -> None:
    """One sentence with the cure."""
    answer = await client(backend, tmp_path, tmp_path / "nothing").get("/", headers=HTML)
    assert (answer.status_code, answer.text) == (
        404,
        "The page was not built here: run make page, and start again.\n",
    )


async def test_a_foreign_host_is_421_for_the_page_too(http: httpx.AsyncClient) -> None:
    """A name that an attacker points at us serves him no page under his origin."""
    assert_problem(await http.get("/", headers=HTML | {"host": "rebound.example.com"}), 421)


@pytest.mark.parametrize(
    ("path", "site", "destination", "status"),
    [
        ("/", "none", "document", 200),
        ("/", "same-origin", "document", 200),
        ("/webhooks/shop/slack", "cross-site", "document", 200),
        ("/", "cross-site", "iframe", 403),
        ("/", "cross-site", "empty", 403),
        (SCRIPT, "cross-site", "script", 403),
        (SCRIPT, "same-site", "script", 403),
        (f"{V1}/session", "cross-site", "empty", 403),
        ("/metrics", "cross-site", "image", 403),
        (f"{V1}/session", "same-origin", "empty", 200),
    ],
)
async def test_pages_of_others_may_only_link_here(
    http: httpx.AsyncClient, path: str, site: str, destination: str, status: int
) -> None:
    """What a browser says of its reason: another site may lead a person to the page, and load nothing of it."""
    sent = HTML | {"sec-fetch-site": site, "sec-fetch-dest": destination}
    assert (await http.get(path, headers=sent)).status_code == status
