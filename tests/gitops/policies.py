"""What each sample policy of docs/policies lets through and what it refuses; for an API server to judge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "docs/policies"
HOSTS = "policies.example.com/webhook-hosts"
"""The annotation of a Namespace that names the hosts of its webhooks."""
REF = {"secretKeyRef": {"name": "s", "key": "k"}}


@dataclass(frozen=True)
class Case:
    """An object, and the words with which the policy refuses it (None: it does not).

    `hosts`: the annotation of its Namespace, None: without.
    """

    policy: str
    object: dict[str, Any]
    refused: str | None
    hosts: str | None = None


def manifests(*, within: str | None = None) -> list[dict[str, Any]]:
    """All policies and bindings; `within`: a namespace to which the bindings are confined, as a test may want."""
    found = [each for file in sorted(FOLDER.glob("*.yaml")) for each in yaml.safe_load_all(file.read_text())]
    if within is not None:
        for each in found:
            if each["kind"] == "ValidatingAdmissionPolicyBinding":
                selector = {"matchLabels": {"kubernetes.io/metadata.name": within}}
                each["spec"]["matchResources"] = {"namespaceSelector": selector}
    return found


def webhook(**spec: Any) -> dict[str, Any]:
    """A webhook; its namespace is for the test to fill in."""
    given = {"url": "https://hooks.slack.com/services/x", "triggers": ["RequestGranted"], **spec}
    given = {name: value for name, value in given.items() if value is not None}
    return {
        "apiVersion": "hookwright.io/v1alpha1",
        "kind": "Webhook",
        "metadata": {"name": "case"},
        "spec": given,
    }


def secret(annotations: dict[str, str], *, label: str = "true") -> dict[str, Any]:
    """A Secret for webhooks."""
    labels = {"hookwright.io/webhook-secret": label}
    metadata = {"name": "case", "labels": labels, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}


def oauth(token_url: str) -> dict[str, Any]:
    """OAuth2 with a token endpoint."""
    reference = {"name": "s", "key": "k"}
    return {"oauth2": {"clientID": "a", "clientSecretRef": reference, "tokenURL": token_url}}


_HOSTS = "hookwright-allowed-hosts"
_PLAIN = "hookwright-no-plain-credentials"
_BOUND = "hookwright-bound-secrets"
_BIND = "name the hosts that may have this Secret"
CASES = [
    Case(_HOSTS, webhook(), None, "hooks.slack.com"),
    Case(_HOSTS, webhook(), None, "a.example.com,\n Hooks.Slack.com\n"),
    Case(_HOSTS, webhook(), None, "*.slack.com"),
    Case(_HOSTS, webhook(url="https://slack.com?a=1"), "may not send to slack.com", "*.slack.com"),
    Case(_HOSTS, webhook(url="https://evilslack.com/a"), "may not send to evilslack.com", "*.slack.com"),
    Case(_HOSTS, webhook(), "may not send to hooks.slack.com"),
    Case(_HOSTS, webhook(), "may not send to hooks.slack.com", "example.com"),
    Case(_HOSTS, webhook(url="https://x.example.com/{{ data.id }}?q={{ data.id }}"), None, "x.example.com"),
    Case(_HOSTS, webhook(auth=oauth("https://id.example.com/t")), None, "hooks.slack.com, id.example.com"),
    Case(
        _HOSTS, webhook(auth=oauth("https://id.example.com/t")), "send to id.example.com", "hooks.slack.com"
    ),
    Case(_HOSTS, webhook(url=None, urlFrom=REF), "write the address in spec.url", "hooks.slack.com"),
    Case(_PLAIN, webhook(), None),
    Case(_PLAIN, webhook(headers=[{"name": "X-Team", "value": "a"}]), None),
    Case(_PLAIN, webhook(headers=[{"name": "Authorization", "valueFrom": REF}]), None),
    Case(
        _PLAIN,
        webhook(headers=[{"name": "Authorization", "value": "Bearer a"}]),
        "the value of Authorization",
    ),
    Case(_PLAIN, webhook(headers=[{"name": "DD-API-KEY", "value": "a"}]), "take the value of DD-API-KEY"),
    Case(_BOUND, secret({"hookwright.io/allowed-hosts": "hooks.slack.com"}), None),
    Case(_BOUND, secret({}, label="false"), None),
    Case(_BOUND, secret({}), _BIND),
    Case(_BOUND, secret({"hookwright.io/allowed-hosts": "*"}), _BIND),
]
