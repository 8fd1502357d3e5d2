"""What a pipe gets: outside scripts read it, so it stays as it is, byte for byte, whatever a terminal shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin_backend import invocation, view
from client_harness import FAILURE, Hookwright
from hookwright.api.admin import Explanation

GOLDEN = Path(__file__).parent / "pipes"
COMMANDS = ["list", "list -o json", "list -o yaml", "invocations", "invocations -o json",
            "invocations --id dlv_2", "send", "send -o json", "invoke shop/slack"]  # fmt: skip


@pytest.fixture
def filled(hookwright: Hookwright) -> Hookwright:
    """Webhooks and invocations of every kind."""
    backend = hookwright.backend
    backend.views = [
        view("default/jira", active=False, display_name="Jira issues"),
        view("shop/helpdesk-of-the-whole-company-with-a-long-name", circuit="Open", message="Open.", pending=3),
        view("shop/slack", last_invocation={"result": "Rejected", "time": "2020-01-01T00:00:00.000Z"},
             consecutive_failures=2, dead_lettered=1),
        view("shop/teams", state="held", host=None, message="The Secret shop/teams is missing."),
    ]  # fmt: skip
    backend.history = [invocation("dlv_2.1", **FAILURE), invocation("dlv_1.1", "default/jira")]
    backend.invoked = invocation("dlv_5.1", kind="Manual", **FAILURE | {"result": "Delivered"})
    backend.explanations = [
        Explanation(webhook="default/jira", matched=False, reasons=["active: the webhook is inactive"]),
        Explanation(webhook="shop/slack", matched=True),
        Explanation(
            webhook="shop/teams", matched=False, reasons=["triggers: A is not in [B].", "filters: no"]
        ),
    ]
    return hookwright


@pytest.mark.parametrize("words", COMMANDS)
def test_a_pipe_gets_what_it_always_got(filled: Hookwright, words: str) -> None:
    """The whole of stdout, but for the addresses of this run."""
    said = filled(words).stdout.replace(filled.admin, "ADMIN").replace(str(filled.tokens), "TOKENS")
    said = said.replace(_age(said), "AGE") if words == "list" else said
    assert said == (GOLDEN / f"{words.replace(' ', '_').replace('/', '_')}.txt").read_text()


def _age(table: str) -> str:
    """The one age in the table of webhooks, which grows with the years."""
    return next(line for line in table.splitlines() if "Rejected" in line).split()[-3]
