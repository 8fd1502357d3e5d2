"""The status of a WebhookTest and when it runs (SPEC 6), YAML in, conditions and due runs out."""

from __future__ import annotations

import pytest

from controller.world import World
from hookwright.api.admin import Assertion, Invocation, RequestRecord, ResponseRecord
from hookwright.controller.conditions import found

WEBHOOK = """
kind: Webhook
metadata: {name: w}
spec: {url: "https://a.example/x", triggers: [RequestCreated]}
"""
TEST = """
kind: WebhookTest
metadata: {name: t}
spec: {webhookRef: {name: w}}
"""
PASSED = ["Ready True TestPassed", "Finished True TestPassed"]
FAILED = ["Ready False TestFailed", "Stalled True TestFailed", "Finished True TestFailed"]


def waits(reason: str) -> list[str]:
    """Conditions of a test that has no present result."""
    return [f"Ready Unknown {reason}", f"Reconciling True {reason}"]


def due(world: World) -> list[str]:
    """Ids of the runs that are to be started."""
    return [each.run_id for each in world.plan().runs]


def passed(text: str = f"{WEBHOOK}---{TEST}") -> World:
    """A world whose test has passed."""
    world = World(text)
    world.loaded()
    world.answer("t", "w")
    world.settle()
    assert world.conditions("WebhookTest", "t") == PASSED
    return world


def test_it_runs_once_the_dispatcher_has_its_webhook() -> None:
    """Reconciling until then; the run names the webhook's hash, and its answer ends it."""
    world = World(f"{WEBHOOK}---{TEST}")
    world.settle()
    assert (world.conditions("WebhookTest", "t"), due(world)) == (waits("Pending"), [])
    world.loaded()
    world.settle()
    assert world.conditions("WebhookTest", "t") == waits("Running")
    assert due(world) == [world.run_id("t", "w")]
    world.answer("t", "w")
    world.settle()
    assert (world.conditions("WebhookTest", "t"), due(world)) == (PASSED, [])


def test_a_restart_of_the_controller_runs_nothing() -> None:
    """The status alone says that the present run is done: no answer is remembered, nothing is due or written."""
    world = passed()
    world.runs.clear()
    plan = world.plan()
    assert (plan.runs, plan.statuses) == ([], [])


def test_a_failed_test_is_stalled_and_finished() -> None:
    """Waits of Flux and of kubectl end at once."""
    world = World(f"{WEBHOOK}---{TEST}")
    world.loaded()
    world.answer("t", "w", passed=False, hint="Check the path in url.")
    world.settle()
    assert world.conditions("WebhookTest", "t") == FAILED
    status = world.status("WebhookTest", "t")
    assert (status["result"], status["hint"]) == ("Test failed", "Check the path in url.")


@pytest.mark.parametrize(
    "change",
    [
        TEST.replace("name: w}", "name: w}, trigger: RequestCreated"),
        TEST.replace("name: t", 'name: t, annotations: {hookwright.io/requestedAt: "again"}'),
        WEBHOOK.replace("/x", "/y"),
    ],
)
def test_a_change_of_test_webhook_or_request_takes_the_old_result_away(change: str) -> None:
    """A test of an old configuration is never taken for one of the new."""
    world = passed()
    before = world.run_id("t", "w")
    world.apply(change)
    world.settle()
    assert world.conditions("WebhookTest", "t") in (waits("Running"), waits("Pending"))
    assert "result" not in world.status("WebhookTest", "t")
    world.loaded()
    assert due(world) == [world.run_id("t", "w")] != [before]


def test_tests_are_written_before_their_webhook() -> None:
    """Whoever waits for the webhook, then for the test, never meets the old result (SPEC 6)."""
    world = passed()
    world.apply(WEBHOOK.replace("/x", "/y"))
    world.loaded()
    changes = world.plan().statuses
    assert [(change.entry.object.kind, change.of_webhook) for change in changes] == [
        ("WebhookTest", "shop/w"),
        ("Webhook", None),
    ]
    assert changes[0].patch["conditions"][0]["status"] == "Unknown"
    assert changes[1].patch["configHash"] == world.hash("w")


def test_requested_at_is_echoed_with_the_result() -> None:
    """The echo says that this very request was run."""
    world = passed()
    world.apply(TEST.replace("name: t", 'name: t, annotations: {hookwright.io/requestedAt: "one"}'))
    world.settle()
    assert "lastHandledReconcileAt" not in world.status("WebhookTest", "t")
    world.answer("t", "w")
    world.settle()
    assert world.status("WebhookTest", "t")["lastHandledReconcileAt"] == "one"


