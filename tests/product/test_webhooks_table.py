"""The table of webhooks as the admin port answers it (SPEC 7), with real deliveries behind what it says."""

from __future__ import annotations

from typing import Any

from product.conftest import Product, granted
from rig import until

WEBHOOK = "  url: https://target.test%s\n  triggers: [RequestGranted]\n"


def search(product: Product, **query: str) -> dict[str, Any]:
    """A page of what is looked for."""
    answer = product.http.get(f"{product.admin}/admin/v1/webhooks", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def keys(product: Product, **query: str) -> list[str]:
    """Whom a search finds."""
    return [each["webhook"] for each in search(product, **query)["items"]]


def test_a_search_follows_what_happens(product: Product) -> None:
    """Deliveries, failures, dead letters and a new configuration each change who is found, and where he stands."""
    product.webhook("a-fine", WEBHOOK % "/fine")
    product.webhook("b-fails", WEBHOOK % "/-/status/500")
    product.webhook("c-rejects", WEBHOOK % "/-/status/404")
    product.webhook("d-off", WEBHOOK % "/off" + "  active: false\n")
    product.start()
    product.loaded("default/d-off", "inactive")
    assert search(product, sort="attention")["counts"] == {
        "all": 4, "failing": 0, "open": 0, "held": 0, "gone": 0, "dead": 0, "inactive": 1,
    }  # fmt: skip
    product.accepted(granted())
    until(lambda: keys(product, state="failing") == ["default/b-fails", "default/c-rejects"])
    until(lambda: keys(product, state="dead") == ["default/c-rejects"])
    assert keys(product, sort="attention")[0] == "default/b-fails"
    assert keys(product, sort="attention")[-1] == "default/d-off"
    held = "  auth: {bearer: {tokenSecretRef: {name: away, key: token}}}\n"
    product.webhook("z-held", WEBHOOK % "/z" + held, namespace="shop")
    product.loaded("shop/z-held", "held")
    assert keys(product, sort="attention")[0] == "shop/z-held"
    assert search(product, q="HELD")["namespaces"] == {"default": 4, "shop": 1}
    (product.manifests / "webhook-shop-z-held.yaml").unlink()
    until(lambda: keys(product, namespace="shop") == [])


def test_a_view_counts_the_attempts_of_the_last_hour(product: Product) -> None:
    """Delivered ones and others in slots of two minutes, the present one last; nothing where nothing happened."""
    product.webhook("fine", WEBHOOK % "/fine")
    product.webhook("rejects", WEBHOOK % "/-/status/404")
    product.webhook("idle", "  url: https://target.test/\n  triggers: [RequestFailed]\n")
    product.start()
    for _ in range(3):
        product.accepted(granted())
    until(lambda: product.view("default/rejects")["deadLettered"] == 3)
    until(lambda: product.view("default/fine")["pending"] == 0)
    fine, rejects = product.view("default/fine"), product.view("default/rejects")
    assert (len(fine["activity"]), fine["activitySeconds"]) == (30, 120)
    assert [sum(of) for of in zip(*fine["activity"], strict=True)] == [3, 0]
    assert [sum(of) for of in zip(*rejects["activity"], strict=True)] == [0, 3]
    assert "activity" not in product.view("default/idle")


def test_a_view_says_since_when_deliveries_wait_and_when_the_next_is_due(product: Product) -> None:
    """A held one has no next time; one to be tried again has; where nothing waits there is neither."""
    held = "  auth: {bearer: {tokenSecretRef: {name: away, key: token}}}\n"
    product.webhook("held", WEBHOOK % "/held" + held)
    product.webhook("fails", WEBHOOK % "/-/status/500" + "  retry: {schedule: [1h]}\n")
    product.webhook("fine", WEBHOOK % "/fine")
    product.start()
    product.loaded("default/held", "held")
    delivery = product.accepted(granted())[0]
    until(lambda: product.view("default/fails")["nextDue"])
    until(lambda: product.view("default/fine")["pending"] == 0)
    assert delivery
    held, fails, fine = (product.view(f"default/{name}") for name in ("held", "fails", "fine"))
    assert held["oldestWaiting"] <= fails["lastInvocation"]["time"]
    assert held["nextDue"] is None
    assert fails["oldestWaiting"] < fails["nextDue"]
    assert (fine["oldestWaiting"], fine["nextDue"]) == (None, None)
