"""`hookwright import curl`: what becomes of real commands, and what none of them gives away."""

from __future__ import annotations

import base64
import json
import re
import shlex
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from hookwright.cli.main import main
from hookwright.core.samples import SAMPLE_TRIGGERS

EXAMPLES = Path(__file__).parents[3] / "examples"
PLANTED = "pl4nted-S3cret-0123456789abcdef"


def run(*arguments: str, stdin: str = "") -> Result:
    """`hookwright ARGUMENTS`."""
    return CliRunner().invoke(main, arguments, input=stdin)


def documents(text: str) -> dict[str, Any]:
    """By kind."""
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


def rendered(path: Path, *options: str) -> dict[str, Any]:
    """The request of `render`."""
    result = run("render", str(path), "-o", "json", *options)
    assert result.exit_code == 0, result.output
    request: dict[str, Any] = json.loads(result.stdout)["request"]
    return request


def with_values(text: str) -> str:
    """The text with a value of its own for each ‹secret name/key›."""
    if text.startswith("‹secret") and text.endswith("/url›"):
        return "https://hooks.example.com/in/0a1b2c3d4e5f60718293A4B5C6"
    text = re.sub(r"‹([^›]*)›", lambda found: re.sub("[^a-z0-9]", "-", found[1]) + "-0a1b2c3d4e5f6071", text)
    if text.startswith("Basic ") and ":" in text:
        return f"Basic {base64.b64encode(text.removeprefix('Basic ').encode()).decode()}"
    return text


def as_sent(request: dict[str, Any]) -> dict[str, Any]:
    """What of a request a curl command can say: without what each attempt is given."""
    headers = {
        name.lower(): with_values(value)
        for name, value in request["headers"].items()
        if not name.startswith("webhook-") and name.lower() not in {"user-agent", "content-type"}
    }
    body = json.loads(request["body"]) if request["body"] else None
    return {"method": request["method"], "url": with_values(request["url"]), "headers": headers, "body": body}


def curl_of(sent: dict[str, Any]) -> str:
    """The command that sends it."""
    words = ["curl", "-X", sent["method"], sent["url"]]
    for name, value in sent["headers"].items():
        words += ["-H", f"{name}: {value}"]
    if sent["body"] is not None:
        words += ["-H", "Content-Type: application/json", "--data-raw", json.dumps(sent["body"])]
    return shlex.join(words)


def examples() -> list[str]:
    """Those whose triggers have a sample event."""
    found = []
    for path in sorted(EXAMPLES.glob("*/webhook.yaml")):
        webhooks = [each for each in yaml.safe_load_all(path.read_text()) if each["kind"] == "Webhook"]
        if set(webhooks[0]["spec"]["triggers"]) & set(SAMPLE_TRIGGERS):
            found.append(path.parent.name)
    return found


@pytest.mark.parametrize("example", examples())
def test_the_request_of_an_example_survives_the_way_through_curl(example: str, tmp_path: Path) -> None:
    """Method, URL, headers and body are the same in the webhook made of the curl command of a rendered example."""
    sent = as_sent(rendered(EXAMPLES / example))
    secrets = tmp_path / "secrets.yaml"
    result = run("import", "curl", "--name", "back", "--secrets-out", str(secrets), stdin=curl_of(sent))
    assert result.exit_code == 0, result.output
    (tmp_path / "back.yaml").write_text(result.stdout)
    assert run("validate", str(tmp_path)).exit_code == 0
    values = documents(secrets.read_text()).get("Secret", {}).get("stringData", {})
    back = json.dumps(rendered(tmp_path), ensure_ascii=False)
    for key, value in values.items():
        back = back.replace(f"‹secret back/{key}›", value)
    assert as_sent(json.loads(back)) == sent


def test_a_planted_secret_is_nowhere_on_stdout(tmp_path: Path) -> None:
    """Bearer, header, cookie, path, query and password go to the file of --secrets-out, mode 0600, and there only."""
    file = tmp_path / "secrets.yaml"
    commands = (
        f"curl -d '{{}}' https://a.example.com/x -H 'Authorization: Bearer {PLANTED}'",
        f"curl -d '{{}}' https://a.example.com/x -H 'X-Api-Key: {PLANTED}' -b 'session={PLANTED}'",
        f"curl -d '{{}}' https://a.example.com/hooks/{PLANTED}",
        f"curl -d '{{}}' 'https://a.example.com/x?v=1&token={PLANTED}'",
        f"curl -d '{{}}' https://me:{PLANTED}@a.example.com/x",
        f"curl -d '{{}}' -u me:{PLANTED} https://a.example.com/x",
        f"curl -d '{{}}' --oauth2-bearer {PLANTED} https://a.example.com/x --proxy-user a:{PLANTED}",
    )
    for command in commands:
        result = run("import", "curl", "--secrets-out", str(file), stdin=command)
        assert result.exit_code == 0, result.output
        assert PLANTED not in result.stdout + result.stderr
        assert PLANTED in file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert PLANTED not in run("import", "curl", stdin=command).output


