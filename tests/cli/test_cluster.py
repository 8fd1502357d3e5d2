"""`kubectl hookwright` and `--cluster`: a cluster through the caller's kubectl, played here by a small real process."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from admin_backend import dead_letter, invocation
from client_harness import ADMIN_TOKEN, FAILURE, Hookwright
from gitops.settled import Cluster, Raw, webhook
from gitops.states import BROKEN, FAILING, of_webhook
from kubectl_harness import Kubectl, make_kubectl


@pytest.fixture
def kubectl(tmp_path: Path) -> Kubectl:
    """A kubectl that sees an empty cluster."""
    return make_kubectl(tmp_path / "bin")


@pytest.fixture
def installed(kubectl: Kubectl, hookwright: Hookwright) -> Kubectl:
    """A cluster with one release, whose dispatcher is that of `hookwright`."""
    kubectl.release("hooks", "prod")
    kubectl.state["ports"] = {"8080": urlsplit(hookwright.to).port, "8081": urlsplit(hookwright.admin).port}
    return kubectl


# --- how a cluster is chosen ------------------------------------------------------------------------


def test_kubectl_finds_us_by_our_name(kubectl: Kubectl) -> None:
    """A process called kubectl-hookwright reaches the cluster without --cluster."""
    kubectl.put(of_webhook().settle()["Webhook"])
    kubectl("list")  # writes what the cluster holds
    plugin = kubectl.folder / "kubectl-hookwright"
    plugin.write_text(f"#!{sys.executable}\nfrom hookwright.cli.main import main\nmain()\n")
    plugin.chmod(0o755)
    done = subprocess.run(
        [plugin, "list"],
        env={**os.environ, **kubectl.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].split() == [
        "●",
        "shop/slack",
        "POST",
        "hooks.example.com",
        "running",
        "0",
        "0",
    ]


def test_the_flag_does_what_the_name_does(kubectl: Kubectl) -> None:
    """`hookwright list --cluster` and `kubectl hookwright list` say the same."""
    kubectl.put(of_webhook().settle()["Webhook"])
    assert kubectl("list", "--cluster", name="hookwright").stdout == kubectl("list").stdout


@pytest.mark.parametrize("words", [["-n", "shop"], ["--context", "prod"]])
def test_options_of_a_cluster_need_one(kubectl: Kubectl, words: list[str]) -> None:
    """Without --cluster they are used wrong, and no kubectl is called."""
    result = kubectl("invocations", *words, name="hookwright")
    assert result.exit_code == 2
    assert "-n and --context go with --cluster." in result.stderr
    assert kubectl.calls() == []


def test_a_namespace_that_is_none_is_refused(kubectl: Kubectl) -> None:
    """What is no DNS label goes neither to kubectl nor into a path."""
    result = kubectl("list", "-n", "a/../b")
    assert (result.exit_code, kubectl.calls()) == (2, [])


def test_without_kubectl_there_is_no_cluster(kubectl: Kubectl, tmp_path: Path) -> None:
    """One sentence, used wrong."""
    result = kubectl("list", PATH=str(tmp_path))
    assert (result.exit_code, result.stderr) == (
        2, "Error: There is no kubectl on the PATH; a cluster is reached through it.\n",
    )  # fmt: skip


def test_every_call_has_the_context(installed: Kubectl) -> None:
    """--context goes to each kubectl, and into the command to paste."""
    installed.state["namespace"] = "shop"
    result = installed("invocations", "slack", "--context", "prod eu")
    assert result.exit_code == 0
    assert len(installed.calls()) == 5
    assert all("--context=prod eu" in words for _, words in installed.calls())


# --- list ----------------------------------------------------------------------------------------------


def gone() -> Cluster:
    """A webhook whose target is gone."""
    return of_webhook().settle(**FAILING | {"state": "gone", "message": "It answered 410 Gone."})


STATES = [
    (webhook, "pending", "The controller has not seen this version yet."),
    (
        lambda: of_webhook().settle(loaded=False)["Webhook"],
        "pending",
        "Waiting for the dispatcher to load it.",
    ),
    (lambda: of_webhook().settle()["Webhook"], "running", ""),
    (lambda: of_webhook().settle().edit("Webhook")["Webhook"], "pending", "The controller has not seen"),
    (lambda: of_webhook(**BROKEN).settle()["Webhook"], "held", "spec.bodyTemplate"),
    (lambda: of_webhook(active=False).settle()["Webhook"], "running", ""),
    (lambda: of_webhook().settle(**FAILING)["Webhook"], "running", ""),
    (lambda: of_webhook().settle(circuit="Open", **FAILING)["Webhook"], "running", "Probing"),
    (lambda: gone()["Webhook"], "gone", "It answered 410 Gone."),
]


@pytest.mark.parametrize(("make", "state", "message"), STATES)
def test_list_shows_the_state_of_a_resource(
    kubectl: Kubectl, make: Callable[[], Raw], state: str, message: str
) -> None:
    """State and message follow from the conditions; the JSON has the names of the dispatcher's list."""
    kubectl.put(make())
    (found,) = json.loads(kubectl("list", "-o", "json").stdout)["items"]
    assert found["webhook"] == "shop/slack"
    assert found["state"] == state
    assert found["message"].startswith(message)
    assert bool(found["message"]) == bool(message)


