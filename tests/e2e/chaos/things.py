"""The objects that chaos is played with: three namespaces of webhooks, their tests, Secrets and ConfigMaps, drawn by chance.

What is drawn is good or bad by itself; `truth` says from the object alone which. Must not: know a cluster, or ask the
product what it thinks of them.
"""

from __future__ import annotations

import random
from base64 import b64encode
from typing import Any

from e2e.kube import MADE_HERE, RESTRICTED, ours

NAMESPACES = [f"hookwright-e2e-chaos-{number}" for number in range(3)]
HOOKS = [f"w{number}" for number in range(5)]
SECRETS = [f"s{number}" for number in range(3)]
CONFIGMAPS = [f"c{number}" for number in range(2)]
HOST = "hooks.slack.com"
GOOD_BODY = '{"n": "{{ data.id }}"}'
BAD_BODY = '{"n": "{{ data.id"}'
SECRET_LABEL = {"hookwright.io/webhook-secret": "true"}
CONFIG_LABEL = {"hookwright.io/webhook-config": "true"}
ALLOWED = "hookwright.io/allowed-hosts"
PATIENT = {"schedule": ["2s"] * 32}
"""A target that fails may heal within the play, and then all must arrive."""
ANSWERS = {"ok": "", "503": "/-/status/503", "404": "/-/status/404", "410": "/-/status/410"}


def url(kind: str, namespace: str, name: str) -> str:
    """A target that answers so."""
    return f"https://{HOST}{ANSWERS[kind]}/chaos/{namespace}/{name}"


def namespace(name: str) -> dict[str, Any]:
    """One that events for the whole cluster reach."""
    labels = {**RESTRICTED, **MADE_HERE, "hookwright.io/cluster-events": "true"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def good_webhook(place: str, name: str, **annotations: str) -> dict[str, Any]:
    """One with nothing wrong."""
    spec = {"url": url("ok", place, name), "triggers": ["RequestGranted"], "retry": PATIENT}
    made = ours("Webhook", name, place, {**spec, "bodyTemplate": GOOD_BODY})
    made["metadata"]["annotations"] = annotations
    return made


def webhook(chance: random.Random, place: str, name: str) -> dict[str, Any]:
    """Good in about half of the cases: else its template, what it refers to, or its target may fail."""
    spec: dict[str, Any] = {"triggers": ["RequestGranted"], "retry": PATIENT}
    if chance.random() < 0.25:
        spec["urlFrom"] = {"secretKeyRef": {"name": chance.choice(SECRETS), "key": "url"}}
    else:
        kind = chance.choices(list(ANSWERS), [10, 2, 1, 1])[0]
        spec["url"] = url(kind, place, name)
    body = chance.random()
    if body < 0.2:
        spec["bodyTemplateFrom"] = {"configMapKeyRef": {"name": chance.choice(CONFIGMAPS), "key": "body"}}
    else:
        spec["bodyTemplate"] = BAD_BODY if body < 0.35 else GOOD_BODY
    if chance.random() < 0.25:
        key = {"name": chance.choice(SECRETS), "key": "token"}
        spec["headers"] = [{"name": "X-Token", "valueFrom": {"secretKeyRef": key}}]
    if chance.random() < 0.1:
        spec["active"] = False
    return ours("Webhook", name, place, spec)


def webhook_test(chance: random.Random, place: str, name: str) -> dict[str, Any]:
    """Of the webhook of its name, sent for real or rendered."""
    return ours(
        "WebhookTest", name, place, {"webhookRef": {"name": name}, "mode": chance.choice(["Send", "Render"])}
    )


def secret(chance: random.Random, place: str, name: str) -> dict[str, Any]:
    """With both keys and the label, or short of one of them, or bound to another host."""
    metadata: dict[str, Any] = {"name": name, "namespace": place}
    flaw = chance.choices(["none", "url", "token", "label", "host"], [6, 1, 1, 1, 1])[0]
    metadata["labels"] = {} if flaw == "label" else SECRET_LABEL
    metadata["annotations"] = {ALLOWED: "other.example"} if flaw == "host" else {}
    data = {"url": url("ok", place, name), "token": f"token-{chance.randrange(10**9)}"}
    coded = {key: b64encode(value.encode()).decode() for key, value in data.items() if key != flaw}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": coded}


def config_map(chance: random.Random, place: str, name: str) -> dict[str, Any]:
    """A template, or one that cannot be read, or none, or without the label."""
    flaw = chance.choices(["none", "template", "key", "label"], [5, 1, 1, 1])[0]
    metadata = {"name": name, "namespace": place, "labels": {} if flaw == "label" else CONFIG_LABEL}
    data = {"other" if flaw == "key" else "body": BAD_BODY if flaw == "template" else GOOD_BODY}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
