"""Escaping by place: every place, three strings deep, along every path."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookwright.core.templates import compile_body
from hookwright.errors import TemplateError
from templates.rendering import context, render

NASTY = 'say "no" \\ or {{ x }}\nline two\t</script> \x01 é \N{SNAKE}'

IN_STRING = r'{"a": "{{ data.v }}"}'
IN_STRING_2 = r'{"a": "{\"b\": \"{{ data.v }}\"}"}'
IN_STRING_3 = r'{"a": "{\"b\": \"{\\\"c\\\": \\\"{{ data.v }}\\\"}\"}"}'
OUTSIDE = r'{"a": {{ data.v }}}'
OUTSIDE_2 = r'{"a": "{\"b\": {{ data.v }}}"}'
OUTSIDE_3 = r'{"a": "{\"b\": \"{\\\"c\\\": {{ data.v }}}\"}"}'


def unpack(text: str, depth: int) -> Any:
    """The value at the only path of a body whose strings hold JSON `depth` times."""
    value = json.loads(text)["a"]
    for name in "bc"[: depth - 1]:
        value = json.loads(value)[name]
    return value


@pytest.mark.parametrize(("template", "depth"), [(IN_STRING, 1), (IN_STRING_2, 2), (IN_STRING_3, 3)])
def test_a_text_in_a_string_arrives_unchanged_at_every_depth(template: str, depth: int) -> None:
    """Quotes, backslashes, line breaks and control characters of a value cannot leave the string it is in."""
    assert unpack(render(template, v=NASTY), depth) == NASTY


@pytest.mark.parametrize(("template", "depth"), [(OUTSIDE, 1), (OUTSIDE_2, 2), (OUTSIDE_3, 3)])
@pytest.mark.parametrize("value", [NASTY, 1, 1.0, -0.5, True, False, None, [], {}, [NASTY, {"k": [None]}]])
def test_a_value_outside_strings_arrives_as_json_at_every_depth(
    template: str, depth: int, value: Any
) -> None:
    """Where JSON stands in a string, an expression outside its inner strings is a JSON value there."""
    assert unpack(render(template, v=value), depth) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("x", "x"),
        (1, "1"),
        (1.0, "1.0"),
        (True, "true"),
        (None, "null"),
        ([1, "a"], '[1,"a"]'),
        ({"k": 1}, '{"k":1}'),
    ],
)
def test_what_is_no_text_stands_in_a_string_as_its_json(value: Any, written: str) -> None:
    """Inside a string a text is itself and anything else its compact JSON text."""
    assert json.loads(render(IN_STRING, v=value))["a"] == written


@pytest.mark.parametrize(
    ("template", "body"),
    [
        ('{"a": "{{ data.v | json }}"}', {"a": '{"k":"\\""}'}),
        ('{"a": {{ data.v | json }}}', {"a": {"k": '"'}}),
        ('{"a": {{ data.v | tojson }}}', {"a": {"k": '"'}}),
        ("{{ data.v }}", {"k": '"'}),
        ("{{ data.v | json }}", {"k": '"'}),
        ("[{{ data.v }}]", [{"k": '"'}]),
        ('{"{{ data.v.k }}": 1}', {'"': 1}),
        ('{"{{ data.id }}-{{ data.friendly_id }}": 1}', {"request-1-AR-123": 1}),
        (r'{"a": "{\"{{ data.v.k }}\": 1}"}', {"a": r'{"\"": 1}'}),
        ('{"a": "[{{ data.id }}]"}', {"a": "[request-1]"}),
        ('{"a": "[{{ data.id }}, {{ data.id }}]"}', {"a": "[request-1, request-1]"}),
        ('{"a": "{ {{ data.id }} }"}', {"a": "{ request-1 }"}),
        (r'{"a": "He said \"{{ data.v.k }}\" twice"}', {"a": 'He said """ twice'}),
        (r'{"a": "[\"{{ data.v.k }}\"] was said"}', {"a": '["""] was said'}),
        (r'{"a": "[\"{{ data.v.k }}\"]"}', {"a": r'["\""]'}),
        (r'{"a": "{{ data.v.k }} {\"b\": 1}"}', {"a": '" {"b": 1}'}),
        (r'{"a": " \n{\"b\": \"{{ data.v.k }}\"} "}', {"a": ' \n{"b": "\\""} '}),
        (r'{"a": "{\u0022b\u0022: \u0022{{ data.v.k }}\u0022}"}', {"a": r'{"b": "\""}'}),
        ('{"a": "{% if data.id %}yes{% else %}{{ data.v.k }}{% endif %}"}', {"a": "yes"}),
        ('{"a": {% if data.id %}"{{ data.v.k }}"{% else %}{{ data.v.k }}{% endif %}}', {"a": '"'}),
        ('{"a": 1{% if data.id %}, "b": {{ data.v.k }}{% endif %}}', {"a": 1, "b": '"'}),
        ('{"a": 1{% if data.id %}0{% endif %}}', {"a": 10}),
        (
            '[{% for x in [] %}{{ x }}{% if not loop.last %},{% endif %}{% else %}"none"{% endfor %}]',
            ["none"],
        ),
        ("{% set v = data.v %}[{{ v.k }}]", ['"']),
        ("{% set t %}a{{ data.v.k }}b{{ data.v }}{% endset %}[{{ t }}]", ['a"b{"k":"\\""}']),
        ("{% with k = data.v.k %}[{{ k }}]{% endwith %}", ['"']),
        ('{# a "comment" #}{"a": {% raw %}"{{ x }}"{% endraw %}}', {"a": "{{ x }}"}),
        ('{\n  {%- if true %} "a": 1{% endif -%}\n}', {"a": 1}),
        ('{"a": "{{ data.v.k | e }}"}', {"a": "&quot;"}),
        ('{"a": "{{ "<" ~ data.v.k | e }}"}', {"a": "<&quot;"}),
    ],
)
def test_the_place_decides(template: str, body: Any) -> None:
    """One template for each kind of place, and what the target reads."""
    assert json.loads(render(template, v={"k": '"'})) == body