def test_list_asks_neither_for_a_token_nor_for_a_dispatcher(kubectl: Kubectl) -> None:
    """Whoever may see webhooks can list them; counts and the last result come from the status."""
    raw = of_webhook().settle(circuit="Open", pending=3, dead_lettered=1, **FAILING)["Webhook"]
    kubectl.put(raw)
    kubectl.state["forbidden"] = ["get secret", "get services", "create port-forward"]
    title, row, message = kubectl("list").stdout.splitlines()
    assert title.split()[:5] == ["ACTIVE", "NAME", "METHOD", "HOST", "STATE"]
    assert row.split()[4:7] == ["circuit", "open", "Retrying"]
    assert row.split()[-2:] == ["3", "1"]
    assert message.startswith("shop/slack: Probing with one delivery at a time.")


def test_list_of_one_namespace(kubectl: Kubectl) -> None:
    """-n shows that namespace only."""
    other = webhook()
    other["metadata"] |= {"namespace": "other"}
    kubectl.put(webhook(), other)
    assert [each["webhook"] for each in json.loads(kubectl("list", "-o", "json").stdout)["items"]] == [
        "shop/slack", "other/slack",
    ]  # fmt: skip
    assert [
        each["webhook"] for each in json.loads(kubectl("list", "-n", "other", "-o", "json").stdout)["items"]
    ] == ["other/slack"]


def test_list_without_the_right_says_what_to_do(kubectl: Kubectl) -> None:
    """One sentence with the cure instead of kubectl's."""
    kubectl.state["forbidden"] = ["get webhooks.hookwright.io"]
    result = kubectl("list")
    assert (result.exit_code, result.stderr) == (
        2, "Error: You may not list webhooks of all namespaces; name yours with -n.\n",
    )  # fmt: skip
    assert (
        "Error: kubectl get webhooks: Error from server (Forbidden): " in kubectl("list", "-n", "shop").stderr
    )


# --- the dispatcher ------------------------------------------------------------------------------------


def test_invocations_come_through_a_port_forward(installed: Kubectl, hookwright: Hookwright) -> None:
    """The admin port is found by its labels, asked with the token of its Secret, and let go afterwards."""
    hookwright.backend.history = [invocation("dlv_1.1", **FAILURE)]
    result = installed("invocations", "shop/slack", "--context", "prod")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].strip() == (
        "Next: kubectl hookwright invocations --id dlv_1.1 --context prod"
    )
    ((process, words),) = installed.calls("port-forward")
    assert words[1:5] == ["--namespace=hooks", "--address=127.0.0.1", "service/prod-dispatcher", ":8081"]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_the_next_command_of_the_flag_has_the_flag(installed: Kubectl, hookwright: Hookwright) -> None:
    """What is to be pasted reaches the same cluster."""
    hookwright.backend.history = [invocation("dlv_1.1", **FAILURE)]
    result = installed("invocations", "--cluster", name="hookwright")
    assert result.stdout.splitlines()[-1].strip() == "Next: hookwright invocations --id dlv_1.1 --cluster"


