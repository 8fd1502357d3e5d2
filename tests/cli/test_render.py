"""`hookwright render`: the request, the reasons, the choice of webhook and event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hookwright.cli.main import main

WEBHOOK = """\
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata:
  name: NAME
spec:
  url: https://tickets.example/new
  triggers: [RequestApproved, RequestCreated]
  filters:
    requesters: ["user@example.com"]
  auth:
    bearer:
      tokenSecretRef: {name: token, key: token}
  bodyTemplate: |
    {"title": "{{ data.friendly_id }}",
     "event": "{{ event_type }}"}
"""


def manifest(name: str = "tickets") -> str:
    """A webhook of that name."""
    return WEBHOOK.replace("NAME", name)


def render(folder: Path, *options: str, text: str | None = None, stdin: str | None = None) -> Result:
    """Run the command on a folder with one file."""
    (folder / "w.yaml").write_text(text if text is not None else manifest(), "utf-8")
    return CliRunner().invoke(main, ["render", str(folder), *options], input=stdin)


def rendered(folder: Path, *options: str, **given: Any) -> dict[str, Any]:
    """The JSON that the command prints."""
    found = render(folder, *options, "-o", "json", **given)
    assert found.exit_code == 0, found.output
    document: dict[str, Any] = json.loads(found.stdout)
    return document


def test_the_request_as_json(tmp_path: Path) -> None:
    """The contract of the JSON: webhook, matched, reasons, request with method, url, headers and body."""
    found = rendered(tmp_path)
    assert list(found) == ["webhook", "matched", "reasons", "request"]
    assert (found["webhook"], found["matched"], found["reasons"]) == ("default/tickets", True, [])
    request = found["request"]
    assert list(request) == ["method", "url", "headers", "body"]
    assert (request["method"], request["url"]) == ("POST", "https://tickets.example/new")
    assert request["headers"]["authorization"] == "Bearer ‹secret token/token›"
    assert json.loads(request["body"]) == {"title": "AR-123", "event": "AccessRequestApproved"}


def test_the_request_for_people(tmp_path: Path) -> None:
    """On stdout the verdict and the request, on stderr what could not be checked."""
    found = render(tmp_path)
    lines = found.stdout.splitlines()
    assert found.exit_code == 0
    assert lines[0] == "default/tickets matches AccessRequestApproved"
    assert lines[2] == "POST https://tickets.example/new"
    assert "authorization: Bearer ‹secret token/token›" in lines
    assert lines[-2:] == ['{"title": "AR-123",', ' "event": "AccessRequestApproved"}']
    assert found.stderr == (
        f"warning: {tmp_path}/w.yaml:12: spec.auth.bearer.tokenSecretRef: "
        "Secret token of namespace default is not among these files, so it was not checked\n"
        "Of their budgets, filters take 0.0% and templates 0.0%.\n"
    )


def test_an_event_that_does_not_match_is_no_failure(tmp_path: Path) -> None:
    """Reasons say why, the request is shown, and the exit code is 0."""
    event = {"event_type": "RequestCreated", "data": {"friendly_id": "x", "requester": {"email": "no@b"}}}
    found = rendered(tmp_path, "--event", "-", stdin=json.dumps(event))
    assert not found["matched"]
    assert [reason.partition(":")[0] for reason in found["reasons"]] == ["requesters"]
    assert json.loads(found["request"]["body"])["title"] == "x"


def test_the_sample_of_a_trigger(tmp_path: Path) -> None:
    """--trigger takes the sample of any trigger, in either spelling."""
    assert rendered(tmp_path, "--trigger", "RequestCreated")["matched"]
    found = rendered(tmp_path, "--trigger", "AccessRequestFailed")
    assert found["reasons"] == ["triggers: RequestFailed is not in [RequestApproved, RequestCreated]"]


def test_an_event_from_a_file(tmp_path: Path) -> None:
    """-f reads one event, an envelope or a structured CloudEvent."""
    envelope = tmp_path / "event.json"
    envelope.write_text('{"event_type": "RequestCreated", "data": {"friendly_id": "from a file"}}')
    assert "from a file" in rendered(tmp_path, "-f", str(envelope))["request"]["body"]
    cloud = {
        "specversion": "1.0",
        "id": "1",
        "source": "/s",
        "type": "dev.example.made",
        "data": {"friendly_id": "from a cloud"},
    }
    envelope.write_text(json.dumps(cloud))
    found = rendered(tmp_path, "-f", str(envelope))
    assert json.loads(found["request"]["body"]) == {"title": "from a cloud", "event": "dev.example.made"}
    assert not found["matched"]


def test_one_of_several_webhooks(tmp_path: Path) -> None:
    """--webhook chooses, with or without a namespace."""
    both = f"{manifest('one')}---\n{manifest('two').replace('name: two', 'name: two, namespace: team')}"
    both = both.replace("metadata:\n  name: two, namespace: team", "metadata: {name: two, namespace: team}")
    assert rendered(tmp_path, "--webhook", "one", text=both)["webhook"] == "default/one"
    assert rendered(tmp_path, "--webhook", "team/two", text=both)["webhook"] == "team/two"
    unsaid = render(tmp_path, text=both)
    assert (unsaid.exit_code, unsaid.stderr) == (
        2,
        "Error: Say which webhook with --webhook: default/one, team/two.\n",
    )
    unknown = render(tmp_path, "--webhook", "two", text=both)
    assert (unknown.exit_code, unknown.stderr) == (
        2,
        "Error: There is no Webhook default/two in these files; there is default/one, team/two.\n",
    )


def test_a_secret_that_is_there_is_not_shown(tmp_path: Path) -> None:
    """The value of a Secret among the files appears nowhere in the output."""
    labels = "labels: {hookwright.io/webhook-secret: 'true'}"
    metadata = f"metadata: {{name: token, {labels}}}"
    secret = f"apiVersion: v1\nkind: Secret\n{metadata}\nstringData: {{token: s3cr3t-value}}\n"
    for options in ([], ["-o", "json"]):
        found = render(tmp_path, *options, text=f"{manifest()}---\n{secret}")
        assert found.exit_code == 0
        assert "warning" not in found.stderr
        assert "‹secret token/token›" in found.stdout
        assert "s3cr3t" not in found.output


def test_an_event_that_the_template_cannot_render(tmp_path: Path) -> None:
    """A field that the event lacks is exit code 1, with the error in the JSON and no request."""
    event = '{"event_type": "RequestCreated", "data": {}}'
    found = render(tmp_path, "-f", "-", "-o", "json", stdin=event)
    document = json.loads(found.stdout)
    assert found.exit_code == 1
    assert document["request"] is None
    assert "friendly_id" in document["error"]
    assert "w.yaml:" in found.stderr


THREE = """\
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {name: three}
spec:
  url: https://tickets.example/{{ data.friendly_id }}
  triggers: [RequestCreated]
  headers:
    - {name: X-Who, value: "{{ data.requester.email }}"}
  bodyTemplate: |
    {
      "reason": "{{ data.justification }}"
    }
