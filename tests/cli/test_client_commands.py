"""The commands that talk to a dispatcher, over real HTTP: what they ask, print, and exit with (SPEC 7)."""

from __future__ import annotations

import asyncio
import json
import shlex
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from admin_backend import MemoryBackend, dead_letter, invocation, view
from hookwright.api.admin import Explanation, RequestRecord, ResponseRecord, Timings, ValidatorResult
from hookwright.cli.client import Client
from hookwright.cli.invocations import following
from hookwright.cli.main import main
from hookwright.cli.replay import moment
from hookwright.cli.show import age
from hookwright.core.decode import decode
from hookwright.dispatcher.admin import admin_app
from hookwright.dispatcher.hosts import HostGuard
from hookwright.dispatcher.server import Listener
from hookwright.dispatcher.tokens import Tokens
from hookwright.errors import EventError, UsageError

ADMIN_TOKEN, EVENT_TOKEN = "admin-t0ken", "event-t0ken"


@contextmanager
def serve(app: Any) -> Iterator[str]:
    """Serve an application on a free port of loopback, in a thread of its own; its URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listener = Listener(app, "127.0.0.1", 0)
    asyncio.run_coroutine_threadsafe(listener.start(), loop).result()
    try:
        yield f"http://127.0.0.1:{listener.address[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(listener.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class EventPort:
    """Decodes events as the real port does and says they were accepted for some webhooks."""

    webhooks: tuple[str, ...] = ("shop/slack",)
    posted: list[tuple[str, str, list[str | None]]] = field(default_factory=list)
    """Path, content type and triggers of each request."""

    async def take(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {EVENT_TOKEN}":
            return JSONResponse({"detail": "Send the ingest token as Authorization: Bearer."}, 401)
        try:
            events = decode(request.headers, await request.body())
        except EventError as error:
            return JSONResponse({"detail": str(error)}, error.status)
        triggers = [event.trigger for event in events]
        self.posted.append((request.url.path, request.headers["content-type"], triggers))
        deliveries = [{"id": f"dlv_{n}", "webhook": webhook} for n, webhook in enumerate(self.webhooks)]
        accepted = [{"id": f"evt_{n}", "deliveries": deliveries} for n in range(len(events))]
        return JSONResponse({"events": accepted}, 202)


@dataclass
class Hookwright:
    """Runs the command line against one dispatcher."""

    to: str
    admin: str
    tokens: Path
    backend: MemoryBackend
    events: EventPort

    def __call__(self, words: str, *extra: str, stdin: str | bytes = "") -> Result:
        """`hookwright WORDS` with the flags that reach the dispatcher."""
        arguments = [*shlex.split(words), *self.flags(words.split()[0]), *extra]
        return CliRunner().invoke(main, arguments, input=stdin, catch_exceptions=False)

    def flags(self, command: str) -> list[str]:
        """Addresses and token files, as the command takes them."""
        admin = ["--admin", self.admin, "--admin-token-file", str(self.tokens / "admin")]
        return (
            [*admin, "--to", self.to, "--token-file", str(self.tokens / "events")]
            if command == "send"
            else admin
        )


@pytest.fixture
def backend() -> MemoryBackend:
    """Three webhooks; nothing has happened."""
    return MemoryBackend(
        views=[
            view("default/jira", active=False),
            view(
                "shop/slack",
                host="hooks.slack.com",
                pending=3,
                dead_lettered=1,
                last_invocation={"result": "Delivered", "time": "2020-01-01T00:00:00.000Z"},
            ),
            view("shop/teams", state="held", host=None, message="The Secret shop/teams is missing."),
        ]
    )


@pytest.fixture
def events() -> EventPort:
    """An event port that remembers."""
    return EventPort()


@pytest.fixture
def hookwright(backend: MemoryBackend, events: EventPort, tmp_path: Path) -> Iterator[Hookwright]:
    """A dispatcher's two ports and the command line that reaches them."""
    (tmp_path / "admin").write_text(f"{ADMIN_TOKEN}\n")
    (tmp_path / "events").write_text(f"{EVENT_TOKEN}\n")
    paths = ("/v1/events", "/v1/namespaces/{ns}/events")
    taking = Starlette(routes=[Route(path, events.take, methods=["POST"]) for path in paths])
    admin_port = admin_app(backend, tokens=Tokens(tmp_path / "admin"), hosts=HostGuard())
    with serve(taking) as to, serve(admin_port) as admin:
        yield Hookwright(to, admin, tmp_path, backend, events)


