"""`kubectl hookwright test`: asks for a run and waits for that run, with a small real process in place of kubectl."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitops.settled import Cluster, Raw, webhook_test
from gitops.states import failed, of_test
from kubectl_harness import Kubectl, make_kubectl


@pytest.fixture
def kubectl(tmp_path: Path) -> Kubectl:
    """A kubectl that sees an empty cluster."""
    return make_kubectl(tmp_path / "bin")


def answered(cluster: Cluster) -> Raw:
    """The status that the controller gives a test for the present request."""
    return {**cluster["WebhookTest"]["status"], "lastHandledReconcileAt": "$requested"}


def test_a_test_that_passes(kubectl: Kubectl) -> None:
    """It is asked for by the annotation; what it waits for goes to stderr, the result to stdout; exit code 0."""
    kubectl.put(webhook_test())
    kubectl.state["reactions"] = {
        "shop/slack": [of_test()["WebhookTest"]["status"], answered(of_test().run())]
    }
    result = kubectl("test", "shop/slack")
    assert result.exit_code == 0
    assert result.stdout == "● shop/slack → shop/slack: Test successful. The target answered 200 OK.\n"
    assert result.stderr == "shop/slack: Waiting for the controller.\nshop/slack: Running.\n"
    ((_, words),) = kubectl.calls("annotate")
    assert words[1:4] == ["webhooktests.hookwright.io", "slack", "--namespace=shop"]
    assert words[4].startswith("hookwright.io/requestedAt=")


def test_a_test_that_fails_ends_at_once(kubectl: Kubectl) -> None:
    """What was expected, the tip and the next command; exit code 1."""
    kubectl.put(webhook_test())
    kubectl.state["reactions"] = {"shop/slack": [answered(failed())]}
    result = kubectl("test", "slack", "-n", "shop")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "● shop/slack → shop/slack: Test failed. The target answered 404 Not Found.",
        "    statusCodes: expected 200, got 404",
        "    Tip: Check the path of the URL.",
        "    Next: kubectl -n shop describe webhooktest slack",
    ]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("test", "slack"), "WebhookTest default/slack in the cluster; there is shop/slack."),
        (("test", "shop/slak"), "WebhookTest shop/slak in the cluster; perhaps shop/slack is meant."),
        (("test", "shop/other"), "WebhookTest shop/other in the cluster."),
        (("retry", "slack"), "Webhook default/slack in the cluster; there is shop/slack."),
    ],
)
def test_a_name_that_stands_elsewhere_is_told(kubectl: Kubectl, words: tuple[str, ...], meant: str) -> None:
    """Or one that is nearly the same; exit code 2, and nothing is asked to run."""
    cluster = of_test()
    kubectl.put(cluster["Webhook"], cluster["WebhookTest"])
    result = kubectl(*words)
    assert (result.exit_code, result.stderr) == (2, f"Error: There is no {meant}\n")


def test_who_may_look_nowhere_else_is_told_of_the_name_alone(kubectl: Kubectl) -> None:
    """What is in other namespaces stays there."""
    kubectl.put(webhook_test())
    kubectl.state["forbidden"] = ["get webhooktests.hookwright.io"]
    assert kubectl("test", "slack").stderr == "Error: There is no WebhookTest default/slack in the cluster.\n"


def test_an_earlier_result_is_never_taken_for_this_one(kubectl: Kubectl) -> None:
    """A test that passed before is waited for until the run of this request is done."""
    raw = of_test().run()["WebhookTest"]
    raw["status"]["lastHandledReconcileAt"] = "2026-01-01T00:00:00Z"
    kubectl.put(raw)
    kubectl.state["reactions"] = {"shop/slack": [raw["status"], answered(failed())]}
    assert kubectl("test", "shop/slack").exit_code == 1


def test_a_test_that_can_never_run_ends_at_once(kubectl: Kubectl) -> None:
    """Its spec is not valid: there is nothing to wait for."""
    kubectl.put(of_test(interval="5m")["WebhookTest"])
    result = kubectl("test", "shop/slack")
    assert result.exit_code == 1
    assert result.stdout.startswith("● shop/slack → shop/slack: Test failed. spec.interval")


def test_a_test_that_does_not_run_in_time_has_failed(kubectl: Kubectl) -> None:
    """An earlier success counts for nothing; what it waits for is said."""
    raw = of_test(timeout="1s").run()["WebhookTest"]
    raw["status"]["lastHandledReconcileAt"] = "2026-01-01T00:00:00Z"
    kubectl.put(raw)
    kubectl("list")  # writes what the cluster holds
    code = (
        "from hookwright.cli.cluster import Cluster, Kubectl\n"
        "from hookwright.cli.cluster_tests import document, run_tests\n"
        "cluster = Cluster(Kubectl.found(None), None, plugin=True)\n"
        "(raw,) = run_tests(cluster, ['shop/slack'], lambda *said: None, patience=0.1)\n"
        "print(document(raw)['result'], document(raw)['message'], document(raw)['invocation'], sep='|')\n"
    )
    environment = {**os.environ, **kubectl.environment}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "Test failed|It has not run in time. Waiting for the controller.|None\n", (
        done.stderr
    )


def test_several_tests_are_all_asked_for_first(kubectl: Kubectl) -> None:
    """They run side by side; one that fails decides the exit code; JSON has one item each, by the names of the status."""
    other = webhook_test()
    other["metadata"] |= {"name": "other"}
    kubectl.put(webhook_test(), other)
    kubectl.state["reactions"] = {
        "shop/slack": [answered(of_test().run())],
        "shop/other": [answered(failed())],
    }
    result = kubectl("test", "shop/slack", "shop/other", "-o", "json")
    assert result.exit_code == 1
    items = json.loads(result.stdout)["items"]
    assert [(each["test"], each["result"]) for each in items] == [
        ("shop/slack", "Test successful"), ("shop/other", "Test failed"),
    ]  # fmt: skip
    assert items[1]["hint"] == "Check the path of the URL."
    assert items[1]["assertions"] == [
        {"name": "statusCodes", "passed": False, "expected": "200", "actual": "404"}
    ]
    verbs = [words[0] for _, words in kubectl.calls()]
    assert verbs == ["annotate", "annotate", "get", "get"]


def test_a_test_that_is_deleted_meanwhile(kubectl: Kubectl) -> None:
    """Nobody waits for what is gone."""
    kubectl.put(webhook_test())
    kubectl.state["reactions"] = {"shop/slack": [None]}
    result = kubectl("test", "shop/slack")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == "Error: The WebhookTest shop/slack has been deleted."


def test_a_test_that_is_not_there(kubectl: Kubectl) -> None:
    """Used wrong, in one sentence."""
    result = kubectl("test", "shop/nope")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: There is no WebhookTest shop/nope in the cluster.\n",
    )


def test_flags_of_tests_in_files_are_refused(kubectl: Kubectl) -> None:
    """In a cluster the release's own settings count."""
    result = kubectl("test", "shop/slack", "--allow", "10.0.0.0/8")
    assert (result.exit_code, kubectl.calls()) == (2, [])
