"""`dev --sink`: a first try that reaches no stranger, on a terminal and in a pipe."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hookwright
from cli.terminal import HOOKWRIGHT, on_terminal
from core.builders import assembled, secret, webhook
from hookwright.api.v1alpha1.webhooktest import WebhookTestSpec
from hookwright.cli.sink_answers import answers
from hookwright.core.routes import hosts_of
from hookwright.core.validators import compile_validators
from hookwright.dispatcher.testruns import TestRequest
from rig import HANGS, Process, records, until

EXAMPLES = Path(__file__).parents[2] / "examples"
PORTS = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
MANIFESTS = """
apiVersion: v1
kind: Secret
metadata: {name: desk, labels: {hookwright.io/webhook-secret: "true"}}
stringData: {url: https://desk.example.com/in/s3cret-path, id: me, secret: s3cret-word}
---
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {name: desk}
spec:
  urlFrom: {secretKeyRef: {name: desk, key: url}}
  triggers: [RequestGranted]
  auth:
    oauth2:
      clientIDSecretRef: {name: desk, key: id}
      clientSecretRef: {name: desk, key: secret}
      tokenURL: https://tokens.example.com/token
  responseValidators: [{path: $.result.state, values: [taken]}]
---
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {name: address}
spec: {url: "https://192.0.2.7/", triggers: [RequestGranted]}
"""
BROKEN_TEST = """
apiVersion: hookwright.io/v1alpha1
kind: WebhookTest
metadata: {name: %s}
spec: {webhookRef: {name: desk}, expect: {request: {method: DELETE}}}
"""


def sent(folder: Path) -> subprocess.CompletedProcess[str]:
    """`send` beside the running `dev` of a folder, without an address."""
    command = [HOOKWRIGHT, "send", "--trigger", "RequestGranted"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=HANGS)


def test_on_a_terminal_a_first_try_is_calm_and_succeeds(tmp_path: Path) -> None:
    """The greeting says what to do next, the tests are one line, and each delivery shows what came, in 80 columns."""
    with on_terminal([HOOKWRIGHT, "dev", "--sink", *PORTS, EXAMPLES], tmp_path) as terminal:
        terminal.wait_for(r"^(\d+) tests: \1 passed$")
        assert sent(tmp_path).returncode == 0
        terminal.wait_for(
            r"^\S+ Delivered default/slack RequestGranted \d+ ms\n +POST ‹secret slack/url›\n +\{\"text\""
        )
    text = terminal.text
    for pattern in (
        r"^Page:  (http://127.0.0.1:\d+/|not built here: run make page, and start again)$",
        r"^Send:  \S+ send --trigger RequestGranted$",
        r"^Stop:  Ctrl-C$",
    ):
        terminal.wait_for(pattern)
    assert "all they send ends here" in text
    assert "●" not in text
    assert max(len(line) for line in text.splitlines() if not line.startswith(("{", "Send:"))) <= 80


def test_the_command_to_send_is_one_that_a_webhook_takes(tmp_path: Path) -> None:
    """What most of the folder's webhooks take, so that pasting it shows a delivery."""
    names = {
        "one": "[Manual, RequestFailed]",
        "two": "[dev.example.done, RequestFailed]",
        "three": "[Manual]",
    }
    for name, triggers in (*names.items(), ("four", "[RequestFailed]")):
        (tmp_path / f"{name}.yaml").write_text(
            "apiVersion: hookwright.io/v1alpha1\nkind: Webhook\n"
            f"metadata: {{name: {name}}}\nspec: {{url: https://target.test/, triggers: {triggers}}}\n"
        )
    with on_terminal([HOOKWRIGHT, "dev", "--sink", *PORTS, "."], tmp_path) as terminal:
        sent = terminal.wait_for(r"^Send:  \S+ send --trigger (\w+)")
    assert sent[1] == "RequestFailed"


def test_dev_tells_all_mistakes_of_an_object_at_once(tmp_path: Path) -> None:
    """Those of its spec beside the one in its name, as `validate` does."""
    (tmp_path / "bad.yaml").write_text(
        "apiVersion: hookwright.io/v1alpha1\nkind: Webhook\nmetadata: {name: Bad_Name}\n"
        "spec: {url: http://target.test/, triggers: [RequestGranted]}\n"
    )
    with on_terminal([HOOKWRIGHT, "dev", "--sink", *PORTS, "."], tmp_path) as terminal:
        terminal.wait_for(r"^bad.yaml:3: metadata.name: metadata.name must be lower-case letters")
        terminal.wait_for(r"^bad.yaml:4: spec.url: url must begin with https://$")
    assert terminal.text.count("bad.yaml") == 2


@pytest.mark.parametrize(
    ("built", "said"),
    [
        (True, r"^Page:  http://127.0.0.1:\d+/$"),
        (False, "^Page:  not built here: run make page, and start again$"),
    ],
)
def test_no_page_is_promised_that_was_not_built(tmp_path: Path, *, built: bool, said: str) -> None:
    """A checkout has none before `make page`: the greeting says so, and leads to no address that has nothing."""
    copy = tmp_path / "copy" / "hookwright"
    shutil.copytree(
        Path(hookwright.__file__).parent, copy, ignore=shutil.ignore_patterns("page", "__pycache__")
    )
    if built:
        (copy / "page").mkdir()
        for name in ("index.html", "index.html.br", "index.html.gz"):
            (copy / "page" / name).touch()
    command = [sys.executable, "-m", "hookwright", "dev", *PORTS, EXAMPLES / "hello"]
    with on_terminal(command, tmp_path, {"PYTHONPATH": str(copy.parent)}) as terminal:
        terminal.wait_for(said)


def test_in_a_pipe_each_request_is_a_line(tmp_path: Path) -> None:
    """With method, URL and body, without secrets; validators hold, tokens are given, addresses have certificates."""
    (tmp_path / "all.yaml").write_text(MANIFESTS)
    command = [
        sys.executable,
        "-m",
        "hookwright",
        "dev",
        "--sink",
        *PORTS,
        "--data",
        str(tmp_path / ".hookwright"),
    ]
    dev = Process([*command, str(tmp_path)], tmp_path / "log", core=None)
    try:
        dev.wait_for(r"Events: http://127\.0\.0\.1:\d+/v1/events\s+Admin: \S+\s+Webhooks: 2\n")
        assert sent(tmp_path).returncode == 0

        def came() -> list[dict[str, object]]:
            return [
                each for each in records((tmp_path / "log").read_text()) if each["event"] == "sink.received"
            ]

        found = {str(each["webhook"]): each for each in until(lambda: len(came()) == 2 and came())}
    finally:
        dev.end()
    assert {name: each["url"] for name, each in found.items()} == {
        "default/desk": "‹secret desk/url›",
        "default/address": "https://192.0.2.7/",
    }
    assert '"AccessRequestGranted"' in str(found["default/desk"]["body"])
    said = (tmp_path / "log").read_text()
    assert said.count('"result":"Delivered"') == 2
    assert "s3cret" not in said


def test_on_a_terminal_no_test_sends_before_it_changes(tmp_path: Path) -> None:
    """Without --sink that is told; a test that changes afterwards runs, and says what it found."""
    (tmp_path / "all.yaml").write_text(MANIFESTS)
    (tmp_path / "test.yaml").write_text(BROKEN_TEST % "one")
    nowhere = {"HOOKWRIGHT_EGRESS_DENY_HOSTS": "*"}
    with on_terminal([HOOKWRIGHT, "dev", *PORTS, "."], tmp_path, nowhere) as terminal:
        terminal.wait_for(r"^1 test would send mock data: --tests runs them, --sink keeps it in here\.$")
        (tmp_path / "other.yaml").write_text(BROKEN_TEST % "other")
        terminal.wait_for("default/other → default/desk: Test failed")
    assert "default/one" not in terminal.text


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], r"^1 test: 0 passed, 1 failed; `\S+ invocations` shows why$"),
        (["--tests"], r"^● default/one → default/desk: Test failed\."),
    ],
)
def test_a_failed_test_of_the_start_is_counted_or_told(tmp_path: Path, flags: list[str], said: str) -> None:
    """In one line, or each in full with --tests."""
    (tmp_path / "all.yaml").write_text(MANIFESTS)
    (tmp_path / "test.yaml").write_text(BROKEN_TEST % "one")
    with on_terminal([HOOKWRIGHT, "dev", "--sink", *flags, *PORTS, "."], tmp_path) as terminal:
        terminal.wait_for(said)
        if flags:
            terminal.wait_for(
                r"^    Next: (\S+) invocations default/desk, or \1 render \. --webhook default/desk$"
            )
    assert ("test: 0 passed" in terminal.text) != bool(flags)


