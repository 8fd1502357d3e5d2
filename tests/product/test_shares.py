"""What many use is shared by namespace (SPEC 3, Shares), and events that go in a loop end; seen from outside."""

from __future__ import annotations

import signal

import pytest

from product.conftest import Product, granted
from rig import until

WEBHOOK = "  url: https://target.test%s\n  triggers: [RequestGranted, Manual]\n"
HELD = WEBHOOK % "/held" + "  auth: {bearer: {tokenSecretRef: {name: away, key: token}}}\n"


def crowd(product: Product, count: int) -> None:
    """So many webhooks of the namespace `team` whose Secret is away, and one of `canary` that is well."""
    for number in range(count):
        product.webhook(f"hook-{number}", HELD, namespace="team")
    product.webhook("well", WEBHOOK % "/well", namespace="canary")


def test_an_event_of_many_deliveries_that_wait_counts_once(product: Product) -> None:
    """Thirty webhooks are held and three large events wait for each: another namespace's events are taken."""
    crowd(product, 30)
    product.start(BACKLOG_BYTES="4MiB")
    for _ in range(3):
        assert len(product.accepted(granted(text="x" * 300_000), "/v1/namespaces/team/events")) == 30
    delivery = product.accepted(granted(), "/v1/namespaces/canary/events")[0]
    product.arrived(delivery)
    assert (product.view("team/hook-1")["pending"], product.dead_letters()) == (3, [])


@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_a_namespace_that_has_much_waiting_refuses_nobody_elses_events(
    product: Product, restarted: bool
) -> None:
    """Beyond its share its deliveries are dead letters, which say so; the others' are delivered."""
    crowd(product, 10)
    product.start(BACKLOG_TOTAL="40", BACKLOG_WEBHOOK="10")
    for number in range(10):
        if restarted and number == 2:
            product.restart(signal.SIGKILL)
        product.accepted(granted(), "/v1/namespaces/team/events")
    product.arrived(product.accepted(granted(), "/v1/namespaces/canary/events")[0])
    assert sum(product.view(f"team/hook-{number}")["pending"] for number in range(10)) == 20
    letter = product.dead_letters()[0]
    assert letter["reason"] == "Backlog"
    assert letter["message"] == (
        "20 deliveries of this namespace were waiting already, which is all that backlog.namespace leaves it."
    )


def test_a_single_namespace_may_have_all_that_may_wait(product: Product) -> None:
    """There is none to share with; over it, it is told to come again."""
    product.webhook("held", HELD)
    product.start(BACKLOG_TOTAL="5")
    product.accepted([granted()] * 5)
    assert product.post(granted()).status_code == 503
    assert product.dead_letters() == []


def test_a_repeat_is_answered_by_the_same_bytes_whatever_came_between(product: Product) -> None:
    """A restart, webhooks that came and one that went; and it is delivered once."""
    for name in ("one", "two", "three"):
        product.webhook(name, WEBHOOK % f"/{name}")
    product.start()
    first = product.post(granted(), idempotency_key="order-1")
    ids = [each["id"] for each in first.json()["events"][0]["deliveries"]]
    for identifier in ids:
        product.arrived(identifier)
    (product.manifests / "webhook-default-two.yaml").unlink()
    product.webhook("four", WEBHOOK % "/four")
    product.restart()
    until(lambda: product.view("default/two") is None and product.view("default/four"))
    again = product.post(granted(), idempotency_key="order-1")
    assert (again.status_code, again.content) == (202, first.content)
    assert [len(product.received(identifier)) for identifier in ids] == [1, 1, 1]


def test_an_event_that_goes_in_a_loop_ends(product: Product) -> None:
    """Each request says how often its event came through a dispatcher, over retries, restarts and replays."""
    product.webhook("one", WEBHOOK % "/-/status/500" + "  retry: {schedule: [1s]}\n")
    product.start()
    delivery = product.accepted(granted(), webhook_hops="3")[0]
    assert product.arrived(delivery)["headers"]["webhook-hops"] == "4"
    product.restart(signal.SIGKILL)
    assert product.arrived(delivery, times=2)["headers"]["webhook-hops"] == "4"
    until(product.dead_letters)
    product.changed("one", WEBHOOK % "/one")
    assert product.replayed(delivery) == 1
    until(lambda: product.received(delivery, path="/one"))
    (replayed,) = product.received(delivery, path="/one")
    assert replayed["headers"]["webhook-hops"] == "4"


def test_a_dispatcher_takes_no_event_a_sixth_time(shared: Product) -> None:
    """Posted on with the header of what came, an event makes its fifth round and no other."""
    hops = "0"
    for expected in ("1", "2", "3", "4", "5"):
        delivery = shared.accepted(granted(), webhook_hops=hops)[0]
        hops = shared.arrived(delivery)["headers"]["webhook-hops"]
        assert hops == expected
    answer = shared.post(granted(), webhook_hops=hops)
    assert answer.status_code == 508
    assert answer.json()["detail"] == (
        "This event came through a dispatcher 5 times, so it goes in a loop; "
        "look for a webhook whose target posts its events back to this address."
    )
    assert shared.post(granted(), "/v1/webhooks/default/one/invoke", webhook_hops=hops).status_code == 508


@pytest.mark.parametrize("content", [b"", b'{"event_type":"Manual","event_time":1,"data":{}}'])
def test_a_manual_call_is_counted_as_well(shared: Product, content: bytes) -> None:
    """With the event that was posted, or with the sample."""
    answer = shared.post(content, "/v1/webhooks/default/one/invoke", webhook_hops="2")
    assert answer.status_code == 200, answer.text
    identifier = answer.json()["id"].partition(".")[0]
    assert shared.received(identifier)[0]["headers"]["webhook-hops"] == "3"


@pytest.mark.parametrize("hops", ["-1", "1.0", "", "x", "01", "1,1", "١", "9" * 30])
def test_a_count_of_rounds_that_is_none_is_refused(shared: Product, hops: str) -> None:
    """What is no whole number may be anything."""
    answer = shared.post(granted(), webhook_hops=hops.encode())  # type: ignore[arg-type]
    assert (answer.status_code, "webhook-hops" in answer.json()["detail"]) == (400, True)
