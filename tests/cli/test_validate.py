"""`hookwright validate`: its lines, its counts and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from hookwright.cli.main import main

GOOD = """\
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata:
  name: tickets
spec:
  url: https://tickets.example/new
  triggers: [RequestCreated]
  auth:
    bearer:
      tokenSecretRef: {name: token, key: token}
  bodyTemplate: |
    {
      "title": "{{ data.friendly_id }}",
      "who": "{{ data.requester.email }}"
    }
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: token
  labels: {hookwright.io/webhook-secret: "true"}
stringData: {token: abc}
"""
TEST = """\
apiVersion: hookwright.io/v1alpha1
kind: WebhookTest
metadata:
  name: tickets
spec:
  webhookRef: {name: tickets}
"""


def validate(folder: Path, *options: str, **files: str) -> Result:
    """Write the files (`__` is a dot) and run the command on the folder."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, "utf-8")
    return CliRunner().invoke(main, ["validate", str(folder), *options])


def test_good_manifests(tmp_path: Path) -> None:
    """Nothing on stdout, the counts on stderr, exit code 0."""
    deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n"
    found = validate(tmp_path, a__yaml=f"{GOOD}---\n{SECRET}", b__yaml=f"{TEST}---\n{deployment}")
    assert (found.exit_code, found.stdout) == (0, "")
    assert found.stderr == (
        "Most of its budget for one event: filters of default/tickets 0.0%, templates of default/tickets 0.0%; "
        "of its room: default/tickets 0.1%\n"
        "1 Webhook, 1 WebhookTest, 1 Secret in 2 files; 1 object of other kinds skipped; "
        "0 errors, 0 warnings\n"
    )


@pytest.mark.parametrize(
    ("replace", "by", "line"),
    [
        ("https://tickets", "http://tickets", "6: spec.url: url must begin with https://"),
        ("RequestCreated", "RequestMade", None),
        ("  auth:", "  methd: PUT\n  auth:", "8: spec.methd: unknown field; did you mean method?"),
        ("data.requester.email", "data.requester.mail", None),
        ("name: token, key: token", "name: token, key: nope", None),
        ("name: tickets", "name: Tick.ets", None),
        ("spec:", "spec: {}\nother:", None),
    ],
)
def test_a_mistake_is_one_line_with_its_place(
    tmp_path: Path, replace: str, by: str, line: str | None
) -> None:
    """Each mistake is `file:line: field: sentence` and exit code 1, without a traceback."""
    found = validate(tmp_path, w__yaml=f"{GOOD.replace(replace, by)}---\n{SECRET}")
    assert found.exit_code == 1
    if line is not None:
        assert found.stdout == f"{tmp_path}/w.yaml:{line}\n"
    for printed in found.stdout.splitlines():
        assert printed.startswith(f"{tmp_path}/w.yaml:")
    assert found.stdout
    assert "Traceback" not in found.output


def test_a_template_error_stands_at_its_line_of_the_file(tmp_path: Path) -> None:
    """In a literal block the line is that of the expression."""
    found = validate(
        tmp_path, w__yaml=GOOD.replace("data.requester.email", "data.requester.mail"), s__yaml=SECRET
    )
    assert found.exit_code == 1
    assert found.stdout.startswith(f"{tmp_path}/w.yaml:14: spec.bodyTemplate: ")
    assert "email" in found.stdout
    assert found.stdout.endswith("(with the sample event of RequestCreated)\n")


def test_a_reference_beyond_the_files_is_a_warning(tmp_path: Path) -> None:
    """What is not among the files may be in the cluster: a warning, exit code 0."""
    found = validate(tmp_path, w__yaml=GOOD, t__yaml=TEST.replace("{name: tickets}", "{name: other}"))
    assert found.exit_code == 0
    assert found.stdout.splitlines() == [
        f"warning: {tmp_path}/t.yaml:6: spec.webhookRef.name: "
        "Webhook other of namespace default is not among these files, so it was not checked",
        f"warning: {tmp_path}/w.yaml:10: spec.auth.bearer.tokenSecretRef: "
        "Secret token of namespace default is not among these files, so it was not checked",
    ]
    assert found.stderr.endswith("0 errors, 2 warnings\n")


def test_a_reference_within_the_files_is_checked(tmp_path: Path) -> None:
    """A Secret that is there must carry the label."""
    found = validate(tmp_path, w__yaml=GOOD, s__yaml=SECRET.replace('"true"', '"yes"'))
    assert found.exit_code == 1
    assert "Secret token has the label hookwright.io/webhook-secret: 'yes', not \"true\"" in found.stdout


def test_duplicates_are_errors(tmp_path: Path) -> None:
    """The same object in two files is an error at the second."""
    found = validate(tmp_path, a__yaml=GOOD, b__yaml=f"{GOOD}---\n{SECRET}")
    assert found.exit_code == 1
    assert found.stdout == (
        f"{tmp_path}/b.yaml:4: metadata.name: "
        f"Webhook default/tickets stands here a second time, first in {tmp_path}/a.yaml:1\n"
    )


