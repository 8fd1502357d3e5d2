"""Corners of SPEC 5 seen from outside: what an open circuit says, and what closes it."""

from __future__ import annotations

from product.conftest import Product, granted
from rig import until

FAILING = "  url: https://target.test/-/status/401\n  triggers: [RequestGranted]\n"


def test_an_open_circuit_says_so_and_a_change_closes_it(product: Product) -> None:
    """With a mended url loaded it is closed, not at the next probe; what waited is delivered."""
    product.webhook("one", FAILING)
    product.start()
    for _ in range(10):
        product.accepted(granted())
    view = until(lambda: (view := product.view("default/one")) and view["circuit"] == "Open" and view)
    assert view["message"].startswith(
        "The circuit is open after 10 failed attempts in a row; it is tried in "
    )
    assert view["message"].endswith(" s, or now: hookwright retry default/one")
    waiting = product.accepted(granted())[0]
    assert product.changed("one", FAILING.replace("-/status/401", "mended"))["circuit"] == "Closed"
    until(lambda: product.received(waiting, path="/mended"))


def test_a_held_webhook_still_names_its_host(product: Product) -> None:
    """As `list` shows it."""
    product.webhook("held", FAILING + "  auth: {bearer: {tokenSecretRef: {name: missing, key: token}}}\n")
    product.start()
    assert product.loaded("default/held", "held")["host"] == "target.test"
