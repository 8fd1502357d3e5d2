"""The commands that talk to a dispatcher, over real HTTP: send, invoke, and what goes for all (SPEC 7)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from admin_backend import MemoryBackend, invocation, view
from client_harness import FAILURE, Hookwright, serve
from hookwright.api.admin import Explanation
from hookwright.cli.main import main
from hookwright.core.hosts import HostGuard
from hookwright.dispatcher.ports.admin import admin_app
from ports import kept_port


def test_send_posts_the_sample_of_a_trigger(hookwright: Hookwright) -> None:
    """Without a file the sample goes out; each delivery is printed with its webhook."""
    result = hookwright("send --trigger RequestGranted")
    assert result.exit_code == 0
    assert hookwright.events.posted == [("/v1/events", "application/json", ["RequestGranted"])]
    assert result.stdout == "Accepted evt_0: 1 delivery\n  ● shop/slack  dlv_0\n"


def test_send_says_why_a_webhook_does_not_match(hookwright: Hookwright) -> None:
    """Below what was accepted stand the others with their reasons."""
    hookwright.backend.explanations = [
        Explanation(
            webhook="default/jira", matched=False, reasons=["It is inactive.", "Its trigger is Manual"]
        ),
        Explanation(webhook="shop/slack", matched=True),
    ]
    result = hookwright("send")
    assert result.stdout.splitlines()[1:] == [
        "  ● shop/slack  dlv_0",
        "  ○ default/jira  It is inactive; Its trigger is Manual",
    ]
    assert [event.trigger for event, _ in hookwright.backend.explained] == ["RequestCreated"]


def test_send_without_an_admin_port_prints_the_accepted_part(hookwright: Hookwright) -> None:
    """The event is accepted all the same; stderr says what is not known."""
    result = hookwright("send", "--admin", "http://127.0.0.1:1")
    assert result.exit_code == 0
    assert result.stdout == "Accepted evt_0: 1 delivery\n  ● shop/slack  dlv_0\n"
    assert (
        "Why other webhooks do not match is not known: Nothing answers at http://127.0.0.1:1" in result.stderr
    )


def test_send_to_a_namespace(hookwright: Hookwright) -> None:
    """--to may name a path of the event port; the reasons are then those of that namespace."""
    result = hookwright("send", "--to", f"{hookwright.to}/v1/namespaces/shop/events")
    assert result.exit_code == 0
    assert [path for path, _, _ in hookwright.events.posted] == ["/v1/namespaces/shop/events"]
    assert [namespace for _, namespace in hookwright.backend.explained] == ["shop"]


CLOUD = {"specversion": "1.0", "id": "1", "source": "/s", "type": "dev.example.deployed", "data": {}}
APONO = {"event_type": "AccessRequestCreated", "data": {"id": "1"}}
SHAPES = [
    (json.dumps(APONO), "application/json", ["RequestCreated"]),
    (json.dumps([APONO, APONO]), "application/json", ["RequestCreated"] * 2),
    (f"{json.dumps(APONO)}\n{json.dumps(APONO)}\n", "application/x-ndjson", ["RequestCreated"] * 2),
    (json.dumps(APONO, indent=2), "application/json", ["RequestCreated"]),
    (json.dumps(CLOUD), "application/cloudevents+json", ["dev.example.deployed"]),
    (json.dumps([CLOUD]), "application/cloudevents-batch+json", ["dev.example.deployed"]),
]


@pytest.mark.parametrize(("text", "content_type", "triggers"), SHAPES)
def test_send_knows_the_shape_of_a_file(
    hookwright: Hookwright, tmp_path: Path, text: str, content_type: str, triggers: list[str]
) -> None:
    """Envelope, list, NDJSON and CloudEvents go out under their content types, from a file and from stdin."""
    (tmp_path / "event").write_text(text)
    assert hookwright(f"send -f {tmp_path}/event").exit_code == 0
    assert hookwright("send -f -", stdin=text).exit_code == 0
    assert hookwright.events.posted == [("/v1/events", content_type, triggers)] * 2


def test_send_in_json(hookwright: Hookwright) -> None:
    """One document: what was accepted, and each webhook with its reasons."""
    hookwright.backend.explanations = [Explanation(webhook="default/jira", matched=False, reasons=["No."])]
    document = json.loads(hookwright("send -o json").stdout)
    assert document == {
        "events": [{"id": "evt_0", "deliveries": [{"id": "dlv_0", "webhook": "shop/slack"}]}],
        "webhooks": [{"webhook": "default/jira", "matched": False, "reasons": ["No."]}],
    }


@pytest.mark.parametrize("text", ["{", '{"no": "type"}', "[1]", "a\nb"])
def test_send_of_a_refused_event_ends_with_1(hookwright: Hookwright, text: str) -> None:
    """The port's sentence goes to stderr, nothing to stdout."""
    result = hookwright("send -f -", stdin=text)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")


