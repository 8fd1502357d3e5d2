"""An upgrade from the previous chart, and the way back, while events come and deliveries wait."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.conftest import APPS, PRODUCT, RELEASE, ROOT, Receiver, Release, Source, Ticker, all_arrived
from e2e.kube import Kube, ours, until
from hookwright.core.samples import sample

URL = "https://hooks.slack.com/-/delay/1500/upgrade"
CHART = ROOT / "charts/hookwright"
COLUMN = "Last Result"


def edited(file: Path, old: str, new: str) -> None:
    """Replace what stands there exactly once."""
    text = file.read_text()
    assert text.count(old) == 1, (file, old)
    file.write_text(text.replace(old, new))


@pytest.fixture
def previous(tmp_path: Path) -> Path:
    """A chart before this one: another version, other pods, a CRD that lacks a column."""
    chart = Path(shutil.copytree(CHART, tmp_path / "hookwright"))
    present = yaml.safe_load((chart / "Chart.yaml").read_text())["version"]
    edited(chart / "Chart.yaml", f"\nversion: {present}\n", "\nversion: 0.0.9\n")
    values = yaml.safe_load((chart / "values.yaml").read_text())
    for component in ("controller", "dispatcher"):
        values[component]["podLabels"] = {"revision": "previous"}
    (chart / "values.yaml").write_text(yaml.safe_dump(values))
    crd = chart / "files/crds/webhooks.hookwright.io.yaml"
    document = yaml.safe_load(crd.read_text())
    (version,) = document["spec"]["versions"]
    columns = version["additionalPrinterColumns"]
    version["additionalPrinterColumns"] = [each for each in columns if each["name"] != COLUMN]
    crd.write_text(yaml.safe_dump(document))
    return chart


def upgrade(release: Release, chart: Path) -> None:
    """As docs/install.md says; what other tests have changed by kubectl becomes helm's again."""
    release.helm("upgrade", RELEASE, str(chart), "--reset-then-reuse-values", "--wait", "--force-conflicts")


@pytest.fixture
def upgraded_from(release: Release, previous: Path, ticker: Ticker) -> Iterator[Path]:
    """The previous chart is the one that runs; the present one after the test, whatever happened in it."""
    upgrade(release, previous)
    yield previous
    upgrade(release, CHART)


def identities(kube: Kube) -> dict[str, Any]:
    """What must be the same objects afterwards, and what of their content must stay."""
    crd = kube.get("crd", "webhooks.hookwright.io", "default")
    found = {
        "crd": crd["metadata"]["uid"],
        "claim": kube.get("persistentvolumeclaim", f"{RELEASE}-data", PRODUCT)["metadata"]["uid"],
        "token": kube.get("secret", f"{RELEASE}-ingest-token", PRODUCT)["data"],
    }
    for kind in ("webhooks", "webhooktests"):
        for each in kube.items(kind, APPS):
            metadata, status = each["metadata"], each["status"]
            ready = next(each for each in status["conditions"] if each["type"] == "Ready")
            kept = (metadata["uid"], metadata["generation"], ready, status.get("configHash"))
            found[f"{kind}/{metadata['name']}"] = (*kept, status.get("lastRunTime"))
    return found


def state(kube: Kube) -> tuple[set[str], list[str]]:
    """What an upgrade changes: the pods, and the columns."""
    pods = kube.items(
        "pods", PRODUCT, "--selector", "app.kubernetes.io/component in (controller, dispatcher)"
    )
    (version,) = kube.get("crd", "webhooks.hookwright.io", "default")["spec"]["versions"]
    return {each["metadata"]["uid"] for each in pods}, [
        each["name"] for each in version["additionalPrinterColumns"]
    ]


def test_upgrade_loses_nothing(
    kube: Kube,
    release: Release,
    place: str,
    source: Source,
    receiver: Receiver,
    ticker: Ticker,
    upgraded_from: Path,
) -> None:
    """New pods and a new CRD; the same objects, status and claim; what waited or was accepted meanwhile is delivered."""
    spec = {"url": URL, "triggers": ["RequestGranted"], "maxInFlight": 1}
    kube.apply(ours("Webhook", "slow", place, spec))
    kube.wait("Ready", "webhook/slow", namespace=place)
    waiting = [source.post(sample("RequestGranted"))[f"{place}/slow"] for _ in range(8)]
    kube.wait("Finished", "webhooktests", "--all", namespace=APPS)
    stood, (pods, columns) = identities(kube), state(kube)
    upgrade(release, CHART)
    new_pods, new_columns = state(kube)
    assert (len(new_pods), pods & new_pods) == (2, set())
    assert set(new_columns) - set(columns) == {COLUMN}
    back = time.time()
    until(lambda: ticker.accepted(since=back))
    made = [*waiting, *ticker.stop()]
    kube("-n", place, "patch", "webhook", "slow", "--type=merge", '--patch={"spec": {"maxInFlight": 16}}')
    until(lambda: all_arrived(kube, made), 60)
    assert receiver.requests(waiting[-1])
    assert identities(kube) == stood
