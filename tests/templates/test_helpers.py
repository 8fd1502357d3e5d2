"""Handlebars helpers and Go templates: each advice is a line that works, and every syntax error has its expression."""

from __future__ import annotations

import re

import pytest

from hookwright.core.templates import compile_body
from hookwright.core.templates.helpers import HELPERS, translated
from hookwright.errors import TemplateError
from templates.rendering import render

XS = "data.access_groups"


def refusal(template: str) -> TemplateError:
    """Why it does not compile."""
    with pytest.raises(TemplateError) as caught:
        compile_body('{"a": "\n' + template + '"}')
    return caught.value


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("{{lowercase data.id}}", "{{ data.id | lower }}"),
        ("{{uppercase data.id}}", "{{ data.id | upper }}"),
        ("{{toJSON data.requester}}", "{{ data.requester | json }}"),
        ("{{JSONstringify data}}", "{{ data | json }}"),
        ('{{formatDate data.creation_date "YYYY-MM-DD"}}', '{{ data.creation_date | datetime("%Y-%m-%d") }}'),
        ('{{formatDate data.creation_date "LLLL"}}', "{{ data.creation_date | datetime }}"),
        ('{{default data.id "x"}}', '{{ data.id | default("x", true) }}'),
        ('{{#if (eq data.id "x")}}', '{% if data.id == "x" %} … {% endif %}'),
        ('{{#if (and (gt data.access_duration_in_seconds 5) data.id)}}',
         "{% if (data.access_duration_in_seconds > 5) and data.id %} … {% endif %}"),
        ('{{#unless (eq data.id "x")}}', '{% if not (data.id == "x") %} … {% endif %}'),
        ('{{#ifEquals data.id "x"}}', '{% if data.id == "x" %} … {% endif %}'),
        ('{{else if (eq data.id "x")}}', '{% elif data.id == "x" %}'),
        ("{{#if data.access_bundle}}", "{% if data.access_bundle %} … {% endif %}"),
        ("{{length data.access_groups}}", "{{ data.access_groups | length }}"),
        ("{{lookup data.access_groups 0}}", "{{ data.access_groups[0] }}"),
        ('{{join data.access_groups ", "}}', '{{ data.access_groups | join(", ") }}'),
        ('{{replace data.id "a" "b"}}', '{{ data.id | replace("a", "b") }}'),
        ('{{truncate data.justification 50}}', "{{ data.justification | truncate(50) }}"),
        ("{{lowercase data.access_groups.[0].integration.name}}", "{{ data.access_groups[0].integration.name | lower }}"),
        ("{{#unless @last}}", "{% if not loop.last %}"),
        ("{{@index}}", "{{ loop.index0 }}"),
        ("{{ .data.id }}", "leave out the dot: {{ data.id }}"),
        ("{{.data.id}}", "{{ data.id }}"),
        ("{{- .data.id -}}", "{{ data.id }}"),
        ("{{ $.data.id }}", "{{ data.id }}"),
        ("{{ $.x }}", "leave out the dot: {{ event.x }}"),
        ("{{ .app.name | upper }}", "{{ event.app.name | upper }}"),
        ("{{ toJson .data }}", "{{ data | json }}"),
        ("{{ .data | toJson }}", "{{ data | json }}"),
        ("{{ .data.id | upper | quote }}", "{{ data.id | upper | json }}"),
        ('{{ .data.id | default "x" }}', '{{ data.id | default("x", true) }}'),
        ('{{ default "x" .data.id }}', '{{ data.id | default("x", true) }}'),
        ("{{ .data.justification | trunc 50 }}", "{{ data.justification | truncate(50) }}"),
        ('{{ index .data.access_groups 0 }}', "{{ data.access_groups[0] }}"),
        ("{{ len .data.access_groups }}", "{{ data.access_groups | length }}"),
        ('{{ date "2006-01-02" .data.creation_date }}', '{{ data.creation_date | datetime("%Y-%m-%d") }}'),
        ('{{ if eq .data.id "x" }}', '{% if data.id == "x" %}'),
        ("{{ if .data.id }}", "{% if data.id %}"),
        ("{{ else if .data.id }}", "{% elif data.id %}"),
        ("{{ with .data.requester }}", "{% with item = data.requester %}"),
        ("{{ range .data.access_groups }}", "{% for item in data.access_groups %}"),
        ("{{ range $g := .data.access_groups }}", "{% for g in data.access_groups %}"),
        ("{{ end }}", "{% endif %} or {% endfor %}"),
        ("{% if .data.id %}", "{% if data.id %}"),
        ("{{/* a note */}}", "{# a note #}"),
        ("{{ data.id && data.x }}", "write and"),
        ("{{ data.id || data.x }}", "write or"),
        ("{% if !data.id %}", "write not"),
        ("{{ data.id ? 1 : 2 }}", "{{ 1 if data.id else 2 }}"),
        ('{% if data.id = "x" %}', "=="),
        ('{% if data.id === "x" %}', "=="),
        ("{{ data.id ?? 1 }}", "default"),
    ],
)  # fmt: skip
def test_the_advice_is_the_jinja_line(theirs: str, ours: str) -> None:
    """With the user's own path, on the line and with the expression that it stands in."""
    error = refusal(theirs)
    assert ours in str(error)
    assert (error.line, error.expression) == (2, theirs)


