"""What a template may not say, and the sentence that tells what to write instead."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from hookwright.core.templates import compile_body
from hookwright.errors import Cause, TemplateError
from templates.rendering import render


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        (
            "{{ data.requester.emial }}",
            "data.requester.emial: no such field; data.requester has email, id, name",
        ),
        (
            "{{data.access_groups.[0].intgration.name}}",
            "data.access_groups[0].intgration: no such field; data.access_groups[0] has access_units, integration, "
            "resource_types",
        ),
        (
            "{{ data.access_groups[3].integration }}",
            "data.access_groups[3]: no such item; data.access_groups has 1 item",
        ),
        (
            "{{ data.access_groups.name }}",
            "data.access_groups.name: no such field; data.access_groups is a list, so write data.access_groups[0] for its "
            "first item, or loop over it",
        ),
        ("{{ data.id.name }}", "data.id.name: no such field; data.id is a text"),
        ("{{ data.nothing.name }}", "data.nothing.name: no such field; data.nothing is null"),
        ("{{ data[data.id] }}", "data.request-1: no such field; data has"),
        ("{{ data.friendlyid }}", "data.friendlyid: no such field; data has friendly_id"),
        ("{{ cloudevent.source }}", "cloudevent: this event has no such field at its top"),
        ("{{ data.requester.emial ~ 'x' }}", "data.requester.emial: no such field"),
        ("{{ [data.requester.emial] }}", "data.requester.emial: no such field"),
        ("{{ 1 if data.requester.emial == 1 else 2 }}", "data.requester.emial: no such field"),
        ("{{ data.requester.emial | upper }}", "data.requester.emial: no such field"),
        ("{{ data.requester.emial + 1 }}", "data.requester.emial: no such field"),
        (
            "{{ data.access_groups | map(attribute='nme') | join }}",
            "nme: no such field; this value has access_units, integration, resource_types",
        ),
    ],
)
def test_a_missing_field_is_named_with_what_there_is(expression: str, sentence: str) -> None:
    """Any use of a field that the event lacks names its path and the fields beside it."""
    with pytest.raises(TemplateError) as caught:
        render('{"a": ' + expression + "}", nothing=None)
    assert sentence in str(caught.value)
    assert caught.value.cause is Cause.UNDEFINED_FIELD


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        ("{{ data.grantee.nickname | default('none') }}", '"none"'),
        ("{{ data.nothing.at.all | default('none') }}", '"none"'),
        ("{{ data.nothing.at.all is defined }}", "false"),
        ("{{ data.id is defined }}", "true"),
        ("{{ data.access_groups[7].integration.name | d('none') }}", '"none"'),
        ("{{ cloudevent.source | default('none') }}", '"none"'),
        ("{{ data.empty | default('none', true) }}", '"none"'),
    ],
)
def test_a_missing_field_may_be_asked_about(expression: str, written: str) -> None:
    """`default` and `is defined` work however much of the path is missing."""
    assert render('{"a": ' + expression + "}", empty=None) == '{"a": ' + written + "}"


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{{ dta.id }}", "there is no variable dta; did you mean data?"),
        ("{{ null }}", "there is no variable null; write none"),
        ("{{ self }}", "there is no variable self; write event"),
        ("{{ loop.index }}", "there is no variable loop"),
        ("{{ data.id | uper }}", "there is no filter uper; did you mean upper?"),
        ("{{ data.id | zzzz }}", "there is no filter zzzz; there are abs, batch,"),
        ("{{ data.id is definde }}", "there is no test definde; did you mean defined?"),
        ("{{ data.id | safe }}", "the filter safe is not there; leave it out: escaping follows the place"),
        ("{{ '%s' | format(1) }}", "the filter format is not there; put texts together with ~"),
        (
            "{{ '{}'.format(1) }}",
            'format is not understood here; ~ puts texts together, as in {{ "Hello " ~ data.id }}',
        ),
        ("{{ data.id.ljust(3) }}", "there is no method ljust(); there are capitalize,"),
        (
            "{{ now() }}",
            "there is no function now(); there are range(…) and namespace(name=value), and filters",
        ),
        (
            "{% include 'x' %}",
            "{% include %} is not understood; a body is one template; write the text of the other one here",
        ),
        ("{% macro x() %}{% endmacro %}", "{% macro %} is not understood; macros are not understood here"),
        (
            "{% each data.x %}",
            "{% each %} is not understood; write {% for item in data.access_groups %} … {% endfor %}",
        ),
        ("{% frobnicate %}", "{% frobnicate %} is not understood; there are if, for, set and with"),
        (
            "{% for x in [1] recursive %}{% endfor %}",
            "a loop cannot be recursive here; write one loop inside the other",
        ),
        ("{% set loop = 1 %}", "loop is the name of Jinja's own variable; choose another one"),
        ("{{ range(*data.x) }}", "* and ** are not understood in a call; write the arguments one by one"),
        ("{{ 'x' * 3 }}", "* does not go between a text and a number; ~ puts texts together"),
        ("{{ 'x' + 3 }}", "+ does not go between a text and a number; ~ puts texts together"),
        ("{{ 1 / 0 }}", "this divides by zero"),
        ("{{ 2 ** 64 * 2 }}", "the result is not a number that JSON can hold (64 bits)"),
        (
            "{% for x in data.access_duration_in_seconds %}{% endfor %}",
            "this is a number, so there is nothing to loop over",
        ),
        (
            "{{ data.id | datetime }}",
            "datetime needs seconds since 1970 or a text like 2030-01-31T12:00:00Z; this is 'request-1'",
        ),
        (
            "{{ event_time | datetime('%5000Y') }}",
            "datetime needs a format such as '%d.%m.%Y %H:%M', of at most 128 characters",
        ),
        ("{{ data.id | }}", "expected token 'name', got 'end of print statement'"),
        ("{% if data.id %}", "{% if data.id %}: this is not closed; write {% endif %} where it ends"),
    ],
)
def test_what_cannot_be_said_is_refused_with_a_plain_sentence(template: str, sentence: str) -> None:
    """One sentence each, naming the thing and what to write."""
    with pytest.raises(TemplateError) as caught:
        render("[" + template + "]")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("tag", "cure"),
    [
        (
            "{{#each data.access_groups.[0].access_units}}",
            "write {% for item in data.access_groups[0].access_units %} … {% endfor %}, and {{ item.name }} "
            "for a field of each",
        ),
        (
            "{{#each data.access_groups as |group|}}",
            "write {% for group in data.access_groups %} … {% endfor %}",
        ),
        ("{{# each data.access_groups }}", "write {% for item in data.access_groups %} … {% endfor %}"),
        ("{{/each}}", "write {% endfor %}"),
        (
            "{{#if data.access_bundle}}",
            "write {% if data.access_bundle %} … {% endif %}",
        ),
        ("{{else}}", "write {% else %}"),
        ("{{else if data.id}}", "write {% elif data.id %}"),
        ("{{^}}", "write {% else %}"),
        ("{{/if}}", "write {% endif %}"),
        ("{{#unless data.id}}", "write {% if not data.id %} … {% endif %}"),
        (
            "{{#with data.requester}}",
            "write {% with item = data.requester %} … {% endwith %}, and {{ item.name }} for a field of it",
        ),
        ("{{/with}}", "write {% endwith %}"),
        ("{{> footer}}", "a body is one template, so write its text here"),
        ("{{{data.id}}}", "escaping follows the place, so write {{ data.id }} with two braces"),
        ("{{&data.id}}", "escaping follows the place, so write {{ data.id }} with two braces"),
        ("{{! a note }}", "a comment is written {# a note #} here"),
        ("{{!-- a note --}}", "a comment is written {# a note #} here"),
        ("{{~data.id~}}", "blanks are trimmed with -, so write {{- data.id -}}"),
        (
            "{{this}}",
            "a loop names its own: {% for item in data.access_groups %}{{ item.integration.name }}{% endfor %}",
        ),
        ("{{../data.id}}", "a loop names its own"),
        ("{{@index}}", "in a loop write {{ loop.index0 }}"),
        (
            "{{uppercase data.id}}",
            "Handlebars helpers are not understood; a filter is written {{ data.id | upper }}",
        ),
    ],
)
def test_handlebars_is_refused_with_the_jinja_line(tag: str, cure: str) -> None:
    """What Handlebars has beyond paths names the line to write, with the user's own path in it."""
    with pytest.raises(TemplateError) as caught:
        compile_body('{"a": [\n' + tag + "]}")
    assert cure in str(caught.value)
    assert caught.value.line == 2
    assert caught.value.expression.startswith(tag[:12])