COMMA = "{% if not loop.last %},{% endif %}"


@pytest.mark.parametrize("items", [[], ["a"], ["a", "b"], ["a", 'b"', "c"]])
@pytest.mark.parametrize(
    "template",
    [
        "[{% for x in data.v %}{{ x }}" + COMMA + "{% endfor %}]",
        "[{% for x in data.v %}{% if not loop.first %},{% endif %}{{ x }}{% endfor %}]",
        "[{% for x in data.v %}{% if loop.first %}{% else %},{% endif %}{{ x }}{% endfor %}]",
        "[{% for x in data.v %}{{ x }}{% if loop.last and true %}{% else %},{% endif %}{% endfor %}]",
        '[{% for x in data.v %}"{{ x }}"' + COMMA + "{% endfor %}]",
        '[{% for x in data.v if x != "z" %}{{ x }}' + COMMA + "{% endfor %}]",
    ],
)
def test_a_loop_makes_a_list_of_any_length(template: str, items: list[str]) -> None:
    """With the comma tied to loop.first or loop.last, no, one and many items all give JSON."""
    assert json.loads(render(template, v=items)) == items


def test_loops_nest_and_stand_in_strings() -> None:
    """A loop in a loop, and a loop that writes JSON into a string."""
    template = (
        '{"a": "[{% for g in data.v %}[{% for x in g %}\\"{{ x }}\\"'
        + COMMA
        + "{% endfor %}]"
        + COMMA
        + '{% endfor %}]"}'
    )
    assert json.loads(json.loads(render(template, v=[[], ["a"], ['"', "c"]]))["a"]) == [[], ["a"], ['"', "c"]]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8).filter(str.isascii), inner, max_size=4)
    ),
    max_leaves=12,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(JSON)
def test_any_value_outside_strings_parses_back(value: Any) -> None:
    """For any JSON value and any depth, the body is valid JSON and holds exactly that value."""
    for depth, template in enumerate((OUTSIDE, OUTSIDE_2, OUTSIDE_3), 1):
        assert unpack(render(template, v=value), depth) == value


@given(TEXT)
def test_any_text_in_a_string_parses_back(value: str) -> None:
    """For any text and any depth, the body is valid JSON and holds exactly that text."""
    for depth, template in enumerate((IN_STRING, IN_STRING_2, IN_STRING_3), 1):
        assert unpack(render(template, v=value), depth) == value


