"""The status of a Webhook: each row of SPEC 2's table of conditions, YAML in, conditions out."""

from __future__ import annotations

import base64
from random import Random
from typing import Any

import pytest

from controller.world import World
from hookwright.controller.conditions import found
from hookwright.controller.inventory import Inventory
from hookwright.core.objects import Object

GOOD = """
kind: Webhook
metadata: {name: w}
spec: {url: "https://a.example/x", triggers: [RequestCreated]}
"""
WANTS_SECRET = """
kind: Webhook
metadata: {name: w}
spec:
  url: "https://a.example/x"
  triggers: [RequestCreated]
  auth: {bearer: {tokenSecretRef: {name: s, key: token}}}
"""
SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: s, labels: {hookwright.io/webhook-secret: "true"}}
data: {token: c2VjcmV0LXZhbHVl}
"""
DELIVERED = {"time": "2026-01-02T03:04:05Z", "result": "Delivered", "attempt": 1, "message": "200 OK."}
FAILED = {"time": "2026-01-02T03:05:05Z", "result": "Retrying", "attempt": 1, "message": "503."}
WELL = ["Accepted True Accepted", "ResolvedRefs True ResolvedRefs"]


def test_a_new_webhook_waits_for_the_first_report() -> None:
    """Before any dispatcher answered Programmed is False and the object Reconciling."""
    world = World(GOOD)
    world.settle()
    assert world.conditions("Webhook", "w") == [
        *WELL, "Programmed False Pending", "Ready False Pending", "DeliveryHealthy Unknown NoTraffic",
        "Reconciling True Pending",
    ]  # fmt: skip


def test_ready_once_every_dispatcher_that_answers_runs_its_hash() -> None:
    """One of two that is behind keeps a new webhook from being Programmed; then it is Ready."""
    world = World(GOOD)
    behind = world.report(w={"config_hash": "older"})
    world.reports = [world.report("10.0.0.2"), behind]
    world.settle()
    assert "Programmed False Pending" in world.conditions("Webhook", "w")
    world.reports = [world.report("10.0.0.2"), world.report()]
    world.settle()
    assert world.conditions("Webhook", "w") == [
        *WELL, "Programmed True Programmed", "Ready True Succeeded", "DeliveryHealthy Unknown NoTraffic",
    ]  # fmt: skip
    status = world.status("Webhook", "w")
    assert status["host"] == "a.example"
    assert status["configHash"] == world.hash("w")
    assert (
        {each["observedGeneration"] for each in status["conditions"]} == {status["observedGeneration"]} == {1}
    )


@pytest.mark.parametrize("answers", [False, True])
def test_a_restart_or_a_rotation_changes_nothing(answers: bool) -> None:
    """No dispatcher answers, or it still runs the hash from before the Secret changed: Ready stays True."""
    world = World(f"{WANTS_SECRET}---{SECRET}")
    world.loaded()
    world.settle()
    old = world.reports
    world.apply(SECRET.replace("c2VjcmV0LXZhbHVl", "cm90YXRlZC12YWx1ZQ=="))
    world.reports = old if answers else []
    world.settle()
    assert "Programmed True Programmed" in world.conditions("Webhook", "w")
    assert "Ready True Succeeded" in world.conditions("Webhook", "w")
    assert (
        world.status("Webhook", "w")["configHash"] == world.hash("w") != old[0].webhooks["shop/w"].config_hash
    )


def test_a_new_generation_is_pending_until_it_is_reported() -> None:
    """Ready of the generation before is not taken for the new one's."""
    world = World(GOOD)
    world.loaded()
    world.settle()
    world.apply(GOOD.replace("/x", "/y"))
    world.settle()
    ready = found(world.status("Webhook", "w"), "Ready")
    assert ready is not None
    assert (ready["status"], ready["reason"], ready["observedGeneration"]) == ("False", "Pending", 2)


def test_a_dispatcher_that_refuses_it_stalls_it() -> None:
    """Held by the dispatcher though nothing is wrong here: Programmed False with the dispatcher's reason."""
    world = World(GOOD)
    world.loaded(w={"state": "held", "message": "The egress policy refuses a.example."})
    world.settle()
    assert world.conditions("Webhook", "w")[2:] == [
        "Programmed False Refused", "Ready False Refused", "DeliveryHealthy Unknown NoTraffic", "Stalled True Refused",
    ]  # fmt: skip