def test_a_request_of_any_length_is_one_run() -> None:
    """Its echo fits the field; the same request again is no other run, one that begins alike is."""
    world = World(f"{WEBHOOK}---{TEST}")
    runs, echoes = set(), set()
    for requested in ("r" * 5000, "r" * 4999 + "s", "r" * 5000):
        world.apply(
            TEST.replace("name: t", f"name: t, annotations: {{hookwright.io/requestedAt: {requested}}}")
        )
        world.loaded()
        world.answer("t", "w")
        world.settle()
        assert world.conditions("WebhookTest", "t") == PASSED
        runs.add(world.run_id("t", "w"))
        echoes.add(world.status("WebhookTest", "t")["lastHandledReconcileAt"])
    assert (len(runs), len(echoes)) == (2, 2)


def test_what_a_run_says_fits_the_status() -> None:
    """Method, URL, headers and the names of checks, whatever a template or a target made of them."""
    world = World(f"{WEBHOOK}---{TEST}")
    world.loaded()
    invocation = Invocation(
        id="x.1", webhook="shop/w", attempt=1, result="Test failed", time="2026-01-02T03:04:05Z",
        request=RequestRecord(method="M" * 999, url="u" * 99_999, headers={"h" * 999: "\n" * 9999}, body="b" * 99_999),
    )  # fmt: skip
    checks = [Assertion(name="n" * 999, passed=True, expected="e" * 9999, actual="a" * 9999)] * 200
    world.answer("t", "w", passed=False, hint="h" * 9999, invocation=invocation, assertions=checks)
    world.settle()
    assert world.conditions("WebhookTest", "t") == FAILED


def test_a_missing_webhook_is_waited_for() -> None:
    """Reconciling, and it runs when the webhook appears."""
    world = World(TEST)
    world.settle()
    assert world.conditions("WebhookTest", "t") == waits("WebhookNotFound")
    world.apply(WEBHOOK)
    world.loaded()
    world.settle()
    assert due(world) == [world.run_id("t", "w")]


def test_a_webhook_that_waits_for_its_secret_is_waited_for() -> None:
    """The Secret may come with the next manifest: no failed test before it."""
    spec = '{url: "https://a.example/x", triggers: [Manual], signing: {secretRef: {name: s, key: k}}}'
    world = World(f"kind: Webhook\nmetadata: {{name: w}}\nspec: {spec}\n---{TEST}")
    world.loaded()
    world.settle()
    assert (world.conditions("WebhookTest", "t"), due(world)) == (waits("WebhookNotReady"), [])
    assert "Secret s does not exist" in world.status("WebhookTest", "t")["message"]


def test_a_webhook_with_a_mistake_is_tested_at_once() -> None:
    """Nothing will heal it by itself, so the test is to fail now and say why."""
    world = World(WEBHOOK.replace("triggers", 'bodyTemplate: "{{ nope }}", triggers') + f"---{TEST}")
    world.loaded()
    assert due(world) == [world.run_id("t", "w")]


def test_an_invalid_test_ends_every_wait() -> None:
    """Nothing can run: Stalled for Flux, Finished for kubectl."""
    world = World(f"{WEBHOOK}---{TEST.replace('name: w}', 'name: w}, interval: 5m')}")
    world.loaded()
    world.settle()
    assert world.conditions("WebhookTest", "t") == [
        "Ready False InvalidSpec", "Stalled True InvalidSpec", "Finished True InvalidSpec",
    ]  # fmt: skip
    assert due(world) == []


def test_an_event_from_a_config_map_is_part_of_the_run() -> None:
    """Waited for while it is missing; another text is another run."""
    world = World(
        f"{WEBHOOK}---"
        + TEST.replace("name: w}", "name: w}, eventFrom: {configMapKeyRef: {name: c, key: e}}")
    )
    world.loaded()
    world.settle()
    assert world.conditions("WebhookTest", "t") == waits("ConfigMapNotFound")
    ids = []
    for text in ('{"event_type": "AccessRequestCreated"}', '{"event_type": "Manual"}'):
        labels = '{hookwright.io/webhook-config: "true"}'
        world.apply(
            f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, labels: {labels}}}\ndata: {{e: '{text}'}}"
        )
        world.settle()
        (run,) = world.plan().runs
        assert run.event_from == text
        assert run.run_id == world.run_id("t", "w", text)
        ids.append(run.run_id)
    assert ids[0] != ids[1]


