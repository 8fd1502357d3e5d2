"""The examples of docs/templates.md do what stands beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hookwright.core.templates import compile_url
from hookwright.core.templates.tables import FILTERS
from hookwright.errors import TemplateError
from templates.rendering import render

DOCUMENT = (Path(__file__).parents[2] / "docs" / "templates.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
EXAMPLES = [
    (text, *(BLOCKS[number + 1] if number + 1 < len(BLOCKS) else ("", "")))
    for number, (language, text) in enumerate(BLOCKS)
    if language == "jinja"
]


@pytest.mark.parametrize(("template", "language", "shown"), EXAMPLES)
def test_an_example_gives_what_is_shown(template: str, language: str, shown: str) -> None:
    """A template followed by JSON renders to it, one followed by text fails with it, any other renders."""
    if language == "text":
        with pytest.raises(TemplateError) as caught:
            render(template)
        assert str(caught.value) == shown.strip()
    elif language == "json":
        assert json.loads(render(template)) == json.loads(shown)
    else:
        assert json.loads(render(template))


def test_the_url_of_the_page_is_a_url_template() -> None:
    """The one YAML example compiles."""
    (line,) = [text for language, text in BLOCKS if language == "yaml"]
    assert compile_url(line.removeprefix("url: ").strip()).constant is None


def test_every_filter_is_listed() -> None:
    """The page names exactly the filters that there are."""
    section = DOCUMENT.split("## Filters")[1].split("## URLs")[0]
    listed = set(re.findall(r"`(\w+)(?:\(\w+\))?`", section.split("Put texts")[0])) - {
        "event_time",
        "url",
        "strftime",
    }
    assert listed == set(FILTERS)
