"""One delivery as `GET /admin/v1/deliveries/ID` shows it, in every state it may be in."""

from __future__ import annotations

from typing import Any

from product.conftest import Product, granted
from rig import until

TARGET = "  url: https://target.test/-/{}\n  triggers: [RequestGranted, Manual]\n"


def delivery(product: Product, identifier: str) -> Any:
    """What the admin port answers, whatever its status."""
    return product.http.get(f"{product.admin}/admin/v1/deliveries/{identifier}").json()


def tried(product: Product, identifier: str, times: int) -> Any:
    """Wait until it was tried so often."""
    return until(lambda: len((found := delivery(product, identifier)).get("attempts", ())) >= times and found)


def test_a_delivery_that_waits_says_when_it_is_tried_next(product: Product) -> None:
    """With its event as it was accepted, and each attempt without what was sent; an invocation's id finds it too."""
    product.webhook("one", TARGET.format("status/503") + "  retry: {schedule: [1h]}\n")
    product.start()
    event = granted(friendly_id="AR-7", note='"quoted"')
    (identifier,) = product.accepted(event)
    found = tried(product, f"{identifier}.1", 1)
    assert (found["id"], found["webhook"], found["state"]) == (identifier, "default/one", "waiting")
    assert (found["event"], found["eventGone"], found["friendlyID"]) == (event, False, "AR-7")
    assert found["acceptedTime"] < found["nextAttemptTime"]
    (attempt,) = found["attempts"]
    assert (attempt["id"], attempt["response"]["statusCode"]) == (f"{identifier}.1", 503)
    assert (attempt["request"], attempt["response"]["body"]) == (None, None)
    assert attempt["message"] == found["message"]
    assert attempt["timings"]["total"] > 0


def test_a_delivery_under_way_is_running(product: Product) -> None:
    """And delivered once it has ended, when its event is not needed any more."""
    product.webhook("one", TARGET.format("hold"))
    product.start()
    (identifier,) = product.accepted(granted())
    product.arrived(identifier)
    found = delivery(product, identifier)
    assert (found["state"], found["attempts"], found["event"]["event_type"]) == (
        "running", [], "AccessRequestGranted",
    )  # fmt: skip
    product.release()
    ended = tried(product, identifier, 1)
    assert (ended["state"], ended["event"], ended["eventGone"]) == ("delivered", None, True)
    assert ended["eventID"] == found["eventID"]


def test_a_dead_letter_says_why(product: Product) -> None:
    """Reason and sentence, and the event that is kept with it; replayed it waits again, with what was tried before."""
    product.webhook("one", TARGET.format("status/404"))
    product.start()
    (identifier,) = product.accepted(granted())
    found = until(lambda: (one := delivery(product, identifier))["state"] == "dead" and one)
    assert (found["reason"], found["message"]) == ("Rejected", product.dead_letters()[0]["message"])
    assert found["event"]["data"]["id"] == "req-1"
    assert product.replayed(identifier) == 1
    assert [each["attempt"] for each in tried(product, identifier, 2)["attempts"]] == [1, 2]


def test_a_delivery_waits_for_what_its_webhook_waits_for(product: Product) -> None:
    """A circuit's probe or a Secret that is away: a sentence, and no time that would not hold."""
    retry = "  retry: {schedule: [1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s]}\n"
    product.webhook("open", TARGET.format("status/500") + retry)
    product.webhook(
        "held", TARGET.format("x") + "  auth: {bearer: {tokenSecretRef: {name: away, key: token}}}\n"
    )
    product.start()
    product.loaded("default/held", "held")
    identifiers = product.accepted([granted()] * 10)
    until(lambda: product.view("default/open")["circuit"] == "Open")
    found = [delivery(product, identifier) for identifier in identifiers]
    opened = [one for one in found if one["webhook"] == "default/open" and one["state"] == "waiting"]
    assert opened[0]["waitsFor"].startswith("It waits for the circuit's probe, which ")
    assert opened[0]["nextAttemptTime"] is None
    held = next(one for one in found if one["webhook"] == "default/held")
    assert held["waitsFor"].startswith("It waits for its webhook, which is held: spec.auth.bearer")


def test_a_manual_call_is_no_delivery_that_could_be_dead(product: Product) -> None:
    """What came of it is there; its event was never stored."""
    product.webhook("one", TARGET.format("status/404"))
    product.start()
    answer = product.http.post(f"{product.admin}/admin/v1/webhooks/default/one/invoke")
    identifier = answer.json()["invocation"]["id"]
    found = tried(product, identifier, 1)
    assert (found["state"], found["reason"], found["eventGone"]) == ("ended", None, True)


def test_what_is_no_delivery_is_told(product: Product) -> None:
    """Another installation's, or nonsense: one sentence."""
    product.webhook("one", TARGET.format("x"))
    product.start()
    for identifier in ("AR-1", "dlv_0000000000000000000", "dlv_"):
        assert delivery(product, identifier)["detail"].startswith("There is no such delivery")


def test_lists_are_short_when_asked_for_in_short(product: Product) -> None:
    """A summary has no bodies; a full page that nothing follows has no next one."""
    product.webhook("one", TARGET.format("status/404"))
    product.start()
    product.accepted([granted(note="x" * 5_000)] * 4)
    until(lambda: len(product.invocations()) == 4)
    asked = {"failed": "true", "status": "4xx", "limit": "4", "fields": "summary"}
    page = product.http.get(f"{product.admin}/admin/v1/invocations", params=asked)
    assert len(page.content) < 5_000
    assert (len(page.json()["items"]), page.json()["next"]) == (4, None)
    assert product.http.get(f"{product.admin}/admin/v1/invocations?limit=3").json()["next"] is not None