def test_a_refused_configuration_is_said_instead_of_waiting() -> None:
    """Of a webhook that no dispatcher runs yet: not Stalled, as no change of its spec heals it; then it is Ready."""
    world = World(GOOD)
    world.settle()
    world.refused("The configuration is larger than its limit.")
    world.settle()
    assert world.conditions("Webhook", "w") == [
        *WELL, "Programmed False ConfigurationRefused", "Ready False ConfigurationRefused",
        "DeliveryHealthy Unknown NoTraffic", "Reconciling True ConfigurationRefused",
    ]  # fmt: skip
    assert "larger than its limit" in world.status("Webhook", "w")["conditions"][2]["message"]
    world.loaded()
    world.settle()
    assert "Ready True Succeeded" in world.conditions("Webhook", "w")
    world.refused("The configuration is larger than its limit.")
    world.settle()
    assert "Ready True Succeeded" in world.conditions("Webhook", "w")


def test_a_webhook_without_room_says_so_and_no_other_does() -> None:
    """Figure, limit and cure are its own; it is held, so that no event misses it."""
    token = base64.b64encode(Random(1).randbytes(300_000)).decode()
    wants = WANTS_SECRET.replace("name: w", "name: large")
    world = World(
        f"{GOOD}---{wants}---{SECRET.replace('c2VjcmV0LXZhbHVl', base64.b64encode(token.encode()).decode())}"
    )
    world.loaded()
    world.settle()
    assert "Ready True Succeeded" in world.conditions("Webhook", "w")
    assert world.conditions("Webhook", "large") == [
        "Accepted False ConfigurationTooLarge", "ResolvedRefs True ResolvedRefs",
        "Programmed True Programmed", "Ready False ConfigurationTooLarge",
        "DeliveryHealthy Unknown NoTraffic", "Stalled True ConfigurationTooLarge",
    ]  # fmt: skip
    message = world.status("Webhook", "large")["conditions"][0]["message"]
    assert "it takes 296 KiB compressed, and one webhook may take 256 KiB; shorten" in message
    assert token[:20] not in str(world.status("Webhook", "large"))
    (held,) = [route for route in world.built().assembly.config.webhooks if route.name == "large"]
    assert (held.triggers, held.spec, held.secrets) == (["RequestCreated"], None, {})


def test_a_webhook_that_waits_for_its_check_is_reconciling_and_runs_as_it_was() -> None:
    """A new one is not there yet; one that was changed keeps what it had; one that is as it was says nothing."""
    names = ("a", "b", "c")
    world = World("---".join(GOOD.replace("name: w", f"name: {name}") for name in names))
    world.loaded()
    world.settle()
    world.before, world.checks = world.built().assembly, 1
    world.apply(GOOD.replace("name: w", "name: a").replace("/x", "/y"))
    world.apply(GOOD.replace("name: w", "name: b").replace("/x", "/y"))
    world.apply(GOOD.replace("name: w", "name: new"))
    world.apply("kind: WebhookTest\nmetadata: {name: t}\nspec: {webhookRef: {name: new}}")
    before = world.hash("b")
    world.settle()
    waits = [f"{kind} Unknown CheckPending" for kind in ("Accepted", "ResolvedRefs", "Programmed", "Ready")]
    assert world.conditions("Webhook", "b") == [
        *waits, "DeliveryHealthy Unknown NoTraffic", "Reconciling True CheckPending",
    ]  # fmt: skip
    assert world.status("Webhook", "b")["configHash"] == before
    assert world.status("Webhook", "b")["observedGeneration"] == 2
    assert world.conditions("Webhook", "new") == [*waits, "Reconciling True CheckPending"]
    assert "Ready Unknown WebhookNotReady" in world.conditions("WebhookTest", "t")
    assert "Ready True Succeeded" in world.conditions("Webhook", "c")
    written = [route.name for route in world.built().assembly.config.webhooks]
    assert written == ["a", "b", "c"]
    for _ in range(2):
        world.before = world.built().assembly
    world.checks = 3
    world.loaded()
    world.settle()
    for name in (*names, "new"):
        assert "Ready True Succeeded" in world.conditions("Webhook", name)


