"""Templates made for Handlebars: the same JSON as the real engine, and a documented table of what differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hookwright.core.templates import compile_body
from hookwright.errors import TemplateError
from templates.rendering import context

RECORD: dict[str, Any] = json.loads(Path(__file__).with_name("handlebars.json").read_text())
DOCUMENT = Path(__file__).parents[2] / "docs" / "templates.md"


@pytest.mark.parametrize("case", RECORD["same"], ids=lambda case: case["name"])
def test_a_pasted_template_gives_the_same_json_as_handlebars(case: dict[str, str]) -> None:
    """Paths that the event has, with texts and numbers inside strings: as recorded from the engine itself."""
    ours = compile_body(case["template"]).render(context(RECORD["event"]))
    assert json.loads(ours) == json.loads(case["output"])


def test_the_record_covers_the_guides() -> None:
    """The idioms of the known targets are all there."""
    names = " ".join(case["name"] for case in RECORD["same"])
    for target in (
        "Teams",
        "ServiceNow",
        "Datadog",
        "Logz.io",
        "Coralogix",
        "Grafana",
        "Okta",
        "Torq",
        "Slack",
    ):
        assert target in names


def _documented() -> dict[str, list[str]]:
    rows = [
        line.strip("| \n").split(" | ") for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")
    ]
    return {row[0]: [cell.strip("`") for cell in row[1:]] for row in rows if len(row) == 6}


@pytest.mark.parametrize("case", RECORD["other"], ids=lambda case: case["name"])
def test_a_documented_difference_is_as_documented(case: dict[str, str]) -> None:
    """Each line of the table in docs/templates.md: template, data, Handlebars' output and ours."""
    template, data, theirs, ours, reason = _documented()[case["name"]]
    assert (template, data, theirs.replace("⏎", "\n")) == (case["template"], case["data"], case["output"])
    assert reason
    event = context({"data": json.loads(data)})
    if ours == "error":
        with pytest.raises(TemplateError):
            compile_body(template).render(event)
    else:
        assert compile_body(template).render(event) == ours


def test_no_difference_is_documented_that_is_not_recorded() -> None:
    """The table has a line for each recorded case and no other."""
    assert set(_documented()) - {"Case", "---"} == {case["name"] for case in RECORD["other"]}
