"""What was under way when the process was killed, three times: it is set aside, and all others are delivered."""

from __future__ import annotations

import signal

from product.conftest import Product, granted
from rig import until

WEBHOOK = "  url: https://target.test%s\n  triggers: [RequestGranted]\n  timeout: 60s\n"


def killed(product: Product, how: signal.Signals, delivery: str, times: int) -> None:
    """So many lives, each of which ends while this delivery is under way."""
    for time in range(1, times + 1):
        product.start(DRAIN_TIMEOUT="0s") if time > 1 else None
        product.arrived(delivery, time)
        product.stop(how)
    product.start(DRAIN_TIMEOUT="0s")


def test_a_delivery_that_was_under_way_in_three_crashes_is_set_aside(product: Product) -> None:
    """Its dead letter says why; another webhook's and another of its own are delivered; a replay sends it once more."""
    product.webhook("hangs", WEBHOOK % "/-/hang")
    product.webhook("fine", WEBHOOK % "/fine")
    product.start(DRAIN_TIMEOUT="0s")
    for each in product.accepted(granted()):
        product.arrived(each)
    hangs = product.received(path="/-/hang")[-1]["headers"]["webhook-id"]
    killed(product, signal.SIGKILL, hangs, 3)
    (letter,) = until(product.dead_letters)
    assert (letter["reason"], letter["id"]) == ("Suspect", hangs)
    assert "ended without a word 3 times" in letter["message"]
    assert len(product.received(hangs)) == 3
    for each in product.accepted(granted()):
        product.arrived(each)
    assert product.replayed(hangs) == 1
    product.arrived(hangs, 4)


def test_an_orderly_end_is_no_crash(product: Product) -> None:
    """However often the process is told to stop while a delivery is under way."""
    product.webhook("hangs", WEBHOOK % "/-/hang")
    product.start(DRAIN_TIMEOUT="0s")
    (delivery,) = product.accepted(granted())
    killed(product, signal.SIGTERM, delivery, 4)
    product.arrived(delivery, 5)
    assert product.dead_letters() == []