"""


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (
            {"requester": {"email": "a"}, "justification": "x"},
            "5: spec.url: line 1, {{ data.friendly_id }}: ",
        ),
        (
            {"friendly_id": "x", "justification": "x"},
            "8: spec.headers[0].value: line 1, {{ data.requester.email }}: ",
        ),
        (
            {"friendly_id": "x", "requester": {"email": "a"}},
            "11: spec.bodyTemplate: line 2, {{ data.justification }}: ",
        ),
    ],
)
def test_an_event_that_does_not_render_names_the_line_of_the_file(
    tmp_path: Path, data: dict[str, Any], place: str
) -> None:
    """That of the template's line, as `validate` has it."""
    event = json.dumps({"event_type": "RequestCreated", "data": data})
    found = render(tmp_path, "-f", "-", text=THREE, stdin=event)
    assert found.exit_code == 1
    assert f"\n{tmp_path}/w.yaml:{place}" in f"\n{found.stderr}"


def test_a_broken_webhook(tmp_path: Path) -> None:
    """A webhook that breaks a rule is exit code 1, with the lines of `validate`."""
    found = render(tmp_path, text=manifest().replace("https:", "http:"))
    assert (found.exit_code, found.stdout) == (1, "")
    assert f"{tmp_path}/w.yaml:6: spec.url: url must begin with https://\n" in found.stderr