def test_invoke_prints_request_and_answer(hookwright: Hookwright) -> None:
    """A delivered run ends with 0; a name without a namespace is in default; no event means the sample."""
    hookwright.backend.invoked = invocation(
        "dlv_5.1", "default/jira", kind="Manual", **FAILURE | {"result": "Delivered"}
    )
    result = hookwright("invoke jira")
    assert result.exit_code == 0
    assert hookwright.backend.events == [None]
    assert result.stdout.startswith("Delivered  default/jira  dlv_5.1\n")
    for part in (
        "POST https://hooks.slack.com/‹secret slack/path›\nx-a: 1\n\n" + '{\n  "a": 1\n}\n',
        "HTTP 404\nserver: s\n\nno \\u001b[31m such hook\n",
        "Took:     connect 1.2 ms, first byte 20.0 ms, in all 30.0 ms\n",
    ):
        assert part in result.stdout


def test_a_failed_invoke_ends_with_1_tip_and_next_command(hookwright: Hookwright) -> None:
    """The last words are the tip and a command that can be pasted."""
    hookwright.backend.invoked = invocation("dlv_5.1", "shop/slack", kind="Manual", **FAILURE)
    result = hookwright("invoke shop/slack -f -", stdin=json.dumps({"event_type": "Manual"}))
    assert result.exit_code == 1
    assert [event.trigger for event in hookwright.backend.events if event] == ["Manual"]
    tip, following = result.stdout.splitlines()[-2:]
    assert tip == "Tip: Check the path of the URL."
    assert following.startswith("Next: hookwright invoke shop/slack --admin http://127.0.0.1:")


def test_a_failed_invoke_in_json_is_the_invocation(hookwright: Hookwright) -> None:
    """One thing is the object, with the tip as a member."""
    hookwright.backend.invoked = invocation("dlv_5.1", "shop/slack", kind="Manual", **FAILURE)
    result = hookwright("invoke shop/slack -o json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["id"], document["hint"]) == (1, "dlv_5.1", FAILURE["hint"])
    assert document["response"]["statusCode"] == 404


@pytest.mark.parametrize(
    ("name", "code", "sentence"),
    [
        ("shop/none", 2, "There is no webhook shop/none."),
        ("shop/slack", 1, "shop/slack does not list the trigger Manual."),
        ("Shop/Slack", 2, "'Shop/Slack' is not a name: write NAME or NAMESPACE/NAME, in lower case."),
        ("a/b/c", 2, "'a/b/c' is not a name: write NAME or NAMESPACE/NAME, in lower case."),
    ],
)
def test_an_invoke_that_cannot_be(hookwright: Hookwright, name: str, code: int, sentence: str) -> None:
    """An unknown or impossible name is a mistake of use; a webhook without Manual is found wrong."""
    result = hookwright(f"invoke {name}")
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"Error: {sentence}\n")


COMMANDS = ["send", "invoke shop/slack", "list", "invocations", "replay --id dlv_1"]


