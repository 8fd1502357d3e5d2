"""Answers of the admin API on their way out: tags, 304, compression."""

from __future__ import annotations

import httpx
import pytest

from admin_backend import MemoryBackend, view
from admin_port import V1, Clients
from hookwright.limits import ADMIN_TAGGED_BYTES


async def test_an_unchanged_list_is_304_until_it_changes(
    backend: MemoryBackend, admin: httpx.AsyncClient
) -> None:
    """Who holds an answer gets nothing again; one row that changed makes it another answer."""
    first = await admin.get(f"{V1}/webhooks?limit=50")
    again = {"if-none-match": first.headers["etag"]}
    same = await admin.get(f"{V1}/webhooks?limit=50", headers=again)
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == first.headers["etag"]
    assert same.headers["cache-control"] == "no-store"
    backend.views[0] = view("ops/jira", active=False, pending=1)
    changed = await admin.get(f"{V1}/webhooks?limit=50", headers=again)
    assert (changed.status_code, changed.json()["items"][0]["pending"]) == (200, 1)


@pytest.mark.parametrize("path", ["/webhooks/no/where", "/webhooks?limit=0"])
async def test_a_refusal_has_no_tag(admin: httpx.AsyncClient, path: str) -> None:
    """It is always told."""
    answer = await admin.get(V1 + path)
    assert answer.status_code in (400, 404)
    assert "etag" not in answer.headers


async def test_a_list_too_long_for_a_tag_comes_whole(
    backend: MemoryBackend, admin: httpx.AsyncClient
) -> None:
    """It is held back no further than the bound, and nothing of it is lost."""
    backend.views = [view(f"shop/w{number:05}", message="x" * 200) for number in range(2000)]
    answer = await admin.get(f"{V1}/webhooks")
    assert "etag" not in answer.headers
    assert len(answer.content) > ADMIN_TAGGED_BYTES
    assert [each["webhook"] for each in answer.json()["items"]] == [each.webhook for each in backend.views]


async def test_a_table_is_packed_for_who_takes_it(backend: MemoryBackend, client: Clients) -> None:
    """To at most a sixth; to others it goes out as it is, and a small answer to everybody."""
    backend.views = [view(f"shop/w{number:05}") for number in range(50)]
    sizes = {}
    async with client() as http:
        for accepted in ("gzip, br", "identity"):
            request = http.build_request(
                "GET", f"{V1}/webhooks?limit=50", headers={"accept-encoding": accepted}
            )
            answer = await http.send(request, stream=True)
            raw = b"".join([piece async for piece in answer.aiter_raw()])
            sizes[answer.headers.get("content-encoding")] = len(raw)
            assert answer.headers["vary"].lower() == "accept-encoding"
        small = await http.get(f"{V1}/session", headers={"accept-encoding": "gzip"})
    assert sizes["gzip"] * 6 < sizes[None]
    assert "content-encoding" not in small.headers


async def test_metrics_are_neither_packed_nor_tagged(admin: httpx.AsyncClient) -> None:
    """They are megabytes, asked for by machines, and always new."""
    answer = await admin.get("/metrics", headers={"accept-encoding": "gzip"})
    assert not {"content-encoding", "etag"} & set(answer.headers)
