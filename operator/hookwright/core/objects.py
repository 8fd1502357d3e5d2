"""An object of a manifest or of the cluster, as the decisions of `core` see it.

`cli.manifests` makes them from files, the controller from what it watches. Must not: judge the contents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hookwright.errors import UsageError

API_VERSION: Final = "hookwright.io/v1alpha1"
WEBHOOK: Final = "Webhook"
WEBHOOK_TEST: Final = "WebhookTest"
SECRET: Final = "Secret"  # noqa: S105 - a kind
CONFIG_MAP: Final = "ConfigMap"
KINDS: Final = {WEBHOOK: API_VERSION, WEBHOOK_TEST: API_VERSION, SECRET: "v1", CONFIG_MAP: "v1"}
"""The kinds that we read, with their apiVersion."""

DEFAULT_NAMESPACE: Final = "default"


LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""A DNS label: what namespaces, Webhooks and WebhookTests are called."""
_FULL_NAME: Final = re.compile(f"{LABEL.pattern}/{LABEL.pattern}")


def full_name(name: str, namespace: str = DEFAULT_NAMESPACE) -> str:
    """`[NS/]NAME` → `NS/NAME`. UsageError for what cannot be the name of a Webhook or WebhookTest."""
    full = name if "/" in name else f"{namespace}/{name}"
    if not _FULL_NAME.fullmatch(full):
        raise UsageError(f"{name!r} is not a name: write NAME or NAMESPACE/NAME, in lower case.")
    return full


@dataclass(frozen=True, slots=True)
class Object:
    """One object. `body` is the whole of it as JSON types; it is not changed by anyone."""

    kind: str
    namespace: str
    name: str
    body: Mapping[str, Any]

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    @property
    def spec(self) -> Any:
        """`spec` as it stands there."""
        return self.body.get("spec")

    @property
    def labels(self) -> Mapping[str, Any]:
        """`metadata.labels`, empty when there are none or they are no mapping."""
        return _mapping(_mapping(self.body.get("metadata")).get("labels"))

    @property
    def annotations(self) -> Mapping[str, Any]:
        """`metadata.annotations`, empty when there are none or they are no mapping."""
        return _mapping(_mapping(self.body.get("metadata")).get("annotations"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
