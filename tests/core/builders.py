"""Objects for the tests of `assemble`, and short questions about what it made of them."""

from __future__ import annotations

from typing import Any

from hookwright.api.config import RouteConfig
from hookwright.core.assemble import Assembly, assemble
from hookwright.core.objects import Object

KEY = b"k" * 32


def webhook(name: str = "w", *, namespace: str = "default", annotations: Any = None, **spec: Any) -> Object:
    """A Webhook, valid unless `spec` says otherwise."""
    metadata = {"name": name, "namespace": namespace, **({"annotations": annotations} if annotations else {})}
    body = {
        "apiVersion": "hookwright.io/v1alpha1",
        "kind": "Webhook",
        "metadata": metadata,
        "spec": {"url": "https://a.example/x", "triggers": ["RequestCreated"], **spec},
    }
    return Object("Webhook", namespace, name, body)


def webhook_test(name: str = "t", **spec: Any) -> Object:
    """A WebhookTest of the webhook `w`."""
    body = {
        "apiVersion": "hookwright.io/v1alpha1",
        "kind": "WebhookTest",
        "metadata": {"name": name},
        "spec": {"webhookRef": {"name": "w"}, **spec},
    }
    return Object("WebhookTest", "default", name, body)


def secret(name: str = "s", **values: Any) -> Object:
    """A labelled Secret."""
    metadata = {"name": name, "labels": {"hookwright.io/webhook-secret": "true"}}
    return Object("Secret", "default", name, {"metadata": metadata, "stringData": values})


def config_map(name: str = "c", **values: Any) -> Object:
    """A labelled ConfigMap."""
    metadata = {"name": name, "labels": {"hookwright.io/webhook-config": "true"}}
    return Object("ConfigMap", "default", name, {"metadata": metadata, "data": values})


def assembled(*objects: Object, **options: Any) -> Assembly:
    """`assemble` with a fixed key, for all namespaces."""
    return assemble(objects, cluster_events=None, key=KEY, **options)


def only(assembly: Assembly) -> RouteConfig:
    """The one webhook of the configuration."""
    (route,) = assembly.config.webhooks
    return route


def said(assembly: Assembly) -> list[str]:
    """The findings as `field: sentence`, warnings marked."""
    return [
        f"{'warning: ' if each.severity == 'warning' else ''}{each.field}: {each.sentence}"
        for each in assembly.findings
    ]


BEARER = {"bearer": {"tokenSecretRef": {"name": "s", "key": "token"}}}