def test_a_sink_takes_nothing_that_waits_for_a_real_target(tmp_path: Path) -> None:
    """Its deliveries and the tests that ran in it are apart from those of `dev` in the same data folder."""
    (tmp_path / "all.yaml").write_text(MANIFESTS)
    with on_terminal(
        [HOOKWRIGHT, "dev", *PORTS, "."], tmp_path, {"HOOKWRIGHT_EGRESS_DENY_HOSTS": "*"}
    ) as terminal:
        terminal.wait_for("^Stop:")
        assert "2 deliveries" in sent(tmp_path).stdout
        terminal.wait_for("Retrying default/desk")
    (tmp_path / "test.yaml").write_text(BROKEN_TEST % "one")
    with on_terminal([HOOKWRIGHT, "dev", "--sink", *PORTS, "."], tmp_path) as terminal:
        terminal.wait_for("^1 test: 0 passed, 1 failed")
        listed = subprocess.run(
            [HOOKWRIGHT, "list"], cwd=tmp_path, capture_output=True, text=True, timeout=HANGS
        )
        assert listed.stdout.count("running") == 2
        assert "Retrying" not in listed.stdout
    assert "Delivered" not in terminal.text
    assert not (tmp_path / ".hookwright" / "tests.json").exists()


def test_a_sink_takes_no_other_way_out(tmp_path: Path) -> None:
    """It leads every host, so flags that lead one elsewhere are a mistake of use."""
    command = [HOOKWRIGHT, "dev", "--sink", "--allow", "10.0.0.0/8", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 2
    assert "--sink leads every host to itself" in done.stderr


def test_without_its_package_a_sink_says_what_to_install(tmp_path: Path) -> None:
    """An installation without the extra works in all else."""
    (tmp_path / "trustme.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'trustme'\", name='trustme')\n"
    )
    command = [sys.executable, "-m", "hookwright", "dev", "--sink", str(tmp_path)]
    env = {"PYTHONPATH": str(tmp_path), "PATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS, env=env, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        "Error: --sink needs the package trustme: install it with pip install 'hookwright[sink]'.\n",
    )


@pytest.mark.parametrize(
    "validators",
    [
        [("$.ok", "true")],
        [("$.result['state']", "taken"), ("$.result.id", "7")],
        [("$.items[0].status", "201"), ("$.items[1]", "x")],
    ],
)
def test_an_answer_makes_validators_hold(validators: list[tuple[str, str]]) -> None:
    """Names and indices are followed."""
    given = [{"path": path, "values": [value, "other"]} for path, value in validators]
    found = assembled(webhook(responseValidators=given)).config.webhooks
    results = compile_validators(found[0].spec and found[0].spec.response_validators).check(
        answers(found, [])["a.example"], headers=[], cut=None
    )
    assert [each.passed for each in results] == [True] * len(validators)


@pytest.mark.parametrize("path", ["$", "$..state", "$.ok.state", "$.items[5]", "$.items[-1]", "$[0]"])
def test_what_cannot_be_answered_is_left_out(path: str) -> None:
    """The answer is JSON all the same."""
    found = assembled(webhook(responseValidators=[{"path": path, "values": ["x"]}])).config.webhooks
    assert json.loads(answers(found, [])["a.example"])["ok"] is True


def test_an_answer_holds_the_text_that_a_test_expects() -> None:
    """So far as JSON can hold it."""
    found = assembled(webhook()).config.webhooks
    spec = WebhookTestSpec.model_validate(
        {"webhookRef": {"name": "w"}, "expect": {"response": {"bodyContains": "queued"}}}
    )
    tests = [TestRequest("run", "default/t", spec, found[0])]
    assert b"queued" in answers(found, tests)["a.example"]


def test_hosts_of_a_webhook_are_its_target_and_its_token_endpoint() -> None:
    """Wherever its URL comes from; one that is held has none."""
    ref = {"name": "s", "key": "url"}
    auth = {"oauth2": {"clientID": "me", "clientSecretRef": ref, "tokenURL": "https://Tokens.example/t"}}
    by_secret = webhook(urlFrom={"secretKeyRef": ref}, auth=auth)
    del by_secret.body["spec"]["url"]
    whole = assembled(by_secret, secret(url="https://desk.example/x?y"))
    assert hosts_of(whole.config.webhooks[0]) == ["desk.example", "tokens.example"]
    assert hosts_of(assembled(by_secret).config.webhooks[0]) == []
