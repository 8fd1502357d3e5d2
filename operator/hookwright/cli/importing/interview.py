"""The vendor's form, asked on a terminal: its questions in its order, each answer judged at once by the rules.

Must not: know how a Webhook is written (`manifests` does), or repeat a rule.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import click

from hookwright.api.v1alpha1.webhook import TRIGGERS, Filters
from hookwright.cli.importing.form import Form, OAuth
from hookwright.cli.importing.headers import take_headers
from hookwright.cli.importing.manifests import imported, problems
from hookwright.core.redaction import printable

_PROBE_URL = "https://example.com/"


def ask_form() -> Form:
    """One form. Questions go to stderr, as the manifests go to stdout."""
    form = Form("", _PROBE_URL)
    while not form.name:
        form.name = _ask("Name")
    form.active = _choice("Status", ["Active", "Inactive"]) == "Active"
    form.method = _choice("Method", ["POST", "PUT", "DELETE"])
    _until_right(form, "url", lambda: setattr(form, "url", _ask("URL")))
    _until_right(form, "bodyTemplate", lambda: setattr(form, "body", _lines("Body Template")))
    _authentication(form)
    _until_right(form, "triggers", lambda: setattr(form, "triggers", _list("Triggers", ", ".join(TRIGGERS))))
    _until_right(form, "filters", lambda: setattr(form, "filters", _filters()))
    return form


def _authentication(form: Form) -> None:
    kind = _choice("Authentication", ["None", "Bearer", "OAuth", "Headers"])
    if kind == "Bearer":
        form.bearer = _hidden("Token")
    elif kind == "OAuth":
        _until_right(form, "auth", lambda: setattr(form, "oauth", _oauth()))
    elif kind == "Headers":
        rows = []
        while name := _ask("Header (empty: no more)"):
            rows.append((name, _hidden("Value")))
        take_headers(form, rows)


def _oauth() -> OAuth:
    return OAuth(
        _ask("Client ID"),
        _hidden("Client Secret"),
        _ask("Token Endpoint URL"),
        tuple(_list("Scopes", "optional")),
    )


def _filters() -> dict[str, Any]:
    """Only those that are wanted."""
    found: dict[str, Any] = {}
    if _choice("Filters", ["None", "Some"]) == "Some":
        for name, field in Filters.model_fields.items():
            word = field.alias or name
            if word == "approvals":
                answer = _choice("approvals", ["any", "Manual", "Automatic"])
                found |= {} if answer == "any" else {word: answer}
            elif word != "matchExpressions" and (values := _list(word, "empty: any")):
                found[word] = values
    return found


def _until_right(form: Form, field: str, ask: Callable[[], None]) -> None:
    """Ask again as long as the rules say something about this field."""
    while True:
        ask()
        sentences = _said(form, field)
        if not sentences:
            return
        for sentence in sentences:
            click.echo(printable(sentence), err=True)


def _said(form: Form, field: str) -> list[str]:
    found = problems(imported([form])[0])
    return [
        each.sentence for each in found if each.severity == "error" and each.field.startswith(f"spec.{field}")
    ]


def _ask(question: str) -> str:
    answer: str = click.prompt(question, default="", show_default=False, err=True)
    return answer.strip()


def _hidden(question: str) -> str:
    answer: str = click.prompt(question, hide_input=True, err=True)
    return answer


def _choice(question: str, answers: list[str]) -> str:
    answer: str = click.prompt(
        question, type=click.Choice(answers, case_sensitive=False), default=answers[0], err=True
    )
    return answer


def _list(question: str, says: str) -> list[str]:
    answer = _ask(f"{question} ({says}; separated by commas)")
    return [part.strip() for part in answer.split(",") if part.strip()]


def _lines(question: str) -> str | None:
    """Several lines, ended by a lone dot; None: nothing was written."""
    click.echo(f"{question}: paste it, and end with a line that holds only a dot.", err=True)
    typed = iter(sys.stdin.readline, "")
    lines = takewhile(lambda line: line != ".", (line.rstrip("\r\n") for line in typed))
    text = "\n".join(lines).strip("\n")
    return f"{text}\n" if text else None
