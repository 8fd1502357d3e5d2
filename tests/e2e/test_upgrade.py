"""An upgrade of the release while events come and deliveries wait."""

from __future__ import annotations

import time

from e2e.conftest import PRODUCT, RELEASE, ROOT, Receiver, Release, Source, Ticker, all_arrived
from e2e.kube import Kube, ours, until
from hookwright.core.samples import sample

URL = "https://hooks.slack.com/-/delay/1500/upgrade"


def test_upgrade_loses_nothing(
    kube: Kube, release: Release, place: str, source: Source, receiver: Receiver, ticker: Ticker
) -> None:
    """A changed value replaces the dispatcher's pod; what waited and what was accepted around it is delivered."""
    spec = {"url": URL, "triggers": ["RequestGranted"], "maxInFlight": 1}
    kube.apply(ours("Webhook", "slow", place, spec))
    kube.wait("Ready", "webhook/slow", namespace=place)
    waiting = [source.post(sample("RequestGranted"))[f"{place}/slow"] for _ in range(8)]
    (before,) = kube.items("pods", PRODUCT, "--selector", "app.kubernetes.io/component=dispatcher")
    release.helm(
        "upgrade",
        RELEASE,
        str(ROOT / "charts/hookwright"),
        "--reuse-values",
        "--set=drainTimeout=5s",
        "--wait",
    )
    (after,) = kube.items("pods", PRODUCT, "--selector", "app.kubernetes.io/component=dispatcher")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    back = time.time()
    until(lambda: ticker.accepted(since=back))
    made = [*waiting, *ticker.stop()]
    kube("-n", place, "patch", "webhook", "slow", "--type=merge", '--patch={"spec": {"maxInFlight": 16}}')
    until(lambda: all_arrived(kube, made), 60)
    assert receiver.requests(waiting[-1])
