"""What people do to the release's own Secrets, and to what they might hang on."""

from __future__ import annotations

import json
import os
import re
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.conftest import APPS, EVENTS, PRODUCT, RELEASE, ROOT, Release, Source
from e2e.kube import Kube, ours, until
from hookwright.core.samples import sample

LASTING = [f"{RELEASE}-{name}" for name in ("ingest-token", "admin-token", "hash-key")]
SECRETS = [*LASTING, f"{RELEASE}-config-0"]
DEPLOYMENTS = [f"deployment/{RELEASE}-{component}" for component in ("controller", "dispatcher")]
SPEC = {"url": "https://hooks.slack.com/-/own-secrets", "triggers": ["RequestGranted"]}


def held(kube: Kube, *names: str) -> dict[str, dict[str, Any]]:
    """uid and data of those of the Secrets that are there, and whether anything owns them."""
    found = {each["metadata"]["name"]: each for each in kube.items("secrets", PRODUCT)}
    return {
        name: {
            "uid": found[name]["metadata"]["uid"],
            "data": found[name].get("data"),
            "owned": "ownerReferences" in found[name]["metadata"],
        }
        for name in names
        if name in found
    }


def values(kube: Kube, *names: str) -> dict[str, Any]:
    """The data of those of the Secrets that are there."""
    return {name: each["data"] for name, each in held(kube, *names).items()}


def replace_service(kube: Kube) -> None:
    """As `kubectl replace --force`, a forced sync and a restore do: the same Service under another uid."""
    service = kube.get("service", f"{RELEASE}-dispatcher", PRODUCT)
    kept = {key: service["metadata"][key] for key in ("name", "namespace", "labels", "annotations")}
    document = {**service, "metadata": kept}
    del document["status"]
    kube("replace", "--force", "-f", "-", stdin=json.dumps(document))
    assert (
        kube.get("service", f"{RELEASE}-dispatcher", PRODUCT)["metadata"]["uid"] != service["metadata"]["uid"]
    )


def restart(kube: Kube, component: str) -> None:
    """A new pod."""
    kube("-n", PRODUCT, "delete", "pod", "-l", f"app.kubernetes.io/component={component}", "--wait")


def well(kube: Kube, place: str, name: str) -> None:
    """A new webhook becomes Ready: configuration and tokens are in force in all parts."""
    kube.apply(ours("Webhook", name, place, SPEC))
    kube.wait("Ready", f"webhook/{name}", namespace=place)


def test_secrets_outlive_the_service(kube: Kube, place: str) -> None:
    """As an earlier release left them, owned by it: nothing is collected, not even by a dispatcher that moves."""
    service = kube.get("service", f"{RELEASE}-dispatcher", PRODUCT)["metadata"]
    owner = {"apiVersion": "v1", "kind": "Service", "name": service["name"], "uid": service["uid"]}
    labels = {"app.kubernetes.io/instance": RELEASE, "hookwright.io/release": None}
    before = held(kube, *SECRETS)
    assert len(before) == len(SECRETS)
    kube("-n", PRODUCT, "scale", DEPLOYMENTS[0], "--replicas=0")
    kube("-n", PRODUCT, "wait", "pod", "-l", "app.kubernetes.io/component=controller", "--for=delete")
    for name in SECRETS:
        patch = {"metadata": {"ownerReferences": [owner], "labels": labels}}
        kube("-n", PRODUCT, "patch", "secret", name, "--type=merge", "-p", json.dumps(patch))
    kube("-n", PRODUCT, "scale", DEPLOYMENTS[0], "--replicas=1")
    kube.wait("Available", DEPLOYMENTS[0], namespace=PRODUCT)
    until(lambda: held(kube, *LASTING) == {name: before[name] for name in LASTING})
    replace_service(kube)
    well(kube, place, "after-service")
    restart(kube, "dispatcher")
    kube.wait("Available", DEPLOYMENTS[1], namespace=PRODUCT)
    well(kube, place, "after-dispatcher")
    assert held(kube, *LASTING) == {name: before[name] for name in LASTING}
    for each in kube.items("secrets", PRODUCT, "-l", f"hookwright.io/release={RELEASE}"):
        assert "ownerReferences" not in each["metadata"]
        assert "app.kubernetes.io/instance" not in each["metadata"]["labels"]


