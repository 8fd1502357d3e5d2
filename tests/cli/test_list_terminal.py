"""`hookwright list`: what a terminal shows, and what may be asked for (SPEC 7)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from click import unstyle

from admin_backend import MemoryBackend, view
from client_harness import Hookwright
from hookwright.api.admin import WebhookView
from hookwright.cli.looks import looks
from hookwright.cli.reach import Reach
from hookwright.core.changes import Changes
from rig import HANGS

NOW = {"time": "2999-01-01T00:00:00.000Z"}


@pytest.fixture
def backend() -> MemoryBackend:
    """Webhooks in every state; the times of their last invocations are always now."""
    return MemoryBackend(
        changed=Changes("s1"),
        views=[
            view("default/jira", active=False, display_name="Jira issues"),
            view("ops/paging-of-the-whole-company-by-telephone", display_name="Paging of the whole company",
                 last_invocation={"result": "Delivered", **NOW}, pending=3),
            view("shop/gone", state="gone", dead_lettered=2, message="The target answered 410 Gone."),
            view("shop/open", circuit="Open", message="The circuit is open.", consecutive_failures=9,
                 last_invocation={"result": "Retrying", **NOW}, pending=1_200),
            view("shop/slack", last_invocation={"result": "Rejected", **NOW}, consecutive_failures=2, dead_lettered=1),
            view("shop/teams", state="held", host=None, message="The Secret shop/teams is missing."),
        ],
    )  # fmt: skip


AT_80 = """\
   NAME                DISPLAY NAME  STATE         LAST       AGO  PENDING  DEAD
●  shop/teams                        held                                0     0
●  shop/gone                         gone                                0     2
●  shop/open                         circuit open  Retrying    0s     1200     0
●  shop/slack                        failing       Rejected    0s        0     1
●  ops/pagin…elephone  Paging…mpany  running       Delivered   0s        3     0
○  default/jira        Jira issues   inactive                            0     0
shop/teams: The Secret shop/teams is missing.
shop/gone: The target answered 410 Gone.
shop/open: The circuit is open.
"""
AT_44 = """\
   NAME        STATE         PENDING  DEAD
