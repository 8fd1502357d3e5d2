"""Commas, and what stands where on some path nothing comes: accepted where that is sound, else named with the cure."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from hookwright.core.templates import compile_body
from hookwright.errors import TemplateError
from templates.rendering import render

FIRST = [
    "not loop.first", "loop.index0", "loop.index0 > 0", "loop.index > 1", "loop.index >= 2", "loop.index != 1",
    "1 < loop.index", "loop.previtem is defined", "not loop.index == 1", "loop.index0 != 0", "not loop.index0",
]  # fmt: skip
LAST = [
    "not loop.last", "loop.revindex0", "loop.revindex > 1", "loop.index < loop.length", "loop.index != loop.length",
    "loop.nextitem is defined", "loop.length > loop.index", "not loop.index == loop.length", "loop.revindex0 > 0",
    "loop.index0 < loop.length - 1", "loop.index0 != loop.length - 1",
]  # fmt: skip


@pytest.mark.parametrize("items", [[], ["a"], ["a", "b"], ["a", "b", "c"]])
@pytest.mark.parametrize("condition", FIRST + LAST)
def test_every_way_to_ask_for_the_first_or_last_round_is_understood(condition: str, items: list[str]) -> None:
    """What people write for `not loop.first` and `not loop.last`."""
    comma = f"{{% if {condition} %}},{{% endif %}}"
    if condition == "not loop.index0":
        comma = f"{{% if {condition} %}}{{% else %}},{{% endif %}}"
    item = f"{comma}{{{{ x }}}}" if condition in FIRST else f"{{{{ x }}}}{comma}"
    template = "[{% for x in data.v %}" + item + "{% endfor %}]"
    assert json.loads(render(template, v=items)) == items


GROUPS = "{% for g in data.access_groups %}"
UNITS = "{% for u in g.access_units %}"
COMMA = "{% if not loop.last %},{% endif %}"
SUM = '{% for u in data.access_groups | sum(attribute="access_units", start=[]) %}'


@pytest.mark.parametrize(
    ("template", "cure"),
    [
        ("[" + GROUPS + "{% if g.first %},{% endif %}{{ g }}{% endfor %}]", "{% if not loop.first %},{% endif %}"),
        ("[" + GROUPS + ",{{ g }}{% endfor %}]", "{% if not loop.first %},{% endif %}"),
        ("[" + GROUPS + "{{ g }},{% endfor %}]", "{% if not loop.last %},{% endif %}"),
        ("[" + GROUPS + "{{ g }}{% if loop.length > 1 %},{% endif %}{% endfor %}]", COMMA),
        ("[" + GROUPS + '{{ g }}{% if not loop.last %}{{ "," }}{% endif %}{% endfor %}]', COMMA),
        ("[" + GROUPS + UNITS + "{{ u }}" + COMMA + "{% endfor %}" + COMMA + "{% endfor %}]", SUM),
        ("[" + GROUPS + UNITS + '"{{ u.id }}"' + COMMA + "{% endfor %}{% endfor %}]", SUM),
        (
            "[" + GROUPS + UNITS + "{% if not loop.first %},{% endif %}{{ u }}{% endfor %}{% endfor %}]",
            SUM,
        ),
        (
            "[" + GROUPS + "{% if g.on %}{{ g }}" + COMMA + "{% endif %}{% endfor %}]",
            "{% for g in data.access_groups if g.on %}",
        ),
        (
            "[" + GROUPS + "{% if g.on %}{{ g }}{% endif %}" + COMMA + "{% endfor %}]",
            "{% for g in data.access_groups if g.on %}",
        ),
        (
            "[" + GROUPS + "{% if g.on %}{% if not loop.first %},{% endif %}{{ g }}{% endif %}{% endfor %}]",
            "{% for g in data.access_groups if g.on %}",
        ),
        ("[1, " + GROUPS + "{{ g }}" + COMMA + "{% endfor %}]", GROUPS + ","),
        ('{"a": 1' + GROUPS + '"{{ g.id }}": 1' + COMMA + "{% endfor %}}", GROUPS + ","),
        ("[" + GROUPS + "{{ g }}" + COMMA + "{% endfor %}, 1]", ",{% endfor %}"),
        ('{"a": {% if data.id %}1{% endif %}}', "a value is missing before }"),
        ('{"a": {% if data.id %}1{% endif %}}', "{% else %}null"),
        ('{"a": {% if data.id %}{{ data.id }}{% endif %}, "b": 1}', "{% else %}null"),
        ('[{% if data.id %}"x"{% endif %}, 1]', '{% if data.id %}"x",{% endif %}'),
        ('[1, {% if data.id %}2{% endif %}]', "{% if data.id %}, 2{% endif %}"),
        ('{"a": 1, {% if data.id %}"b": {{ data.id }}{% endif %}}', '{% if data.id %}, "b": {{ data.id }}{% endif %}'),
        ('{ {% if data.id %}"a": 1{% endif %}, "b": 2}', '{% if data.id %}"a": 1,{% endif %}'),
        ('{"a": 1 {% if data.id %}"b": 2{% endif %}}', '{% if data.id %}, "b": 2{% endif %}'),
        ('{% if data.id %}{"a": 1}{% endif %}', "{% else %}{}"),
        ('{% if data.id %}{"a": 1}{% elif data.x %}[]{% endif %}', "{% else %}{}"),
    ],
)  # fmt: skip
def test_the_cure_names_the_tag_beside(template: str, cure: str) -> None:
    """The sentence holds the line to write, with the names of the template itself."""
    with pytest.raises(TemplateError) as caught:
        compile_body(template)
    assert cure in str(caught.value)
    assert caught.value.line == 1


@pytest.mark.parametrize(
    ("template", "wrong", "right"),
    [
        ("[" + GROUPS + UNITS + "{{ u }}" + COMMA + "{% endfor %}" + COMMA + "{% endfor %}]", None, None),
        ('{"a": {% if data.id %}1{% endif %}}', "{% endif %}", "{% else %}null{% endif %}"),
        ('{% if data.id %}{"a": 1}{% endif %}', "{% endif %}", "{% else %}{}{% endif %}"),
        ("[1, " + GROUPS + "{{ g }}{% endfor %}]", ", " + GROUPS, GROUPS + ","),
        ("[" + GROUPS + "{{ g }}{% endfor %}, 1]", "{% endfor %},", ",{% endfor %}"),
        ('[1, {% if data.id %}2{% endif %}]', ", {% if data.id %}2", "{% if data.id %}, 2"),
    ],
)  # fmt: skip
def test_with_the_cure_it_compiles(template: str, wrong: str | None, right: str | None) -> None:
    """Doing what the sentence says gives a template."""
    with pytest.raises(TemplateError):
        compile_body(template)
    mended = (
        template.replace(wrong, right) if wrong and right else "[" + SUM + "{{ u }}" + COMMA + "{% endfor %}]"
    )
    values: Any = json.loads(render(mended))
    assert values
    assert not re.search(r"loop\.first", mended)
