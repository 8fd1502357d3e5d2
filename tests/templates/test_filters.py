"""Filters, tests and operators: each with what it makes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jinja2 import Environment

from hookwright.core.templates.tables import FILTERS, TESTS
from templates.rendering import render

PEOPLE = [{"name": "Bo", "age": 41}, {"name": "al", "age": 7}, {"name": "Cy", "age": 7}]

CASES: list[tuple[str, Any]] = [
    ("-3 | abs", 3),
    ("[1, 2, 3] | batch(2)", [[1, 2], [3]]),
    ("'aBC' | capitalize", "Abc"),
    ("'x' | center(5)", "  x  "),
    ("data.people | count", 3),
    ("data.none | d('x')", "x"),
    ("data.people[0] | dictsort", [["age", 41], ["name", "Bo"]]),
    ("data.people[0] | dictsort(reverse=true)", [["name", "Bo"], ["age", 41]]),
    ("'<&\">' | e", "&lt;&amp;&quot;&gt;"),
    ("13000 | filesizeformat", "13.0 kB"),
    ("1 | filesizeformat", "1 Bytes"),
    ("data.people | first", PEOPLE[0]),
    ("'1.5' | float", 1.5),
    ("'x' | float(2.5)", 2.5),
    ("data.people | groupby('age')", [[7, PEOPLE[1:]], [41, PEOPLE[:1]]]),
    ("'a\\nb' | indent(2)", "a\n  b"),
    ("'a\\nb' | indent(2, true)", "  a\n  b"),
    ("'42' | int", 42),
    ("'x' | int(7)", 7),
    ("'ff' | int(0, 16)", 255),
    ("4.9 | int", 4),
    ("data.people[0] | items", [["name", "Bo"], ["age", 41]]),
    ("[1, 'a', none, true] | join('-')", "1-a-null-true"),
    ("data.people | join(', ', attribute='name')", "Bo, al, Cy"),
    ("{'a': [1]} | json | length", 9),
    ("data.people | last", PEOPLE[2]),
    ("'abc' | length", 3),
    ("'ab' | list", ["a", "b"]),
    ("'ABc' | lower", "abc"),
    ("data.people | map(attribute='name') | list", ["Bo", "al", "Cy"]),
    ("data.people | map(attribute='none', default='?') | list", ["?", "?", "?"]),
    ("['a', 'b'] | map('upper') | list", ["A", "B"]),
    ("data.people | max(attribute='age')", PEOPLE[0]),
    ("[3, 1, 2] | min", 1),
    ("[1, 2, 3] | reject('odd') | list", [2]),
    ("data.people | rejectattr('age', 'eq', 7) | list", PEOPLE[:1]),
    ("'a-b-c' | replace('-', '+')", "a+b+c"),
    ("'a-b-c' | replace('-', '+', 1)", "a+b-c"),
    ("'abc' | reverse", "cba"),
    ("[1, 2] | reverse | list", [2, 1]),
    ("2.567 | round(1)", 2.6),
    ("2.51 | round(1, 'floor')", 2.5),
    ("2.51 | round(1, 'ceil')", 2.6),
    ("[1, 2, 3] | select('odd') | list", [1, 3]),
    ("data.people | selectattr('name', 'eq', 'al') | list", PEOPLE[1:2]),
    ("[1, 2, 3] | slice(2)", [[1, 2], [3]]),
    ("['b', 'A'] | sort", ["A", "b"]),
    ("data.people | sort(attribute='name') | map(attribute='name') | list", ["al", "Bo", "Cy"]),
    ("5 | string", "5"),
    ("[1, 2] | sum", 3),
    ("data.people | sum(attribute='age')", 55),
    ("[[1], [2, 3]] | sum(start=[])", [1, 2, 3]),
    ("'ab cd' | title", "Ab Cd"),
    ("'  a ' | trim", "a"),
    ("'one two three' | truncate(9, leeway=0)", "one..."),
    ("'one two three' | truncate(9, true, '…', 0)", "one two …"),
    ("[1, 1, 2] | unique | list", [1, 2]),
    ("'a' | upper", "A"),
    ("'a b/c?d=é' | urlencode", "a%20b%2Fc%3Fd%3D%C3%A9"),
    ("{'q': 'a b', 'n': 1} | urlencode", "q=a%20b&n=1"),
    ("'one two' | wordcount", 2),
    ("event_time | datetime", "2023-10-02T16:15:40Z"),
    ("1696263340 | datetime('%Y')", "2023"),
    ("'2023-10-02T18:15:40+02:00' | datetime", "2023-10-02T16:15:40Z"),
    ("'2023-10-02' | datetime('%A')", "Monday"),
    ("event_time | datetime('%s')", "1696263340"),
    ("7 // 2 + 7 % 2 - 2 ** 3 * 1", -4),
    ("7 / 2", 3.5),
    ("'a' + 'b' ~ 1 ~ true ~ none ~ 1.5", "ab1truenull1.5"),
    ("[1] + [2]", [1, 2]),
    ("1 < 2 <= 2 and not 1 == 2", True),
    ("'al' in data.people | map(attribute='name')", True),
    ("3 not in [1, 2]", True),
    ("'abc'[1:]", "bc"),
    ("data.people[-1].name", "Cy"),
    ("data['people'][0]['name']", "Bo"),
    ("'a,b'.split(',')", ["a", "b"]),
    ("', '.join(['a', 'b'])", "a, b"),
    ("'abc'.replace('b', '')", "ac"),
    ("' a '.strip()", "a"),
    ("'abc'.startswith('ab')", True),
    ("data.people[0].get('none', 5)", 5),
    ("data.people[0].keys()", ["name", "age"]),
    ("data.people[0].values()", ["Bo", 41]),
    ("range(3)", [0, 1, 2]),
    ("range(5, 0, -2)", [5, 3, 1]),
    ("{'a': 1}.items()", [["a", 1]]),
    ("3 is divisibleby(3) and 3 is odd and 4 is even", True),
    ("none is none and 1 is number and 1.5 is float and 1 is integer and true is boolean", True),
    ("true is true and false is false and 'a' is string and {} is mapping and [] is sequence", True),
    ("[] is iterable and 'A' is upper and 'a' is lower and 1 is in([1]) and data.x is undefined", True),
    ("1 is eq(1) and 1 is ne(2) and 1 is lt(2) and 1 is le(1) and 2 is gt(1) and 2 is ge(2)", True),
    ("1 is equalto(1) and true is not integer", True),
]


@pytest.mark.parametrize(("expression", "value"), CASES)
def test_an_expression_has_its_value(expression: str, value: Any) -> None:
    """Every filter, test, operator and method, with one event."""
    assert json.loads(render('{"a": {{ ' + expression + " }}}", people=PEOPLE)) == {"a": value}


def test_every_filter_and_test_is_shown_above() -> None:
    """No entry of the white list goes untested."""
    used = " ".join(expression for expression, _ in CASES)
    aliases = {"default", "escape", "tojson", "defined", "greaterthan", "lessthan", "sameas"}
    signs = {"==", "!=", "<", "<=", ">", ">="}  # for select and its like: `is ==` is no Jinja
    assert [name for name in FILTERS if f"| {name}" not in used and name not in aliases] == []
    assert [name for name in TESTS if f"is {name}" not in used and name not in aliases | signs] == []


SAME_AS_JINJA = [
    "'a-b' | replace('-', '+')",
    "'one two three four' | truncate(9)",
    "'one two three four' | truncate(9, true)",
    "'one two three four' | truncate(9, false, '!', 0)",
    "[1, 2, 3, 4, 5] | slice(3) | list",
    "[1, 2, 3, 4, 5] | batch(2) | list",
    "'a\\nb\\n\\nc' | indent(2)",
    "'a\\nb\\n\\nc' | indent(2, true, true)",
    "'x' | center(9)",
    "['b', 'A', 'c'] | sort",
    "['b', 'A', 'a'] | unique | list",
    "{'b': 1, 'A': 2} | dictsort",
    "{'b': 2, 'A': 1} | dictsort(by='value')",
    "1234567 | filesizeformat",
    "1234567 | filesizeformat(true)",
    "'12.7' | int",
    "2.55 | round(1)",
    "[3, 1] | max",
    "'it is' | title",
    "' x ' | trim",
]


@pytest.mark.parametrize("expression", SAME_AS_JINJA)
def test_a_filter_of_jinja_does_what_jinja_does(expression: str) -> None:
    """Where we wrote a filter anew, for its budget, Jinja's own is the referee."""
    theirs = Environment(autoescape=False).compile_expression(expression)()
    assert json.loads(render('{"a": {{ ' + expression + " }}}"))["a"] == json.loads(json.dumps(theirs))
