"""`hookwright import apono`: the form as a sheet, and asked on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from hookwright.cli.main import main

SHEET = """\
Name: Service Desk
Status: Inactive
Method: put
URL: https://desk.example.com/api/tickets
Body Template: |
  {"who": "{{data.requester.email}}", "what": "{{data.access_groups.[0].integration.name}}"}
Authentication:
  OAuth:
    Client ID: abc
    Client Secret: s3cret-value-s3cret
    Token Endpoint URL: https://login.example.com/token
    Scopes: [tickets]
Triggers: [RequestCreated, Granted]
Filters:
  Integrations: [prod *]
  Approvals: Manual
"""


def run(text: str, *options: str) -> Result:
    """`hookwright import apono -`, the sheet on stdin."""
    return CliRunner().invoke(main, ["import", "apono", "-", *options], input=text)


def spec(text: str) -> dict[str, Any]:
    """The spec of the only Webhook."""
    [found] = [each for each in yaml.safe_load_all(text) if each["kind"] == "Webhook"]
    result: dict[str, Any] = found["spec"]
    return result


def test_a_filled_in_form_becomes_a_webhook(tmp_path: Path) -> None:
    """Every field of the form under its own words; the client secret stays out of stdout."""
    result = run(SHEET)
    assert result.exit_code == 0, result.output
    assert "s3cret-value" not in result.output
    found = spec(result.stdout)
    assert found["displayName"] == "Service Desk"
    assert (found["active"], found["method"]) == (False, "PUT")
    assert found["triggers"] == ["RequestCreated", "RequestGranted"]
    assert found["filters"] == {"integrations": ["prod *"], "approvals": "Manual"}
    assert found["auth"]["oauth2"]["scopes"] == ["tickets"]
    (tmp_path / "all.yaml").write_text(result.stdout)
    assert CliRunner().invoke(main, ["validate", str(tmp_path)]).exit_code == 0


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        (("URL: https", "URL: http"), 1, "url must begin with https://"),
        (("Granted]", "Revoked]"), 1, "triggers must each be RequestCreated"),
        (("Integrations:", "Teams:"), 2, "there is no filter 'teams'; there are integrations"),
        (("Status: Inactive", "Status: paused"), 2, "Status is Active or Inactive"),
        (("Method:", "Methode:"), 2, "there is no field 'Methode' in the form"),
        (('{"who"', '{{#if data}}{"who"'), 1, "{% if data %}"),
    ],
)
def test_a_mistake_is_named(change: tuple[str, str], code: int, sentence: str) -> None:
    """Nothing on stdout, one sentence with the field."""
    result = run(SHEET.replace(*change))
    assert (result.exit_code, result.stdout) == (code, "")
    assert sentence in result.stderr


def test_the_form_is_asked_on_a_terminal() -> None:
    """Its questions in its order; a wrong URL and a Handlebars block are answered at once and asked for again."""
    said, made = on_a_terminal(
        ("Name", "Service Desk"),
        ("Status", "Active"),
        ("Method", "POST"),
        ("URL", "http://desk.example.com/x"),
        ("url must begin with https://", ""),
        ("URL", "https://desk.example.com/x"),
        ("Body Template", '{{#each data.approvals}}"x"{{/each}}\n.'),
        ("{% for", ""),
        ("Body Template", '{"id": "{{ data.friendly_id }}"}\n.'),
        ("Authentication", "Bearer"),
        ("Token", "planted-token-0123456789"),
        ("Triggers", "RequestCreated, RequestGranted"),
        ("Filters", "Some"),
        *[("empty: any", "")] * 9,
        ("approvals", "Manual"),
    )
    found = spec(made)
    assert found["displayName"] == "Service Desk"
    assert found["url"] == "https://desk.example.com/x"
    assert found["bodyTemplate"] == '{"id": "{{ data.friendly_id }}"}\n'
    assert found["auth"] == {"bearer": {"tokenSecretRef": {"name": "service-desk", "key": "token"}}}
    assert found["triggers"] == ["RequestCreated", "RequestGranted"]
    assert found["filters"] == {"approvals": "Manual"}
    assert "planted-token" not in made + said


def on_a_terminal(*talk: tuple[str, str]) -> tuple[str, str]:
    """What is said and made by `import apono` at a terminal; an answer ("": none) is typed once its question is read."""
    master, terminal = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "hookwright", "import", "apono"],
        stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    said = unread = ""
    for question, answer in talk:
        while question not in unread:
            read = os.read(master, 4096).decode()  # an OSError when it ended before its question
            said, unread = said + read, unread + read
        unread = unread.partition(question)[2]
        if answer or question == "empty: any":
            os.write(master, f"{answer}\n".encode())
    assert child.stdout is not None
    made = child.stdout.read().decode()
    child.stdout.close()
    os.close(master)
    assert child.wait() == 0, said
    return said, made
