"""What becomes of deliveries (SPEC 5), seen from outside: retries, dead letters, replay, held, gone, restarts."""

from __future__ import annotations

import json
import signal

import pytest
from standardwebhooks import Webhook as StandardWebhook

from product.conftest import Product, granted
from rig import until

SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: keys, labels: {hookwright.io/webhook-secret: "true"}}
stringData:
  token: "%s"
  signing: "%s"
"""
SIGNING = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTAx"
PATIENT = f"  retry: {{schedule: [{', '.join(['2s'] * 30)}]}}\n"
WEBHOOK = "  url: https://target.test%s\n  triggers: [RequestGranted]\n"


def test_the_request_carries_what_was_promised(product: Product) -> None:
    """webhook-id, -timestamp, -attempt, user agent, content type, a header from a Secret, a valid signature."""
    product.write("secret", SECRET % ("token-value-1", SIGNING))
    product.webhook(
        "one",
        WEBHOOK % "/one"
        + """
  auth: {bearer: {tokenSecretRef: {name: keys, key: token}}}
  signing: {secretRef: {name: keys, key: signing}}
  bodyTemplate: '{"id": "{{ data.id }}", "why": "{{ data.justification }}"}'
""",
    )
    product.start()
    why = 'He said "now",\nand \\ left \u2603'
    delivery = product.accepted(granted(justification=why))[0]
    request = product.arrived(delivery)
    headers = request["headers"]
    assert json.loads(request["body"]) == {"id": "req-1", "why": why}
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("hookwright/")
    assert headers["webhook-attempt"] == "1"
    assert headers["authorization"] == "Bearer token-value-1"
    assert StandardWebhook(SIGNING).verify(request["body"], headers)
    shown = product.invocation(delivery)
    assert shown["request"]["headers"]["authorization"] == "Bearer ‹secret keys/token›"
    assert "token-value-1" not in json.dumps(shown)


def test_a_rotated_secret_is_used_by_the_next_delivery(product: Product) -> None:
    """No restart; within seconds."""
    product.write("secret", SECRET % ("token-value-1", SIGNING))
    product.webhook(
        "one", WEBHOOK % "/one" + "  auth: {bearer: {tokenSecretRef: {name: keys, key: token}}}\n"
    )
    product.start()
    before = product.loaded("default/one")["configHash"]
    product.write("secret", SECRET % ("token-value-2", SIGNING))
    until(lambda: product.view("default/one")["configHash"] != before)
    request = product.arrived(product.accepted(granted())[0])
    assert request["headers"]["authorization"] == "Bearer token-value-2"


def test_retries_follow_the_schedule_and_end_as_dead_letter(product: Product) -> None:
    """A 503 is tried again with the same id and a growing attempt number, then kept as Exhausted; a replay starts anew."""
    product.webhook("one", WEBHOOK % "/-/status/500" + "  retry: {schedule: [1s]}\n")
    product.start()
    delivery = product.accepted(granted())[0]
    product.arrived(delivery, times=2)
    assert [each["headers"]["webhook-attempt"] for each in product.received(delivery)] == ["1", "2"]
    (letter,) = until(product.dead_letters)
    assert (letter["id"], letter["reason"], letter["attempts"]) == (delivery, "Exhausted", 2)
    assert product.view("default/one")["deadLettered"] == 1
    product.changed("one", WEBHOOK % "/one")
    assert product.replayed(delivery) == 1
    again = product.arrived(delivery, times=3)
    assert (again["path"], again["headers"]["webhook-attempt"]) == ("/one", "3")
    assert product.replayed(delivery) == 0
    until(lambda: product.view("default/one")["pending"] == 0)
    assert product.dead_letters() == []
    assert product.view("default/one")["deadLettered"] == 0


@pytest.mark.parametrize(("path", "reason"), [("/-/status/400", "Rejected"), ("/-/status/302", "Rejected")])
def test_what_cannot_heal_is_a_dead_letter_at_once(product: Product, path: str, reason: str) -> None:
    """4xx and redirects are not tried again, and the exact event is kept."""
    product.webhook("one", WEBHOOK % path)
    product.start()
    delivery = product.accepted(granted())[0]
    (letter,) = until(product.dead_letters)
    assert letter["reason"] == reason
    assert len(product.received(delivery)) == 1
    shown = product.invocation(delivery)
    assert shown["hint"]
    assert shown["response"]["statusCode"] == int(path[-3:])


def test_validators_decide(product: Product) -> None:
    """A 200 whose body says something else is Rejected, with the validator's actual value."""
    product.webhook(
        "one",
        WEBHOOK % "/-/echo"
        + "  responseValidators: [{path: $.ok, values: ['true']}]\n  bodyTemplate: '{\"ok\": false}'\n",
    )
    product.start()
    delivery = product.accepted(granted())[0]
    (letter,) = until(product.dead_letters)
    assert letter["reason"] == "Rejected"
    assert product.invocation(delivery)["validators"] == [
        {"path": "$.ok", "passed": False, "actual": "false"}
    ]


