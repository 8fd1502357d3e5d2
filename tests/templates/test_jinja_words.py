"""Jinja's tests and arguments work as its documentation has them; a wrong argument is one sentence of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jinja2 import Environment

from hookwright.core.templates import compile_body
from hookwright.errors import TemplateError
from templates.rendering import render

XS = [{"s": "a", "n": 1}, {"s": "b", "n": 2}, {"s": "a", "n": 3}]
SAME = [
    *(f"[1, 2, 3] | select('{sign}', 2) | list" for sign in ("==", "!=", ">", ">=", "<", "<=")),
    *(f"[1, 2, 3] | select('{word}', 2) | list" for word in ("eq", "ne", "gt", "greaterthan", "lessthan", "sameas")),
    "xs | selectattr('s', '==', 'a') | map(attribute='n') | list",
    "xs | rejectattr('n', '>', 1) | map(attribute='s') | list",
    "xs | selectattr('s', 'in', ['b']) | map(attribute='n') | list",
    "'xxaxx' | trim('x')",
    "'xxaxx' | trim(chars='x')",
    "none | default(default_value='x', boolean=true)",
    "[1, 2, 3] | batch(2, 0) | list",
    "[1, 2, 3] | batch(linecount=2, fill_with=0) | list",
    "[1, 2, 3, 4] | slice(3, 0) | list",
    "[1, 2, 3, 4] | slice(slices=3, fill_with=0) | list",
    "[1, 2] | join(d='-')",
    "xs | join('-', attribute='s')",
    "xs | groupby('t', default='none') | list | length",
    "xs | groupby(attribute='s', case_sensitive=true) | map('first') | list",
    "xs | sort(attribute='s,n') | map(attribute='n') | list",
    "xs | sort(reverse=true, attribute='n') | map(attribute='n') | list",
    "xs | map(attribute='t', default=0) | list",
    "['b', 'a'] | map('replace', 'a', 'c') | list",
    "[none, ''] | map('default', 'x', boolean=true) | list",
    "'a\\nb' | indent(width='> ')",
    "'abc' | center(width=7)",
    "'aaa' | replace('a', 'b', count=2)",
    "'one two' | truncate(length=5, killwords=true, end='', leeway=0)",
    "2.55 | round(precision=1, method='floor')",
    "'z' | int(default=3)",
    "'ff' | int(base=16)",
    "{'b': 1} | dictsort(false, 'value', true)",
    "1500 | filesizeformat(binary=true)",
    "[3, 1] | max(case_sensitive=true)",
    "[1, 2] | sum(start=3)",
]  # fmt: skip


@pytest.mark.parametrize("expression", SAME)
def test_documented_tests_and_arguments_do_what_jinja_does(expression: str) -> None:
    """Jinja's own engine is the referee."""
    theirs = Environment(autoescape=False).compile_expression(expression)(xs=XS)
    ours = render("{% set xs = data.xs %}[{{ " + expression + " }}]", xs=XS)
    assert json.loads(ours) == [json.loads(json.dumps(theirs))]


@pytest.mark.parametrize("expression", ["data.xs | tojson(indent=2)", "data.xs | json(2)"])
def test_json_takes_an_indent(expression: str) -> None:
    """The value is the same, and inside a string it shows its lines."""
    assert json.loads(render("[{{ " + expression + " }}]", xs=XS)) == [XS]
    assert json.loads(render('["{{ ' + expression + ' }}"]', xs=[1])) == ["[\n  1\n]"]


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("data.id | trim(characters='x')", "trim takes no characters=…; it takes chars"),
        ("data.id | upper('x')", "upper takes no arguments"),
        (
            "data.id | truncate(1, true, '', 0, 5)",
            "truncate takes length, killwords, end, leeway and no more",
        ),
        ("data.id | replace('a')", "replace needs new; it takes old, new, count"),
        ("data.id | datetime(tz='UTC')", "datetime takes no tz=…; it takes form"),
        ("data.id is divisibleby", "divisibleby needs by; it takes by"),
        ("data.id | truncate('20')", "a width or count must be a whole number"),
        ("data.id | trim(5)", "trim does not go with a text and a number"),
        ("data.id | join(attribute=['a'])", "an attribute is a path of 1 to 16 names"),
        ("[1, 'a'] | sort", "sort does not go with a list"),
        ("[{}, {}] | max", "max does not go with a list"),
        ("1 < 'a'", "a text and a number, or other unlike values, cannot be compared"),
        ("data.id.startswith(1)", "startswith() does not go with a text and a number"),
        ("data.id.split(',', none)", "split() does not go with a text, a text and null"),
        ("[1] | select('==')", "select does not go with a list and a text"),
        ("'a' in 5", "a text and a number, or other unlike values, cannot be compared"),
        ("5 | replace('a', 'b', 'c')", "a width or count must be a whole number"),
        ("range(1, 2, 0)", "range needs one to three whole numbers, and a step other than 0"),
        ("range(1, 2, 3, 4)", "range needs one to three whole numbers, and a step other than 0"),
    ],
)
def test_a_wrong_argument_is_one_sentence_of_ours(expression: str, sentence: str) -> None:
    """It names the filter and what that takes, and nothing of the engine's insides."""
    with pytest.raises(TemplateError) as caught:
        render("[{{ " + expression + " }}]")
    assert sentence in str(caught.value)
    assert not any(
        word in str(caught.value) for word in ("()' missing", "positional", "<lambda>", "Python", "NoneType")
    )


@pytest.mark.parametrize("expression", ["data.id | trim(characters='x')", "data.id | replace('a')"])
def test_a_wrong_argument_is_found_without_an_event(expression: str) -> None:
    """Names and numbers of arguments are known when the template is compiled."""
    with pytest.raises(TemplateError):
        compile_body("[{{ " + expression + " }}]")


def test_a_method_s_argument_of_the_wrong_kind_names_the_line() -> None:
    """As every error does."""
    values: list[Any] = [1]
    with pytest.raises(TemplateError, match=r"^line 2, \{\{ ','\.join\(data\.v, 2\) \}\}: "):
        render("[\n{{ ','.join(data.v, 2) }}]", v=values)
