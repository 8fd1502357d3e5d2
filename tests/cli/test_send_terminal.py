"""`hookwright send`: what a terminal shows, and fields that are given other values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click import unstyle

from client_harness import Hookwright
from hookwright.api.admin import Explanation

OTHER = "triggers: RequestCreated is not in [Manual]"


@pytest.fixture
def many(hookwright: Hookwright) -> Hookwright:
    """A thousand webhooks, of which one takes the event and two only filter it out."""
    hookwright.backend.explanations = [
        *(Explanation(webhook=f"a/w{n}", matched=False, reasons=[OTHER]) for n in range(990)),
        *(
            Explanation(
                webhook=f"a/off{n}", matched=False, reasons=["active: the webhook is inactive", OTHER]
            )
            for n in range(7)
        ),
        Explanation(webhook="shop/slack", matched=True),
        Explanation(
            webhook="default/jira",
            matched=False,
            reasons=['requesters: "bob" is not in [ann].', "approvals: no"],
        ),
        Explanation(webhook="shop/teams", matched=False, reasons=["approvals: Manual is not Automatic"]),
    ]
    return hookwright


ACCEPTED = "Accepted evt_0: 1 delivery\n  ● shop/slack  dlv_0\n"
FILTERED = """\
  ○ default/jira  requesters: "bob" is not in [ann]; approvals: no
  ○ shop/teams  approvals: Manual is not Automatic
"""


def test_what_was_accepted_stands_last_on_a_terminal(many: Hookwright) -> None:
    """Others are counted by their reason; those that only a filter keeps back are told in full."""
    assert unstyle(many.on_terminal("send")) == (
        f"{FILTERED}999 webhooks do not match: 990 other trigger, 7 inactive, 2 filter. "
        f"--why NAME or --all says why.\n{ACCEPTED}"
    )


def test_where_all_fit_nothing_is_counted(hookwright: Hookwright) -> None:
    """Two webhooks need no summary."""
    hookwright.backend.explanations = [
        Explanation(webhook="shop/teams", matched=False, reasons=["approvals: Manual is not Automatic"])
    ]
    shown = unstyle(hookwright.on_terminal("send"))
    assert shown == f"  ○ shop/teams  approvals: Manual is not Automatic\n{ACCEPTED}"


def test_all_are_told_when_asked_for(many: Hookwright) -> None:
    """--all gives each its line."""
    lines = unstyle(many.on_terminal("send --all")).splitlines()
    assert (len(lines), lines[0]) == (999 + 2, f"  ○ a/w0  {OTHER}")


@pytest.mark.parametrize(
    ("name", "line"), [("jira", FILTERED.splitlines()[0]), ("shop/slack", "  ● shop/slack  matches")]
)
def test_one_is_told_when_asked_for(many: Hookwright, name: str, line: str) -> None:
    """--why names one, which may match; a pipe has what was accepted first, as always."""
    assert unstyle(many.on_terminal(f"send --why {name}")) == f"{line}\n{ACCEPTED}"
    assert many(f"send --why {name}").stdout == f"{ACCEPTED}{line}\n"


def test_an_unknown_name_sends_nothing(hookwright: Hookwright) -> None:
    """Whoever misspells a name has time to correct it."""
    found = hookwright("send --why slack")
    sentence = "Error: There is no webhook default/slack; there is shop/slack.\n"
    assert (found.exit_code, found.stderr, hookwright.events.posted) == (1, sentence, [])


def test_a_pipe_and_a_script_get_every_reason(many: Hookwright) -> None:
    """As they always did."""
    assert len(many("send").stdout.splitlines()) == 2 + 999
    assert len(json.loads(many("send -o json").stdout)["webhooks"]) == 1_000


def _sent(hookwright: Hookwright, *assignments: str) -> dict[str, Any]:
    """The event that the dispatcher was asked about."""
    given = [word for each in assignments for word in ("--set", each)]
    found = hookwright("send --trigger RequestCreated", *given)
    assert found.exit_code == 0, found.output
    event = hookwright.backend.explained[-1][0]
    return event.document


def test_fields_are_given_other_values(hookwright: Hookwright) -> None:
    """A value is JSON or else text; a new member may be added where its parent is there."""
    data = _sent(
        hookwright,
        "data.requester.email=ann@example.com",
        "data.access_groups[0].integration.name=prod",
        'data.custom_fields={"cost": 7}',
        "data.justification=",
    )["data"]
    assert data["requester"]["email"] == "ann@example.com"
    assert data["access_groups"][0]["integration"]["name"] == "prod"
    assert data["custom_fields"] == {"cost": 7}
    assert data["justification"] == ""


REFUSED = [
    ("data.requester.email", "--set data.requester.email: write it as data.requester.email=VALUE."),
    ("data..x=1", "--set data..x=1: write it as data.requester.email=VALUE."),
    (
        "data.requestor.email=x",
        "--set data.requestor.email: there is no data.requestor; perhaps requester is meant.",
    ),
    ("data.access_groups[9].x=1", "--set data.access_groups[9].x: there is no data.access_groups[9]."),
    (
        "data.access_groups[9]=1",
        "--set data.access_groups[9]: data.access_groups has no member or item of that name.",
    ),
]


@pytest.mark.parametrize(("assignment", "sentence"), REFUSED)
def test_a_field_that_cannot_be_set(hookwright: Hookwright, assignment: str, sentence: str) -> None:
    """What is on the way to it must be there; nothing is sent."""
    found = hookwright("send", "--set", assignment)
    assert (found.exit_code, found.stderr) == (2, f"Error: {sentence}\n")
    assert hookwright.events.posted == []


def test_several_events_cannot_be_edited(hookwright: Hookwright) -> None:
    """A field of which one would be meant."""
    found = hookwright("send -f - --set data.x=1", stdin='[{"event_type": "A"}]')
    assert (found.exit_code, found.stderr) == (
        2,
        "Error: --set edits one event in JSON; send several in a file as they are.\n",
    )