@pytest.mark.parametrize(
    ("spec", "reason", "said"),
    [
        ('{url: "http://a.example", triggers: [Manual]}', "InvalidSpec", "spec.url: "),
        (
            '{url: "https://a.example", triggers: [RequestCreated], bodyTemplate: "{{ data.nope }}"}',
            "InvalidTemplate",
            "spec.bodyTemplate: line 1",
        ),
    ],
)
def test_a_mistake_in_the_spec_stalls_it(spec: str, reason: str, said: str) -> None:
    """What only a change of spec can heal is Stalled and not Reconciling, even while nothing answers."""
    world = World(f"kind: Webhook\nmetadata: {{name: w}}\nspec: {spec}")
    world.settle()
    conditions = world.conditions("Webhook", "w")
    assert [conditions[0], conditions[3], conditions[-1]] == [
        f"Accepted False {reason}", f"Ready False {reason}", f"Stalled True {reason}",
    ]  # fmt: skip
    assert not any(each.startswith("Reconciling") for each in conditions)
    assert said in world.status("Webhook", "w")["conditions"][0]["message"]


@pytest.mark.parametrize(
    ("secret", "unlabelled", "reason"),
    [
        ("", False, "SecretNotFound"),
        ("", True, "SecretNotLabelled"),
        (SECRET.replace("token:", "other:"), False, "KeyNotFound"),
        (
            SECRET.replace("name: s,", 'name: s, annotations: {hookwright.io/allowed-hosts: "b.example"},'),
            False,
            "HostNotAllowed",
        ),
    ],
)
def test_a_reference_without_a_value_is_waited_for(secret: str, unlabelled: bool, reason: str) -> None:
    """Reconciling, as a change elsewhere heals it, with a reason of its own for each case."""
    world = World(f"{WANTS_SECRET}---{secret}" if secret else WANTS_SECRET)
    if unlabelled:
        world.unlabelled = [Object("Secret", "shop", "s", {"metadata": {"labels": {}}})]
    world.loaded()
    world.settle()
    assert world.conditions("Webhook", "w") == [
        "Accepted True Accepted", f"ResolvedRefs False {reason}", "Programmed True Programmed",
        f"Ready False {reason}", "DeliveryHealthy Unknown NoTraffic", f"Reconciling True {reason}",
    ]  # fmt: skip
    world.unlabelled = []
    world.apply(SECRET)
    world.loaded()
    world.settle()
    assert "Ready True Succeeded" in world.conditions("Webhook", "w")


@pytest.mark.parametrize(
    ("spec", "cluster_events", "reason", "message"),
    [
        ("", ("shop",), "Succeeded", "Events reach it at /v1/events and /v1/namespaces/shop/events."),
        ("", (), "Succeeded", "Events reach it at /v1/namespaces/shop/events only."),
        (
            ", active: false", ("shop",), "Inactive",
            "Inactive: it takes no events; tests and Manual calls still work.",
        ),
    ],
)  # fmt: skip
def test_ready_names_the_paths_that_reach_it(
    spec: str, cluster_events: tuple[str, ...], reason: str, message: str
) -> None:
    """An inactive webhook is Ready too, with a reason of its own."""
    world = World(GOOD.replace("[RequestCreated]", f"[RequestCreated]{spec}"), cluster_events=cluster_events)
    world.loaded()
    world.settle()
    ready = found(world.status("Webhook", "w"), "Ready")
    assert ready is not None
    assert (ready["status"], ready["reason"], ready["message"]) == ("True", reason, message)


@pytest.mark.parametrize(
    ("view", "state"),
    [
        ({"last_invocation": DELIVERED}, "True Healthy"),
        ({"last_invocation": FAILED, "consecutive_failures": 1}, "False Failing"),
        ({"last_invocation": FAILED, "consecutive_failures": 10, "circuit": "Open"}, "False CircuitOpen"),
        ({"last_invocation": FAILED, "state": "gone", "message": "410."}, "False Gone"),
    ],
)
def test_health_of_deliveries_leaves_ready_alone(view: dict[str, Any], state: str) -> None:
    """A broken target is no broken app: only DeliveryHealthy turns."""
    world = World(GOOD)
    world.loaded(w=view)
    world.settle()
    conditions = world.conditions("Webhook", "w")
    assert f"DeliveryHealthy {state}" in conditions
    assert "Ready True Succeeded" in conditions


def test_run_time_fields_over_two_dispatchers() -> None:
    """The latest invocation, sums of what waits, and absent members are left out."""
    world = World(GOOD)
    one = world.report(
        w={"last_invocation": DELIVERED | {"statusCode": None}, "pending": 2, "dead_lettered": 1}
    )
    two = world.report(w={"last_invocation": FAILED, "pending": 3, "consecutive_failures": 4})
    world.reports = [one, two]
    world.settle()
    status = world.status("Webhook", "w")
    assert status["lastInvocation"] == FAILED
    assert (status["pending"], status["deadLettered"], status["consecutiveFailures"]) == (5, 1, 4)


