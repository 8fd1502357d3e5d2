"""The admin port of SPEC 7: what each path answers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from admin_backend import MemoryBackend, dead_letter, invocation
from admin_port import V1, assert_problem
from hookwright.api.admin import Explanation
from hookwright.errors import EventError
from hookwright.store.port import AttemptSelector, ReplaySelector


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


async def test_webhooks_in_pages_by_key(admin: httpx.AsyncClient) -> None:
    """`next` of a page is `after` of the one behind it; without a limit a page holds fifty."""
    first = (await admin.get(f"{V1}/webhooks", params={"limit": "1"})).json()
    assert ([item["webhook"] for item in first["items"]], first["next"]) == (["ops/jira"], "ops/jira")
    last = (await admin.get(f"{V1}/webhooks", params={"after": "ops/jira"})).json()
    assert ([item["webhook"] for item in last["items"]], last["next"]) == (["shop/slack"], None)


async def test_webhooks_that_are_looked_for(admin: httpx.AsyncClient) -> None:
    """A page says how many fit, where it stands, and what other choices would find."""
    query = {"q": "SLACK", "state": "dead", "sort": "attention", "order": "desc"}
    answer = (await admin.get(f"{V1}/webhooks", params=query)).json()
    assert (answer["items"], answer["total"], answer["skipped"]) == ([], 0, 0)
    assert (answer["counts"]["all"], answer["counts"]["dead"]) == (1, 0)
    assert answer["namespaces"] == {"ops": 1, "shop": 1}
    off = (await admin.get(f"{V1}/webhooks", params={"active": "false", "namespace": "ops"})).json()
    assert [item["webhook"] for item in off["items"]] == ["ops/jira"]


async def test_webhooks_in_pages_forwards_and_back(admin: httpx.AsyncClient) -> None:
    """`next` and `previous` are marks of the order they came with; an empty one is the first page."""
    asked = {"sort": "attention", "limit": "1"}
    first = (await admin.get(f"{V1}/webhooks", params=asked)).json()
    last = (await admin.get(f"{V1}/webhooks", params=asked | {"after": first["next"]})).json()
    assert [first["items"][0]["webhook"], last["items"][0]["webhook"]] == ["shop/slack", "ops/jira"]
    assert (first["previous"], last["previous"], last["next"]) == (None, "", None)
    back = (await admin.get(f"{V1}/webhooks", params=asked | {"after": last["previous"]})).json()
    assert back == first


async def test_webhooks_that_changed_since(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """What changed, what is gone, and what to ask with the next time; more of it in pages."""
    backend.changed.note(["ops/jira", "shop/slack"])
    first = (await admin.get(f"{V1}/webhooks", params={"since": "", "limit": "1"})).json()
    assert ([item["webhook"] for item in first["items"]], first["anew"]) == (["ops/jira"], True)
    assert first["next"] == first["since"] == "s1.1"
    backend.changed.note(["ops/gone"])
    rest = (await admin.get(f"{V1}/webhooks", params={"since": "s1.1"})).json()
    assert [item["webhook"] for item in rest.pop("items")] == ["shop/slack"]
    assert rest == {"next": None, "since": "s1.3", "removed": ["ops/gone"], "anew": False}


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ({"limit": "0"}, "limit is a number from 1 to 500"),
        ({"after": "slack"}, "after is written as namespace/name"),
        ({"since": "", "after": "a/b"}, "only limit goes with it"),
        ({"since": "", "q": "a"}, "only limit goes with it"),
        ({"q": "x" * 257}, "q has at most 256 characters"),
        ({"namespace": "Not a label"}, "namespace is a DNS label"),
        ({"state": "dying"}, "state must be one of dead, failing"),
        ({"active": "yes"}, "active must be one of false, true"),
        ({"sort": "age"}, "sort must be one of attention"),
        ({"order": "up"}, "order must be one of asc, desc"),
        ({"sort": "dead", "after": "ops/jira"}, "after is the next of an earlier page with the same sort"),
        ({"before": "1"}, "'before' is no parameter here"),
    ],
)
async def test_a_page_of_webhooks_that_cannot_be_read_is_400(
    admin: httpx.AsyncClient, query: dict[str, str], part: str
) -> None:
    """A mistake never selects everything."""
    assert_problem(await admin.get(f"{V1}/webhooks", params=query), 400, part)


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
    ({"failed": "yes"}, "failed must be one of false, true"),
    ({"status": "50x"}, "status is a number such as 503, or a hundred such as 5xx"),
    ({"since": "yesterday"}, "since is a time such as"),
    ({"delivery": "AR-1"}, "delivery is the id of a delivery"),
    ({"after": "-1"}, "after is the next of an earlier page"),
    ({"fields": "all"}, "fields must be one of summary"),
    ({"webook": "shop/slack"}, "'webook' is no parameter here"),
]


@pytest.mark.parametrize(("query", "part"), WRONG)
async def test_a_selector_that_cannot_be_read_is_400(
    admin: httpx.AsyncClient, query: dict[str, str], part: str
) -> None:
    """A mistake never selects everything."""
    assert_problem(await admin.get(f"{V1}/invocations", params=query), 400, part)


async def test_one_delivery_by_its_id(admin: httpx.AsyncClient) -> None:
    """What is not there is 404."""
    assert (await admin.get(f"{V1}/deliveries/dlv_1")).json()["state"] == "delivered"
    assert_problem(await admin.get(f"{V1}/deliveries/dlv_9"), 404, "no such delivery")


async def test_a_history_can_be_asked_by_what_came_of_it(
    admin: httpx.AsyncClient, backend: MemoryBackend
) -> None:
    """Delivery, failure, status (or a hundred of them), time, and no more than a summary."""
    query = {
        "delivery": "dlv_7", "failed": "true", "status": "5xx", "since": "1970-01-01T00:00:01Z",
        "until": "1970-01-01T00:00:02Z", "after": "4", "fields": "summary",
    }  # fmt: skip
    await admin.get(f"{V1}/invocations", params=query)
    await admin.get(f"{V1}/invocations", params={"status": "404", "failed": "false"})
    assert backend.selected == [
        (AttemptSelector(delivery=7, failed=True, statuses=(500, 599), since=1000, until=2000), 4, True),
        (AttemptSelector(statuses=(404, 404)), None, False),
    ]


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
    assert answer.json() == {"replayed": 1, "remaining": 0, "ids": ["dlv_2"]}
    assert [asked["ids"] for asked in backend.replays] == [["dlv_2", "dlv_9"]]


async def test_replay_by_webhook_and_time(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """A time is RFC 3339 with a zone, handed on in milliseconds."""
    body = {"webhook": "shop/slack", "since": "1970-01-01T01:00:01+01:00", "until": "1970-01-01T00:00:02.5Z"}
    assert (await admin.post(f"{V1}/replays", json=body)).status_code == 200
    asked = ReplaySelector(route="shop/slack", since=1000, until=2500)
    assert backend.replays == [{"selector": asked, "ids": [], "limit": None, "dry_run": False}]


async def test_replay_in_steps(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """Without ids the answer says how many are left and not which; a dry run only counts."""
    backend.dead = [dead_letter(f"dlv_{n}") for n in range(3)]
    body = {"reason": "Rejected", "limit": 2}
    assert (await admin.post(f"{V1}/replays", json=body | {"dryRun": True})).json() == {
        "replayed": 0,
        "remaining": 3,
    }
    assert (await admin.post(f"{V1}/replays", json=body)).json() == {"replayed": 2, "remaining": 1}
    assert (await admin.post(f"{V1}/replays", json=body)).json() == {"replayed": 1, "remaining": 0}


async def test_dead_letters_by_webhook_and_reason(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """How many of each, with the newest's message, in pages; a reason and a time select single ones."""
    old, new = (dead_letter(f"dlv_{n}", time=f"2026-01-0{n}T00:00:00.000Z") for n in (1, 2))
    backend.dead = [new, dead_letter("dlv_9", "ops/jira"), old]
    page = (await admin.get(f"{V1}/dead-letters/groups", params={"limit": 1})).json()
    assert page["items"] == [
        {
            "webhook": "shop/slack",
            "reason": "Rejected",
            "count": 2,
            "message": new.message,
            "newest": new.time,
            "oldest": old.time,
        }
    ]
    rest = (await admin.get(f"{V1}/dead-letters/groups", params={"before": page["next"]})).json()
    assert ([item["webhook"] for item in rest["items"]], rest["next"]) == (["ops/jira"], None)
    asked = {"webhook": "shop/slack", "reason": "Rejected", "until": "2026-01-02T00:00:00Z"}
    letters = (await admin.get(f"{V1}/dead-letters", params=asked)).json()
    assert [item["id"] for item in letters["items"]] == ["dlv_1"]


