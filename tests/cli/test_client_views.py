"""list, invocations and replay, over real HTTP: what they ask, print, and exit with (SPEC 7)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from admin_backend import dead_letter, invocation, view
from client_harness import ADMIN_TOKEN, FAILURE, Hookwright
from hookwright.cli.client import Client
from hookwright.cli.invocations import following
from hookwright.cli.main import main
from hookwright.cli.replay import moment
from hookwright.cli.show import age
from hookwright.errors import UsageError
from rig import HANGS


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
    """Green and the terminal's own colour, which shows on every background, and no escape codes elsewhere."""
    coloured = CliRunner().invoke(main, ["list", *hookwright.flags("list")], color=True).stdout
    assert "\x1b[32m●" in coloured
    assert "\x1b[37m" not in coloured
    assert "○" in coloured
    assert "\x1b" not in hookwright("list").stdout


@pytest.mark.parametrize(("output", "load"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_list_for_scripts(hookwright: Hookwright, output: str, load: Any) -> None:
    """Several things are items and next."""
    page = load(hookwright(f"list -o {output}").stdout)
    assert [item["webhook"] for item in page["items"]] == ["default/jira", "shop/slack", "shop/teams"]
    assert page["items"][1]["deadLettered"] == 1
    assert page["next"] is None


def test_a_list_of_many_is_asked_for_in_pages(hookwright: Hookwright) -> None:
    """All of them are shown, though no answer holds more than a page."""
    hookwright.backend.views = [view(f"shop/w{number:04}") for number in range(1_100)]
    page = json.loads(hookwright("list -o json").stdout)
    assert [item["webhook"] for item in page["items"]] == [f"shop/w{number:04}" for number in range(1_100)]


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


def test_invocations_read_like_a_log(hookwright: Hookwright) -> None:
    """Oldest first; below each failure its message, its tip and the command that shows more."""
    hookwright.backend.history = [invocation("dlv_2.1", **FAILURE), invocation("dlv_1.1")]
    lines = hookwright("invocations").stdout.splitlines()
    assert lines[0] == "Delivered  2026-01-02T03:04:05.000Z  shop/slack  RequestCreated  dlv_1.1  -  0 ms"
    assert lines[1].startswith(
        "Rejected  2026-01-02T03:04:05.000Z  shop/slack  RequestCreated  dlv_2.1  404  30 ms"
    )
    assert lines[2] == "    The target answered 404 Not Found; the delivery is kept as a dead letter."
    assert lines[3] == "    Tip: Check the path of the URL."
    assert lines[4].startswith("    Next: hookwright invocations --id dlv_2.1 --admin ")
    assert len(lines) == 5


SELECTORS = [
    ("shop/slack", ["dlv_1.1", "dlv_3.1"]),
    ("jira", ["dlv_2.1"]),
    ("AR-7", ["dlv_3.1"]),
    ("ar-8", ["dlv_1.1"]),
    ("shop/teams", []),
    ("AR-9", []),
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
    assert (f"There is no invocation of {what}." in result.stderr) is (not ids)


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


def test_follow_begins_with_one_page(hookwright: Hookwright) -> None:
    """A long history is not read to its beginning."""
    hookwright.backend.history = [invocation(f"dlv_{n}.1") for n in range(120, 0, -1)]
    client = Client.admin(hookwright.admin, hookwright.tokens / "admin")
    seen = [each["id"] for each in following(client, None, lambda: False)]
    assert seen == [f"dlv_{n}.1" for n in range(71, 121)]


def test_an_interrupt_ends_follow_well(hookwright: Hookwright) -> None:
    """Each line is there at once as one object; Ctrl-C is how one stops: exit code 0, quiet."""
    hookwright.backend.history = [invocation("dlv_1.1")]
    words = [sys.executable, "-m", "hookwright", "invocations", "--follow", "-o", "json"]
    with subprocess.Popen(
        [*words, *hookwright.flags("invocations")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["id"] == "dlv_1.1"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=HANGS)
    assert (process.returncode, errors) == (0, b"")


def test_replay_by_id(hookwright: Hookwright) -> None:
    """An invocation's id means its delivery; the answer says what was replayed."""
    hookwright.backend.dead = [dead_letter("dlv_2"), dead_letter("dlv_1")]
    result = hookwright("replay --id dlv_2.8 --id dlv_1 --id dlv_2")
    assert result.exit_code == 0
    assert [asked["ids"] for asked in hookwright.backend.replays] == [["dlv_2", "dlv_1"]]
    assert result.stdout.startswith("Replayed 2 dead letters; what becomes of them: hookwright invocations")


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
    """For a script more than a page of dead letters are all found, and asked for 500 at a time."""
    hookwright.backend.dead = [dead_letter(f"dlv_{n}") for n in range(1201, 0, -1)]
    result = hookwright("replay --webhook shop/slack -o json")
    assert json.loads(result.stdout)["replayed"] == 1_201
    assert [len(asked["ids"]) for asked in hookwright.backend.replays] == [500, 500, 201]


def test_many_are_replayed_in_steps(hookwright: Hookwright) -> None:
    """Until none is left of those that were dead when it began, by the clock of the dispatcher."""
    hookwright.backend.dead = [dead_letter(f"dlv_{n}") for n in range(1201, 0, -1)]
    result = hookwright("replay --webhook shop/slack --reason Rejected")
    assert result.stdout.startswith("Replayed 1,201 dead letters")
    assert [asked["dry_run"] for asked in hookwright.backend.replays] == [True, False, False, False]
    until = datetime(2026, 1, 2, 3, 4, 5, 1_000, UTC).timestamp() * 1000
    assert {asked["selector"].until for asked in hookwright.backend.replays} == {until}


def test_where_no_dead_letter_fits_it_is_said_of_whom_there_are(hookwright: Hookwright) -> None:
    """By webhook and reason, the first few."""
    assert hookwright("replay --webhook jira").stdout == "No dead letter fits. There is none at all.\n"
    hookwright.backend.dead = [dead_letter("dlv_1"), dead_letter("dlv_2"), dead_letter("dlv_3", "ops/jira")]
    result = hookwright("replay --webhook jira")
    assert result.exit_code == 0
    assert (
        result.stdout
        == "No dead letter fits. There are 2 of shop/slack (Rejected), 1 of ops/jira (Rejected).\n"
    )


def test_retry_tries_a_webhook_now(hookwright: Hookwright) -> None:
    """It says what follows; for scripts it is the webhook."""
    result = hookwright("retry shop/slack")
    assert (result.exit_code, hookwright.backend.retried) == (0, ["shop/slack"])
    assert result.stdout == "shop/slack is running; 3 deliveries are waiting.\n"
    assert json.loads(hookwright("retry shop/slack -o json").stdout)["webhook"] == "shop/slack"
    assert hookwright("retry shop/teams").stdout == (
        "shop/teams is held, so nothing is sent: The Secret shop/teams is missing.\n"
    )
    missing = hookwright("retry nothing")
    assert (missing.exit_code, missing.stderr) == (2, "Error: There is no webhook default/nothing.\n")


def test_replay_without_a_selector_is_refused(hookwright: Hookwright) -> None:
    """Exit code 2, and nothing is asked for."""
    hookwright.backend.dead = [dead_letter("dlv_2")]
    result = hookwright("replay")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Say what to replay: --id, --webhook, --since, --until or --reason." in result.stderr
    assert hookwright.backend.replays == []


@pytest.mark.parametrize("text", ["yesterday", "2026-01-02", "2026-01-02T03:04:05", "2 h"])
def test_a_time_needs_a_zone_or_is_a_duration(text: str) -> None:
    """A time without a zone would mean something else on each machine."""
    with pytest.raises(UsageError, match=r"--since .*: write a duration such as 2h"):
        moment("--since", text, datetime(2026, 1, 2, tzinfo=UTC))
