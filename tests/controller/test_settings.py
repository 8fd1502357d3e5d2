"""Settings of a controller: environment in, values or one sentence out."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from hookwright.controller.inventory import NAMESPACE, OWN_SECRET, POD
from hookwright.controller.settings import Settings
from hookwright.controller.watches import Scope, scopes


def test_names_follow_the_release() -> None:
    """The selector is the chart's unless said otherwise."""
    settings = Settings(namespace="hooks", release="hw")
    assert (
        settings.dispatcher_selector == "app.kubernetes.io/instance=hw,app.kubernetes.io/component=dispatcher"
    )
    assert settings.probes_address == ("0.0.0.0", 8082)
    assert Settings(namespace="hooks", dispatcher_selector="a=b").dispatcher_selector == "a=b"


def test_labels_and_annotations_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects of strings; a variable that is empty is one that is not set."""
    monkeypatch.setenv("HOOKWRIGHT_LABELS", '{"team": "a"}')
    monkeypatch.setenv("HOOKWRIGHT_ANNOTATIONS", "")
    settings = Settings(namespace="hooks")
    assert (settings.labels, settings.annotations) == ({"team": "a"}, {})


def test_namespaces_are_words() -> None:
    """Commas or blanks, each once."""
    assert Settings(namespace="hooks", watch_namespaces="a, b,a c").watch_namespaces == ("a", "b", "c")


def test_the_whole_cluster_wants_the_labels_of_namespaces() -> None:
    """With watchNamespaces set nothing about Namespaces is read, and Secrets in these alone."""
    everywhere = scopes(Settings(namespace="hooks"))
    assert Scope(NAMESPACE, None, "") in everywhere
    assert Scope("Secret", None, "hookwright.io/webhook-secret=true") in everywhere
    some = scopes(Settings(namespace="hooks", watch_namespaces="a,b"))
    assert [(scope.kind, scope.namespace) for scope in some] == [
        (POD, "hooks"), (OWN_SECRET, "hooks"), ("Secret", "a"), ("ConfigMap", "a"), ("Secret", "b"), ("ConfigMap", "b"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "given", [{"probes": "8082"}, {"namespace": "Hooks"}, {"release": "x" * 41}, {"labels": {"a": 1}}]
)
def test_a_wrong_value_is_refused(given: dict[str, object]) -> None:
    """Before anything is asked of a cluster."""
    with pytest.raises(ValidationError):
        Settings(**{"namespace": "hooks", **given})  # type: ignore[arg-type]


def test_the_command_names_the_variable() -> None:
    """One sentence and exit code 2."""
    done = subprocess.run(
        [sys.executable, "-m", "hookwright", "controller"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, "HOOKWRIGHT_NAMESPACE: " in done.stderr) == (2, True)