@pytest.mark.parametrize("words", COMMANDS)
def test_no_connection_is_2_and_says_what_to_start(hookwright: Hookwright, words: str) -> None:
    """The sentence names the address, the flag that changes it, and how to start a dispatcher."""
    url = f"http://127.0.0.1:{kept_port()}"
    flag = "--to" if words == "send" else "--admin"
    result = hookwright(words, flag, url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Nothing answers at {url}" in result.stderr
    assert f"start it with `hookwright dev DIR`, or say with {flag} where it is." in result.stderr


@pytest.mark.parametrize("words", COMMANDS)
def test_a_wrong_token_is_2_and_names_the_flag(hookwright: Hookwright, tmp_path: Path, words: str) -> None:
    """The token itself is not shown."""
    (tmp_path / "wrong").write_text("wr0ng-token")
    flag = "--token-file" if words == "send" else "--admin-token-file"
    result = hookwright(words, flag, str(tmp_path / "wrong"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Name a file that holds it with {flag}." in result.stderr
    assert "wr0ng" not in result.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read (No such file or directory)."),
        ("\n", "is empty"),
        ("‹x›", "a token is ASCII text"),
    ],
)
def test_a_token_file_that_holds_none_is_2(
    hookwright: Hookwright, tmp_path: Path, content: str | None, sentence: str
) -> None:
    """A missing file is a mistake of use, and so is one without a token."""
    if content is not None:
        (tmp_path / "other").write_text(content)
    result = hookwright("list", "--admin-token-file", str(tmp_path / "other"))
    assert result.exit_code == 2
    assert f"{tmp_path}/other: " in result.stderr
    assert sentence in result.stderr


@pytest.mark.parametrize("words", ["send -f", "invoke shop/slack -f"])
def test_an_event_file_that_cannot_be_used_is_2(hookwright: Hookwright, tmp_path: Path, words: str) -> None:
    """Missing, empty, too large: a sentence that names the file, and nothing is sent."""
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "large").write_bytes(b" " * (4 * 1024 * 1024 + 1))
    for name, part in (
        ("missing", "cannot be read"),
        ("empty", "is empty"),
        ("large", "is larger than 4096 KiB"),
    ):
        result = hookwright(f"{words} {tmp_path}/{name}")
        assert result.exit_code == 2
        assert f"{tmp_path}/{name}: {part}" in result.stderr
    assert hookwright.events.posted == []


@pytest.mark.parametrize("url", ["127.0.0.1:8081", "ftp://a", "http://", "http://a:x", "http://a?b=1"])
def test_an_address_that_is_none_is_2(hookwright: Hookwright, url: str) -> None:
    """The sentence says how to write one."""
    result = hookwright("list", "--admin", url)
    assert result.exit_code == 2
    assert f"--admin {url}: write it as http://HOST:PORT." in result.stderr


def test_something_else_at_the_address_is_2(hookwright: Hookwright) -> None:
    """A server that does not speak our JSON is told from a dispatcher."""

    async def hello(request: Request) -> Response:
        return Response("hello")

    with serve(Starlette(routes=[Route("/{path:path}", hello)])) as url:
        result = hookwright("list", "--admin", url)
    assert result.exit_code == 2
    assert "does not answer in JSON; is it a dispatcher (--admin)?" in result.stderr


def test_what_comes_from_outside_cannot_steer_a_terminal(hookwright: Hookwright) -> None:
    """Control characters of events and answers are escaped in every table and text."""
    nasty = "x\x1b]0;owned\x07\r"
    hookwright.backend.history = [
        invocation("dlv_2.1", **FAILURE | {"message": nasty, "hint": nasty, "trigger": nasty})
    ]
    hookwright.backend.views = [view("shop/slack", host=nasty, message=nasty)]
    for words in ("invocations", "invocations --id dlv_2", "list"):
        output = hookwright(words).stdout
        assert "x\\u001b]0;owned\\u0007\\u000d" in output
        assert not set(output) & {"\x1b", "\x07", "\r"}


def test_without_tokens_none_is_asked(backend: MemoryBackend) -> None:
    """Against `dev` on loopback the commands work without any file."""
    app = admin_app(
        backend, backend, backend, backend, backend, workbench=backend, tokens=None, hosts=HostGuard()
    )
    with serve(app) as url:
        result = CliRunner().invoke(main, ["list", "--admin", url])
    assert result.exit_code == 0


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_file_with_a_byte_order_mark_is_sent(hookwright: Hookwright, tmp_path: Path, encoding: str) -> None:
    """Windows editors and PowerShell write it, the latter in UTF-16."""
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    for text, content_type, triggers in SHAPES:
        (tmp_path / "event").write_bytes((mark + text).encode(encoding))
        assert hookwright(f"send -f {tmp_path}/event").exit_code == 0
        assert hookwright.events.posted.pop() == ("/v1/events", content_type, triggers)


def test_the_url_of_send_may_name_the_type_of_any_json(hookwright: Hookwright) -> None:
    """As a tool that can only set a URL would post it; the reasons are those of such an event."""
    url = f"{hookwright.to}/v1/events?type=dev.example.alert"
    result = hookwright("send", "--to", url, "-f", "-", stdin='{"status": "firing"}')
    assert result.exit_code == 0, result.output
    assert hookwright.events.posted == [
        ("/v1/events?type=dev.example.alert", "application/json", ["dev.example.alert"])
    ]
    assert [event.document for event, _ in hookwright.backend.explained] == [
        {"event_type": "dev.example.alert", "data": {"status": "firing"}}
    ]
