"""The WebhookTests of `dev`'s folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from click.testing import CliRunner
from structlog.testing import capture_logs

from hookwright.api import admin
from hookwright.cli.dev_tests import FolderTests
from hookwright.cli.folder import read_folder, test_requests
from hookwright.cli.main import main
from hookwright.dispatcher.testruns import TestRequest

MANIFESTS = """
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {name: one}
spec: {url: "https://target.test/", triggers: [RequestGranted]}
---
apiVersion: hookwright.io/v1alpha1
kind: WebhookTest
metadata: {name: works}
spec: {webhookRef: {name: one}}
"""


async def test_a_run_that_breaks_is_told_and_done_again_after_a_change(tmp_path: Path) -> None:
    """An error beside the run itself is a log line; nothing is sent again before the folder changes."""
    (tmp_path / "all.yaml").write_text(MANIFESTS)
    requests = test_requests(read_folder([tmp_path], b"key"))
    memory = tmp_path / "tests.json"
    runs: list[str] = []
    shown = asyncio.Event()

    async def run(request: TestRequest) -> admin.TestRun:
        runs.append(request.run_id)
        if len(runs) == 1:
            raise RuntimeError("unforeseen")
        return admin.TestRun(
            run_id=request.run_id, test=request.test, webhook="default/one", mode="Send", result="Test successful",
            message="", hint=None, time="",
        )  # fmt: skip

    tests = FolderTests(memory, run, lambda _: shown.set())
    with capture_logs() as said:
        tests.follow(requests)
        async with asyncio.timeout(30):
            while not said:
                await asyncio.sleep(0)
    assert [(line["event"], line["test"]) for line in said] == [("test.failed", "default/works")]
    tests.follow(requests)
    await asyncio.wait_for(shown.wait(), 30)
    await tests.close()
    assert runs == [requests[0].run_id] * 2
    assert runs[0] in memory.read_text()


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    """With the folder to name instead; exit code 2."""
    file = tmp_path / "all.yaml"
    file.write_text(MANIFESTS)
    found = CliRunner().invoke(main, ["dev", str(file)])
    assert (found.exit_code, found.stderr) == (2, f"Error: {file} is a file: name its folder, {tmp_path}.\n")
