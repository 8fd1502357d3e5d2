"""`hookwright test` as a pipeline runs it: what counts, and what a failure shows (SPEC 6, 7)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rig import HANGS

WEBHOOK = """
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {name: %s}
spec:
  url: https://target.test%s
  triggers: [RequestGranted]
"""
TEST = """
---
apiVersion: hookwright.io/v1alpha1
kind: WebhookTest
metadata: {name: %s}
spec: {webhookRef: {name: %s}, timeout: 60s}
"""


@pytest.fixture
def run(tmp_path: Path, receiver: tuple[Path, int, Path]) -> Any:
    """Runs `hookwright test` on the manifests in `text`: (exit code, the runs, stderr)."""
    ca_file, port, _ = receiver

    def run(text: str, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
        (tmp_path / "all.yaml").write_text(text)
        command = [sys.executable, "-m", "hookwright", "test", str(tmp_path), "-o", "json", "--ca-file", str(ca_file),
                   "--connect-to", f"target.test:443:127.0.0.1:{port}", *arguments]  # fmt: skip
        result = subprocess.run(command, capture_output=True, text=True, timeout=HANGS)
        return result.returncode, json.loads(result.stdout)["items"], result.stderr

    return run


def test_names_are_those_of_the_status(run: Any) -> None:
    """Result, message, hint, invocation, assertions, hash and time of the last run."""
    code, (run_,), _ = run(WEBHOOK % ("one", "/named") + TEST % ("t", "one"))
    assert code == 0
    assert run_["result"] == "Test successful"
    assert {"message", "hint", "invocation", "assertions", "testedConfigHash", "lastRunTime"} <= set(run_)
    assert {"request", "response", "timings", "attempts"} <= set(run_["invocation"])


def test_the_timeout_of_the_test_shows_what_was_sent(run: Any) -> None:
    """The request is in the invocation though no answer came."""
    code, (run_,), _ = run(WEBHOOK % ("one", "/-/hang") + TEST.replace("60s", "5s") % ("t", "one"))
    assert (code, run_["result"]) == (1, "Test failed")
    assert run_["message"] == "The test did not end within its timeout of 5s (may have been sent)."
    assert run_["invocation"]["request"]["url"] == "https://target.test/-/hang"
    assert "timeout" in run_["hint"]


def test_a_field_that_no_event_has_carries_its_tip(run: Any) -> None:
    """Though the webhook is held and nothing is sent."""
    body = '  bodyTemplate: \'{"who": "{{ data.requestor.name }}"}\'\n'
    code, (run_,), _ = run(WEBHOOK % ("one", "/x") + body + TEST % ("t", "one"))
    assert code == 1
    assert "{{ data.requestor.name }}: data.requestor: no such field" in run_["message"]
    assert run_["hint"].startswith("Check the field's name against the event")


def test_only_what_is_asked_for_counts(run: Any) -> None:
    """Another webhook's mistake, or another test's, is no failure of this one."""
    others = "---" + WEBHOOK % ("other", ":8443/") + TEST % ("lost", "nowhere")
    text = WEBHOOK % ("one", "/only") + TEST % ("t", "one") + others
    code, runs, said = run(text, "--only", "t")
    assert (code, [each["test"] for each in runs], said) == (0, ["default/t"], "")
    code, (lost,), said = run(text, "--only", "lost")
    assert (code, lost["test"], "Webhook nowhere does not exist" in said) == (1, "default/lost", True)
    code, _, said = run(text)
    assert (code, "url must not name a port" in said) == (1, True)


def test_a_test_that_cannot_run_is_listed_as_failed(run: Any) -> None:
    """A pipeline that reads the items sees every test, each failure with what is wrong and its tip."""
    wrong = TEST % ("wrong", "one") + TEST % ("lost", "nowhere")
    text = (
        WEBHOOK % ("one", "/listed") + TEST % ("t", "one") + wrong.replace("timeout: 60s", "mode: Maybe", 1)
    )
    code, (passed, invalid, lost), _ = run(text)
    assert (code, passed["result"], invalid["result"], lost["result"]) == (
        1, "Test successful", "Test failed", "Test failed",
    )  # fmt: skip
    assert (invalid["webhook"], invalid["message"]) == (
        "default/one", "spec.mode: mode must be Send or Render",
    )  # fmt: skip
    assert lost["message"].startswith("spec.webhookRef.name: Webhook nowhere does not exist")
    assert invalid["hint"] == lost["hint"]
    assert lost["hint"].startswith("Check the WebhookTest itself")
