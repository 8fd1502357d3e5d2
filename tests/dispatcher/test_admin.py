"""The admin port of SPEC 7: paths, selectors, bodies, who may ask, and errors as problem documents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from admin_backend import MemoryBackend, dead_letter, invocation, view
from hookwright.api.admin import Explanation
from hookwright.dispatcher.admin import admin_app
from hookwright.dispatcher.hosts import HostGuard
from hookwright.dispatcher.tokens import Tokens
from hookwright.errors import EventError, StoreFull

TOKEN = "t0ken-of-the-admin"
V1 = "/admin/v1"
PATHS = [
    ("GET", "/summary"),
    ("GET", "/webhooks"),
    ("GET", "/webhooks/shop/slack"),
    ("GET", "/invocations"),
    ("GET", "/invocations/dlv_1.1"),
    ("GET", "/dead-letters"),
    ("POST", "/replays"),
    ("POST", "/tests"),
    ("POST", "/explain"),
    ("POST", "/webhooks/shop/slack/invoke"),
]


@pytest.fixture
def backend() -> MemoryBackend:
    """Two webhooks, three invocations, one dead letter."""
    return MemoryBackend(
        views=[view("ops/jira", active=False), view("shop/slack")],
        history=[
            invocation("dlv_3.1", "ops/jira", friendly_id="AR-7"),
            invocation("dlv_2.1", result="Rejected"),
            invocation("dlv_1.1", kind="Manual"),
        ],
        dead=[dead_letter("dlv_2")],
    )


class Clients:
    """Makes clients of one admin port that accepts two tokens."""

    def __init__(self, backend: MemoryBackend, file: Path) -> None:
        file.write_text(f"{TOKEN}\nsecond\n")
        self._app = admin_app(backend, tokens=Tokens(file), hosts=HostGuard(["hookwright.hooks.svc"]))

    def __call__(self, *, host: str = "127.0.0.1:8081", **headers: str) -> httpx.AsyncClient:
        """A client that sends the token, unless another `authorization` ("": none) is given."""
        sent = {"authorization": f"Bearer {TOKEN}"} | headers
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self._app, raise_app_exceptions=False),
            base_url=f"http://{host}",
            headers={name: value for name, value in sent.items() if value},
        )


@pytest.fixture
def client(backend: MemoryBackend, tmp_path: Path) -> Clients:
    """A maker of clients."""
    return Clients(backend, tmp_path / "token")


@pytest.fixture
async def admin(client: Clients) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the token."""
    async with client() as http:
        yield http


