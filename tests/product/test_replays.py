"""Replays of many dead letters, and of those that die again, as `POST /admin/v1/replays` is asked for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from product.conftest import Product, granted
from rig import until

GONE = "  url: https://target.test/-/status/410\n  triggers: [RequestGranted]\n"
WORKS = "  url: https://target.test/replayed\n  triggers: [RequestGranted]\n  maxInFlight: 256\n"
REFUSES = "  url: https://target.test/-/status/400\n  triggers: [RequestGranted]\n  maxInFlight: 256\n"


def batch(product: Product, count: int) -> list[str]:
    """Post so many events in lists of a thousand; the ids of their deliveries."""
    ids = []
    for at in range(0, count, 1_000):
        ids += product.accepted([granted(number=number) for number in range(at, min(at + 1_000, count))])
    return ids


def test_all_of_2500_ids_are_replayed(product: Product) -> None:
    """SPEC 7: up to 10,000 ids in one request; what is answered is what left the dead letters."""
    product.webhook("one", GONE)
    product.start()
    product.accepted(granted())
    product.loaded("default/one", "gone")
    ids = batch(product, 2_500)
    product.webhook("one", WORKS)
    product.loaded("default/one")
    answer = product.http.post(f"{product.admin}/admin/v1/replays", json={"ids": ids}).json()
    assert answer["replayed"] == 2_500
    until(lambda: product.view("default/one")["pending"] == 0)
    assert {each["headers"]["webhook-id"] for each in product.received(path="/replayed")} >= set(ids)
    assert [letter["id"] for letter in product.dead_letters() if letter["id"] in ids] == []


def test_letters_that_die_again_meanwhile_are_not_replayed_again(product: Product) -> None:
    """A replay in steps ends with what was dead when it began, by the newest of its group."""
    product.webhook("one", GONE)
    product.start()
    product.accepted(granted())
    product.loaded("default/one", "gone")
    batch(product, 4_000)
    until(lambda: product.view("default/one")["deadLettered"] == 4_001)
    (group,) = product.http.get(f"{product.admin}/admin/v1/dead-letters/groups").json()["items"]
    assert (group["webhook"], group["reason"], group["count"]) == ("default/one", "Gone", 4_001)
    product.webhook("one", REFUSES)
    product.loaded("default/one")
    end = (datetime.fromisoformat(group["newest"]) + timedelta(milliseconds=1)).isoformat()
    asked = {"webhook": "default/one", "until": end, "limit": 1_500}
    answers = []
    while not answers or answers[-1]["remaining"]:
        answers.append(product.http.post(f"{product.admin}/admin/v1/replays", json=asked).json())
    assert answers == [
        {"replayed": 1_500, "remaining": 2_501},
        {"replayed": 1_500, "remaining": 1_001},
        {"replayed": 1_001, "remaining": 0},
    ]
    until(lambda: product.view("default/one")["pending"] == 0)
    assert product.view("default/one")["deadLettered"] == 4_001


def test_without_a_limit_a_step_is_replayed_and_a_dry_run_replays_none(product: Product) -> None:
    """The end is that of the call: `until` in the future means those that died before it."""
    product.webhook("one", GONE)
    product.start()
    product.accepted(granted())
    product.loaded("default/one", "gone")
    batch(product, 600)
    until(lambda: product.view("default/one")["deadLettered"] == 601)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    asked = {"webhook": "default/one", "reason": "Gone", "until": tomorrow}
    counted = product.http.post(f"{product.admin}/admin/v1/replays", json=asked | {"dryRun": True}).json()
    assert counted == {"replayed": 0, "remaining": 601}
    product.webhook("one", WORKS)
    product.loaded("default/one")
    answer = product.http.post(f"{product.admin}/admin/v1/replays", json=asked).json()
    assert answer == {"replayed": 500, "remaining": 101}


def test_a_webhook_that_left_gone_stays_so_over_a_restart_with_the_old_spec(product: Product) -> None:
    """A changed spec clears a 410 for good: going back to the spec of the 410 (git revert) does not bring it back."""
    product.webhook("one", GONE)
    product.start()
    product.accepted(granted())
    product.loaded("default/one", "gone")
    product.restart()
    product.loaded("default/one", "gone")
    product.webhook("one", WORKS)
    product.loaded("default/one")
    product.webhook("one", GONE)
    product.loaded("default/one")
    product.restart()
    assert product.loaded("default/one")["state"] == "running"


def test_a_namespace_in_the_path_cannot_spell_the_identity_of_another_ones_event(product: Product) -> None:
    """Whoever may post to one namespace cannot make the events of another one a conflict."""
    product.webhook("one", WORKS, namespace="ops")
    product.start()
    other = product.post(granted(mine=1), "/v1/namespaces/ops%0Asource/events", idempotency_key="id")
    assert other.status_code in (202, 404)
    event = {"specversion": "1.0", "type": "dev.example.a", "source": "source", "id": "id", "data": granted()}
    answer = product.post(event, "/v1/namespaces/ops/events", content_type="application/cloudevents+json")
    assert answer.status_code == 202
    assert len(answer.json()["events"][0]["deliveries"]) == 1


def test_dead_letters_that_left_by_size_are_not_counted_any_more(product: Product) -> None:
    """Status, page and metrics follow what the store dropped, without a restart."""
    product.webhook("one", GONE)
    product.start(DEAD_LETTERS_BYTES="1")
    batch(product, 3)
    until(lambda: product.view("default/one")["deadLettered"] == 3)
    until(lambda: product.dead_letters() == [], 150)
    until(lambda: product.view("default/one")["deadLettered"] == 0, 90)
