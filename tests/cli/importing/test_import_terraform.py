"""`hookwright import terraform`: state and plan of the vendor's provider, made whole or reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result

from hookwright.cli.main import main

PLANTED = "pl4nted-S3cret-0123456789abcdef"
TEMPLATE = '{\n  "text": "He said \\"{{data.justification}}\\"",\n  "id": "{{ data.friendly_id }}"\n}\n'


def attributes(**changed: Any) -> dict[str, Any]:
    """All attributes of a webhook."""
    request = {
        "url": "https://tickets.example.com/api",
        "method": "PUT",
        "headers": {"X-Api-Key": PLANTED, "X-Team": "it"},
    }
    return {
        "id": "1",
        "name": "Tickets: open & close",
        "active": False,
        "type": {"http_request": request, "integration": None},
        "body_template": TEMPLATE,
        "response_validators": [{"json_path": "$.data.state", "expected_values": ["open", "closed"]}],
        "timeout_in_sec": 45,
        "authentication_config": {
            "oauth": {
                "client_id": "abc",
                "client_secret": PLANTED,
                "token_endpoint_url": "https://login.example.com/token",
                "scopes": "read write",
            }
        },
        "custom_validation_error_message": "No ticket",
    } | changed


def shown(*values: dict[str, Any]) -> str:
    """`terraform show -json`: the first in the root module, the others in a child."""
    resources = [
        {
            "address": f"apono_manual_webhook.w{n}",
            "mode": "managed",
            "type": "apono_manual_webhook",
            "values": each,
        }
        for n, each in enumerate(values)
    ]
    root = {"resources": resources[:1], "child_modules": [{"resources": resources[1:]}]}
    return json.dumps({"format_version": "1.0", "values": {"root_module": root}})


def run(text: str, *options: str) -> Result:
    """`hookwright import terraform`, the state on stdin."""
    return CliRunner().invoke(main, ["import", "terraform", *options], input=text)


def webhooks(text: str) -> list[dict[str, Any]]:
    """The Webhooks of a stream."""
    return [each for each in yaml.safe_load_all(text) if each["kind"] == "Webhook"]


def test_every_attribute_finds_its_field(tmp_path: Path) -> None:
    """Name, active, method, headers, OAuth, template, validators and timeout; what has no field is a comment."""
    secrets = tmp_path / "secrets.yaml"
    result = run(shown(attributes()), "--secrets-out", str(secrets))
    assert result.exit_code == 0, result.output
    assert PLANTED not in result.stdout + result.stderr
    [webhook] = webhooks(result.stdout)
    ref = {"name": "tickets-open-close", "key": "client-secret"}
    assert webhook["metadata"]["name"] == "tickets-open-close"
    assert webhook["spec"] == {
        "displayName": "Tickets open close",
        "active": False,
        "method": "PUT",
        "url": "https://tickets.example.com/api",
        "triggers": ["Manual"],
        "auth": {
            "oauth2": {
                "clientID": "abc",
                "clientSecretRef": ref,
                "tokenURL": "https://login.example.com/token",
                "scopes": ["read", "write"],
            }
        },
        "headers": [
            {"name": "X-Api-Key", "valueFrom": {"secretKeyRef": {"name": ref["name"], "key": "x-api-key"}}},
            {"name": "X-Team", "value": "it"},
        ],
        "timeout": "45s",
        "responseValidators": [{"path": "$.data.state", "values": ["closed", "open"]}],
        "bodyTemplate": TEMPLATE,
    }
    assert "custom_validation_error_message has no counterpart; it was: No ticket" in result.stdout
    assert "$.data.state begins at data" in result.stdout.replace("\n#  ", "")
    (tmp_path / "all.yaml").write_text(result.stdout)
    assert CliRunner().invoke(main, ["validate", str(tmp_path)]).exit_code == 0


def test_what_has_no_counterpart_is_reported_and_the_rest_is_made() -> None:
    """A GET and an action of an integration are named by their address; equal names become different."""
    get = attributes(type={"http_request": {"url": "https://a.example.com", "method": "GET", "headers": {}}})
    action = attributes(
        type={"integration": {"integration_id": "i", "action_name": "invoke"}, "http_request": None}
    )
    plain = attributes(authentication_config=None)
    result = run(shown(plain, get, action, plain))
    assert result.exit_code == 0, result.output
    assert [each["metadata"]["name"] for each in webhooks(result.stdout)] == [
        "tickets-open-close", "tickets-open-close-2"
    ]  # fmt: skip
    assert (
        "apono_manual_webhook.w1: method must be POST, PUT or DELETE, not GET: not imported" in result.stderr
    )
    assert "apono_manual_webhook.w2: it calls the action invoke of an integration" in result.stderr


def test_a_plan_and_a_state_file_are_read_too() -> None:
    """The three layouts that Terraform writes give the same bytes."""
    values = attributes()
    plan = shown(values).replace('"values": {"root_module"', '"planned_values": {"root_module"')
    state = {
        "version": 4,
        "resources": [
            {
                "mode": "managed",
                "type": "apono_manual_webhook",
                "name": "w0",
                "instances": [{"attributes": values}],
            }
        ],
    }
    texts = {run(text).stdout for text in (shown(values), plan, json.dumps(state))}
    assert len(texts) == 1
    assert webhooks(texts.pop())


def test_a_rule_that_the_state_breaks_is_said() -> None:
    """A timeout over a minute and an OAuth endpoint without https: both sentences, exit code 1, nothing printed."""
    oauth = {
        "client_id": "a",
        "client_secret": "b",
        "token_endpoint_url": "http://login.example.com",
        "scopes": "",
    }
    result = run(shown(attributes(timeout_in_sec=90, authentication_config={"oauth": oauth})))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "spec.timeout: timeout must be" in result.stderr
    assert "spec.auth.oauth2.tokenURL: tokenURL must begin with https://" in result.stderr


def test_a_state_without_a_webhook_is_told() -> None:
    """Exit code 2, and what is looked for."""
    for text, sentence in (("{}", "There is no apono_manual_webhook"), ("resource {", "This is no JSON")):
        result = run(text)
        assert result.exit_code == 2
        assert sentence in result.stderr