def assert_problem(answer: httpx.Response, status: int, part: str = "") -> None:
    """The answer is a problem document of that status whose detail is one sentence with `part`."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert document["title"]
    assert part in document["detail"]
    assert document["detail"].endswith(".")


@pytest.mark.parametrize(
    ("path", "body"), [("/healthz", b"ok\n"), ("/readyz", b"ready\n"), ("/metrics", b"hookwright_up 1\n")]
)
async def test_probes_and_metrics_need_no_token(client: Clients, path: str, body: bytes) -> None:
    """kubelet and Prometheus bring none."""
    async with client(authorization="") as http:
        answer = await http.get(path)
    assert (answer.status_code, answer.content) == (200, body)


async def test_not_ready_says_why(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """Readiness is 503 with the reason; liveness is not touched by it."""
    backend.not_ready = "No complete configuration has been loaded yet."
    assert_problem(await admin.get("/readyz"), 503, "No complete configuration")
    assert (await admin.get("/healthz")).status_code == 200


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
    transport = httpx.ASGITransport(admin_app(backend, tokens=None, hosts=HostGuard()))
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


async def test_the_summary_in_json_names(admin: httpx.AsyncClient) -> None:
    """camelCase, as everywhere."""
    summary = (await admin.get(f"{V1}/summary")).json()
    assert (summary["configHash"], summary["webhooks"], summary["deadLetters"]) == ("c1", 2, 1)


async def test_webhooks_all_and_one(admin: httpx.AsyncClient) -> None:
    """Several are items, one is the object, an unknown one is 404."""
    several = (await admin.get(f"{V1}/webhooks")).json()
    assert [item["webhook"] for item in several["items"]] == ["ops/jira", "shop/slack"]
    assert several["next"] is None
    one = (await admin.get(f"{V1}/webhooks/ops/jira")).json()
    assert (one["webhook"], one["active"], one["configHash"]) == ("ops/jira", False, "h1")
    assert_problem(await admin.get(f"{V1}/webhooks/ops/none"), 404, "ops/none")


SELECTED = [
    ({}, ["dlv_3.1", "dlv_2.1", "dlv_1.1"]),
    ({"webhook": "ops/jira"}, ["dlv_3.1"]),
    ({"result": "Rejected"}, ["dlv_2.1"]),
    ({"friendlyID": "AR-7"}, ["dlv_3.1"]),
    ({"kind": "Manual"}, ["dlv_1.1"]),
    ({"webhook": "shop/slack", "result": "Gone"}, []),
    ({"limit": "2"}, ["dlv_3.1", "dlv_2.1"]),
]


@pytest.mark.parametrize(("query", "ids"), SELECTED)
async def test_invocations_by_selector(
    admin: httpx.AsyncClient, query: dict[str, str], ids: list[str]
) -> None:
    """Each selector narrows; together they all hold."""
    page = (await admin.get(f"{V1}/invocations", params=query)).json()
    assert [item["id"] for item in page["items"]] == ids


async def test_pages_follow_one_another(admin: httpx.AsyncClient) -> None:
    """`next` of a page is `before` of the one after, until it is null."""
    seen, query = [], {"limit": "1"}
    while True:
        page = (await admin.get(f"{V1}/invocations", params=query)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["before"] = page["next"]
    assert seen == ["dlv_3.1", "dlv_2.1", "dlv_1.1"]


WRONG = [
    ({"limit": "0"}, "limit is a number from 1 to 500"),
    ({"limit": "501"}, "limit"),
    ({"limit": "many"}, "limit"),
    ({"before": "x"}, "before is the next of an earlier page"),
    ({"webhook": "slack"}, "webhook is written as namespace/name"),
    ({"result": "delivered"}, "result must be one of Delivered"),
    ({"kind": "delivery"}, "kind must be one of"),
    ({"webook": "shop/slack"}, "'webook' is no parameter here"),
]


@pytest.mark.parametrize(("query", "part"), WRONG)
async def test_a_selector_that_cannot_be_read_is_400(
    admin: httpx.AsyncClient, query: dict[str, str], part: str
) -> None:
    """A mistake never selects everything."""
    assert_problem(await admin.get(f"{V1}/invocations", params=query), 400, part)


async def test_one_invocation_by_invocation_or_delivery_id(admin: httpx.AsyncClient) -> None:
    """`--id` takes either; what the history does not hold is 404."""
    for identifier in ("dlv_2.1", "dlv_2"):
        assert (await admin.get(f"{V1}/invocations/{identifier}")).json()["result"] == "Rejected"
    assert_problem(await admin.get(f"{V1}/invocations/dlv_9"), 404, "no such invocation")


async def test_dead_letters(admin: httpx.AsyncClient) -> None:
    """All of them, or those of one webhook."""
    page = (await admin.get(f"{V1}/dead-letters")).json()
    assert [(item["id"], item["eventID"], item["reason"]) for item in page["items"]] == [
        ("dlv_2", "evt_1", "Rejected")
    ]
    other = (await admin.get(f"{V1}/dead-letters", params={"webhook": "ops/jira"})).json()
    assert other == {"items": [], "next": None}


async def test_replay_by_id(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """Ids that are dead letters are replayed; the answer says which those were."""
    answer = await admin.post(f"{V1}/replays", json={"ids": ["dlv_2", "dlv_9"]})
    assert answer.json() == {"replayed": 1, "ids": ["dlv_2"]}
    assert backend.replays == [{"ids": ["dlv_2", "dlv_9"], "webhook": None, "since": None, "until": None}]


async def test_replay_by_webhook_and_time(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """A time is RFC 3339 with a zone, handed on in milliseconds."""
    body = {"webhook": "shop/slack", "since": "1970-01-01T01:00:01+01:00", "until": "1970-01-01T00:00:02.5Z"}
    assert (await admin.post(f"{V1}/replays", json=body)).status_code == 200
    assert backend.replays == [{"ids": [], "webhook": "shop/slack", "since": 1000, "until": 2500}]


async def test_replay_since_a_duration(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """2h means two hours before now, by the dispatcher's clock."""
    await admin.post(f"{V1}/replays", json={"since": "2h", "until": "1h"})
    (asked,) = backend.replays
    assert asked["until"] - asked["since"] == pytest.approx(3_600_000, abs=1000)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "Say what to replay"),
        ({"ids": []}, "Say what to replay"),
        ({"webhook": "slack"}, "namespace/name"),
        ({"since": "yesterday"}, "since is a time such as"),
        ({"since": "2026-01-02T03:04:05"}, "since is a time such as"),
        ({"id": ["dlv_2"]}, "id: "),
        ({"ids": "dlv_2"}, "ids: "),
        ({"ids": ["x"] * 10_001}, "ids: "),
        ([], "the body: "),
    ],
)
async def test_a_replay_without_a_selector_is_refused(
    backend: MemoryBackend, admin: httpx.AsyncClient, body: Any, part: str
) -> None:
    """Nothing is replayed by a body that names nothing or cannot be read."""
    assert_problem(await admin.post(f"{V1}/replays", json=body), 400, part)
    assert backend.replays == []


RUN = {"runId": "r1", "test": "shop/slack-works", "spec": {"webhookRef": {"name": "slack"}, "mode": "Render"}}