●  shop/teams  held                0     0
●  shop/gone   gone                0     2
●  shop/open   circuit open     1200     0
●  shop/slack  failing             0     1
shop/teams: The Secret shop/teams is missing.
shop/gone: The target answered 410 Gone.
shop/open: The circuit is open.
"""


def test_a_webhook_is_one_line_of_80_columns(hookwright: Hookwright) -> None:
    """Names are cut in their middle, what needs attention stands first, and the messages below."""
    assert unstyle(hookwright.on_terminal("list")) == AT_80


def test_on_a_narrow_terminal_columns_are_left_out(hookwright: Hookwright) -> None:
    """Name, state and dead letters stay."""
    assert unstyle(hookwright.on_terminal("list shop", columns=44)) == AT_44


def test_a_wide_terminal_cuts_nothing(hookwright: Hookwright) -> None:
    """What fits is shown as it is."""
    shown = hookwright.on_terminal("list", columns=160)
    assert "ops/paging-of-the-whole-company-by-telephone  Paging of the whole company  " in unstyle(shown)


COLOURS = [
    ({}, True),
    ({"NO_COLOR": "1"}, False),
    ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ({"TERM": "dumb"}, False),
    ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True),
    ({"FORCE_COLOR": "0"}, True),
]


@pytest.mark.parametrize(("environment", "coloured"), COLOURS)
def test_colours_follow_the_environment(
    hookwright: Hookwright, environment: dict[str, str], coloured: bool
) -> None:
    """NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE and TERM=dumb mean what they mean everywhere."""
    shown = hookwright.on_terminal("list", **environment)
    assert ("\x1b[31m●\x1b[0m" in shown) is coloured
    assert ("\x1b" in shown) is coloured
    assert unstyle(shown) == AT_80


def test_a_hollow_dot_and_a_plain_cell_have_no_colour(hookwright: Hookwright) -> None:
    """They show on every background, and no cell is followed by a code that ends nothing."""
    last = hookwright.on_terminal("list --state inactive").splitlines()[-1]
    assert last.startswith("○")
    assert "\x1b" not in last


def test_colours_can_be_forced_into_a_pipe(hookwright: Hookwright, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a CI wants it, whose log shows them."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[32m●\x1b[0m" in hookwright("list").stdout


CHOSEN = [
    ("list shop -o name", ["shop/gone", "shop/open", "shop/slack", "shop/teams"]),
    ("list ISSUES -o name", ["default/jira"]),
    ("list shop/*e* -o name", ["shop/gone", "shop/open", "shop/teams"]),
    ("list *g* -o name", ["ops/paging-of-the-whole-company-by-telephone", "shop/gone"]),
    ("list -n ops -o name", ["ops/paging-of-the-whole-company-by-telephone"]),
    ("list --state held -o name", ["shop/teams"]),
    ("list --state failing -o name", ["shop/open", "shop/slack"]),
    ("list --state dead -o name", ["shop/gone", "shop/slack"]),
    ("list --state open -o name", ["shop/open"]),
    ("list --state gone -o name", ["shop/gone"]),
    ("list --state inactive -o name", ["default/jira"]),
    ("list shop --sort dead -o name", ["shop/gone", "shop/slack", "shop/open", "shop/teams"]),
    ("list shop --sort pending -o name", ["shop/open", "shop/gone", "shop/slack", "shop/teams"]),
    ("list shop --sort attention -o name", ["shop/teams", "shop/gone", "shop/open", "shop/slack"]),
]


@pytest.mark.parametrize(("words", "names"), CHOSEN)
def test_webhooks_are_chosen_and_ordered(hookwright: Hookwright, words: str, names: list[str]) -> None:
    """By a part of the name or display name, a glob, the namespace and the state; `-o name` gives a name a line."""
    found = hookwright(words)
    assert (found.exit_code, found.stdout.splitlines()) == (0, names)


def test_what_is_chosen_is_chosen_for_scripts_too(hookwright: Hookwright) -> None:
    """The selectors go with every format."""
    page = json.loads(hookwright("list --state held -o json").stdout)
    assert [item["webhook"] for item in page["items"]] == ["shop/teams"]
    assert hookwright("list --state held -o yml").stdout == hookwright("list --state held -o yaml").stdout


def test_no_webhook_that_fits_is_told_from_no_webhook(hookwright: Hookwright) -> None:
    """How many there are tells a slip of the pen."""
    found = hookwright("list nope")
    assert (found.exit_code, found.stdout, found.stderr) == (0, "", "No webhook fits; there are 6.\n")


def test_wide_shows_every_column_in_full(hookwright: Hookwright) -> None:
    """On a terminal and in a pipe alike."""
    header, row = hookwright("list paging -o wide").stdout.splitlines()
    assert header.endswith("DEAD   DISPLAY NAME                  TRIGGERS")
    assert row.endswith("Paging of the whole company   Manual")
    assert unstyle(hookwright.on_terminal("list paging -o wide")) == f"{header}\n{row}\n"


def test_at_most_ten_messages_stand_below_the_table(hookwright: Hookwright) -> None:
    """A thousand held webhooks do not push the table away."""
    hookwright.backend.views = [view(f"shop/w{n:02}", state="held", message="Away.") for n in range(12)]
    assert unstyle(hookwright.on_terminal("list")).splitlines()[-2:] == [
        "shop/w09: Away.",
        "… and 2 more; -o wide shows all.",
    ]


def test_watch_tells_each_change_once(hookwright: Hookwright) -> None:
    """All of them first, then what changed since the last look, without what went away."""
    backend = hookwright.backend
    backend.views = [view("shop/a"), view("shop/b")]
    backend.changed.note(["shop/a", "shop/b"])
    reach = Reach(hookwright.admin, hookwright.tokens / "admin", None)
    steps = iter(
        [lambda: None, lambda: _change(backend, view("shop/b", pending=7)), lambda: _change(backend)]
    )

    def go_on() -> bool:
        step = next(steps, None)
        if step is not None:
            step()
        return step is not None

    seen = [[(each["webhook"], each["pending"]) for each in views] for views in looks(reach, go_on)]
    assert seen == [
        [("shop/a", 0), ("shop/b", 0)],
        [("shop/a", 0), ("shop/b", 0)],
        [("shop/a", 0), ("shop/b", 7)],
        [("shop/a", 0)],
    ]


def _change(backend: MemoryBackend, changed: WebhookView | None = None) -> None:
    """The webhook shop/b is another one now, or none."""
    backend.views = [backend.views[0], *([changed] if changed else [])]
    backend.changed.note(["shop/b"])


def test_watch_in_a_pipe_is_json(hookwright: Hookwright) -> None:
    """A table that is drawn anew is for a terminal."""
    found = hookwright("list --watch")
    assert (found.exit_code, found.stdout) == (2, "")
    assert "elsewhere it prints JSON, one object a line: -o json." in found.stderr


def test_a_watched_table_is_drawn_within_the_terminal(hookwright: Hookwright) -> None:
    """As many rows as there is room for; Ctrl-C ends it well."""
    backend = hookwright.backend
    backend.views = [view(f"shop/w{n:02}") for n in range(40)]
    backend.changed.note([each.webhook for each in backend.views])
    with hookwright.terminal("list --watch") as terminal:
        terminal.wait_for("40 webhooks, the first 20 shown")
    frame = terminal.coloured.rpartition("\x1b[2J\x1b[H")[2]
    assert (terminal.program.returncode, "shop/w19" in frame, "shop/w20" in frame) == (0, True, False)


def test_watch_as_json_is_an_object_a_line(hookwright: Hookwright) -> None:
    """At once, whoever reads the pipe; Ctrl-C ends it well."""
    backend = hookwright.backend
    backend.changed.note([each.webhook for each in backend.views])
    words = [sys.executable, "-m", "hookwright", "list", "--state", "held", "--watch", "-o", "json"]
    with subprocess.Popen([*words, *hookwright.flags("list")], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["webhook"] == "shop/teams"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=HANGS)[0] == b""
    assert process.returncode == 0
