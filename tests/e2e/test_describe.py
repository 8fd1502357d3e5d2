"""What a user reads: columns and `kubectl describe` of webhooks and tests that are well, and of those that are not.

Read `golden/` as a user would before changing it; a test that fails prints what its file would have to hold.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from e2e.conftest import Receiver, Source
from e2e.kube import Kube, ours, until
from hookwright.core.samples import sample

GOLDEN = Path(__file__).with_name("golden")
HOST = "https://hooks.slack.com"
TEMPLATE = '{"text": "{{ data.requester.name }} asks for {{ data.friendly_id }}"}'
SHAPES = {
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}": "UID",
    r"\d{4}-\d\d-\d\dT[\d:.]+Z": "TIME",
    r"(Resource Version: +)\d+": r"\1VERSION",
    r"\b[0-9a-f]{64}\b": "HASH",
    r"\b[0-9a-f]{32}\b": "RUN",
    r"\b(dlv|evt)_\w+": r"\1_ID",
    r"(Message: +Run )\S+": r"\1ID",
    r"(Duration Millis: +)[\d.]+": r"\1MILLIS",
    r"hookwright/\d[\w.]*": "hookwright/VERSION",
    r"(Webhook - Timestamp: +)\d+": r"\1SECONDS",
    r"(?<=    Timings:)(\n      .*)+": "  MILLIS",  # those of a kept connection are fewer
}
"""What differs each time, and what stands for it."""
AGE = re.compile(r"(\d+[smhd])+( \(x\d+ over (\d+[smhd])+\))?")


def table(lines: list[str]) -> list[str]:
    """Without ages, and as wide as it then is; the rows sorted."""
    columns = [each.span()[0] for each in re.finditer(r"\S+(?: \S+)*", lines[0])]
    spans = list(zip(columns, [*columns[1:], None], strict=True))
    rows = [[line[begin:end].strip() for begin, end in spans] for line in lines]
    rows = [rows[0], *sorted(["AGE" if AGE.fullmatch(cell) else cell for cell in row] for row in rows[1:])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    indent = " " * columns[0]
    return [
        (indent + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]


def normal(text: str) -> str:
    """What `get` or `describe` prints, without what differs each time."""
    lines = [line.rstrip() for line in text.splitlines()]
    described = lines[0].startswith("Name:")
    start = (lines.index("Events:") + 1 if "Events:" in lines else len(lines)) if described else 0
    text = "\n".join([*lines[:start], *(table(lines[start:]) if lines[start:] else ()), ""])
    for shape, word in SHAPES.items():
        text = re.sub(shape, word, text)
    return text


@pytest.fixture(scope="module")
def shown(kube: Kube, place: str, source: Source, receiver: Receiver) -> str:
    """A webhook that works, one whose target refuses, one that lacks its Secret, and a test of each."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "token", "namespace": place, "labels": {"hookwright.io/webhook-secret": "true"}},
        "stringData": {"token": "bearer-of-the-test-of-describe"},
    }
    common = {"triggers": ["RequestGranted"], "bodyTemplate": TEMPLATE}
    specs = {
        "works": {"url": f"{HOST}/describe", **common},
        "refused": {"url": f"{HOST}/-/status/404/describe", "retry": {"schedule": []}, **common},
        "waits": {"url": f"{HOST}/describe", **common},
    }
    for name, spec in specs.items():
        key = {"name": "later" if name == "waits" else "token", "key": "token"}
        spec["auth"] = {"bearer": {"tokenSecretRef": key}}
    kube.apply(secret, *(ours("Webhook", name, place, spec) for name, spec in specs.items()))
    kube.wait("Ready", "webhook/works", "webhook/refused", namespace=place)
    made = source.post(sample("RequestGranted"))
    for name, reached in {"works": "True", "refused": "False"}.items():
        receiver.arrived(made[f"{place}/{name}"])
        kube(
            "-n",
            place,
            "wait",
            f"webhook/{name}",
            f"--for=condition=DeliveryHealthy={reached}",
            "--timeout=60s",
        )
    kube.apply(*(ours("WebhookTest", name, place, {"webhookRef": {"name": name}}) for name in specs))
    kube.wait("Finished", "webhooktest/works", "webhooktest/refused", namespace=place)
    for name in specs:
        until(lambda name=name: kube.get("webhook", name, place)["status"].get("tests"))
    return place


COMMANDS = {
    "webhooks": ("get", "webhooks"),
    "webhooks-wide": ("get", "webhooks", "-o", "wide"),
    "webhooktests": ("get", "webhooktests"),
    "webhooktests-wide": ("get", "webhooktests", "-o", "wide"),
    **{
        f"{kind}-{name}": ("describe", kind, name)
        for kind in ("webhook", "webhooktest")
        for name in ("works", "refused", "waits")
    },
}


@pytest.mark.parametrize("name", COMMANDS)
def test_reads_as_it_should(kube: Kube, shown: str, name: str) -> None:
    """Word for word, apart from times and ids."""
    text = normal(kube("-n", shown, *COMMANDS[name]))
    print(text)  # whole, where the difference is cut short
    assert text == (GOLDEN / f"{name}.txt").read_text()
