"""`hookwright invocations` and what else shows an invocation: what a terminal shows."""

from __future__ import annotations

import json
import sys

import pytest
from click import unstyle

from admin_backend import MemoryBackend, invocation
from client_harness import FAILURE, Hookwright

NOW = "2999-01-01T00:00:00.000Z"
LOST = {
    "result": "Retrying",
    "message": "No address of jira.example.com answered within 5 s; the next attempt is due in 1 min 30 s.",
    "hint": "Check that the host is up, and that a firewall lets the dispatcher reach it.",
}


@pytest.fixture
def history(backend: MemoryBackend) -> MemoryBackend:
    """Four failures with two tips, and one success; newest first."""
    ids = [f"dlv_5f3k2j8q9zxw7v6t{n}.1" for n in range(5)]
    backend.history = [
        invocation(ids[4], time=NOW, **FAILURE),
        invocation(ids[3], "default/jira", time=NOW, **LOST),
        invocation(ids[2], "ops/paging-of-the-whole-company-by-telephone", time=NOW, friendly_id="AR-8"),
        invocation(ids[1], time=NOW, **FAILURE),
        invocation(ids[0], time=NOW, **FAILURE),
    ]
    return backend


def _shown(hookwright: Hookwright, words: str, **how: int) -> str:
    """What a terminal shows, but for the places of this run."""
    return _placeless(hookwright, unstyle(hookwright.on_terminal(words, **how)))


def _placeless(hookwright: Hookwright, shown: str) -> str:
    flags = " ".join(hookwright.flags("invocations"))
    return shown.replace(f" {flags}", " FLAGS").replace(f"{sys.executable} -m hookwright", "hookwright")


TABLE = """\
AGE     CODE  WEBHOOK                       REQUEST  MS  ID
 0s  ✗  404   shop/slack                    AR-7     30  dlv_5f3k2j8q9zxw7v6t0.1
 0s  ✗  404   shop/slack                    AR-7     30  dlv_5f3k2j8q9zxw7v6t1.1
 0s  ✓  -     ops/paging-of-…-by-telephone  AR-8      0  dlv_5f3k2j8q9zxw7v6t2.1
 0s  ↻  -     default/jira                            0  dlv_5f3k2j8q9zxw7v6t3.1
 0s  ✗  404   shop/slack                    AR-7     30  dlv_5f3k2j8q9zxw7v6t4.1

✗ shop/slack: The target answered 404 Not Found; the delivery is kept as a dead
  letter.
  2 more like this
  Tip: Check the path of the URL.
  Next:
hookwright invocations --id dlv_5f3k2j8q9zxw7v6t4.1 FLAGS

↻ default/jira: No address of jira.example.com answered within 5 s; the next
  attempt is due in 1 min 30 s.
  Tip: Check that the host is up, and that a firewall lets the dispatcher reach
  it.
  Next:
hookwright invocations --id dlv_5f3k2j8q9zxw7v6t3.1 FLAGS
"""


def test_an_invocation_is_one_line_of_80_columns(history: MemoryBackend, hookwright: Hookwright) -> None:
    """With a header; below them each tip once, how many more failed so, and a command that is not broken."""
    assert _shown(hookwright, "invocations") == TABLE


FOLLOWED = """\
TIME         CODE  WEBHOOK          REQUEST       MS  ID
00:00:00  ✗  404   shop/slack       AR-7          30  dlv_5f3k2j8q9zxw7v6t0.1
✗ shop/slack: The target answered 404 Not Found; the delivery is kept as a dead
  letter.
  Tip: Check the path of the URL.
  Next:
hookwright invocations --id dlv_5f3k2j8q9zxw7v6t0.1 FLAGS
00:00:00  ✗  404   shop/slack       AR-7          30  dlv_5f3k2j8q9zxw7v6t1.1
00:00:00  ✓  -     ops/pag…lephone  AR-8           0  dlv_5f3k2j8q9zxw7v6t2.1
00:00:00  ↻  -     default/jira                    0  dlv_5f3k2j8q9zxw7v6t3.1
↻ default/jira: No address of jira.example.com answered within 5 s; the next
  attempt is due in 1 min 30 s.
  Tip: Check that the host is up, and that a firewall lets the dispatcher reach
  it.
  Next:
hookwright invocations --id dlv_5f3k2j8q9zxw7v6t3.1 FLAGS
00:00:00  ✗  404   shop/slack       AR-7          30  dlv_5f3k2j8q9zxw7v6t4.1
"""


def test_followed_invocations_say_a_tip_once(history: MemoryBackend, hookwright: Hookwright) -> None:
    """Lines of fixed widths, and below the first failure of its kind what to do."""
    with hookwright.terminal("invocations --follow", TZ="UTC") as terminal:
        terminal.wait_for(r"t4\.1$")
    shown = _placeless(hookwright, terminal.text).removesuffix("^C")
    assert (terminal.program.returncode, shown) == (0, FOLLOWED)


def test_in_full_a_request_for_access_is_told_from_the_http_request(
    history: MemoryBackend, hookwright: Hookwright
) -> None:
    """On a terminal it has a title of its own."""
    shown = _shown(hookwright, "invocations --id dlv_5f3k2j8q9zxw7v6t4")
    assert "Access request: AR-7\n" in shown
    assert "\nRequest:" not in shown


ABSENT = [
    ("slack", "There is no webhook default/slack; there is shop/slack."),
    ("shop/slak", "There is no webhook shop/slak; perhaps shop/slack is meant."),
    ("nowhere", "There is no webhook default/nowhere."),
]


@pytest.mark.parametrize(("name", "sentence"), ABSENT)
def test_a_webhook_that_is_not_there_is_found_wrong(hookwright: Hookwright, name: str, sentence: str) -> None:
    """One of the same name elsewhere is named; whoever follows waits for nothing."""
    for words in (f"invocations {name}", f"invocations {name} --follow"):
        found = hookwright(words)
        assert (found.exit_code, found.stdout, found.stderr) == (1, "", f"Error: {sentence}\n")
    found = hookwright(f"invocations {name} -o json")
    assert (found.exit_code, json.loads(found.stdout)) == (1, {"items": [], "next": None})


@pytest.mark.parametrize(("name", "sentence"), ABSENT)
def test_invoke_names_a_webhook_of_that_name_elsewhere(
    hookwright: Hookwright, name: str, sentence: str
) -> None:
    """With the exit code that it always had."""
    found = hookwright(f"invoke {name}")
    assert (found.exit_code, found.stdout, found.stderr) == (2, "", f"Error: {sentence}\n")


def test_a_webhook_of_the_past_still_has_its_invocations(hookwright: Hookwright) -> None:
    """History outlives the webhook."""
    hookwright.backend.history = [invocation("dlv_1.1", "shop/removed")]
    found = hookwright("invocations shop/removed")
    assert (found.exit_code, "dlv_1.1" in found.stdout) == (0, True)