def test_a_dispatcher_that_lost_its_history_takes_nothing_away() -> None:
    """What the status knows of the last delivery stays until there is a new one."""
    world = World(GOOD)
    world.loaded(w={"last_invocation": DELIVERED, "last_success_time": "2026-01-02T03:04:05Z"})
    world.settle()
    world.loaded()
    assert world.plan().statuses == []


def test_traffic_alone_is_a_change_that_may_wait_and_a_flip_may_not() -> None:
    """Same result: only run-time fields, not at once. Another result: at once. A spec change: not run-time."""
    world = World(GOOD)
    world.loaded(w={"last_invocation": DELIVERED})
    world.settle()
    world.loaded(w={"last_invocation": DELIVERED | {"time": "2026-01-02T03:09:05Z"}})
    (change,) = world.plan().statuses
    assert (change.runtime, change.at_once) == (True, False)
    world.loaded(w={"last_invocation": FAILED, "consecutive_failures": 1})
    (change,) = world.plan().statuses
    assert (change.runtime, change.at_once) == (True, True)
    world.apply(GOOD.replace("/x", "/y"))
    (change,) = world.plan().statuses
    assert not change.runtime


def test_requested_at_is_echoed_when_the_dispatcher_runs_it() -> None:
    """Not before: an echo says that Gone and an open circuit were cleared."""
    world = World(GOOD)
    world.loaded()
    world.settle()
    world.apply(GOOD.replace("name: w", 'name: w, annotations: {hookwright.io/requestedAt: "one"}'))
    assert world.settle().waiting
    assert "lastHandledReconcileAt" not in world.status("Webhook", "w")
    world.loaded()
    assert not world.settle().waiting
    assert world.status("Webhook", "w")["lastHandledReconcileAt"] == "one"


def test_a_request_of_any_length_is_echoed() -> None:
    """Within what the field takes, one echo for each request, also of two that begin alike."""
    echoes = set()
    for requested in ("x" * 256, "x" * 257, "x" * 5000, "x" * 4999 + "y"):
        world = World(
            GOOD.replace("name: w", f"name: w, annotations: {{hookwright.io/requestedAt: {requested}}}")
        )
        world.loaded()
        world.settle()
        assert "Ready True Succeeded" in world.conditions("Webhook", "w")
        echoes.add(world.status("Webhook", "w")["lastHandledReconcileAt"])
    assert len(echoes) == 4
    assert "x" * 256 in echoes


def test_whatever_a_dispatcher_says_fits_the_status() -> None:
    """Long texts are cut, and what another release says beside them is left out: nothing is written twice for it."""
    world = World(GOOD)
    said = DELIVERED | {"trigger": "t" * 300, "eventID": "\x1b" * 300, "invented": {"by": "a later release"}}
    world.loaded(w={"last_invocation": said})
    world.settle()
    shown = world.status("Webhook", "w")["lastInvocation"]
    assert (len(shown["trigger"]), len(shown["eventID"])) == (256, 256)
    assert "\x1b" not in shown["eventID"]
    assert "invented" not in shown


def test_times_move_with_the_status_only() -> None:
    """lastTransitionTime stays while a condition's status does, whatever its message; nothing changes twice."""
    world = World(GOOD, cluster_events=())
    world.loaded()
    world.settle()
    before = found(world.status("Webhook", "w"), "Ready")
    world.later(60)
    world.apply(GOOD.replace("/x", "/y"))
    world.loaded()
    world.settle()
    after = found(world.status("Webhook", "w"), "Ready")
    assert before is not None
    assert after is not None
    assert after["lastTransitionTime"] == before["lastTransitionTime"]
    world.later(3600)
    assert world.plan().statuses == []


def test_events_tell_of_settled_changes_only() -> None:
    """Waiting posts nothing; Ready and failing deliveries post one Event each, a second look none."""
    world = World(GOOD)
    posted = [note.reason for change in world.settle().statuses for note in change.notes]
    assert posted == []
    world.loaded(w={"last_invocation": FAILED, "consecutive_failures": 1})
    notes = [note for change in world.settle().statuses for note in change.notes]
    assert [(note.reason, note.warning, note.message) for note in notes] == [
        ("Succeeded", False, "Events reach it at /v1/events and /v1/namespaces/shop/events."),
        ("Failing", True, "503."),
    ]
    assert world.plan().statuses == []