def test_the_manifests_stand_in_order_and_pass_validate(tmp_path: Path) -> None:
    """Secret with label and allowed hosts and placeholders, Webhook, WebhookTest that only renders; the same bytes."""
    command = f"curl -sS https://api.example.com/v1/x -H 'X-Api-Key: {PLANTED}' --json '{{\"a\": 1}}'"
    result = run("import", "curl", "--trigger", "RequestGranted", command)
    assert [each["kind"] for each in yaml.safe_load_all(result.stdout)] == [
        "Secret",
        "Webhook",
        "WebhookTest",
    ]
    found = documents(result.stdout)
    assert found["Secret"]["metadata"]["labels"] == {"hookwright.io/webhook-secret": "true"}
    assert found["Secret"]["metadata"]["annotations"] == {"hookwright.io/allowed-hosts": "api.example.com"}
    assert found["Secret"]["stringData"] == {"x-api-key": "REPLACE-ME"}
    assert found["Webhook"]["spec"]["triggers"] == ["RequestGranted"]
    assert json.loads(found["Webhook"]["spec"]["bodyTemplate"]) == {"a": 1}
    assert found["WebhookTest"]["spec"]["mode"] == "Render"
    (tmp_path / "all.yaml").write_text(result.stdout)
    assert run("validate", str(tmp_path)).exit_code == 0
    assert run("import", "curl", "--trigger", "RequestGranted", command).stdout == result.stdout


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("curl -d '{}' http://a.example.com/x", "spec.url: url must begin with https://"),
        ("curl -d '{}' https://a.example.com:8443/x", "url must not name a port other than :443: remove it"),
        ("curl https://a.example.com/x", "spec.method: method must be POST, PUT or DELETE"),
        ("curl -X PATCH -d '{}' https://a.example.com/x", "spec.method: method must be POST, PUT or DELETE"),
        (f"curl -d '{{}}' http://a.example.com/{PLANTED}", "spec.url: url must begin with https://"),
        ("curl -d 'a=b' https://a.example.com/x", "spec.bodyTemplate"),
    ],
)
def test_what_the_rules_refuse_is_said_in_their_words(command: str, sentence: str) -> None:
    """Exit code 1, nothing on stdout, and the sentence of `validate`."""
    result = run("import", "curl", stdin=command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert sentence in result.stderr


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("curl -F a=b https://a.example.com/x", "curl -F cannot be imported: a form upload is no JSON"),
        ("curl --what https://a.example.com/x", "curl's option --what cannot be imported"),
        ("curl -d '{}'", "The command names no URL."),
        ("curl -d '{}' https://a.example.com/x https://b.example.com", "The command names several URLs"),
        ("curl -d '{} https://a.example.com/x", "A quote of the command does not end"),
    ],
)
def test_what_cannot_be_taken_is_named(command: str, sentence: str) -> None:
    """Exit code 2 and one sentence."""
    result = run("import", "curl", stdin=command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr


def test_browsers_copies_are_read_in_both_forms() -> None:
    """`$'…'` of bash and `^` of the Windows prompt give the same webhook; what only browsers send is left out."""
    bash = """curl 'https://a.example.com/x' \\
      -H 'accept: */*' -H 'sec-fetch-mode: cors' \\
      --data-raw $'{"a":"it\\'s \\u0021"}' | jq ."""
    windows = """curl ^"https://a.example.com/x^" ^
      -H ^"accept: */*^" -H ^"sec-fetch-mode: cors^" ^
      --data-raw ^"^{^\\^"a^\\^":^\\^"it's ^!^\\^"^}^\""""
    made = [
        documents(run("import", "curl", stdin=text).stdout)["Webhook"]["spec"] for text in (bash, windows)
    ]
    assert made[0] == made[1]
    assert json.loads(made[0]["bodyTemplate"]) == {"a": "it's !"}
    assert made[0]["headers"] == [{"name": "accept", "value": "*/*"}]


def test_the_command_stands_behind_the_words_as_it_is() -> None:
    """Arguments that a shell has read already give what their text gives, curl's own short options included."""
    words = [
        "curl",
        "-sS",
        "-X",
        "PUT",
        "-H",
        "X-Team: it",
        "-d",
        '{"n": 1}',
        "-m",
        "20",
        "https://a.example.com/x",
    ]
    by_words = run("import", "curl", *words)
    assert by_words.exit_code == 0, by_words.output
    assert by_words.stdout == run("import", "curl", stdin=shlex.join(words)).stdout
    spec = documents(by_words.stdout)["Webhook"]["spec"]
    assert (spec["method"], spec["timeout"]) == ("PUT", "20s")
    assert spec["headers"] == [{"name": "X-Team", "value": "it"}]


def test_a_credential_in_the_body_is_told() -> None:
    """Templates see no Secret, so it stays where it is, and a note names the member."""
    body = json.dumps({"routing_key": "0123456789abcdef0123456789abcdef", "project": {"key": "OPS"}})
    result = run("import", "curl", "-d", body, "https://events.example.com/v2")
    assert "looks like a credential (routing_key)" in result.stderr
    assert "looks like a credential (routing_key)" in result.stdout
