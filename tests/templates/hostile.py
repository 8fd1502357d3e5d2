"""Templates that mean harm, and a process that compiles and renders each of them, counting.

Run as a program it prints one JSON object per template: its name, what it raised, the steps of Python and the
peak of memory in MB that compiling and rendering it took. The event it renders is hostile too: 1 MiB of
long texts, long lists and deep nesting. `make bench` takes the time of the same templates.
"""

from __future__ import annotations

import json
import resource
import tracemalloc
from typing import Any

from counting import lines
from hookwright import limits
from hookwright.core.templates import compile_body, template_context
from hookwright.errors import TemplateError

MOST_LINES = 1_500_000
"""Steps of Python that compiling and rendering may take; the dearest of the table takes two thirds of it."""

BIG = "a" * 150_000


def nested(value: Any, depth: int) -> Any:
    """A value inside so many lists."""
    return nested([value], depth - 1) if depth else value


EVENT: dict[str, Any] = {
    "event_type": "AccessRequestCreated",
    "event_time": "1696263265.851898000",
    "data": {
        "text": BIG,
        "twin": "".join(["a"] * 150_000),
        "quotes": '"' * 100_000,
        "stars": "\N{COLLISION SYMBOL}" * 50_000,
        "numbers": list(range(20_000)),
        "pairs": [[1] * 200 for _ in range(100)],
        "pairs_too": [[1] * 200 for _ in range(100)],
        "people": [{"name": f"n{number % 7}", "id": number} for number in range(2_000)],
        "fields": {f"field_{number}": number for number in range(2_000)},
        "name": "n",
        "sharp": "ß" * 100_000,
        "lines": "\n" * 100_000,
        "spaced": "a" * 100_000 + " ",
        "empties": [[] for _ in range(3_000)],
        "deep": nested([1] * 100_000, 60),
        "alike": {"abcd" * 15 + f"{number:04}": number for number in range(200)},
        "moment": "2030-01-31T12:00:00." + "9" * 100_000 + "Z",
    },
}


def everywhere(expression: str) -> str:
    """A body with one expression."""
    return '{"x": ' + expression + "}"


def in_loops(statement: str, rounds: str = "range(9999)", depth: int = 1) -> str:
    """A body that does something in nested loops."""
    head = "".join(f"{{% for i{n} in {rounds} %}}" for n in range(depth))
    return head + statement + "{% endfor %}" * depth + '{"x": 1}'


def searching(expression: str, rounds: int = 600) -> str:
    """A body that looks for a needle of 1,250 characters in 2,499, where it is always nearly found."""
    texts = "{% set hay = data.text[:2499] %}{% set needle = data.text[:1248] ~ 'ba' %}"
    return texts + in_loops("{% if " + expression + " %}{% endif %}", f"range({rounds})")


SEARCHES = {
    "in": searching("needle in hay"),
    "not in": searching("needle not in hay"),
    "test in": searching("needle is in hay", 400),
    "select in": searching("[needle] | select('in', hay)", 400),
    "find": searching("hay.find(needle)"),
    "count": searching("hay.count(needle)"),
    "replace method": searching("hay.replace(needle, '')", 400),
    "replace filter": searching("hay | replace(needle, '')", 300),
    "split": searching("hay.split(needle)", 30),
    "near the end": everywhere("{{ data.text.find(data.text[:147999] ~ 'ba') }}"),
}
"""Steps of one C function that are not steps of Python: what counts is that they are refused."""