@given(JSON)
def test_any_value_in_a_string_reads_back_as_json(value: Any) -> None:
    """A value that is no text stands in a string as JSON that reads back to it."""
    for depth, template in enumerate((IN_STRING, IN_STRING_2, IN_STRING_3), 1):
        written = unpack(render(template, v=value), depth)
        assert written == value if isinstance(value, str) else json.loads(written) == value


@given(st.dictionaries(st.text(max_size=8).filter(str.isascii), JSON, max_size=4), st.booleans())
def test_a_whole_event_parses_back(document: dict[str, Any], as_text: bool) -> None:
    """A whole event, as an object or as a text, comes out as it went in."""
    source = '{"m": "{{ event | json }}"}' if as_text else '{"m": {{ event }}}'
    found = json.loads(compile_body(source).render(context(document)))["m"]
    assert (json.loads(found) if as_text else found) == document


@given(st.lists(TEXT, max_size=5), TEXT)
def test_any_list_in_a_loop_parses_back(values: list[str], more: str) -> None:
    """A loop over any texts, beside any other text, is a list of exactly these."""
    template = '{"l": [{% for x in data.v %}"{{ x }}"' + COMMA + '{% endfor %}], "m": "-{{ data.m }}-"}'
    assert json.loads(render(template, v=values, m=more)) == {"l": values, "m": f"-{more}-"}


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (
            '[{% for x in data.v %}{{ x }}{{ "," if not loop.last else "" }}{% endfor %}]',
            "an expression cannot be the comma between two values; write {% if not loop.last %},{% endif %}",
        ),
        (
            "[{% for x in data.v %}{{ x }}{{ ', ' if not loop.last }}{% endfor %}]",
            "an expression cannot be the comma between two values; write {% if not loop.last %},{% endif %}",
        ),
        (
            "[{% for x in data.v %}{{ x }}{% endfor %}]",
            "a comma is missing before an expression; in a loop write {% if not loop.last %},{% endif %} "
            "before {% endfor %}",
        ),
        (
            '[{% for x in data.v %}"{{ x }}"{% endfor %}]',
            'a comma is missing before "; in a loop write {% if not loop.last %},{% endif %} before {% endfor %}',
        ),
        (
            "[{% for x in data.v %}{{ x }},{% endfor %}]",
            "a comma stands right before ]; take it away, or in a loop write {% if not loop.last %},{% endif %}",
        ),
        ('{"a": 1,}', "a comma stands right before }; take it away, or in a loop"),
        ('{"a": 1 "b": 2}', 'a comma is missing before "'),
        (
            '{"a": {% if data.id %}"{% endif %}{{ data.id }}{% if data.id %}"{% endif %}}',
            "on one path this stands inside a string and on another it does not; put the quotes and the expression "
            "into the same branch",
        ),
        (
            r'{"a": "{\"b\": \"{{ data.id }}\"{% if data.id %}} and more{% else %}}{% endif %}"}',
            "the string around this holds JSON on one path and other text on another; give each path its own string",
        ),
        (
            "{ {{ data.id }}: 1}",
            'the name of a field must stand here, not an expression; put it in quotes, as in "{{ data.id }}": 1',
        ),
        ("{a: 1}", "the name of a field must stand here, not a; names stand in double quotes"),
        ("{'a': 1}", 'JSON takes double quotes, as in "name"'),
        ('{"a": 1{{ data.id }}}', "a comma is missing before an expression"),
        ('{"a": tr{{ data.id }}}', "an expression stands in the middle of a number or word"),
        ('{"a": "\\{{ data.id }}"}', "an expression cannot be part of an escape"),
        ('{"a": "\\x{{ data.id }}"}', "\\x is no escape of JSON; a backslash is written \\\\"),
        ('{"a": "one\ntwo {{ data.id }}"}', "a line break stands inside a JSON string; write \\n"),
        ('{"a": "one\ttwo {{ data.id }}"}', "a control character stands inside a JSON string; write \\t"),
        ('{"a": "{{ data.id }}', "on some path a string is not closed at the end of the template"),
        ('{"a": [{{ data.id }}', "on some path [ and { is not closed at the end of the template"),
        (
            "{{ data }} {{ data }}",
            "an expression stands after the end of the body; a body is one object or one list",
        ),
        ('"{{ data.id }}"', "a body is an object or a list, so it starts with { or ["),
        ("hello {{ data.id }}", "a body is an object or a list, so it starts with { or ["),
        ("", "the template is empty; a body is an object or a list"),
        ("{% if data.id %}{}{% endif %}", "the template is empty"),
        (
            '{"a": {{ 1 if data.id }}}',
            "say what stands here otherwise, as in {{ 1 if data.id else none }}",
        ),
        ("42", "a body is a JSON object or list; this one comes out as something else"),
        ('{"a": .5}', ". is not JSON here"),
    ],
)
def test_what_is_not_json_on_some_path_is_refused_with_the_cure(template: str, sentence: str) -> None:
    """A template that could render to something that is no JSON does not compile, and says what to write."""
    with pytest.raises(TemplateError) as caught:
        compile_body(template)
    assert sentence in str(caught.value)