def test_what_is_deleted_comes_back_with_its_value(kube: Kube, place: str, source: Source) -> None:
    """One after the other, all at once, and emptied, with a dispatcher that starts meanwhile; sources notice nothing."""
    before = values(kube, *SECRETS)
    for name in SECRETS:
        kube("-n", PRODUCT, "delete", "secret", name)
        until(lambda: values(kube, *SECRETS) == before)
    kube("-n", PRODUCT, "delete", "secret", *SECRETS)
    restart(kube, "dispatcher")
    kube.wait("Available", DEPLOYMENTS[1], namespace=PRODUCT, seconds=120)
    assert values(kube, *SECRETS) == before
    for name in SECRETS:
        kube("-n", PRODUCT, "patch", "secret", name, "--type=merge", "-p", '{"data": null}')
    until(lambda: values(kube, *SECRETS) == before)
    well(kube, place, "after-deletion")
    assert f"{place}/after-deletion" in source.post(sample("RequestGranted"))


@pytest.fixture
def policy(kube: Kube) -> Iterator[None]:
    """Every Secret of the release's namespace needs the label team."""
    kind = {"apiVersion": "admissionregistration.k8s.io/v1"}
    name = {"name": f"{PRODUCT}-needs-team"}
    resource = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["secrets"],
    }
    spec = {
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": PRODUCT}},
            "resourceRules": [resource],
        },
        "validations": [
            {"expression": "'team' in object.metadata.?labels.orValue({})", "message": "team is needed"}
        ],
    }
    binding = {"policyName": name["name"], "validationActions": ["Deny"]}
    kube.apply(
        {**kind, "kind": "ValidatingAdmissionPolicy", "metadata": name, "spec": spec},
        {**kind, "kind": "ValidatingAdmissionPolicyBinding", "metadata": name, "spec": binding},
    )

    def refused() -> bool:
        try:
            kube("-n", PRODUCT, "create", "secret", "generic", "probe", "--dry-run=server")
        except AssertionError:
            return True
        return False

    until(refused)
    yield
    kube("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", name["name"])


def test_a_policy_is_named_and_can_be_met(kube: Kube, place: str, policy: None) -> None:
    """The log has the Secret and the policy's words, once for many tries; with the label it goes on by itself."""
    name = f"{RELEASE}-ingest-token"
    before = values(kube, name)

    def lines() -> list[str]:
        log = kube("-n", PRODUCT, "logs", DEPLOYMENTS[0])
        return [each for each in log.splitlines() if f"Secret {name} cannot be written" in each]

    try:
        kube("-n", PRODUCT, "delete", "secret", name)
        (line,) = until(lines)
        assert "team is needed" in line
        kube("-n", PRODUCT, "set", "env", DEPLOYMENTS[0], 'HOOKWRIGHT_LABELS={"team": "a"}')
        kube("-n", PRODUCT, "rollout", "status", DEPLOYMENTS[0], "--timeout=90s")
        made = until(
            lambda: [each for each in kube.items("secrets", PRODUCT) if each["metadata"]["name"] == name]
        )
        assert made[0]["metadata"]["labels"]["team"] == "a"
        well(kube, place, "under-policy")
    finally:
        kube("-n", PRODUCT, "set", "env", DEPLOYMENTS[0], "HOOKWRIGHT_LABELS-")
        kube("-n", PRODUCT, "rollout", "status", DEPLOYMENTS[0], "--timeout=90s")
        patch = json.dumps({"data": before[name]})
        kube("-n", PRODUCT, "patch", "secret", name, "--type=merge", "-p", patch)


def documented() -> list[str]:
    """The commands of docs/operations.md's section on tokens."""
    page = (ROOT / "docs/operations.md").read_text()
    section = page.partition("\n## Tokens\n")[2].partition("\n## ")[0]
    return re.findall(r"```bash\n(.*?)```", section, re.DOTALL)