def test_a_held_webhook_keeps_its_deliveries_until_it_heals(product: Product) -> None:
    """A missing Secret: events are accepted and wait; when it appears they go out. The others go on meanwhile."""
    product.webhook(
        "held", WEBHOOK % "/held" + "  auth: {bearer: {tokenSecretRef: {name: keys, key: token}}}\n"
    )
    product.webhook("well", WEBHOOK % "/well")
    product.start()
    view = product.loaded("default/held", "held")
    assert "keys" in view["message"]
    deliveries = product.accepted(granted())
    assert len(deliveries) == 2
    until(lambda: any(product.received(identifier, path="/well") for identifier in deliveries))
    assert product.view("default/held")["pending"] == 1
    product.restart()
    assert product.view("default/held")["pending"] == 1
    product.write("secret", SECRET % ("token-value-1", SIGNING))
    until(lambda: any(product.received(identifier, path="/held") for identifier in deliveries))
    until(lambda: product.view("default/held")["pending"] == 0)


def test_a_broken_manifest_never_stops_the_others(product: Product) -> None:
    """YAML that cannot be read and a spec that breaks rules are said with file and line; good ones go on."""
    product.webhook("well", WEBHOOK % "/well")
    product.start()
    product.write("broken", "kind: Webhook\n  bad: [")
    product.webhook("bad", "  url: http://target.test/\n  triggers: [RequestGranted]\n")
    product.loaded("default/bad", "held")
    deliveries = product.accepted(granted())
    until(lambda: any(product.received(identifier) for identifier in deliveries))
    until(lambda: "spec.url" in product.output())
    assert "Traceback" not in product.output()


def test_an_inactive_webhook_accepts_nothing_but_can_be_invoked(product: Product) -> None:
    """active: false matches no event; explicit invocation still works."""
    product.webhook(
        "resting",
        "  active: false\n  url: https://target.test/resting\n  triggers: [RequestGranted, Manual]\n",
    )
    product.start()
    product.loaded("default/resting", "inactive")
    assert product.accepted(granted()) == []
    assert product.post(b"", "/v1/webhooks/default/resting/invoke").status_code == 200


def test_410_stops_a_webhook_until_it_changes(product: Product) -> None:
    """Gone is kept over a restart; what matches meanwhile is a dead letter; a changed spec clears it."""
    product.webhook("one", WEBHOOK % "/-/status/410")
    product.start()
    product.accepted(granted())
    product.loaded("default/one", "gone")
    product.accepted(granted())
    until(lambda: [each["reason"] for each in product.dead_letters()] == ["Gone", "Gone"])
    product.restart()
    assert product.view("default/one")["state"] == "gone"
    product.webhook("one", WEBHOOK % "/one")
    product.loaded("default/one", "running")
    product.arrived(product.accepted(granted())[0])


def test_requested_at_clears_gone(product: Product) -> None:
    """A new hookwright.io/requestedAt tries again."""
    product.webhook("one", WEBHOOK % "/-/status/410")
    product.start()
    product.accepted(granted())
    product.loaded("default/one", "gone")
    product.webhook("one", WEBHOOK % "/-/status/410", annotations='{hookwright.io/requestedAt: "2"}')
    product.loaded("default/one", "running")


def test_retry_clears_gone_where_there_is_no_cluster(product: Product) -> None:
    """The message is the command; what comes afterwards is sent, also after a restart with the same files."""
    product.webhook("one", WEBHOOK % "/-/status/410")
    product.start()
    product.accepted(granted())
    message = product.loaded("default/one", "gone")["message"]
    assert (
        message == "The target answered 410 Gone; change the spec, or try again: hookwright retry default/one"
    )
    view = product.http.post(f"{product.admin}/admin/v1/webhooks/default/one/probe").json()
    assert (view["state"], view["message"]) == ("running", "")
    product.restart()
    product.loaded("default/one", "running")
    again = product.accepted(granted())[0]
    product.loaded("default/one", "gone")
    assert again in [letter["id"] for letter in product.dead_letters()]


def test_the_circuit_opens_and_closes(product: Product) -> None:
    """After ten Retry outcomes in a row the queue waits; requestedAt closes the circuit; nothing is lost."""
    product.webhook("one", WEBHOOK % "/-/status/500" + "  maxInFlight: 1\n")
    product.start()
    deliveries = [product.accepted(granted())[0] for _ in range(15)]
    until(lambda: product.view("default/one")["circuit"] == "Open")
    assert product.view("default/one")["pending"] == 15
    product.webhook("one", WEBHOOK % "/one", annotations='{hookwright.io/requestedAt: "2"}')
    for identifier in deliveries[10:]:
        until(lambda identifier=identifier: product.received(identifier, path="/one"))
    assert product.view("default/one")["circuit"] == "Closed"