async def test_a_webhook_is_tried_now(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """The answer is the webhook as it then stands; what cannot be tried is a sentence."""
    answer = await admin.post(f"{V1}/webhooks/shop/slack/probe")
    assert (answer.status_code, answer.json()["webhook"], backend.retried) == (
        200,
        "shop/slack",
        ["shop/slack"],
    )
    assert_problem(await admin.post(f"{V1}/webhooks/shop/nothing/probe"), 404, "no webhook shop/nothing")
    backend.raising = EventError("shop/slack is gone.", status=409)
    assert_problem(await admin.post(f"{V1}/webhooks/shop/slack/probe"), 409, "is gone")


async def test_replay_since_a_duration(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """2h means two hours before now, by the dispatcher's clock."""
    await admin.post(f"{V1}/replays", json={"since": "2h", "until": "1h"})
    (asked,) = backend.replays
    assert asked["selector"].until - asked["selector"].since == pytest.approx(3_600_000, abs=1000)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "Say what to replay"),
        ({"ids": []}, "Say what to replay"),
        ({"webhook": "slack"}, "namespace/name"),
        ({"reason": "rejected"}, "reason must be one of Backlog, Exhausted"),
        ({"webhook": "shop/slack", "limit": 0}, "limit: "),
        ({"dryRun": True}, "Say what to replay"),
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


RUN = {"runID": "r1", "test": "shop/slack-works", "spec": {"webhookRef": {"name": "slack"}, "mode": "Render"}}


async def test_a_test_runs_once_per_run_id(backend: MemoryBackend, admin: httpx.AsyncClient) -> None:
    """The body is a WebhookTest's spec in its own JSON names; asking again answers the same run."""
    first = await admin.post(f"{V1}/tests", json=RUN)
    again = await admin.post(f"{V1}/tests", json=RUN | {"eventFrom": None, "webhook": None})
    assert first.json() == again.json()
    assert (first.json()["webhook"], first.json()["mode"], first.json()["runID"]) == (
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
        (RUN | {"runID": ""}, "runID: "),
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