def run(kube: Kube, script: str, place: str) -> str:
    """Run such commands against this release; what the last one printed."""
    script = script.replace("--namespace hookwright ", f"--namespace {PRODUCT} ")
    script = script.replace("--namespace billing ", f"--namespace {place} ")
    env = {**os.environ, "KUBECONFIG": str(kube.kubeconfig)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


SENDER = """
import sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], b"{}", {"content-type": "application/json"})
request.add_header("authorization", "Bearer " + sys.stdin.read().split()[-1])
try:
    urllib.request.urlopen(request)
except urllib.error.HTTPError as answer:
    print(answer.code)
"""


def answer(kube: Kube, token: str) -> int:
    """What the events port says to an empty event with this token: 400 if it is taken, 401 if not."""
    command = ["exec", "-i", "source", "--", "python3", "-c", SENDER, f"{EVENTS}/v1/events"]
    return int(kube("-n", APPS, *command, stdin=token))


def test_tokens_are_given_and_rotated_as_documented(kube: Kube, place: str, source: Source) -> None:
    """A source of its own in another namespace; then the old and the new one, then the new one alone."""
    give, rotate, hash_key, _ = documented()
    write = give.partition("|\n")[2].partition("\nprintf %s")[0]
    both, last = rotate.splitlines()
    original = values(kube, *LASTING)
    shared = kube("-n", PRODUCT, "get", "secret", LASTING[0], "-o", "jsonpath={.data.token}")
    run(kube, give, place)
    mine = kube("-n", place, "get", "secret", "hookwright-events", "-o", "jsonpath={.data.token}")
    first = run(kube, f"printf %s {mine} | base64 --decode", place)
    until(lambda: answer(kube, first) == 400)
    assert answer(kube, run(kube, f"printf %s {shared} | base64 --decode", place)) == 400
    assert answer(kube, "wrong") == 401
    second = "0123456789abcdef" * 4
    variables = f"new={second}; old={first}; "
    run(kube, f"{variables} {both.partition('#')[0]} |\n{write}", place)
    until(lambda: answer(kube, second) == 400)
    assert answer(kube, first) == 400
    run(kube, f"{variables} {last.partition('#')[0]} |\n{write}", place)
    until(lambda: answer(kube, first) == 401)
    assert answer(kube, second) == 400
    well(kube, place, "before-key")
    hashed = kube.get("webhook", "before-key", place)["status"]["configHash"]
    run(kube, hash_key, place)
    kube("-n", PRODUCT, "rollout", "status", DEPLOYMENTS[0], "--timeout=90s")
    until(lambda: kube.get("webhook", "before-key", place)["status"]["configHash"] != hashed)
    well(kube, place, "after-key")
    for name in (LASTING[0], LASTING[2]):
        data = json.dumps({"data": original[name]})
        kube("-n", PRODUCT, "patch", "secret", name, "--type=merge", "-p", data)


def test_a_token_that_nobody_knows_any_more_is_made_and_given_as_documented(
    kube: Kube, place: str, source: Source
) -> None:
    """It went while no controller ran: another is in force soon, the former is refused, and a source gets one as ever."""
    name = LASTING[0]
    before = values(kube, name)[name]
    kube("-n", PRODUCT, "scale", DEPLOYMENTS[0], "--replicas=0")
    kube("-n", PRODUCT, "wait", "pod", "-l", "app.kubernetes.io/component=controller", "--for=delete")
    kube("-n", PRODUCT, "delete", "secret", name)
    kube("-n", PRODUCT, "scale", DEPLOYMENTS[0], "--replicas=1")
    made = until(lambda: values(kube, name).get(name))
    assert made != before
    until(lambda: answer(kube, b64decode(made["token"]).decode()) == 400)
    assert answer(kube, b64decode(before["token"]).decode()) == 401
    run(kube, documented()[0], place)
    given = kube.get("secret", "hookwright-events", place)["data"]["token"]
    until(lambda: answer(kube, b64decode(given).decode()) == 400)
    kube("-n", PRODUCT, "patch", "secret", name, "--type=merge", "-p", json.dumps({"data": before}))
    until(lambda: answer(kube, b64decode(before["token"]).decode()) == 400)


def test_the_admin_token_is_rotated_by_its_first_line(kube: Kube, place: str, release: Release) -> None:
    """Controller and dispatcher both follow within seconds."""
    name = LASTING[1]
    before = values(kube, name)[name]
    patch = json.dumps({"stringData": {"token": "ops another-token-of-the-test\n"}})
    kube("-n", PRODUCT, "patch", "secret", name, "--type=merge", "-p", patch)
    well(kube, place, "after-admin")
    restart(kube, "controller")
    kube.wait("Available", DEPLOYMENTS[0], namespace=PRODUCT)
    well(kube, place, "after-admin-restart")
    kube("-n", PRODUCT, "patch", "secret", name, "--type=merge", "-p", json.dumps({"data": before}))
    well(kube, place, "after-admin-again")