def test_a_port_forward_outlives_its_own_words(installed: Kubectl, hookwright: Hookwright) -> None:
    """It says more than a pipe holds at each connection; a replay with several requests goes through."""
    hookwright.backend.dead = [dead_letter(f"dlv_{number}") for number in range(1_200)]
    result = installed("replay", "--webhook", "shop/slack", "-o", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["replayed"] == 1_200


def test_a_name_without_a_namespace_is_in_that_of_the_context(
    installed: Kubectl, hookwright: Hookwright
) -> None:
    """As with kubectl: -n, else the context's namespace, else default."""
    hookwright.backend.invoked = invocation("dlv_1.1", kind="Manual")
    for namespace, words in (("shop", []), ("", ["-n", "shop"])):
        installed.state["namespace"] = namespace
        assert installed("invoke", "slack", *words).exit_code == 0
    installed.state["namespace"] = ""
    sentence = "Error: There is no webhook default/slack; there is shop/slack.\n"
    assert installed("invoke", "slack").stderr == sentence


def test_send_reaches_the_event_port(installed: Kubectl, hookwright: Hookwright) -> None:
    """With -n it is the path of that namespace; the token is that of the event port."""
    for words in ([], ["-n", "shop"]):
        result = installed("send", "--trigger", "RequestGranted", *words)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout == "Accepted evt_0: 1 delivery\n  ● shop/slack  dlv_0\n"
    assert [path for path, _, _ in hookwright.events.posted] == ["/v1/events", "/v1/namespaces/shop/events"]


@pytest.mark.parametrize("command", ["invocations", "send"])
def test_a_token_that_may_not_be_read_is_said(installed: Kubectl, command: str) -> None:
    """The Secret is named, and the flag for a token that one was given; no port-forward is begun."""
    installed.state["forbidden"] = ["get secret"]
    result = installed(command)
    purpose, flag = {"invocations": ("admin", "--admin-token-file"), "send": ("ingest", "--token-file")}[
        command
    ]
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: You may not read the Secret hooks/prod-{purpose}-token, which holds the {purpose} token; ask for it "
        f"and name a file that holds it with {flag}.\n",
    )
    assert installed.calls("port-forward") == []


def test_with_a_token_file_no_secret_is_read(installed: Kubectl, hookwright: Hookwright) -> None:
    """A token that one was given is enough; without the other one the event is accepted all the same."""
    installed.state["forbidden"] = ["get secret"]
    hookwright.backend.history = [invocation("dlv_1.1", **FAILURE)]
    given = ["--admin-token-file", str(hookwright.tokens / "admin")]
    result = installed("invocations", *given)
    assert (result.exit_code, result.stdout.splitlines()[-1].strip()) == (
        0,
        f"Next: kubectl hookwright invocations --id dlv_1.1 {' '.join(given)}",
    )
    result = installed("send", "--token-file", str(hookwright.tokens / "events"))
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "Accepted evt_0: 1 delivery")
    assert "Why other webhooks do not match is not known: You may not read the Secret" in result.stderr


def test_a_token_is_read_where_the_dispatcher_mounts_it_from(installed: Kubectl) -> None:
    """A Secret of one's own, under its own key; the one that the controller made before is passed by."""
    data = {"doors": base64.b64encode(f"ops {ADMIN_TOKEN}".encode()).decode()}
    metadata = {"namespace": "hooks", "name": "own"}
    installed.state["objects"] = [
        each for each in installed.state["objects"] if each["metadata"]["name"] != "prod-admin-token"
    ]
    source = {"secretName": "own", "items": [{"key": "doors", "path": "token"}]}
    pods = {"template": {"spec": {"volumes": [{"name": "data"}, {"name": "admin-token", "secret": source}]}}}
    deployed = {"namespace": "hooks", "name": "prod-dispatcher"}
    installed.put(
        {"kind": "Secret", "metadata": metadata, "data": data},
        {"kind": "Deployment", "metadata": deployed, "spec": pods},
    )
    assert installed("invocations").exit_code == 0
    installed.state["forbidden"] = ["get secret"]
    assert "the Secret hooks/own, which holds the admin token" in installed("invocations").stderr