FAILURE: dict[str, Any] = {
    "result": "Rejected",
    "message": "The target answered 404 Not Found; it is kept as a dead letter.",
    "hint": "Check the path of the URL.",
    "event_id": "evt_1",
    "friendly_id": "AR-7",
    "request": RequestRecord(
        method="POST", url="https://hooks.slack.com/‹secret slack/path›", headers={"x-a": "1"}, body='{"a":1}'
    ),
    "response": ResponseRecord(status_code=404, headers={"server": "s"}, body="no \x1b[31m such hook"),
    "timings": Timings(connect=1.25, first_byte=20, total=30),
    "validators": [ValidatorResult(path="$.ok", passed=False, actual="false")],
}

# --- send --------------------------------------------------------------------------------------


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
            webhook="default/jira", matched=False, reasons=["It is inactive.", "Its trigger is Manual."]
        ),
        Explanation(webhook="shop/slack", matched=True),
    ]
    result = hookwright("send")
    assert result.stdout.splitlines()[1:] == [
        "  ● shop/slack  dlv_0",
        "  ○ default/jira  It is inactive. Its trigger is Manual.",
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


# --- invoke ------------------------------------------------------------------------------------


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
        "HTTP 404\nserver: s\n\nno \\x1b[31m such hook\n",
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
        ("Shop/Slack", 2, "Shop/Slack: write the webhook as NAME or NAMESPACE/NAME, in lower case."),
        ("a/b/c", 2, "a/b/c: write the webhook as NAME or NAMESPACE/NAME, in lower case."),
    ],
)
def test_an_invoke_that_cannot_be(hookwright: Hookwright, name: str, code: int, sentence: str) -> None:
    """An unknown or impossible name is a mistake of use; a webhook without Manual is found wrong."""
    result = hookwright(f"invoke {name}")
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"Error: {sentence}\n")


# --- list --------------------------------------------------------------------------------------


def test_list_is_a_table_with_dots(hookwright: Hookwright) -> None:
    """A filled dot is active, an empty one inactive; what is wrong with a webhook stands below."""
    result = hookwright("list")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[0].split() == [
        "ACTIVE",
        "NAME",
        "METHOD",
        "HOST",
        "STATE",
        "LAST",
        "RESULT",
        "LAST",
        "INVOCATION",
        "PENDING",
        "DEAD",
    ]
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["○", "default/jira"],
        ["●", "shop/slack"],
        ["●", "shop/teams"],
    ]
    assert lines[2].split()[2:6] == ["POST", "hooks.slack.com", "running", "Delivered"]
    assert lines[2].split()[-2:] == ["3", "1"]
    assert lines[4] == "shop/teams: The Secret shop/teams is missing."


def test_list_colours_the_dots_on_a_terminal(hookwright: Hookwright) -> None:
    """Green and white, and no escape codes elsewhere."""
    coloured = CliRunner().invoke(main, ["list", *hookwright.flags("list")], color=True).stdout
    assert "\x1b[32m●" in coloured
    assert "\x1b[37m○" in coloured
    assert "\x1b" not in hookwright("list").stdout


