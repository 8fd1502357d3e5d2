"""A field that the event lacks: false where it is only asked about, an error where it is written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hookwright.core.templates import compile_body
from hookwright.errors import TemplateError
from templates.rendering import render

LACKING: list[dict[str, Any]] = [{}, {"bundle": None}, {"bundle": ""}, {"bundle": []}, {"bundle": {}}]


@pytest.mark.parametrize("data", LACKING)
@pytest.mark.parametrize(
    "template",
    [
        '{"a": {% if data.bundle %}1{% else %}2{% endif %}}',
        '{"a": {% if data.bundle.name %}1{% else %}2{% endif %}}',
        '{"a": {% if not data.bundle.name %}2{% else %}1{% endif %}}',
        '{"a": {% if data.id and data.bundle %}1{% else %}2{% endif %}}',
        '{"a": {% if data.bundle or data.bundle.name %}1{% else %}2{% endif %}}',
        '{"a": {% if false %}0{% elif data.bundle %}1{% else %}2{% endif %}}',
        '{"a": {{ 1 if data.bundle.name else 2 }}}',
        '{"a": {{ data.bundle.name or 2 }}}',
        '{"a": {{ [data.id] | reject("none") | selectattr("bundle.name") | list | length or 2 }}}',
        '{"a": {% set found = data.bundle %}{% if found %}1{% else %}2{% endif %}}',
        '{"a": [{% for x in ["x"] if data.bundle.name %}{{ x }}{% if not loop.last %},{% endif %}{% else %}2{% endfor %}]}',
    ],
)
def test_an_absent_null_or_empty_field_is_false(template: str, data: dict[str, Any]) -> None:
    """Absent, null and empty are alike to `if`, `elif`, `not`, `and`, `or` and a loop's own condition."""
    assert json.loads(render(template, **data))["a"] in (2, [2])


@pytest.mark.parametrize(
    "expression",
    [
        "data.bundle",
        "data.bundle.name",
        "data.bundle ~ 'x'",
        "[data.bundle]",
        "data.bundle | upper",
        "data.bundle and 1",
        "1 if data.bundle == 'x' else 2",
    ],
)
def test_what_is_written_or_reckoned_with_stays_strict(expression: str) -> None:
    """A ticket without its number is worse than a message that says so."""
    with pytest.raises(TemplateError, match=r"data\.bundle: no such field; data has"):
        render('{"a": {{ ' + expression + " }}}")


@pytest.mark.parametrize(("value", "count"), [([], 0), ([1, 2], 2), ("abc", 3)])
def test_length_is_a_field_of_lists_and_texts(value: Any, count: int) -> None:
    """As Handlebars and JavaScript have it; an object's field of that name is the field."""
    assert json.loads(render('{"a": {{data.xs.length}}}', xs=value)) == {"a": count}
    assert json.loads(render('{"a": {{data.xs.length}}}', xs={"length": "m"})) == {"a": "m"}


def test_a_byte_order_mark_before_a_template_is_ignored() -> None:
    """Editors on Windows put one there."""
    assert compile_body('\ufeff{"a": 1}').constant == '{"a": 1}'
    assert render('\ufeff{"a": {{ data.id }}}') == '{"a": "request-1"}'
    with pytest.raises(TemplateError, match=r"^line 1, "):
        compile_body('\ufeff{"a": {{ data.id | uper }}}')