def test_the_backlog_of_one_webhook_does_not_refuse_the_others(product: Product) -> None:
    """Over its limit a delivery is a dead letter (Backlog); the event is accepted, and the other webhook gets all."""
    product.webhook("hangs", WEBHOOK % "/-/hang" + "  maxInFlight: 1\n")
    product.webhook("well", WEBHOOK % "/well")
    product.start(BACKLOG_WEBHOOK="5")
    ids: list[str] = []
    for _ in range(4):
        ids += product.accepted([granted()] * 3)
        until(lambda: product.view("default/well")["pending"] == 0)
    letters = product.dead_letters()
    assert [(each["webhook"], each["reason"]) for each in letters] == [("default/hangs", "Backlog")] * 7
    assert product.view("default/hangs")["pending"] == 5
    assert sum(bool(product.received(identifier, path="/well")) for identifier in ids) == 12


def test_the_installations_backlog_answers_503(product: Product) -> None:
    """Over backlog.total nothing is accepted any more, and it says when to come back."""
    product.webhook("hangs", WEBHOOK % "/-/hang" + "  maxInFlight: 1\n")
    product.start(BACKLOG_TOTAL="5")
    product.accepted([granted()] * 5)
    answer = product.post(granted())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_a_deleted_webhook_that_comes_back_delivers_what_waited(product: Product) -> None:
    """A GitOps re-creation within ten minutes loses nothing."""
    product.webhook("one", WEBHOOK % "/-/status/500" + PATIENT)
    product.start()
    delivery = product.accepted(granted())[0]
    product.arrived(delivery)
    (product.manifests / "webhook-default-one.yaml").unlink()
    until(lambda: product.view("default/one") is None)
    product.webhook("one", WEBHOOK % "/back")
    until(lambda: product.received(delivery, path="/back"))


def test_waiting_deliveries_survive_kill_9(product: Product) -> None:
    """Accepted while the target fails, delivered after a restart."""
    product.webhook("one", WEBHOOK % "/-/status/500" + PATIENT)
    product.start()
    deliveries = [product.accepted(granted())[0] for _ in range(5)]
    product.stop(signal.SIGKILL)
    product.webhook("one", WEBHOOK % "/after")
    product.start()
    for identifier in deliveries:
        until(lambda identifier=identifier: product.received(identifier, path="/after"))
    until(lambda: product.view("default/one")["pending"] == 0)


def test_a_drain_lets_attempts_end(product: Product) -> None:
    """SIGTERM: an attempt under way ends and is recorded; nothing is sent twice after the restart."""
    product.webhook("one", WEBHOOK % "/-/hold" + "  timeout: 60s\n")
    product.start(DRAIN_TIMEOUT="1h")
    delivery = product.accepted(granted())[0]
    product.arrived(delivery)
    product.drain()
    product.release()
    product.drained()
    product.start()
    assert product.invocation(delivery)["result"] == "Delivered"
    assert len(product.received(delivery)) == 1
    assert product.view("default/one")["pending"] == 0


def test_a_second_signal_cuts_a_drain_short(product: Product) -> None:
    """The attempt under way is aborted uncounted, and the delivery waits for the next start."""
    product.webhook("one", WEBHOOK % "/-/hang" + "  timeout: 60s\n")
    product.start(DRAIN_TIMEOUT="1h")
    delivery = product.accepted(granted())[0]
    product.arrived(delivery)
    product.drain(signal.SIGINT)
    product.restart(signal.SIGINT)
    assert product.arrived(delivery, times=2)["headers"]["webhook-attempt"] == "1"


def test_a_rate_limit_is_never_exceeded(product: Product) -> None:
    """Two in an hour: two are sent, and still only two when another webhook has had all of its own."""
    product.webhook("limited", WEBHOOK % "/limited" + "  rateLimit: {requests: 2, per: Hour}\n")
    product.webhook("well", WEBHOOK % "/well")
    product.start()
    ids = product.accepted([granted()] * 20)

    def sent() -> int:
        return sum(bool(product.received(identifier, path="/limited")) for identifier in ids)

    until(lambda: sent() >= 2)
    until(lambda: product.view("default/well")["pending"] == 0)
    product.arrived(product.accepted(granted())[-1])
    assert sent() == 2
    assert product.view("default/limited")["pending"] == 19


def test_a_rate_limit_lets_the_rest_follow(product: Product) -> None:
    """Two in a second: all six arrive in the end, each once."""
    product.webhook("one", WEBHOOK % "/one" + "  rateLimit: {requests: 2, per: Second}\n")
    product.start()
    ids = product.accepted([granted()] * 6)
    until(lambda: product.view("default/one")["pending"] == 0)
    assert [len(product.received(identifier)) for identifier in ids] == [1] * 6


def test_a_template_that_does_not_render_this_event_is_rejected_with_its_place(product: Product) -> None:
    """The sample renders, this event lacks a field: a dead letter that names the nearest field."""
    product.webhook("one", WEBHOOK % "/one" + '  bodyTemplate: \'{"flow": "{{ data.access_flow.name }}"}\'\n')
    product.start()
    product.loaded("default/one")
    delivery = product.accepted(granted())[0]
    (letter,) = until(product.dead_letters)
    assert letter["reason"] == "Rejected"
    assert "access_flow" in letter["message"]
    assert product.invocation(delivery)["hint"]