def test_an_interval_runs_again_and_keeps_its_result_meanwhile() -> None:
    """One id per turn, the same over a restart; Ready and Finished stay until the new answer."""
    world = passed(f"{WEBHOOK}---{TEST.replace('name: w}', 'name: w}, runPolicy: Interval, interval: 5m')}")
    world.later(299)
    assert due(world) == []
    world.later(2)
    world.runs.clear()
    (again,) = due(world)
    assert again.startswith(world.run_id("t", "w") + ".")
    assert world.plan().statuses == []
    world.answer("t", "w", passed=False, run=again)
    world.settle()
    assert world.conditions("WebhookTest", "t") == FAILED
    assert due(world) == []
    world.later(301)
    assert due(world) not in ([], [again])


def test_the_webhook_counts_its_tests() -> None:
    """total, passed and failed; one that has no present result is neither."""
    second, third = (TEST.replace("name: t", f"name: {name}") for name in ("t2", "t3"))
    world = World(f"{WEBHOOK}---{TEST}---{second}---{third}")
    world.loaded()
    world.answer("t", "w")
    world.answer("t2", "w", passed=False)
    world.settle()
    assert world.status("Webhook", "w")["tests"] == {"total": 3, "passed": 1, "failed": 1}
    for name in ("t", "t2", "t3"):
        world.delete("WebhookTest", name)
    world.settle()
    assert "tests" not in world.status("Webhook", "w")


def test_request_and_answer_are_shown_within_bounds() -> None:
    """Long headers and bodies are cut, control characters escaped; the status has the CRD's members only."""
    world = World(f"{WEBHOOK}---{TEST}")
    world.loaded()
    invocation = Invocation(
        id="x.1", webhook="shop/w", attempt=1, result="Test successful", time="2026-01-02T03:04:05Z",
        request=RequestRecord(method="POST", url="https://a.example/x", headers={"a": "b" * 5000}, body="{}"),
        response=ResponseRecord(status_code=200, headers={f"h{n}": "x" for n in range(90)}, body="\x1b" * 9000),
    )  # fmt: skip
    checks = [Assertion(name="response.statusCode", passed=True, expected="2xx", actual="200")]
    world.answer("t", "w", invocation=invocation, assertions=checks)
    world.settle()
    shown = world.status("WebhookTest", "t")
    assert shown["assertions"] == [
        {"name": "response.statusCode", "passed": True, "expected": "2xx", "actual": "200"}
    ]
    assert set(shown["invocation"]) == {"request", "response", "timings", "attempts"}
    assert len(shown["invocation"]["request"]["headers"]["a"]) == 1024
    assert len(shown["invocation"]["response"]["headers"]) == 64
    assert len(shown["invocation"]["response"]["body"]) == 4096
    assert "\x1b" not in shown["invocation"]["response"]["body"]


def test_an_event_tells_of_each_result() -> None:
    """Passed and failed, not the waiting before."""
    world = World(f"{WEBHOOK}---{TEST}")
    assert [note for change in world.settle().statuses for note in change.notes] == []
    world.loaded()
    world.answer("t", "w", passed=False)
    notes = [
        note for change in world.settle().statuses for note in change.notes if note.kind == "WebhookTest"
    ]
    assert [(note.reason, note.warning) for note in notes] == [("TestFailed", True)]


def test_the_run_stands_in_the_status() -> None:
    """As data for programs, whatever the sentence says; for people, and the release before, in Finished as well."""
    world = passed()
    status = world.status("WebhookTest", "t")
    finished = found(status, "Finished")
    assert finished is not None
    assert finished["message"].startswith(f"Run {world.run_id('t', 'w')} ")
    assert status["runID"] == world.run_id("t", "w")
    world.runs.clear()
    world.write(
        "WebhookTest", "t", conditions=[{**each, "message": "Done."} for each in status["conditions"]]
    )
    assert due(world) == []
    world.write("WebhookTest", "t", runID="another")
    assert due(world) == [world.run_id("t", "w")]


def test_a_result_of_the_release_before_is_taken_over() -> None:
    """It names its run in the sentence of Finished alone: an upgrade sends nothing again, and writes nothing."""
    world = passed()
    world.runs.clear()
    world.write("WebhookTest", "t", runID=None)
    plan = world.plan()
    assert (plan.runs, plan.statuses) == ([], [])
    world.apply(WEBHOOK.replace("/x", "/y"))
    world.loaded()
    assert due(world) == [world.run_id("t", "w")]


def test_a_result_that_is_taken_away_takes_its_run_along() -> None:
    """Else a webhook that is changed and changed back would count as tested, with no result to show."""
    world = passed()
    world.apply(WEBHOOK.replace("/x", "/y"))
    world.settle()
    assert "runID" not in world.status("WebhookTest", "t")
