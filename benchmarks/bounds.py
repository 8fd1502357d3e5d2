"""What is bounded and only a clock can tell: seconds behind the steps, nodes and imports that the tests count.

CPU time of the quickest of three, as other work on the machine only ever adds. Must not: judge; it prints.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from hookwright import limits
from hookwright.api.v1alpha1.webhook import Filters, MatchExpression
from hookwright.core.assemble import assemble
from hookwright.core.budget import Budget, OverBudget
from hookwright.core.filters import compile_filters
from hookwright.core.jsonpath import compile_path
from hookwright.core.objects import Object
from hookwright.errors import FilterError
from templates.hostile import TEMPLATES, attempt

QUERIES = ("$..*", "$.items[?$.items == $.items]", "$.items[?@.id != -1 && @.tags[?@ == 'x']]")
WIDE = {"items": [{"id": number, "tags": ["a", "b"]} for number in range(3_000)]}
SPENT = "more work than one delivery may do"


def milliseconds(call: Callable[[], object], rounds: int = 3) -> float:
    """CPU milliseconds of one call."""
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        with contextlib.suppress(FilterError, OverBudget):
            call()
        spent.append((time.process_time() - began) * 1e3)
    return min(spent)


def print_bounds() -> None:
    """Print them."""
    print("\nBounds: what the steps that tests count take (CPU, best of three)")
    print_templates()
    for query in QUERIES:
        took = milliseconds(partial(_stopped, query))
        print(f"  path {query}: stopped after {limits.MATCH_STEPS:,} steps, {took:.1f} ms")
    print_expressions()
    print_assembling(2_000)
    print_help()


def _stopped(query: str) -> None:
    compile_path(query).find(WIDE, Budget())


def print_templates() -> None:
    """The dearest hostile templates, and what a step of the budget took where all of it was spent."""
    took = {name: milliseconds(partial(attempt, source)) for name, source in TEMPLATES.items()}
    dearest = sorted(took, key=lambda name: took[name], reverse=True)[:5]
    shown = ", ".join(f"{name} {took[name]:.0f} ms" for name in dearest)
    print(
        f"  {len(took)} hostile templates, compiled and rendered (reach: {limits.RENDER_SECONDS * 1e3:.0f} ms): {shown}"
    )
    steps = [
        took[name] * 1e3 / limits.RENDER_STEPS for name, text in TEMPLATES.items() if SPENT in attempt(text)
    ]
    print(f"  a step of the budget, compiling included: at most {max(steps):.2f} µs (reach: 0.3)")


def print_expressions() -> None:
    """Filters that would take a backtracking engine for ever, and results that are megabytes of JSON text."""
    hostile = MatchExpression(path="$.data.x", operator="Matches", values=["^(a+)+$", "(a|a)*b", "(a*)*c"])
    program = compile_filters(Filters(match_expressions=[hostile]))
    took = milliseconds(lambda: program.mismatch({"data": {"x": "a" * 5_000 + "!"}}))
    print(f"  three hostile expressions on 5,000 characters: {took:.1f} ms")
    inner: Any = "x" * 100_000
    for _ in range(40):
        inner = [inner]
    much = compile_filters(
        Filters(match_expressions=[MatchExpression(path="$..*", operator="In", values=["a"])])
    )
    took = milliseconds(lambda: much.mismatch({"data": inner}))
    print(f"  results of very much JSON text: stopped after {took:.1f} ms")


def print_assembling(count: int) -> None:
    """Many webhooks that share a template, and the same again without a change."""
    template = '{"text": "{{ data.requester.name }}: {{ data.justification }}"}'
    objects = [
        Object("Webhook", "ns", f"w{number}", {
            "apiVersion": "hookwright.io/v1alpha1", "kind": "Webhook", "metadata": {"name": f"w{number}", "namespace": "ns"},
            "spec": {"url": f"https://a.example/{number}", "triggers": ["RequestCreated"], "bodyTemplate": template},
        })
        for number in range(count)
    ]  # fmt: skip
    again = partial(assemble, objects, cluster_events=None, key=b"k" * 32)
    first = again()
    fresh, unchanged = milliseconds(again), milliseconds(partial(again, previous=first))
    print(
        f"  {count:,} webhooks with one template assembled: {fresh:.0f} ms, again without a change {unchanged:.0f} ms"
    )


def print_help() -> None:
    """From the start of Python to the end of --help."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "hookwright", "--help"], capture_output=True, check=True)
        took.append(time.perf_counter() - began)
    print(f"  hookwright --help: {min(took) * 1e3:.0f} ms (reach: under 300)")
