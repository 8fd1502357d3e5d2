"""A webhook's configuration → the resource as it is written, its defaults, and its manifest in YAML.

The configuration holds a spec with its references, so no value of a Secret can come into any of these.
Must not: read the values of references, but for the text of a template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from hookwright.api.admin_workbench import Definition
from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import Retry, WebhookSpec
from hookwright.core.objects import API_VERSION, WEBHOOK
from hookwright.core.retry import DEFAULT_SCHEDULE, RetryPolicy

_LIKE_A_NUMBER: Final = re.compile(r"[-+.0-9][-+.0-9_a-fA-FxXoO]*|[yYnN]")
"""What kubectl's reader takes for a number or a bool, and PyYAML's writer does not."""


def definition(config: RouteConfig) -> Definition:
    """What is shown of a webhook's resource."""
    spec = config.spec
    if spec is None:
        return Definition(webhook=config.key, problem=config.held)
    ref = None if spec.body_template_from is None else spec.body_template_from.config_map_key_ref.label
    written = spec_as_written(spec)
    return Definition(
        webhook=config.key,
        spec=written,
        defaults=_defaults(spec),
        body_template=spec.body_template if ref is None else config.configs.get(ref),
        body_template_from=ref,
        yaml=manifest(resource(config, written)),
        problem=config.held,
    )


def spec_as_written(spec: WebhookSpec) -> dict[str, Any]:
    """The spec in JSON names, without what it leaves out."""
    return spec.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)


def resource(config: RouteConfig, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The whole object of a webhook with that spec."""
    metadata = {"name": config.name, "namespace": config.namespace}
    return {"apiVersion": API_VERSION, "kind": WEBHOOK, "metadata": metadata, "spec": dict(spec)}


def manifest(body: Mapping[str, Any]) -> str:
    """An object as YAML that kubectl and `hookwright validate` read as the same object; texts of lines as blocks."""
    return yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


class _Dumper(yaml.SafeDumper):
    """No aliases for shared parts."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    if "\x85" in text:
        style: str | None = '"'  # it breaks lines in YAML: only an escape keeps it
    elif "\n" in text:
        style = "|"
    else:
        style = "'" if _LIKE_A_NUMBER.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _defaults(spec: WebhookSpec) -> dict[str, Any]:
    """By path, what holds for fields that are left out and have a default."""
    found = {
        (each.alias or name): each.default
        for name, each in WebhookSpec.model_fields.items()
        if name not in spec.model_fields_set and each.default is not None and not each.is_required()
    }
    found.pop("retry", None)
    return found | _retry_defaults(spec.retry or Retry())


def _retry_defaults(retry: Retry) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if retry.schedule is None:
        found["retry.schedule"] = list(DEFAULT_SCHEDULE)
    if "retry_after_max" not in retry.model_fields_set:
        found["retry.retryAfterMax"] = retry.retry_after_max
    if retry.max_age is None:
        found["retry.maxAge"] = _duration(RetryPolicy.of(retry).max_age)
    return found


def _duration(seconds: float) -> str:
    """As a spec writes it: 51h35m5s."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "m"), (left, "s"))
    return "".join(f"{number:g}{unit}" for number, unit in parts if number) or "0s"