@pytest.mark.parametrize(("output", "load"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_list_for_scripts(hookwright: Hookwright, output: str, load: Any) -> None:
    """Several things are items and next."""
    page = load(hookwright(f"list -o {output}").stdout)
    assert [item["webhook"] for item in page["items"]] == ["default/jira", "shop/slack", "shop/teams"]
    assert page["items"][1]["deadLettered"] == 1
    assert page["next"] is None


def test_an_empty_list_says_so_on_stderr(hookwright: Hookwright) -> None:
    """Nothing on stdout, as there is no data."""
    hookwright.backend.views = []
    result = hookwright("list")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "There is no webhook.\n")


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (None, ""),
        ("2026-01-02T03:03:05Z", "60s"),
        ("2026-01-02T03:01:05.500Z", "2m"),
        ("2026-01-01T03:04:05Z", "24h"),
        ("2025-12-30T03:04:05Z", "3d"),
        ("2027-01-01T00:00:00Z", "0s"),
    ],
)
def test_ages_are_written_as_kubectl_does(time: str | None, text: str) -> None:
    """One unit, the larger one from two of it on."""
    assert age(time, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == text


# --- invocations -------------------------------------------------------------------------------


def test_invocations_read_like_a_log(hookwright: Hookwright) -> None:
    """Oldest first; below each failure its message, its tip and the command that shows more."""
    hookwright.backend.history = [invocation("dlv_2.1", **FAILURE), invocation("dlv_1.1")]
    lines = hookwright("invocations").stdout.splitlines()
    assert lines[0] == "Delivered  2026-01-02T03:04:05.000Z  shop/slack  RequestCreated  dlv_1.1  -  0 ms"
    assert lines[1].startswith(
        "Rejected  2026-01-02T03:04:05.000Z  shop/slack  RequestCreated  dlv_2.1  404  30 ms"
    )
    assert lines[2] == "    The target answered 404 Not Found; it is kept as a dead letter."
    assert lines[3] == "    Tip: Check the path of the URL."
    assert lines[4].startswith("    Next: hookwright invocations --id dlv_2.1 --admin ")
    assert len(lines) == 5


SELECTORS = [
    ("shop/slack", ["dlv_1.1", "dlv_3.1"]),
    ("jira", ["dlv_2.1"]),
    ("AR-7", ["dlv_3.1"]),
    ("ar-8", ["dlv_1.1"]),
    ("shop/none", []),
]


@pytest.mark.parametrize(("what", "ids"), SELECTORS)
def test_invocations_of_a_webhook_or_a_request(hookwright: Hookwright, what: str, ids: list[str]) -> None:
    """A name selects a webhook, a friendly id a request; a plain word is tried as both."""
    hookwright.backend.history = [
        invocation("dlv_3.1", friendly_id="AR-7"),
        invocation("dlv_2.1", "default/jira"),
        invocation("dlv_1.1", friendly_id="ar-8"),
    ]
    result = hookwright(f"invocations {what}")
    assert [line.split()[4] for line in result.stdout.splitlines()] == ids
    assert ("There is no invocation of shop/none." in result.stderr) is (not ids)


def test_invocations_in_json_are_a_page(hookwright: Hookwright) -> None:
    """Newest first, with the position of the next page."""
    hookwright.backend.history = [invocation(f"dlv_{n}.1") for n in range(60, 0, -1)]
    page = json.loads(hookwright("invocations -o json").stdout)
    assert (len(page["items"]), page["items"][0]["id"], page["next"]) == (50, "dlv_60.1", "11")


@pytest.mark.parametrize("identifier", ["dlv_2.1", "dlv_2"])
def test_one_invocation_by_id_in_full(hookwright: Hookwright, identifier: str) -> None:
    """--id takes an invocation or a delivery; a dead letter's last words say how to deliver it again."""
    hookwright.backend.history = [invocation("dlv_2.1", **FAILURE)]
    lines = hookwright(f"invocations --id {identifier}").stdout.splitlines()
    assert lines[0] == "Rejected  shop/slack  dlv_2.1"
    assert "✗ $.ok: false" in lines
    assert lines[-2] == "Tip: Check the path of the URL."
    assert lines[-1].startswith("Next: hookwright replay --id dlv_2 --admin http://")


def test_the_next_command_carries_the_token_file_but_no_token(hookwright: Hookwright) -> None:
    """It can be pasted as it is, and holds no secret."""
    hookwright.backend.history = [invocation("dlv_2.1", **FAILURE)]
    output = hookwright("invocations --id dlv_2").stdout
    assert output.rstrip().endswith(f"--admin-token-file {hookwright.tokens}/admin")
    assert ADMIN_TOKEN not in output


def test_with_default_addresses_the_next_command_is_short() -> None:
    """`dev`'s own addresses need no flags."""
    assert Client.admin("http://127.0.0.1:8081", None).command("list") == "hookwright list"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("invocations --id dlv_9", "There is no such invocation"),
        ("invocations --id ../webhooks", "that is no id"),
        ("invocations shop/slack --id dlv_2", "leave the other selectors out"),
        ("invocations --follow -o yaml", "one object a line"),
    ],
)
def test_invocations_used_wrong(hookwright: Hookwright, words: str, sentence: str) -> None:
    """Exit code 2 and a sentence on stderr."""
    result = hookwright(words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr


def test_follow_shows_each_invocation_once_oldest_first(hookwright: Hookwright) -> None:
    """What is there, then what comes, also when more than a page came between two looks."""
    history = hookwright.backend.history = [invocation("dlv_1.1")]
    arrivals = iter([[], ["dlv_2.1", "dlv_3.1"], [f"dlv_{n}.1" for n in range(4, 130)]])

    def happens() -> bool:
        arrived = next(arrivals, None)
        for identifier in arrived or ():
            history.insert(0, invocation(identifier))
        return arrived is not None

    client = Client.admin(hookwright.admin, hookwright.tokens / "admin")
    seen = [each["id"] for each in following(client, "shop/slack", happens)]
    assert seen == [f"dlv_{n}.1" for n in range(1, 130)]


# --- replay ------------------------------------------------------------------------------------


def test_replay_by_id(hookwright: Hookwright) -> None:
    """An invocation's id means its delivery; the answer says what was replayed."""
    hookwright.backend.dead = [dead_letter("dlv_2"), dead_letter("dlv_1")]
    result = hookwright("replay --id dlv_2.8 --id dlv_1 --id dlv_2")
    assert result.exit_code == 0
    assert [asked["ids"] for asked in hookwright.backend.replays] == [["dlv_2", "dlv_1"]]
    assert result.stdout.startswith("Replayed 2 dead letters; what becomes of it: hookwright invocations")


def test_replay_of_what_is_no_dead_letter_ends_with_1(hookwright: Hookwright) -> None:
    """The others are replayed; stderr names the one that was not."""
    hookwright.backend.dead = [dead_letter("dlv_2")]
    result = hookwright("replay --id dlv_2 --id dlv_9 -o json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"replayed": 1, "ids": ["dlv_2"]})
    assert result.stderr == "dlv_9 is not a dead letter any more, or never was.\n"


LETTERS = [
    # id, webhook, time of death; newest first
    ("dlv_4", "shop/slack", "2026-01-02T04:00:00.000Z"),
    ("dlv_3", "default/jira", "2026-01-02T03:00:00.000Z"),
    ("dlv_2", "shop/slack", "2026-01-02T02:00:00.000Z"),
    ("dlv_1", "shop/slack", "2026-01-02T01:00:00.000Z"),
]
SELECTIONS = [
    ("--webhook shop/slack", ["dlv_4", "dlv_2", "dlv_1"]),
    ("--webhook jira", ["dlv_3"]),
    ("--since 2026-01-02T02:00:00Z", ["dlv_4", "dlv_3", "dlv_2"]),
    ("--until 2026-01-02T04:00:00+02:00", ["dlv_1"]),
    ("--webhook shop/slack --since 2026-01-02T01:30:00Z --until 2026-01-02T03:30:00Z", ["dlv_2"]),
    ("--webhook shop/slack --id dlv_3 --id dlv_1", ["dlv_1"]),
    ("--until 1s", ["dlv_4", "dlv_3", "dlv_2", "dlv_1"]),
    ("--since 1s", []),
]


@pytest.mark.parametrize(("selectors", "ids"), SELECTIONS)
def test_replay_by_webhook_and_time(hookwright: Hookwright, selectors: str, ids: list[str]) -> None:
    """Several selectors must all fit; since is included, until is not."""
    hookwright.backend.dead = [dead_letter(*letter) for letter in LETTERS]
    document = json.loads(hookwright(f"replay {selectors} -o json").stdout)
    assert document == {"replayed": len(ids), "ids": ids}


def test_many_are_replayed_in_chunks(hookwright: Hookwright) -> None:
    """More than a page of dead letters are all found, and asked for 500 at a time."""
    hookwright.backend.dead = [dead_letter(f"dlv_{n}") for n in range(1201, 0, -1)]
    result = hookwright("replay --webhook shop/slack")
    assert result.stdout.startswith("Replayed 1,201 dead letters")
    assert [len(asked["ids"]) for asked in hookwright.backend.replays] == [500, 500, 201]


def test_replay_without_a_selector_is_refused(hookwright: Hookwright) -> None:
    """Exit code 2, and nothing is asked for."""
    hookwright.backend.dead = [dead_letter("dlv_2")]
    result = hookwright("replay")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Say what to replay: --id, --webhook, --since or --until." in result.stderr
    assert hookwright.backend.replays == []


@pytest.mark.parametrize("text", ["yesterday", "2026-01-02", "2026-01-02T03:04:05", "2 h"])
def test_a_time_needs_a_zone_or_is_a_duration(text: str) -> None:
    """A time without a zone would mean something else on each machine."""
    with pytest.raises(UsageError, match=r"--since .*: write a duration such as 2h"):
        moment("--since", text, datetime(2026, 1, 2, tzinfo=UTC))


# --- all of them -------------------------------------------------------------------------------

COMMANDS = ["send", "invoke shop/slack", "list", "invocations", "replay --id dlv_1"]


@pytest.mark.parametrize("words", COMMANDS)
def test_no_connection_is_2_and_says_what_to_start(hookwright: Hookwright, words: str) -> None:
    """The sentence names the address, the flag that changes it, and how to start a dispatcher."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
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
        assert "x\\x1b]0;owned\\x07\\r" in output
        assert not set(output) & {"\x1b", "\x07", "\r"}


def test_without_tokens_none_is_asked(backend: MemoryBackend) -> None:
    """Against `dev` on loopback the commands work without any file."""
    with serve(admin_app(backend, tokens=None, hosts=HostGuard())) as url:
        result = CliRunner().invoke(main, ["list", "--admin", url])
    assert result.exit_code == 0