@pytest.mark.parametrize(
    ("name", "ours"),
    [("upcase", "upper"), ("lowercase", "lower"), ("toJson", "json"), ("size", "length"), ("date", "datetime"),
     ("trunc", "truncate"), ("uper", "upper")],
)  # fmt: skip
def test_a_helper_s_name_as_a_filter_names_ours(name: str, ours: str) -> None:
    """Not the one whose letters are nearest."""
    with pytest.raises(TemplateError, match=rf"there is no filter {name}; did you mean {ours}\?$"):
        compile_body("[{{ data.id | " + name + " }}]")


@pytest.mark.parametrize("name", sorted(HELPERS))
@pytest.mark.parametrize(
    "arguments",
    [
        "data.id",
        "data.id data.x",
        'data.id "x"',
        "data.id 5",
        '"x" .data.id',
        'data.id "a" "b"',
        '"a" "b" data.id',
    ],
)
def test_every_line_of_the_table_compiles(name: str, arguments: str) -> None:
    """Whatever arguments a helper is given, it has no advice or one that is Jinja."""
    made = translated(f"{name} {arguments}")
    if made is not None:
        compile_body("[{{ " + made + " }}]")


@pytest.mark.parametrize(
    "tag",
    [
        "{{fancyHelper data.id}}",
        '{{ printf "%s" .data.id }}',
        '{{moment data.creation_date format="LL"}}',
        "{{#fancy data}}",
    ],
)
def test_an_unknown_helper_has_advice_that_compiles(tag: str) -> None:
    """No filter is invented: the example in the sentence is one that there is."""
    said = str(refusal(tag)).partition(": ")[2]
    lines = re.findall(r"\{\{.*?\}\}", said.replace(tag, ""))
    for line in lines:
        compile_body(f'{{"a": "{line}"}}')


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        ("{{ data.id | }}", "expected token 'name'"),
        ("{{ data.id data.x }}", "data cannot stand here"),
        ("{{ (data.id }}", ""),
        ("{{ data..id }}", ""),
        ("{{ }}", ""),
        ("{{ 'x }}", ""),
        ("{% if %}", ""),
        ("{% for x data.id %}", ""),
        ("{% for x in %}", ""),
        ("{% set = 1 %}", ""),
        ("{% if data.id %}", "is not closed; write {% endif %} where it ends"),
        ("{% for x in data.y %}", "is not closed; write {% endfor %} where it ends"),
        ("{% endif %}", "belongs to nothing"),
        ("{% else %}", "belongs to nothing"),
        ("{% if data.id %}{% endfor %}{% endif %}", "belongs to nothing"),
    ],
)
def test_every_syntax_error_has_line_and_expression(tag: str, sentence: str) -> None:
    """Jinja knows the line only; the tag is found again."""
    error = refusal("{{ data.id }} {{ data.id }}" + tag)
    assert error.line == 2
    assert error.expression
    assert error.expression[:5] == tag[:5] or error.expression in tag
    assert sentence in str(error)


def test_what_is_jinja_is_left_alone() -> None:
    """Words that Handlebars and Go have too."""
    for expression in (
        "not data.id",
        "data.id if data.id else 1",
        "data.id in [1]",
        "data.id is defined",
        "'.x' ~ data.id",
    ):
        assert render('{"a": {{ ' + expression + " }}}")
