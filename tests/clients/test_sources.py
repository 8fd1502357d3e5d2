"""Tools that post JSON of their own to `?type=`: Alertmanager's notifier, and the event of Flux's generic provider."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from product.conftest import HOST, Product
from rig import until

pytestmark = pytest.mark.needs_go
EXAMPLES = Path(__file__).parents[2] / "examples"
REASON = 'dry-run failed:\nfield "spec.replicas" is immutable'


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, receiver: Any) -> Iterator[Product]:
    """The product with the two examples, sent to the receiver."""
    product = Product(tmp_path_factory.mktemp("sources"), *receiver)
    for name in ("from-alertmanager", "from-flux"):
        manifest = yaml.safe_load((EXAMPLES / name / "webhook.yaml").read_text())
        manifest["spec"]["url"] = f"https://{HOST}/{name}"
        product.write(name, yaml.safe_dump(manifest))
    product.start()
    for name in ("from-alertmanager", "from-flux"):
        product.loaded(f"default/{name}")
    yield product
    product.stop()
    product.http.close()


def run(program: Path, url: str, given: Any) -> str:
    """What the program printed; it ends with an error where its library saw one."""
    done = subprocess.run(
        [program, url], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def arrived(product: Product, path: str) -> list[Any]:
    """The bodies that came to a path, once the first has."""
    until(lambda: product.received(path=path))
    return [json.loads(each["body"]) for each in product.received(path=path)]


def test_alertmanager_s_own_notifier_is_satisfied(running: Product, built: Path) -> None:
    """It counts the answer as a success; a firing and a resolved alert come through, nanoseconds and all."""
    alerts = [
        {
            "labels": {"alertname": "TargetDown", "instance": "db:9100"},
            "annotations": {"summary": 'db is "down"\n😀'},
            "startsAt": "2026-01-31T12:00:00.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
        },
        {
            "labels": {"alertname": "TargetDown", "instance": "web:9100"},
            "startsAt": "2026-01-31T13:00:00+01:00",
            "endsAt": "2026-01-31T12:05:00Z",
        },
    ]
    run(built / "alertmanager", f"{running.events}/v1/events?type=io.prometheus.alert", alerts)
    assert arrived(running, "/from-alertmanager") == [
        {
            "status": "firing",
            "alerts": [
                {
                    "name": "TargetDown",
                    "status": "firing",
                    "summary": 'db is "down"\n😀',
                    "since": "2026-01-31T12:00:00Z",
                },
                {"name": "TargetDown", "status": "resolved", "summary": "", "since": "2026-01-31T12:00:00Z"},
            ],
        }
    ]


def test_an_event_of_flux_is_taken(running: Product, built: Path) -> None:
    """What the type of Flux writes is what filter and template read: an error is passed on, a notice is not."""
    url = f"{running.events}/v1/events?type=io.fluxcd.event"
    event = {
        "involvedObject": {"kind": "Kustomization", "namespace": "apps", "name": "shop"},
        "timestamp": "2026-01-31T12:00:00Z",
        "message": REASON,
        "reason": "ReconciliationFailed",
        "reportingController": "kustomize-controller",
    }
    answers = [run(built / "flux", url, {**event, "severity": severity}) for severity in ("info", "error")]
    assert [len(json.loads(answer)["events"][0]["deliveries"]) for answer in answers] == [0, 1]
    assert arrived(running, "/from-flux") == [
        {
            "text": "Kustomization apps/shop: ReconciliationFailed",
            "details": REASON,
            "at": "2026-01-31T12:00:00Z",
        }
    ]
