"""The pages for users say what the running product does: settings, files, metrics, logs, events, tests."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hookwright.core.decode import decode
from hookwright.dispatcher.settings import Settings
from product.conftest import Product, granted, receiving
from rig import HANGS, records, until

DOCS = Path(__file__).parents[2] / "docs"
OPERATIONS = (DOCS / "operations.md").read_text()
EVENTS = (DOCS / "events.md").read_text()
TESTING = (DOCS / "testing-webhooks.md").read_text()
SETTINGS = (DOCS / "reference" / "settings.md").read_text()
METRICS = (DOCS / "reference" / "metrics.md").read_text()
DESK = "desk.example.com"
WRONG_TOKEN = f"""
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {{name: wrong-token}}
spec: {{url: "https://{DESK}/-/status/401", triggers: [RequestGranted]}}
---
apiVersion: hookwright.io/v1alpha1
kind: WebhookTest
metadata: {{name: wrong-token}}
spec: {{webhookRef: {{name: wrong-token}}}}
"""


def table(text: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its head."""
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = re.search(r"(?:^\|.*\|\n)+", section, re.MULTILINE)
    assert found is not None
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[0].splitlines()[2:]]


def words(cell: str) -> list[str]:
    """The names in a cell: `one`, `two`."""
    return re.findall(r"`([^`]+)`", cell)


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory, receiver: Any) -> Iterator[Product]:
    """A product that has delivered one event and failed with another."""
    product = Product(tmp_path_factory.mktemp("documented"), *receiver)
    product.webhook("well", "  url: https://target.test/\n  triggers: [RequestGranted]\n")
    product.webhook("ill", "  url: https://target.test/-/status/404\n  triggers: [RequestFailed]\n")
    product.start()
    for kind in ("RequestGranted", "RequestFailed"):
        answer = product.post({**granted(friendly_id="AR-1"), "event_type": kind}, idempotency_key=kind)
        product.invocation(answer.json()["events"][0]["deliveries"][0]["id"])
    yield product
    product.stop()
    product.http.close()


def test_every_setting_is_listed_with_its_default() -> None:
    """The names are those of Settings, in their order, and each default reads as the real one."""
    rows = {
        words(row[0])[0].removeprefix("HOOKWRIGHT_").lower(): row[1] for row in table(OPERATIONS, "Settings")
    }
    assert list(rows) == list(Settings.model_fields)
    for name, shown in rows.items():
        default = Settings.model_fields[name].default
        if shown == "none":
            assert default in (None, ())
        else:
            assert getattr(Settings(**{name: words(shown)[0]}), name) == default, name


def test_defaults_of_the_reference_are_written_as_people_write_them() -> None:
    """No setting has another default than its process, and none is a number of bytes or seconds."""
    shown = {words(name)[0]: words(default) for name, _, default, _ in table(SETTINGS, "Dispatcher")}
    for variable, found in shown.items():
        name = variable.removeprefix("HOOKWRIGHT_").lower()
        default = Settings.model_fields[name].default
        assert getattr(Settings(**({name: found[0]} if found else {})), name) == default, name
    assert (shown["HOOKWRIGHT_HISTORY_BYTES"], shown["HOOKWRIGHT_HISTORY_AGE"]) == (["1GiB"], ["7d"])


def test_every_metric_is_listed(documented: Product) -> None:
    """What a scrape has and what the page has are the same; the alerts use nothing else."""
    scraped = documented.http.get(f"{documented.admin}/metrics").text
    names = set()
    for family in text_string_to_metric_families(scraped):
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        names.add(family.name if family.name.endswith(suffix) else family.name + suffix)
    rows = {words(name)[0]: about for name, about in table(OPERATIONS, "Metrics")}
    others = {name for name, about in rows.items() if "(PostgreSQL)" in about or "of the controller" in about}
    assert others <= set(re.findall(r"hookwright_[a-z_]+", METRICS))  # which is made from the code
    listed = set(rows)
    assert listed - others == {name for name in names if not name.startswith("process_")}
    assert any(name.startswith("process_") for name in names)
    alerted = set(re.findall(r"hookwright_[a-z_]+", OPERATIONS.split("Alerts worth having")[1]))
    assert set() < alerted <= listed


def test_every_field_of_the_attempt_line_is_listed(documented: Product) -> None:
    """In the order of the line, those of failures included."""

    def lines() -> list[dict[str, Any]]:
        return [line for line in records(documented.output()) if line["event"] == "attempt"]

    attempts = until(lambda: len(found := lines()) == 2 and found)
    listed = {name for row in table(OPERATIONS, "Logs") for name in words(row[0])}
    assert {name for line in attempts for name in line} == listed


def test_every_file_of_the_data_folder_is_listed(documented: Product) -> None:
    """While it runs; tests.json comes with the first test, sink/ with --sink, store.db.copied with a copy."""
    listed = {name for row in table(OPERATIONS, "Files") for name in words(row[0])}
    files = {path.name for path in (documented.folder / "data").iterdir()}
    assert files <= listed
    assert listed - files <= {"tests.json", "sink/", "store.db.copied"}


def test_a_backup_made_while_it_runs_can_be_started_from(documented: Product, receiver: Any) -> None:
    """SQLite's own backup, put in place of a store: the history is there."""
    data = documented.folder / "data"
    restored = Product(documented.folder / "restored", *receiver)
    (restored.folder / "data").mkdir()
    with (
        closing(sqlite3.connect(data / "store.db")) as source,
        closing(sqlite3.connect(restored.folder / "data" / "store.db")) as copy,
    ):
        source.backup(copy)
    try:
        restored.start()
        assert [each["id"] for each in restored.invocations()] == [
            each["id"] for each in documented.invocations()
        ]
        assert len(restored.dead_letters()) == 1
    finally:
        restored.stop()
        restored.http.close()


def test_the_events_of_the_page_are_taken(documented: Product) -> None:
    """Each block is accepted with the content type that the page names for it."""
    kinds = {
        "json": "application/json",
        "ndjson": "application/x-ndjson",
        "cloudevent": "application/cloudevents+json",
    }
    for language, content_type in kinds.items():
        (block,) = blocks(EVENTS, language)
        assert decode({"content-type": content_type}, block.encode())
        assert documented.post(block.encode(), content_type=content_type).status_code == 202


def test_the_tests_of_the_page_give_what_it_shows(tmp_path: Path) -> None:
    """Its manifests are valid, and their runs print its lines."""
    (manifests,) = blocks(TESTING, "yaml")
    passing, failing = blocks(TESTING, "text")
    (tmp_path / "page.yaml").write_text(manifests)
    (tmp_path / "wrong.yaml").write_text(WRONG_TOKEN)

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "hookwright", *arguments]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=HANGS, cwd=tmp_path
        )
        return done.returncode, done.stdout

    with receiving(tmp_path, DESK) as (ca_file, port, _):
        leads = ["--ca-file", str(ca_file), "--connect-to", f"{DESK}:443:127.0.0.1:{port}"]
        assert "0 errors, 0 warnings" in run("validate", "page.yaml")[1]
        assert run("test", "page.yaml", *leads) == (0, passing)
        assert run("test", "wrong.yaml", *leads) == (1, failing)


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page is a file or folder."""
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target