def test_all_mistakes_of_all_files_are_shown(tmp_path: Path) -> None:
    """One broken file hides no other, and lines are in the order of files and lines."""
    bad = GOOD.replace("https://", "http://").replace("RequestCreated", "Nope")
    found = validate(tmp_path, a__yaml=bad, b__yaml="a: [\n", c__yaml=SECRET)
    assert [line.removeprefix(f"{tmp_path}/").split(": ")[0] for line in found.stdout.splitlines()] == [
        "a.yaml:6",
        "a.yaml:7",
        "b.yaml:2",
    ]


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_findings_for_scripts(tmp_path: Path, output: str) -> None:
    """With -o the findings are a list of records on stdout."""
    found = validate(tmp_path, "-o", output, w__yaml=GOOD.replace("https:", "http:"), s__yaml=SECRET)
    data = json.loads(found.stdout) if output == "json" else yaml.safe_load(found.stdout)
    assert data == {
        "items": [
            {
                "file": f"{tmp_path}/w.yaml",
                "line": 6,
                "field": "spec.url",
                "severity": "error",
                "message": "url must begin with https://",
            }
        ],
        "next": None,
    }
    assert found.exit_code == 1


@pytest.mark.parametrize(
    "arguments", [["validate"], ["validate", "no/such/path"], ["validate", "--nope", "."]]
)
def test_used_wrong(arguments: list[str]) -> None:
    """No path, a missing path and an unknown option are exit code 2."""
    found = CliRunner().invoke(main, arguments)
    assert (found.exit_code, found.stdout) == (2, "")
    assert found.stderr


def test_a_folder_without_manifests_is_used_wrong(tmp_path: Path) -> None:
    """A pipeline that names the wrong folder must not pass."""
    found = validate(tmp_path, notes__txt="x")
    assert (found.exit_code, found.stderr) == (
        2,
        f"Error: There is no .yaml, .yml or .json file in {tmp_path}.\n",
    )


def test_names_of_files_cannot_steer_a_terminal(tmp_path: Path) -> None:
    """Control characters in a file's name are escaped."""
    (tmp_path / "\x1b[31m.yaml").write_text("a: [\n")
    found = validate(tmp_path)
    assert "\x1b" not in found.output
    assert found.exit_code == 1


def test_a_malformed_secret_that_nobody_refers_to(tmp_path: Path) -> None:
    """What the API server would refuse is an error at its line, and no value is shown."""
    head = "apiVersion: v1\nkind: {}\nmetadata: {{name: {}}}\n"
    found = validate(
        tmp_path,
        a__yaml=head.format("Secret", "one") + "data:\n  good: eA==\n  tls.crt: hunter2!\n  other: grün\n",
        b__yaml=head.format("Secret", "two") + "stringData:\n  fine: x\n  pin: 1234\n",
        c__yaml=head.format("Secret", "three") + "data: [hunter2]\n",
        d__yaml=head.format("ConfigMap", "four") + "data:\n  good: x\n  bad: {a: b}\n",
        e__yaml=head.format("Secret", "five") + "data:\nstringData: {a: b}\n",
    )
    base64, text = "is not base64: put plain text under stringData", "the value must be a text: quote it"
    assert found.exit_code == 1
    assert found.stdout.splitlines() == [
        f"{tmp_path}/a.yaml:6: data[tls.crt]: the value {base64}",
        f"{tmp_path}/a.yaml:7: data[other]: the value {base64}",
        f"{tmp_path}/b.yaml:6: stringData[pin]: {text}",
        f"{tmp_path}/c.yaml:4: data: data must hold keys with their values",
        f"{tmp_path}/d.yaml:6: data[bad]: {text}",
    ]


BARE = GOOD.replace("data.friendly_id", "data.access_bundle.name").split("  auth:")[0] + (
    '  bodyTemplate: |\n    {\n      "bundle": "{{ data.access_bundle.name }}"'
)
LEAN = BARE + "\n    }\n"


def test_what_a_lean_event_does_not_render_is_a_warning(tmp_path: Path) -> None:
    """With file, line, field and the line to write; the exit code stays 0."""
    second = ',\n      "second": "{{ data.access_groups[1].integration.name }}"\n    }\n'
    found = validate(tmp_path, a__yaml=BARE + second)
    assert found.exit_code == 0
    assert found.stdout == (
        f"warning: {tmp_path}/a.yaml:10: spec.bodyTemplate: line 2, {{{{ data.access_bundle.name }}}}: "
        "data.access_bundle.name: no such field; data.access_bundle is null; an event of RequestCreated may lack it, "
        'so write {{ data.access_bundle.name | default("", true) }}\n'
        f"warning: {tmp_path}/a.yaml:11: spec.bodyTemplate: line 3, {{{{ data.access_groups[1].integration.name }}}}: "
        "data.access_groups[1]: no such item; data.access_groups has 1 item; the sample event of RequestCreated lacks it, "
        'so write {{ data.access_groups[1].integration.name | default("", true) }}\n'
    )
    assert "0 errors, 2 warnings" in found.stderr