def test_what_a_target_said_cannot_steer_a_terminal() -> None:
    """Control characters in messages are escaped and texts bounded."""
    world = World(GOOD)
    world.loaded(
        w={"last_invocation": FAILED | {"message": "\x1b[31m" + "x" * 5000}, "consecutive_failures": 1}
    )
    world.settle()
    message = world.status("Webhook", "w")["lastInvocation"]["message"]
    assert "\x1b" not in message
    assert len(message) == 1024


def test_foreign_annotations_and_statuses_are_no_change() -> None:
    """Only what decisions read makes the configuration anew."""
    heard: list[str] = []
    inventory = Inventory(heard.append)
    raw = {
        "kind": "Webhook",
        "metadata": {"name": "w", "namespace": "shop", "resourceVersion": "1"},
        "spec": {},
    }
    inventory.put("Webhook", raw)
    metadata = {**raw["metadata"], "resourceVersion": "2", "annotations": {"foreign": "x"}}  # type: ignore[dict-item]
    inventory.put("Webhook", {**raw, "metadata": metadata, "status": {"host": "a"}})
    assert heard == ["Webhook"]
    assert inventory.of("Webhook")["shop/w"].status == {"host": "a"}


def test_a_template_that_a_lean_event_does_not_render_is_accepted_with_a_warning() -> None:
    """The message names the field, the template's line and the line to write; nothing is held."""
    spec = '{url: "https://a.example", triggers: [RequestCreated], bodyTemplate: \'["{{ data.access_bundle.name }}"]\'}'
    world = World(f"kind: Webhook\nmetadata: {{name: w}}\nspec: {spec}")
    world.settle()
    condition = world.status("Webhook", "w")["conditions"][0]
    assert (condition["type"], condition["status"], condition["reason"]) == ("Accepted", "True", "Accepted")
    assert condition["message"].startswith(
        "The spec is valid and its templates render the sample events. Warning: spec.bodyTemplate: line 1, "
    )
    assert condition["message"].endswith('so write {{ data.access_bundle.name | default("", true) }}')


def test_of_several_dispatchers_on_one_database_the_one_that_works_on_it_is_believed() -> None:
    """What the others say of it does not count, whichever answers first; all must have loaded it."""
    others = {"owned": False, "pending": 7, "consecutive_failures": 9, "last_invocation": DELIVERED}
    told = {
        "state": "gone", "message": "The target answered 410 Gone.", "pending": 3, "dead_lettered": 2,
        "consecutive_failures": 4, "last_invocation": FAILED, "last_failure_time": FAILED["time"],
    }  # fmt: skip
    for order in (1, -1):
        world = World(GOOD)
        reports = [world.report("10.0.0.1", w=told), world.report("10.0.0.2", w=others)]
        world.reports = reports[::order]
        world.settle()
        status = world.status("Webhook", "w")
        assert "DeliveryHealthy False Gone" in world.conditions("Webhook", "w")
        assert (status["pending"], status["deadLettered"], status["consecutiveFailures"]) == (3, 2, 4)
        assert status["lastInvocation"]["result"] == "Retrying"
    world = World(GOOD)
    world.reports = [world.report(w=told), world.report("10.0.0.2", w={"owned": False, "config_hash": "old"})]
    world.settle()
    assert "Programmed False Pending" in world.conditions("Webhook", "w")


def test_a_webhook_that_moves_from_one_dispatcher_to_another_keeps_its_status() -> None:
    """While nobody says that he works on it, or who did is not there any more; then the new one's word counts alone."""
    told = {"pending": 3, "dead_lettered": 2, "last_invocation": FAILED, "consecutive_failures": 1}
    other = {"owned": False, "pending": 0, "dead_lettered": 0}
    world = World(GOOD)
    world.reports = [world.report("10.0.0.1", w=told), world.report("10.0.0.2", w=other)]
    world.settle()
    before, conditions = world.status("Webhook", "w"), world.conditions("Webhook", "w")
    assert "DeliveryHealthy False Failing" in conditions
    for nobody in (
        [world.report("10.0.0.1", w=other), world.report("10.0.0.2", w=other)],
        [world.report("10.0.0.2", w=other)],
        [],
    ):
        world.reports = nobody
        world.later(120)
        world.settle()
        assert world.status("Webhook", "w") == before
    world.reports = [world.report("10.0.0.2", w=told | {"pending": 1, "consecutive_failures": 0})]
    world.later(120)
    world.settle()
    assert (world.status("Webhook", "w")["pending"], world.status("Webhook", "w")["deadLettered"]) == (1, 2)
    assert "DeliveryHealthy True Healthy" in world.conditions("Webhook", "w")
