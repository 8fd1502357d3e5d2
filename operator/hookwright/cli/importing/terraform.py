"""Terraform state or plan as JSON (`terraform show -json`, or a state file) → the forms of its `apono_manual_webhook`s.

The provider's schema is that of its release 1.9.1; only webhooks of the kind Manual exist there. What has no
counterpart is reported, not made. Must not: read HCL, whose expressions are no values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from hookwright.api.rules import METHOD
from hookwright.api.v1alpha1.webhook import MANUAL
from hookwright.cli.importing.form import Form, OAuth
from hookwright.cli.importing.headers import take_headers
from hookwright.errors import UsageError

_TYPE: Final = "apono_manual_webhook"


def terraform_forms(text: str) -> tuple[list[Form], list[str]]:
    """The forms, in the order of the state, and one sentence for each resource that cannot be one.

    UsageError: this is no such JSON, or no webhook stands in it.
    """
    try:
        document = json.loads(text)
    except ValueError:
        raise UsageError("This is no JSON: give the output of `terraform show -json`.") from None
    forms: list[Form] = []
    reports: list[str] = []
    for address, values in _resources(document):
        problem = _unusable(values)
        if problem is not None:
            reports.append(f"{address}: {problem}")
        else:
            forms.append(_form(values))
    if not forms and not reports:
        raise UsageError(
            f"There is no {_TYPE} in this state; other kinds of webhooks are not kept by Terraform."
        )
    return forms, reports


def _resources(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Address and attributes of each webhook, of any of the three layouts."""
    if not isinstance(document, dict):
        return
    for top in ("values", "planned_values"):
        yield from _of_module((document.get(top) or {}).get("root_module") or {})
    if "values" not in document and "planned_values" not in document:
        yield from _of_state(document.get("resources") or [])


def _of_module(module: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in module.get("resources") or []:
        if resource.get("type") == _TYPE and resource.get("mode", "managed") == "managed":
            yield resource.get("address", _TYPE), resource.get("values") or {}
    for child in module.get("child_modules") or []:
        yield from _of_module(child)


def _of_state(resources: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A state file, version 4."""
    for resource in resources:
        if resource.get("type") == _TYPE and resource.get("mode", "managed") == "managed":
            for instance in resource.get("instances") or []:
                yield f"{_TYPE}.{resource.get('name')}", instance.get("attributes") or {}


def _unusable(values: dict[str, Any]) -> str | None:
    kind = values.get("type") or {}
    if kind.get("integration"):
        action = kind["integration"].get("action_name")
        return f"it calls the action {action} of an integration, which is no HTTP request: not imported"
    request = kind.get("http_request")
    if not request or not request.get("url"):
        return "its URL is not known yet: apply the plan first, and import the state"
    if not METHOD.holds(request.get("method")):
        return f"{METHOD.sentence}, not {request.get('method')}: not imported"
    return None


def _form(values: dict[str, Any]) -> Form:
    request = values["type"]["http_request"]
    form = Form(
        values.get("name") or "webhook",
        request["url"],
        request["method"],
        values.get("active") is not False,
        body=values.get("body_template") or None,
        triggers=[MANUAL],
    )
    oauth = (values.get("authentication_config") or {}).get("oauth")
    if oauth:
        form.oauth = OAuth(
            oauth.get("client_id") or "",
            oauth.get("client_secret") or "",
            oauth.get("token_endpoint_url") or "",
            _scopes(oauth.get("scopes")),
        )
    take_headers(form, sorted((request.get("headers") or {}).items()))
    if values.get("timeout_in_sec"):
        form.timeout = f"{values['timeout_in_sec']}s"
    form.validators = [_validator(form, each) for each in values.get("response_validators") or []]
    if message := values.get("custom_validation_error_message"):
        form.notes.append(f"custom_validation_error_message has no counterpart; it was: {message}")
    return form


def _scopes(given: Any) -> tuple[str, ...]:
    return tuple(given.split()) if isinstance(given, str) else tuple(given or ())


def _validator(form: Form, given: dict[str, Any]) -> dict[str, Any]:
    path = given.get("json_path") or ""
    if path == "$.data" or path.startswith(("$.data.", "$.data[")):
        form.notes.append(
            f"The path {path} begins at data: check that the answer has such a member, as $ is the answer's body here."
        )
    return {"path": path, "values": sorted(given.get("expected_values") or [])}