def test_an_error_names_line_expression_and_cause() -> None:
    """The line counts from 1 in the template as written, the expression is quoted as written."""
    template = (
        '{\n  {# one\n     comment #}\n  "a": "{{ data.id }}",\n'
        '  "b": "{{data.id}} {{data.requester.emial}} {{ data.id }}"\n}'
    )
    with pytest.raises(TemplateError) as caught:
        render(template)
    assert (caught.value.line, caught.value.expression) == (5, "{{data.requester.emial}}")
    assert str(caught.value).startswith(
        "line 5, {{data.requester.emial}}: data.requester.emial: no such field"
    )


@pytest.mark.parametrize(
    ("template", "line", "expression"),
    [
        ('{\n"a": [\n{% for x in data.nothing %}\n{% endfor %}]}', 3, "{% for x in data.nothing %}"),
        ('{\n"a": 1\n{% if false %}\n{% elif data.nope > 1 %}{% endif %}}', 4, "{% elif data.nope > 1 %}"),
        (
            '{\n"a": [\n{% for x in [1] %}\n{{ x }}, {{ data.nothing }},\n{% endfor %}1]}',
            4,
            "{{ data.nothing }}",
        ),
        ('{% set a = 1 %}\n{% set b %}{{ data.nothing }}{% endset %}{"a": {{ b }}}', 2, "{{ data.nothing }}"),
        ('{% set a = data.nothing %}\n{"a": {{ a }}}', 2, "{{ a }}"),
        ('{"a":\n\n{{ data.id | datetime }}}', 3, "{{ data.id | datetime }}"),
        ('{"a":\n"x"\n"b"}', 3, ""),
        ('{"a":\n{% frob %}}', 2, "{% frob %}"),
        ('{"a":\n{{ data.id | }}}', 2, "{{ data.id | }}"),
    ],
)
def test_every_kind_of_statement_is_found_again(template: str, line: int, expression: str) -> None:
    """Errors in loops, conditions, blocks and text lead to their own line."""
    with pytest.raises(TemplateError) as caught:
        render(template)
    assert (caught.value.line, caught.value.expression) == (line, expression)