async def test_a_test_runs_once_per_run_id(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """The body is a WebhookTest's spec in its own JSON names; asking again answers the same run."""
    first = await admin.post(f"{V1}/tests", json=RUN)
    again = await admin.post(f"{V1}/tests", json=RUN | {"eventFrom": None, "webhook": None})
    assert first.json() == again.json()
    assert (first.json()["webhook"], first.json()["mode"], first.json()["runId"]) == (
        "shop/slack",
        "Render",
        "r1",
    )
    assert list(backend.runs) == ["r1"]


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (RUN | {"spec": {}}, "spec.webhookRef: Field required"),
        (RUN | {"spec": {"webhookRef": {"name": 7}}}, "spec.webhookRef.name: "),
        (RUN | {"runId": ""}, "runId: "),
        (RUN | {"webhook": {"namespace": "shop", "secrets": {"s/k": 5}}}, "webhook."),
    ],
)
async def test_a_test_that_cannot_be_read_names_the_field(
    admin: httpx.AsyncClient, body: Any, part: str
) -> None:
    """400 with the place of the mistake."""
    assert_problem(await admin.post(f"{V1}/tests", json=body), 400, part)


async def test_a_bad_body_is_not_echoed(admin: httpx.AsyncClient) -> None:
    """What was sent may hold credentials: the error names fields and never values."""
    body = RUN | {"webhook": {"namespace": "shop", "secrets": {"s/k": ["hunter2-hunter2"]}}}
    answer = await admin.post(f"{V1}/tests", json=body)
    assert answer.status_code == 400
    assert "hunter2" not in answer.text


async def test_invoke_shows_request_and_response(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """A delivered run is 200 with the invocation; the event is handed on as it was sent."""
    backend.invoked = invocation("dlv_5.1", kind="Manual")
    answer = await admin.post(f"{V1}/webhooks/shop/slack/invoke", json={"event_type": "Manual", "data": {}})
    assert (answer.status_code, answer.json()["id"]) == (200, "dlv_5.1")
    (event,) = backend.events
    assert event is not None
    assert (event.trigger, event.raw) == ("Manual", b'{"event_type":"Manual","data":{}}')


async def test_invoke_without_a_body_sends_the_sample(
    backend: MemoryBackend, admin: httpx.AsyncClient
) -> None:
    """No body and no content type is fine."""
    backend.invoked = invocation("dlv_5.1", kind="Manual")
    assert (await admin.post(f"{V1}/webhooks/shop/slack/invoke")).status_code == 200
    assert backend.events == [None]


async def test_a_failed_invoke_is_502_with_the_reason(
    backend: MemoryBackend, admin: httpx.AsyncClient
) -> None:
    """The problem says what happened and carries the whole invocation."""
    backend.invoked = invocation("dlv_5.1", result="Rejected", message="The target answered 404 Not Found.")
    answer = await admin.post(f"{V1}/webhooks/shop/slack/invoke")
    assert_problem(answer, 502, "404 Not Found")
    assert answer.json()["invocation"]["result"] == "Rejected"


@pytest.mark.parametrize(("name", "status"), [("none", 404), ("slack", 409)])
async def test_invoke_needs_a_webhook_that_lists_manual(
    admin: httpx.AsyncClient, name: str, status: int
) -> None:
    """Unknown is 404, without Manual 409."""
    assert_problem(await admin.post(f"{V1}/webhooks/shop/{name}/invoke"), status, f"shop/{name}")


async def test_explain_says_why_not(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """The event and the namespace it would be posted to are handed on; one item per webhook comes back."""
    reasons = ["Its trigger is Manual."]
    backend.explanations = [Explanation(webhook="shop/slack", matched=False, reasons=reasons)]
    event = {"event_type": "RequestCreated"}
    answer = await admin.post(f"{V1}/explain", params={"namespace": "shop"}, json=event)
    assert answer.json()["items"] == [{"webhook": "shop/slack", "matched": False, "reasons": reasons}]
    ((asked, namespace),) = backend.explained
    assert (asked.trigger, namespace) == ("RequestCreated", "shop")


async def test_explain_takes_binary_cloudevents(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """Whatever mode the event port takes as JSON: here attributes stand in headers."""
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "dev.example.deployed"}
    assert (await admin.post(f"{V1}/explain", json={"a": 1}, headers=headers)).status_code == 200
    assert [event.trigger for event, _ in backend.explained] == ["dev.example.deployed"]


@pytest.mark.parametrize("body", [[], [{"event_type": "Manual"}] * 2, {"no": "type"}, "text"])
async def test_invoke_takes_one_event(backend: MemoryBackend, admin: httpx.AsyncClient, body: Any) -> None:
    """A list or something else is refused with a sentence, and nothing is run."""
    backend.invoked = invocation("dlv_5.1")
    answer = await admin.post(f"{V1}/webhooks/shop/slack/invoke", json=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert backend.events == []


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