def test_a_token_is_nowhere_to_be_seen(installed: Kubectl) -> None:
    """Neither in what is printed nor among the arguments of a process."""
    result = installed("invocations")
    assert ADMIN_TOKEN not in result.output + (installed.folder / "calls").read_text()


def test_an_address_goes_before_the_cluster(kubectl: Kubectl, hookwright: Hookwright) -> None:
    """--admin and --to name what is to be asked; no kubectl is called."""
    tokens = ["--admin-token-file", str(hookwright.tokens / "admin")]
    assert kubectl("list", "--admin", hookwright.admin, *tokens).exit_code == 0
    assert kubectl.calls() == []


def test_a_port_forward_that_fails_is_said(installed: Kubectl) -> None:
    """In kubectl's last words, without its log."""
    installed.state["forbidden"] = ["create port-forward"]
    result = installed("invocations")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: kubectl port-forward: Error from server (Forbidden): ")


# --- which release -------------------------------------------------------------------------------------


def test_no_release_is_said(kubectl: Kubectl) -> None:
    """One sentence, used wrong."""
    result = kubectl("invocations")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: Hookwright is not installed in this cluster (context kind-test): helm install hookwright "
        "charts/hookwright --namespace hookwright --create-namespace.\n",
    )


@pytest.mark.parametrize("words", [["list"], ["test", "shop/slack"]])
def test_a_cluster_that_does_not_know_our_kinds_is_said(kubectl: Kubectl, words: list[str]) -> None:
    """With the context that was looked at, as that is most often the mistake."""
    kubectl.state["unserved"] = ["webhooks.hookwright.io", "webhooktests.hookwright.io"]
    result = kubectl(*words, "--context", "shop-prod")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(
        "Error: Hookwright is not installed in this cluster (context shop-prod): helm install hookwright "
    )


def test_of_several_releases_one_is_chosen(installed: Kubectl) -> None:
    """By the variables that the controller knows as well; the right to list Services is then not needed."""
    installed.release("hooks-test", "test")
    assert (
        "(hooks/prod, hooks-test/test); choose one with HOOKWRIGHT_NAMESPACE"
        in installed("invocations").stderr
    )
    assert installed("invocations", HOOKWRIGHT_NAMESPACE="hooks").exit_code == 0
    assert installed("invocations", HOOKWRIGHT_RELEASE="prod").exit_code == 0
    installed.state["forbidden"] = ["get services"]
    assert "You may not list Services" in installed("invocations").stderr
    assert installed("invocations", HOOKWRIGHT_NAMESPACE="hooks", HOOKWRIGHT_RELEASE="prod").exit_code == 0


def test_retry_annotates_the_resource(kubectl: Kubectl) -> None:
    """With the caller's own rights, so that every dispatcher knows; none is asked. What is not there is a sentence."""
    kubectl.put(of_webhook().settle()["Webhook"])
    result = kubectl("retry", "slack", "-n", "shop")
    assert result.stdout == "shop/slack has been asked to try again (hookwright.io/requestedAt).\n"
    ((_, words),) = kubectl.calls("annotate")
    assert words[1:4] == ["webhooks.hookwright.io", "slack", "--namespace=shop"]
    assert words[4].startswith("hookwright.io/requestedAt=")
    missing = kubectl("retry", "shop/nothing")
    assert (missing.exit_code, missing.stderr) == (
        2,
        "Error: There is no Webhook shop/nothing in the cluster.\n",
    )


def test_a_cluster_is_listed_by_the_same_selectors_and_formats(kubectl: Kubectl) -> None:
    """`-o name` and `-o wide`, a pattern and a state work on resources too."""
    kubectl.put(gone()["Webhook"])
    assert kubectl("list", "-o", "name", "--state", "gone").stdout == "shop/slack\n"
    assert kubectl("list", "-o", "name", "--state", "held").stdout == ""
    assert kubectl("list", "sla", "-o", "wide").stdout.splitlines()[0].endswith("DISPLAY NAME   TRIGGERS")