def test_field_names_from_an_event_cannot_write_to_a_terminal() -> None:
    """Control characters of field names do not reach the message, and long names are cut."""
    with pytest.raises(TemplateError) as caught:
        render('{"a": {{ data.odd.x }}}', odd={"\x1b[2J": 1, "y" * 500: 2})
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_of_many_fields_the_nearest_are_named() -> None:
    """A long object does not fill the message: three near names and a count."""
    with pytest.raises(TemplateError, match=r"data.many has field_7, .* and 1,?997 more"):
        render('{"a": {{ data.many.fild_7 }}}', many={f"field_{n}": n for n in range(2000)})


def test_a_field_named_like_a_method_is_the_field() -> None:
    """`items`, `keys` and the like are looked up in the event; methods are only what is called."""
    body = render('{"a": {{ data.box.items }}, "b": {{ data.box.keys() }}}', box={"items": [1]})
    assert body == '{"a": [1], "b": ["items"]}'


def test_a_template_without_expressions_is_constant() -> None:
    """Then rendering is free; with any expression there is no constant."""
    assert compile_body('{"a": 1}').constant == '{"a": 1}'
    assert compile_body('{"a": 1{# x #}}').constant == '{"a": 1}'
    assert compile_body('{"a": {{ 1 }}}').constant is None


def test_an_event_is_never_changed_by_a_template() -> None:
    """The sandbox is immutable: there is no way to write into the event."""
    with pytest.raises(TemplateError):
        render("{% set data.id = 1 %}[{{ data.id }}]")


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("1 < 2 in [2]", "in cannot be one of several comparisons in a row; put them together with and"),
        ("1 in [1] in [[1]]", "in cannot be one of several comparisons in a row; put them together with and"),
        ("1" + " < 2" * 8, "a comparison may have 8 sides; put shorter ones together with and"),
        ("nope", "there is no variable nope; there are cloudevent, data, delivery, event"),
    ],
)
def test_long_comparisons_and_unknown_names_are_refused_with_the_cure(expression: str, sentence: str) -> None:
    """What a template makes itself is not listed among the variables, however much that is."""
    made = "{% set " + ", ".join(f"a{number}" for number in range(100)) + " = data %}"
    with pytest.raises(TemplateError, match=re.escape(sentence)) as caught:
        compile_body(made + '{"a": {{ ' + expression + " }}}")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 < 2 and 2 in [2]", True),
        ("1 not in [2]", True),
        ("'b' in 'abc'", True),
        ("'x' not in 'abc'", True),
        ("'id' in data", False),
        ("1 < 2 < 3 < 4 < 5 < 6 < 7 < 8", True),
        ("1e308 | round(15)", 1e308),
        ("(0 - 1e300) | round(2, 'floor')", -1e300),
        ("{'a b': 'ä', 'c': 1} | urlencode", "a%20b=%C3%A4&c=1"),
    ],
)
def test_what_has_a_price_still_gives_what_it_gave(expression: str, value: Any) -> None:
    """Comparing, looking for, rounding and encoding as Jinja and Python do."""
    assert json.loads(compile_body('{"a": {{ ' + expression + " }}}").render({"data": {}})) == {"a": value}