def test_test_shows_the_same_warnings(tmp_path: Path) -> None:
    """On stderr, of the webhooks that are tested, whatever comes of the tests."""
    (tmp_path / "a.yaml").write_text(
        f"{LEAN}---\n{TEST}  mode: Render\n---\n{LEAN.replace('tickets', 'other')}"
    )
    found = CliRunner().invoke(main, ["test", str(tmp_path)])
    assert (found.exit_code, "Test successful" in found.stdout) == (0, True)
    assert found.stderr.count("warning: ") == 1
    assert 'so write {{ data.access_bundle.name | default("", true) }}' in found.stderr


SEVEN = """\
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata:
  name: Bad_Name
spec:
  url: http://tickets.example/new
  timeout: 30
  triggers: RequestCreated
  methd: PUT
  responseValidators:
    - path: $.a[
      values: [x]
  filters:
    matchExpressions:
      - path: $.data.x
        operator: Matches
        values: ["("]
  auth:
    bearer: {tokenSecretRef: {name: token, key: token}}
  bodyTemplate: |
    {
      "title": "{{ data.friendly_id }}",
      "who": "{{ data.requester.mail }}"
    }
"""


def test_every_mistake_of_an_object_is_told_at_once(tmp_path: Path) -> None:
    """Head, rules, types, templates, validators, filters and references: whoever corrects them needs one run."""
    found = validate(tmp_path, a__yaml=SEVEN)
    begins = [
        "a.yaml:4: metadata.name: metadata.name must be lower-case letters, digits and hyphens",
        "a.yaml:6: spec.url: url must begin with https://",
        "a.yaml:7: spec.timeout: timeout must be a duration with its unit, from 1s to 60s, such as 30s or 1m",
        "a.yaml:8: spec.triggers: triggers must be a list",
        "a.yaml:9: spec.methd: unknown field; did you mean method?",
        "a.yaml:11: spec.responseValidators[0].path: '$.a[' is not a JSONPath of RFC 9535",
        "a.yaml:17: spec.filters.matchExpressions[0].values[0]: is not an expression of RE2's syntax",
        "warning: a.yaml:19: spec.auth.bearer.tokenSecretRef: Secret token of namespace default is not among",
        "a.yaml:23: spec.bodyTemplate: line 3, {{ data.requester.mail }}: data.requester.mail: no such field",
    ]
    lines = found.stdout.replace(f"{tmp_path}/", "").splitlines()
    assert (found.exit_code, len(lines)) == (1, len(begins))
    for line, begin in zip(lines, begins, strict=True):
        assert line.startswith(begin)
    assert found.stderr == "no manifest in 1 file; 8 errors, 1 warning\n"


def test_templates_of_other_events_are_not_judged_by_a_sample(tmp_path: Path) -> None:
    """A mistake elsewhere brings no error that its correction would take away."""
    text = SEVEN.replace("Bad_Name", "deploys").replace("triggers: RequestCreated", "triggers: TRIGGERS")
    for triggers in ("[dev.example.deployed]", "dev.example.deployed", "[dev.example.*]"):
        found = validate(tmp_path, a__yaml=text.replace("TRIGGERS", triggers))
        assert "spec.timeout" in found.stdout
        assert "spec.bodyTemplate" not in found.stdout


HEADS = [
    (
        "metadata: {namespace: A}\n",
        ["metadata: metadata.name must be set", "metadata.namespace: metadata.namespace must"],
    ),
    ("", ["metadata: metadata must be set, with a name"]),
    ("metadata: {name: 7}\n", ["metadata.name: metadata.name must be a text: put it in quotes"]),
    ("metadata: {name: ok}\nspc: {}\n", ["spc: unknown field; did you mean spec?"]),
]


@pytest.mark.parametrize(("head", "begins"), HEADS)
def test_a_mistake_in_the_head_is_told_once_beside_the_rest(
    tmp_path: Path, head: str, begins: list[str]
) -> None:
    """The rules judge a name once more, and say nothing new."""
    text = f"apiVersion: hookwright.io/v1alpha1\nkind: WebhookTest\n{head}spec: {{mode: Try, webhookRef: {{name: away}}}}\n"
    lines = validate(tmp_path, a__yaml=text).stdout.replace(f"{tmp_path}/a.yaml", "FILE").splitlines()
    said = sorted(line.partition(" ")[2] for line in lines if not line.startswith("warning"))
    assert [line.partition(" must")[0] for line in said] == sorted(
        each.partition(" must")[0] for each in [*begins, "spec.mode: mode must be Send or Render"]
    )
    assert sum("WebhookTest" in line or "Webhook away" in line for line in lines) == 1


@pytest.mark.parametrize("text", [None, "", "# nothing yet\n", "---\n---\n"])
def test_nothing_to_validate_is_used_wrong(tmp_path: Path, text: str | None) -> None:
    """An empty file like an empty folder: a path by mistake must not pass as valid."""
    found = validate(tmp_path, **({} if text is None else {"a__yaml": text}))
    assert (found.exit_code, found.stdout) == (2, "")
    assert found.stderr.startswith("Error: There is no ")