PRICES = {
    "texts compared in a chain": in_loops("{% if data.text == data.twin == 1 %}{% endif %}", "range(5000)"),
    "percent signs": everywhere("{{ [" + "data.spaced | urlencode, " * 6 + "] | length }}"),
    "percent signs of objects": everywhere("{{ [" + "data.fields | urlencode, " * 9 + "] | length }}"),
    "upper of what grows": everywhere("{{ [" + "data.sharp.upper() | length, " * 15 + "] | length }}"),
    "upper filter of what grows": everywhere("{{ [" + "data.sharp | upper | length, " * 15 + "] | length }}"),
    "title": everywhere("{{ [" + "data.text | title | length, " * 9 + "] | length }}"),
    "capitalize": everywhere("{{ [" + "data.text | capitalize | length, " * 9 + "] | length }}"),
    "long formats": in_loops("{% if event_time | datetime('" + "%A" * 64 + "') %}{% endif %}", "range(3000)"),
    "moments of many digits": in_loops("{% if data.moment | datetime %}{% endif %}", "range(3000)"),
    "indenting empty lines": everywhere("{{ [" + "data.lines | indent(0) | length, " * 7 + "] | length }}"),
    "joining numbers": everywhere("{{ [" + "''.join(data.numbers) | length, " * 9 + "] | length }}"),
    "long paths into texts": everywhere(
        "{{ [" + f"data.people | map(attribute='name{'.0' * 15}') | length, " * 3 + "] | length }}"
    ),
    "long paths tested": everywhere(
        "{{ [" + f"data.people | selectattr('name{'.0' * 15}') | length, " * 3 + "] | length }}"
    ),
    "long paths for nothing": everywhere(
        "{{ data.empties | map('sort', false, false, '"
        + ",".join([".".join("abcdefghijklmnop")] * 16)
        + "') | length }}"
    ),
    "sizes of huge numbers": in_loops("{% if 1e308 | filesizeformat %}{% endif %}", "range(3500)"),
    "empty lists": in_loops("{% if data.empties[:] %}{% endif %}", "range(25)"),
    "JSON text written in a loop": "[{% set n = data.numbers | json %}{% for i in range(9999) %}{{ n }},{% endfor %}1]",
    "JSON in deep lines": everywhere("{{ data.deep | json(2) }}"),
    "names like many others": everywhere("{{ data.alike." + "dcba" * 16 + " }}"),
}
"""Work that one step once paid for."""

