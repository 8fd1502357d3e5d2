"""Hostile templates are refused or stopped, each within a bounded number of steps and 32 MB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from counting import lines
from hookwright import limits
from hookwright.core.templates import compile_body
from hookwright.errors import BudgetError
from rig import HANGS
from templates.hostile import MOST_LINES, TEMPLATES
from templates.rendering import render

MEMORY_MB = 32

HARMLESS = {"paths through nested loops", "brackets of JSON in a string"}
"""These may render: they only look bad."""


def test_hostile_templates_are_stopped_within_their_steps_and_32_mb() -> None:
    """Steps of Python and the peak of memory are counted for each of the table; what stops it says one short sentence.

    In a process of its own that may take 2 GiB.
    """
    program = Path(__file__).with_name("hostile.py")
    done = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "PYTHONPATH": str(program.parents[1])},
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["name"] for row in rows] == list(TEMPLATES)
    assert len(TEMPLATES) >= 60
    for row in rows:
        refused = row["outcome"].startswith(("TemplateError", "BudgetError"))
        assert refused or row["name"] in HARMLESS, row
        assert row["lines"] < MOST_LINES, row
        assert row["megabytes"] <= MEMORY_MB, row
        assert len(row["outcome"]) < 700, row
        assert "Traceback" not in row["outcome"], row


def test_output_over_its_limit_is_a_budget_error() -> None:
    """256 KiB of UTF-8 fit, one byte more does not."""
    fits = "é" * ((limits.RENDERED_BYTES - 8) // 2)
    assert len(render('["{{ data.v }}{{ data.w }}"]', v=fits, w="aaaa").encode()) == limits.RENDERED_BYTES
    with pytest.raises(BudgetError, match="256 KiB"):
        render('["{{ data.v }}{{ data.w }}"]', v=fits, w="aaaaa")


def test_a_large_honest_event_fits_the_budget() -> None:
    """1,500 resources, five fields each, in one list."""
    units = [
        {"resource": {"id": f"r{n}", "name": "orders", "path": "a/b"}, "permission": {"name": "RW"}}
        for n in range(1500)
    ]
    template = (
        '[{% for u in data.v %}{"id": "{{ u.resource.id }}", "n": "{{ u.resource.name }}", "p": "{{ u.resource.path }}", '
        '"w": "{{ u.permission.name }}", "i": {{ loop.index }}}{% if not loop.last %},{% endif %}{% endfor %}]'
    )
    assert len(json.loads(render(template, v=units))) == 1500


def test_the_longest_legal_template_compiles_in_bounded_steps() -> None:
    """64 KiB with as many expressions as are allowed compiles and renders, in steps as bounded as a hostile one's."""
    one = '"{{ data.requester.name }}", '
    count = limits.TEMPLATE_TOKENS // 10
    source = "[" + one * count + '"' + "x" * (limits.TEMPLATE_CHARACTERS - len(one) * count - 4) + '"]'
    assert len(source) <= limits.TEMPLATE_CHARACTERS
    lines(lambda: compile_body.__wrapped__(source), most=MOST_LINES)
    assert len(json.loads(render(source))) == count + 1