def test_a_fourth_string_is_refused() -> None:
    """Escaping is tracked three strings deep; deeper is refused rather than guessed."""
    inner = '{"k": "{{ data.id }}"}'
    for _ in range(3):
        inner = json.dumps({"k": inner})
    with pytest.raises(TemplateError, match="a string inside a string inside a string inside a string"):
        compile_body(inner)


def test_a_body_that_renders_to_a_text_is_refused() -> None:
    """Whether an expression that is the whole body is an object or a list shows only at render."""
    with pytest.raises(
        TemplateError, match="a body is a JSON object or list; this one comes out as something else"
    ):
        render("{{ data.id }}")


@pytest.mark.parametrize(
    ("template", "line"),
    [
        (r'{"t": "payload={\"id\": \"{{ data.v }}\"}"}', "{{ data.v | json }}"),
        (r'{"t": "payload={\"id\": {{ data.v }}}"}', "{{ data.v | json }}"),
        (r'{"t": "payload={\"a\": 1, \"id\":\n \"{{ data.v | upper }}\"}"}', "{{ data.v | upper | json }}"),
        (r'{"t": "payload={\"id\": \"{{ data.v or 1 }}\"}"}', "{{ (data.v or 1) | json }}"),
        (r'{"t": "payload={\"id\": \"{{ data.v | json }}\"}"}', "{{ data.v | json }}"),
        (r'{"t": "payload={\"{{ data.v }}\": 1}"}', "{{ data.v | json }}"),
        (r'{"t": "{\"id\": \"{{ data.v }}\"} was sent"}', "{{ data.v | json }}"),
        (r'{"t": "p={ {% if data.v %}\"id\": \"{{ data.v }}\"{% endif %} }"}', "{{ data.v | json }}"),
        (r'{"t": "{\"a\": \"payload={\\\"id\\\": \\\"{{ data.v }}\\\"}\"}"}', "{{ data.v | json }}"),
    ],
)
def test_json_that_is_part_of_a_longer_text_takes_json(template: str, line: str) -> None:
    """A quote in a value would end its string there and could add a field, so the cure is named; with it nothing can."""
    with pytest.raises(TemplateError) as caught:
        compile_body(template)
    assert str(caught.value).endswith(
        f"the text around this holds JSON that a quote in the value would break; write {line}, without quotes around it"
    )
    assert caught.value.line == 1


def test_json_that_is_part_of_a_longer_text_keeps_its_fields() -> None:
    """What the cure writes is read back as the value, whatever it holds."""
    value = '", "admin": true, "x": "'
    text = json.loads(render(r'{"t": "payload={\"id\": {{ data.v | json }}}"}', v=value))["t"]
    assert json.loads(text.removeprefix("payload=")) == {"id": value}


@pytest.mark.parametrize(
    "template",
    [
        r'{"t": "She said: \"{{ data.v }}\""}',
        r'{"t": "\"a\", \"{{ data.v }}\" and {braces}: \"{{ data.v }}\""}',
        r'{"t": "Reason: \"{{ data.v }}\", {{ data.v }}: \"{{ data.v }}\""}',
        r'{"t": "{\"id\": \"{{ data.v }}\", \"n\": {{ data.v }}}"}',
        r'{"t": "[\"{{ data.v }}\"] was said"}',
    ],
)
def test_quotes_in_a_sentence_stay_what_they_are(template: str) -> None:
    """A text in quotes is no JSON, and JSON that is all of a string is escaped for it anyway."""
    assert "x" in json.loads(render(template, v="x"))["t"]