EXPRESSIONS = {
    "huge text by *": "{{ 'x' * 500000000 }}",
    "huge list by *": "{{ [1] * 100000000 }}",
    "huge power": "{{ 9 ** 9999999 }}",
    "tower of powers": "{{ 9 ** 9 ** 9 ** 9 }}",
    "power of a float": "{{ 9.9 ** 99999999.0 }}",
    "power to a complex number": "{{ (-8) ** 0.5 }}",
    "width by %": "{{ '%0500000000d' % 1 }}",
    "width by % of many": "{{ '%*d' % (500000000, 1) }}",
    "format width": "{{ '{:500000000}'.format(1) }}",
    "format of attributes": "{{ '{0.__class__.__mro__}'.format(data) }}",
    "format_map": "{{ '{x.__class__}'.format_map(event) }}",
    "format filter": "{{ '%500000000s' | format(1) }}",
    "format method by item": "{{ ''['format'] }}",
    "center": "{{ 'x' | center(500000000) }}",
    "ljust": "{{ 'x'.ljust(500000000) }}",
    "rjust": "{{ 'x'.rjust(500000000) }}",
    "zfill": "{{ 'x'.zfill(500000000) }}",
    "center method": "{{ 'x'.center(500000000) }}",
    "expandtabs": "{{ '\\t'.expandtabs(500000000) }}",
    "encode": "{{ data.text.encode('utf-32') }}",
    "translate": "{{ data.text.translate({97: data.text}) }}",
    "indent": "{{ data.text | replace('a', '\\n') | indent(60000) }}",
    "wordwrap": "{{ data.text | wordwrap(1, wrapstring=data.text) }}",
    "replace nothing": "{{ data.text | replace('', data.text) }}",
    "replace everything": "{{ data.text | replace('a', data.text) }}",
    "replace chain": "{{ 'aaaaaaaa' " + "| replace('a', 'aaaaaaaa') " * 12 + "}}",
    "replace method chain": "{{ 'aaaaaaaa'" + ".replace('a', 'aaaaaaaa')" * 12 + " }}",
    "join": "{{ data.numbers | join(data.text) }}",
    "join method": "{{ data.text.join(data.numbers) }}",
    "join of characters": "{{ data.text | join(data.text) }}",
    "join chain": "{{ 'aaaaaaaa' " + "| list | join('aaaaaaaa') " * 9 + "}}",
    "concatenation": "{{ " + " ~ ".join(["data.text"] * 60) + " }}",
    "addition": "{{ " + " + ".join(["data.text"] * 50) + " }}",
    "addition of lists": "{{ " + " + ".join(["data.numbers"] * 50) + " }}",
    "strip of many characters": "{{ data.text.strip(data.twin ~ 'b') }}",
    "range": "{{ range(999999999) }}",
    "range of a huge step": "{{ range(0, 10 ** 18, 1) | length }}",
    "batch": "{{ data.numbers | batch(100000000) }}",
    "batch of one": "{{ data.numbers | batch(1) | batch(1) | batch(1) | batch(1) | batch(1) | batch(1) }}",
    "batch with a filling": "{{ [1] | batch(60000, data) }}",
    "slice": "{{ data.numbers | slice(100000000) }}",
    "dictsort": "{{ " + "data.fields | dictsort | length, " * 40 + " }}",
    "sort of equal lists": "{{ (data.pairs + data.pairs_too) | sort | length }}",
    "groupby": "{{ " + "(data.people | groupby('name')) | length, " * 40 + " }}",
    "unique": "{{ " + "(data.numbers | unique) | length, " * 40 + " }}",
    "sum of lists": "{{ data.pairs | map('list') | map('map', 'list') | list }}",
    "map of map": "{{ data.numbers | map('map', 'map', 'map') | list }}",
    "map with a large default": "{{ data.numbers | map(attribute='x', default=event) | list }}",
    "map with the event": "{{ data.numbers | map('default', event, true) | map('json') | list }}",
    "map of an internal filter": "{{ data.numbers | map('write json 0') | list }}",
    "long attribute path": "{{ data.people | map(attribute='" + "a." * 400 + "a') }}",
    "splitting": "{{ " + "data.text.split('a') | length, " * 20 + " }}",
    "characters": "{{ " + "data.text | list | length, " * 20 + " }}",
    "escaping of quotes": '"{\\"a\\": \\"{\\\\\\"b\\\\\\": \\\\\\"'
    + "{{ data.quotes }}" * 3
    + '\\\\\\"}\\"}"',
    "wide characters": "{{ " + " ~ ".join(["data.stars"] * 40) + " }}",
    "whole event many times": "[" + ", ".join(["{{ event }}"] * 40) + "]",
    "event as text many times": '"' + "{{ event | json | json | json }}" * 9 + '"',
    "urlencode": "{{ data.stars | urlencode | urlencode | urlencode }}",
    "doubled lists": "{% set a = [event] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}",
    "doubled texts": "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "doubled blocks": "{% set a = 'x' %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 40 + "{{ a }}",
    "doubled objects": "{% set a = event %}" + "{% set a = {'l': a, 'r': a} %}" * 40 + "{{ a }}",
    "doubled numbers": "{% set a = 3 %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
    "datetime with a width": "{{ event_time | datetime('%500000000Y') }}",
    "datetime with a long format": "{{ event_time | datetime('%A' * 60000) }}",
    "datetime beyond years": "{{ 10 ** 18 | datetime }}",
    "rounding": "{{ 1.5 | round(999999999) }}",
    "infinity": "{{ 1e308 * 10 }}",
    "infinity as a literal": "{{ 1e999 }}",
    "infinity as a text": "{{ 'inf' | float(none) | abs }}",
    "long number": "{{ " + "9" * 9_000 + " }}",
    "long hexadecimal number": "{{ 0x" + "f" * 9_000 + " }}",
    "half a surrogate pair": "{{ '\\ud800' }}",
    "class": "{{ ''.__class__ }}",
    "class by item": "{{ ''['__class__'] }}",
    "class by attr": "{{ '' | attr('__class__') }}",
    "class by map": "{{ [''] | map(attribute='__class__') | first }}",
    "subclasses": "{{ ().__class__.__base__.__subclasses__() }}",
    "globals of a function": "{{ range.__globals__ }}",
    "globals of a method": "{{ data.get.__func__.__globals__ }}",
    "code of a generator": "{{ (data.people | map(attribute='name')).gi_frame.f_globals }}",
    "environment of self": "{{ self.__init__.__globals__ }}",
    "environment of the context": "{{ self._TemplateReference__context.environment }}",
    "loop as an object": "{% for i in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "loop written": "{% for i in [1] %}{{ loop }}{% endfor %}",
    "namespace as an object": "{{ namespace(a=1).__class__ }}",
    "namespace written": "{{ namespace(a=1) }}",
    "cycler": "{{ cycler(1, 2).next() }}",
    "joiner": "{{ joiner(',')() }}",
    "lipsum": "{{ lipsum(n=99999) }}",
    "lipsum's globals": "{{ lipsum.__globals__['os'].environ }}",
    "dict": "{{ dict(a=1) }}",
    "safe": "{{ data.name | safe }}",
    "random": "{{ data.numbers | random }}",
    "pprint": "{{ event | pprint }}",
    "xmlattr": "{{ data | xmlattr }}",
    "urlize": "{{ data.text | urlize }}",
    "striptags": "{{ data.text | replace('a', '<') | striptags }}",
    "import of a module": "{% import 'os' as os %}{{ os }}",
    "include": "{% include '/etc/passwd' %}1",
    "extends": "{% extends 'base' %}1",
    "block": "{% block a %}{{ self.a() }}{% endblock %}",
    "macro": "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(9) }}",
    "call block": "{% call(x) f() %}{% endcall %}1",
    "filter block": "{% filter center(99999999) %}1{% endfilter %}",
    "autoescape": "{% autoescape true %}{{ data.name }}{% endautoescape %}",
    "recursive loop": "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "many arguments": "{{ namespace(*data.numbers) }}",
    "keyword arguments": "{{ namespace(**data.fields) }}",
    "setting the event": "{% set data.name = 1 %}{{ data.name }}",
    "appending": "{{ data.numbers.append(1) }}",
    "popping": "{{ data.pop('name') }}",
}

STATEMENTS = {
    "nested loops": in_loops("", depth=2),
    "three nested loops": in_loops("", "range(400)", 3),
    "deeply nested loops": in_loops("", "range(2)", 18),
    "many nested loops": in_loops("", "range(2)", 60),
    "loops over the event": in_loops("", "data.numbers", 2),
    "loop over characters": in_loops("{{ i0 }}", "data.text"),
    "growing number": "{% set n = namespace(a=3) %}" + in_loops("{% set n.a = n.a * n.a %}"),
    "growing text": "{% set n = namespace(a='xx') %}" + in_loops("{% set n.a = n.a ~ n.a %}"),
    "growing sum of texts": "{% set n = namespace(a='xx') %}" + in_loops("{% set n.a = n.a + n.a %}"),
    "growing list": "{% set n = namespace(a=[1]) %}" + in_loops("{% set n.a = n.a + n.a %}"),
    "growing list by one": "{% set n = namespace(a=[1]) %}" + in_loops("{% set n.a = n.a + [event] %}"),
    "growing depth": "{% set n = namespace(a=[1]) %}" + in_loops("{% set n.a = [n.a] %}"),
    "growing block": "{% set n = namespace(a='xx') %}"
    + in_loops("{% set b %}{{ n.a }}{{ n.a }}{% endset %}{% set n.a = b %}"),
    "texts kept": "{% set n = namespace(a=[]) %}" + in_loops("{% set n.a = [n.a, data.text.upper()] %}"),
    "event written in a loop": in_loops("{% if event | json %}{% endif %}"),
    "texts compared in a loop": in_loops("{% if data.text == data.twin %}{% endif %}"),
    "lists compared in a loop": in_loops("{% if data.pairs == data.pairs_too %}{% endif %}"),
    "lists compared by test": in_loops("{% if data.pairs is eq data.pairs_too %}{% endif %}"),
    "objects looked for in a loop": in_loops("{% if data in data.people %}{% endif %}"),
    "texts looked for in a loop": in_loops("{% if data.twin ~ 'b' in data.text %}{% endif %}"),
    "counting in a loop": in_loops("{% if data.text.count('aab') %}{% endif %}"),
    "slicing in a loop": in_loops("{% if data.text[1:] %}{% endif %}"),
    "literals in a loop": in_loops("{% if [data, data] %}{% endif %}"),
    "sorting in a loop": in_loops("{% if data.people | sort(attribute='name') %}{% endif %}"),
    "dates in a loop": in_loops("{% if event_time | datetime('" + "%A" * 60 + "') %}{% endif %}"),
    "upper in a loop": in_loops("{% if data.text | upper %}{% endif %}"),
    "changed in a loop": in_loops("{% if loop.changed(event) %}{% endif %}"),
    "cycle in a loop": in_loops("{% if loop.cycle(event, data) == event %}{% endif %}"),
    "branches in a loop": in_loops("{% if i0 == 1 %}{% elif i0 == 2 %}{% endif %}" * 100),
    "long text in a loop": '["' + "{% for i in range(9999) %}" + "x" * 40_000 + '{% endfor %}"]',
    "long constant in a loop": '["'
    + "{% for i in range(9999) %}{{ '"
    + "x" * 9_000
    + "' }}{% endfor %}"
    + '"]',
    "writing a long text in a loop": '["{% for i in range(9999) %}{{ data.text }}{% endfor %}"]',
    "writing the event in a loop": '["{% for i in range(9999) %}{{ event }}{% endfor %}"]',
    "writing stars in a loop": '["{% for i in range(9999) %}{{ data.stars }}{% endfor %}"]',
    "many paths": "[" + "{% if data.name %}[{% endif %}" * 60 + "]",
    "many paths in strings": '["' + '{% if data.name %}","{% else %}\\"{% endif %}{{ 1 }}' * 40 + '"]',
    "paths through nested loops": "["
    + "{% for i in [1] %}{% if i %}{{ i }},{% endif %}" * 9
    + "{% endfor %}" * 9
    + "1]",
    "brackets of JSON": "[" * 60_000 + "{{ 1 }}" + "]" * 5_000,
    "brackets of JSON in a string": '["' + "[" * 60_000 + '{{ 1 }}"]',
    "escapes": '["' + "\\\\" * 32_000 + '{{ 1 }}"]',
    "commas of JSON": "[" + "[]," * 21_000 + "{{ 1 }}]",
    "JSON in strings in loops": "["
    + ('"{\\"a\\": [{}, [], {}]}", ' * 40 + "{% for i in [] %}{% endfor %}") * 30
    + "1]",
}

SOURCES = {
    "too long": '{"x": "' + "x" * 70_000 + '"}',
    "empty expressions": "{{}}" * 16_000,
    "expressions": "{{a}}" * 13_000,
    "statements": "{% if data %}" * 5_000,
    "open tag": "{{ " * 20_000,
    "open quotes": '{{ "' + '\\"' * 32_000,
    "open quotes of both kinds": "{{ " + "\"'" * 32_000,
    "open segments": "{{ a" + ".[" * 32_000,
    "closed segments": "{{ a" + ".[0]" * 16_000 + " }}",
    "open comment": "{#" * 32_000,
    "open raw": "{% raw %}" * 7_000,
    "blanks of Handlebars": "{{#each" + " " * 60_000 + "}}",
    "blanks of a statement": "{%" + " " * 60_000 + "%}",
    "blanks of a comma": "[1 {{ ','" + " " * 15_000 + "if" + " " * 200 + "}}]",
    "brackets": "{{ " + "[" * 8_000 + "]" * 8_000 + " }}",
    "parentheses": "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
    "nots": "{{ " + "not " * 4_000 + "1 }}",
    "minus signs": "{{ " + "-" * 16_000 + "1 }}",
    "sums": "{{ " + "1+" * 8_000 + "1 }}",
    "powers": "{{ " + "1**" * 5_000 + "1 }}",
    "dots": "{{ data" + ".a" * 8_000 + " }}",
    "items": "{{ data" + "[data" * 3_000 + "]" * 3_000 + " }}",
    "filters": "{{ data" + "|list" * 3_000 + " }}",
    "conditions": "{{ " + "1 if 1 else " * 1_300 + "1 }}",
    "comparisons": "{{ 1 " + "< 1 " * 4_000 + "}}",
    "comparisons in a row": everywhere("{{ 1 " + "< 1 " * 900 + "}}"),
    "loops in loops": "{% for a in data %}" * 25 + "{% endfor %}" * 25 + '{"x": 1}',
    "blanks of a question": everywhere("{{ a ?" + " " * 15_000 + "b }}"),
    "blanks around signs": everywhere("{{ a" + " " * 5_000 + "?" + " " * 5_000 + "b" + " " * 5_000 + "}}"),
    "quotes that do not end": "{{ " + "'\\" * 7_500 + " }}",
    "comments": "{# #}" * 12_000 + '{"x": 1}',
    "raw pieces": "{% raw %}{% endraw %}" * 3_000 + '{"x": 1}',
    "names in set": "{% set " + ",".join(f"a{n}" for n in range(950)) + " = data %}" + everywhere("{{ b1 }}"),
    "elements": "{{ [" + "1," * 8_000 + "] }}",
    "objects in objects": "{{ " + '{"a":' * 3_000 + "1" + "}" * 3_000 + " }}",
    "texts in a row": "{{ " + '"a" ' * 4_000 + "}}",
    "blocks in blocks": "{% if data %}" * 400 + "1" + "{% endif %}" * 400,
    "set in set": "{% set a %}" * 240 + "1" + "{% endset %}" * 240,
    "long name": "{{ " + "a" * 16_000 + " }}",
    "many names": "".join(f"{{% set a{n} = data.nothing %}}" for n in range(499)) + "{{ a1 }}",
    "bad tag": "{% " + "a" * 60_000 + " %}",
}  # fmt: skip

TEMPLATES = {
    **{name: everywhere(text) for name, text in EXPRESSIONS.items()},
    **STATEMENTS,
    **SOURCES,
    **PRICES,
    **{f"search: {name}": text for name, text in SEARCHES.items()},
}

CONTEXT = template_context(
    EVENT, trigger="RequestCreated", webhook_name="w", webhook_namespace="n", delivery_id="dlv_1", attempt=1
)


def attempt(source: str) -> str:
    """What compiling and rendering ends with."""
    try:
        text = compile_body.__wrapped__(source).render(CONTEXT)
    except TemplateError as error:
        return f"{type(error).__name__}: {error}"
    return f"rendered {text[:60]}"


def measured(source: str) -> dict[str, Any]:
    """One template: its steps, then once more with memory traced."""
    outcome = ""

    def counted() -> None:
        nonlocal outcome
        outcome = attempt(source)

    try:
        steps = lines(counted, MOST_LINES)
    except AssertionError as error:
        return {"outcome": f"never stopped: {error}", "lines": MOST_LINES, "megabytes": 0.0}
    tracemalloc.start()
    attempt(source)
    peak = tracemalloc.get_traced_memory()[1] / limits.MIB
    tracemalloc.stop()
    return {"outcome": outcome, "lines": steps, "megabytes": round(peak, 1)}


def main() -> None:
    """Counts for every template and prints the results, one JSON object a line."""
    resource.setrlimit(resource.RLIMIT_AS, (2 * limits.GIB, 2 * limits.GIB))
    attempt('{"warm": "{{ data.name }}"}')
    for name, source in TEMPLATES.items():
        print(json.dumps({"name": name, **measured(source)}), flush=True)


if __name__ == "__main__":
    main()
