"""Asking dispatchers: reports of those that answer, and every failure as one sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.json_server import JsonServer
from hookwright.api.admin import RunRequest
from hookwright.api.v1alpha1.webhooktest import WebhookTestSpec
from hookwright.controller.dispatchers import Dispatchers
from hookwright.errors import ClusterError

SUMMARY = {
    "version": "0.1.0", "configHash": "h1", "started": "2026-01-02T03:04:05Z", "webhooks": 1, "held": 0, "gone": 0,
    "pending": 0, "deadLetters": 0, "inFlight": 0,
}  # fmt: skip
VIEW = {"webhook": "shop/w", "active": True, "configHash": "c1", "state": "running", "fromTheFuture": 1}
RUN = {
    "runID": "r1", "test": "shop/t", "webhook": "shop/w", "mode": "Send", "result": "Test successful",
    "message": "200.", "testedConfigHash": "c1", "time": "2026-01-02T03:04:05Z",
}  # fmt: skip


class Asked:
    """A replica on 127.0.0.1 that answers what it was told, and the client."""

    def __init__(self) -> None:
        self.server = JsonServer()
        self.client = Dispatchers(self.server.port, lambda: "t0ken")

    def answers(self, path: str, *answers: tuple[int, Any]) -> None:
        """What a path answers, one after the other."""
        self.server.answers[f"/admin/v1/{path}"] = list(answers)


@pytest.fixture
async def asked() -> AsyncIterator[Asked]:
    """A replica that knows no answer yet."""
    running = Asked()
    yield running
    await running.client.close()
    running.server.close()


async def test_a_report_holds_what_it_runs(asked: Asked) -> None:
    """Asked with the admin token; members of a newer release are no harm."""
    asked.answers("summary", (200, SUMMARY | {"configProblem": "Too large."}))
    asked.answers("webhooks", (200, {"items": [VIEW]}))
    errors = await asked.client.look(["127.0.0.1"])
    (report,) = asked.client.reports
    assert (report.config_hash, report.webhooks["shop/w"].config_hash, errors) == ("h1", "c1", [])
    assert report.problem == "Too large."
    assert {headers["authorization"] for _, _, _, headers, _ in asked.server.asked} == {"Bearer t0ken"}


def view(name: str, **fields: Any) -> dict[str, Any]:
    """A running webhook."""
    return VIEW | {"webhook": name} | fields


def changes(since: str, *items: Any, **fields: Any) -> tuple[int, Any]:
    """An answer to `since`: the first of everything unless `anew` says otherwise."""
    return 200, {"items": list(items), "removed": [], "anew": True, "next": None, "since": since} | fields


async def test_a_second_look_asks_only_for_what_changed(asked: Asked) -> None:
    """What changed replaces what was known, what was removed is gone, everything else stays known."""
    asked.answers("summary", *[(200, SUMMARY)] * 2)
    asked.answers(
        "webhooks",
        changes("s1.3", view("shop/a"), view("shop/b"), view("shop/c")),
        changes("s1.5", view("shop/b", configHash="c2"), removed=["shop/c", "shop/never"], anew=False),
    )
    await asked.client.look(["127.0.0.1"])
    before = asked.client.reports[0].webhooks
    await asked.client.look(["127.0.0.1"])
    (report,) = asked.client.reports
    assert {key: each.config_hash for key, each in report.webhooks.items()} == {
        "shop/a": "c1",
        "shop/b": "c2",
    }
    assert sorted(before) == ["shop/a", "shop/b", "shop/c"]
    assert [query.get("since") for _, path, query, _, _ in asked.server.asked if "webhooks" in path] == [
        None, ["s1.3"],
    ]  # fmt: skip


async def test_what_changed_in_pages(asked: Asked) -> None:
    """Until nothing follows; more than there is of everything is left to the next look."""
    asked.answers("summary", *[(200, SUMMARY | {"webhooks": 2})] * 2)
    asked.answers(
        "webhooks",
        changes("s1.1", view("shop/a"), next="s1.1"),
        changes("s1.2", view("shop/b"), anew=False),
        changes("s1.3", view("shop/a"), anew=False, next="s1.3"),
        changes("s1.4", view("shop/b"), anew=False, next="s1.4"),
        changes("s1.5", view("shop/a"), anew=False, next="s1.5"),
    )
    await asked.client.look(["127.0.0.1"])
    assert sorted(asked.client.reports[0].webhooks) == ["shop/a", "shop/b"]
    assert await asked.client.look(["127.0.0.1"]) == []
    since = [query.get("since") for _, path, query, _, _ in asked.server.asked if "webhooks" in path]
    assert since == [None, ["s1.1"], ["s1.2"], ["s1.3"], ["s1.4"]]


async def test_whether_anything_changed_is_told(asked: Asked) -> None:
    """At rest nothing did; a view, the configuration in force, or a replica that is gone is a change."""
    asked.answers("summary", *[(200, SUMMARY)] * 3, (200, SUMMARY | {"configHash": "h2"}))
    asked.answers(
        "webhooks",
        changes("s1.1", view("shop/a")),
        changes("s1.1", anew=False),
        changes("s1.2", view("shop/a", pending=1), anew=False),
        changes("s1.2", anew=False),
    )
    told = []
    for addresses in (["127.0.0.1"], ["127.0.0.1"], ["127.0.0.1"], ["127.0.0.1"], []):
        await asked.client.look(addresses)
        told.append(asked.client.changed)
    assert told == [True, False, True, True, True]


async def test_a_replica_that_started_anew_tells_everything(asked: Asked) -> None:
    """What was known of the process before is void; so it is of one that told everything without being asked."""
    asked.answers("summary", *[(200, SUMMARY)] * 3)
    asked.answers(
        "webhooks",
        changes("s1.2", view("shop/a"), view("shop/b")),
        changes("s2.1", view("shop/b")),
        (200, {"items": [view("shop/old")], "next": None}),
    )
    seen = []
    for _ in range(3):
        await asked.client.look(["127.0.0.1"])
        seen.append(sorted(asked.client.reports[0].webhooks))
    assert seen == [["shop/a", "shop/b"], ["shop/b"], ["shop/old"]]


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ((401, {}), 401, "answered 401 to /admin/v1/summary"),
        ((200, []), None, "did not answer in JSON"),
        ((200, {"items": 1}), None, "does not answer as this release does"),
    ],
)
async def test_a_replica_that_answers_otherwise_is_left_out(
    asked: Asked, answer: tuple[int, Any], status: int | None, said: str
) -> None:
    """With the reason, and without the token in it."""
    asked.answers("summary", answer)
    asked.answers("webhooks", (200, {"items": []}))
    (error,) = await asked.client.look(["127.0.0.1"])
    assert (asked.client.reports, error.status) == ([], status)
    assert said in str(error)
    assert "t0ken" not in str(error)


async def test_a_replica_that_is_away_hides_no_other(asked: Asked) -> None:
    """One report of two."""
    asked.answers("summary", (200, SUMMARY))
    asked.answers("webhooks", (200, {"items": []}))
    (error,) = await asked.client.look(["127.0.0.2", "127.0.0.1"])
    assert [report.address for report in asked.client.reports] == ["127.0.0.1"]
    assert "127.0.0.2 does not answer" in str(error)


async def test_of_a_webhook_that_moved_each_replica_says_whether_it_has_it(asked: Asked) -> None:
    """By what changed alone; nothing stays of a replica that is not there any more."""
    other = JsonServer("127.0.0.2", port=asked.server.port)
    try:
        asked.answers("summary", *[(200, SUMMARY)] * 2)
        other.answers["/admin/v1/summary"] = [(200, SUMMARY | {"owned": 0})] * 3
        asked.answers(
            "webhooks",
            changes("a.1", view("shop/w", pending=3)),
            changes("a.2", view("shop/w", owned=False), anew=False),
        )
        other.answers["/admin/v1/webhooks"] = [
            changes("b.1", view("shop/w", owned=False)),
            changes("b.2", view("shop/w", pending=2), anew=False),
            changes("b.2", anew=False),
        ]
        seen = []
        for addresses in (["127.0.0.1", "127.0.0.2"], ["127.0.0.1", "127.0.0.2"], ["127.0.0.2"]):
            assert await asked.client.look(addresses) == []
            views = [report.webhooks["shop/w"] for report in asked.client.reports]
            seen.append([(each.owned, each.pending) for each in views])
        assert seen == [[(True, 3), (False, 0)], [(False, 0), (True, 2)], [(True, 2)]]
    finally:
        other.close()


async def test_a_test_is_posted_without_the_webhook(asked: Asked) -> None:
    """No secret goes over this port: the replica tests what it has loaded."""
    asked.answers("tests", (200, RUN), (503, {}))
    spec = WebhookTestSpec.model_validate({"webhookRef": {"name": "w"}})
    request = RunRequest(run_id="r1", test="shop/t", spec=spec)
    run = await asked.client.test("127.0.0.1", request)
    assert run.tested_config_hash == "c1"
    body = asked.server.asked[0][4]
    assert (body["runID"], body["test"], body["spec"]["webhookRef"]) == ("r1", "shop/t", {"name": "w"})
    assert "webhook" not in body
    with pytest.raises(ClusterError, match="answered 503"):
        await asked.client.test("127.0.0.1", request)