def test_a_broken_neighbour_does_not_matter(tmp_path: Path) -> None:
    """Mistakes in another webhook do not stop this one."""
    both = f"{manifest('good')}---\n{manifest('bad').replace('https:', 'http:')}"
    assert rendered(tmp_path, "--webhook", "good", text=both)["matched"]


@pytest.mark.parametrize(
    ("options", "stdin", "code", "sentence"),
    [
        (["--trigger", "Nope"], None, 2, "Error: There is no sample of Nope; there is one of RequestCreated"),
        (
            ["-f", "no-such-file"],
            None,
            2,
            "Error: no-such-file: cannot be read (No such file or directory).\n",
        ),
        (["-f", "-"], "{", 1, "Error: "),
        (["-f", "-"], '{"data": {}}', 1, "Error: "),
        (["-f", "-"], "[]", 2, "Error: -: holds 0 events; render takes one.\n"),
        (
            ["-f", "-"],
            "[" + " " * (4 << 20) + "]",
            2,
            "Error: -: is larger than 4096 KiB; send it in parts.\n",
        ),
        (
            ["--webhook", "a/b/c"],
            None,
            2,
            "Error: 'a/b/c' is not a name: write NAME or NAMESPACE/NAME, in lower case.\n",
        ),
    ],
)
def test_used_wrong(tmp_path: Path, options: list[str], stdin: str | None, code: int, sentence: str) -> None:
    """Mistakes of use are exit code 2, an event that is none is exit code 1; one sentence each."""
    found = render(tmp_path, *options, stdin=stdin)
    assert (found.exit_code, found.stdout) == (code, "")
    assert sentence in found.stderr
    assert "Traceback" not in found.output


def test_a_template_that_is_not_among_the_files(tmp_path: Path) -> None:
    """Nothing can stand in for a body, so the field is named and nothing is shown; for a CA there is no need."""
    source = "  bodyTemplateFrom: {configMapKeyRef: {name: body, key: t}}\n"
    found = render(tmp_path, text=manifest().partition("  bodyTemplate:")[0] + source)
    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr.splitlines()[1:] == [
        f"{tmp_path}/w.yaml:13: spec.bodyTemplateFrom.configMapKeyRef: "
        "the ConfigMap that holds the template is not among these files: add it",
        "Error: default/tickets cannot be rendered.",
    ]
    assert rendered(tmp_path, text=manifest() + "  tls: {ca: {configMapKeyRef: {name: ca}}}\n")["request"]


def test_nothing_to_render(tmp_path: Path) -> None:
    """Files without a webhook, and a webhook without a sample event, end with a sentence."""
    empty = render(tmp_path, text="a: 1\n")
    assert (empty.exit_code, empty.stderr) == (2, "Error: There is no readable Webhook in these files.\n")
    clouds = manifest().replace("[RequestApproved, RequestCreated]", "[dev.example.made]")
    found = render(tmp_path, text=clouds)
    assert found.exit_code == 2
    assert found.stderr.endswith(
        "None of its triggers has a sample event; give an event with --event FILE.\n"
    )


def test_an_event_with_more_than_the_sample_renders(tmp_path: Path) -> None:
    """A second item and a field that the sample lacks are warnings, and the event that was given is rendered."""
    event = tmp_path / "event.json"
    groups = [{"integration": {"name": name}} for name in ("one", "two")]
    document = {
        "event_type": "RequestApproved",
        "data": {"access_groups": groups, "custom_fields": {"cost": "7"}},
    }
    event.write_text(json.dumps(document))
    body = (
        '{"second": "{{ data.access_groups.[1].integration.name }}", "cost": "{{ data.custom_fields.cost }}"}'
    )
    text = (
        "apiVersion: hookwright.io/v1alpha1\nkind: Webhook\nmetadata: {name: w}\n"
        f"spec:\n  url: https://w.example/\n  triggers: [RequestApproved]\n  bodyTemplate: |\n    {body}\n"
    )
    found = render(tmp_path, "--event", str(event), "-o", "json", text=text)
    assert found.exit_code == 0
    assert json.loads(json.loads(found.stdout)["request"]["body"]) == {"second": "two", "cost": "7"}
    assert found.stderr.count("warning: ") == 2
