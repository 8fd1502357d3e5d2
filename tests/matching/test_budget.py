"""What users' filters may cost: one budget of steps for all filters of a webhook and an event, whatever they are.

Steps are counted, in Python's and in those of `core.budget`; how long a step takes, `make bench` and
docs/decisions/0014 tell.
"""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
import re2

from counting import lines
from hookwright import limits
from hookwright.api.v1alpha1.webhook import Filters, ResponseValidator
from hookwright.core import expressions
from hookwright.core.budget import Budget, OverBudget
from hookwright.core.event import Event
from hookwright.core.expressions import compile_expressions
from hookwright.core.filters import compile_filters
from hookwright.core.jsontext import compact, pay_for_text
from hookwright.core.matching import Matched, Matcher, Matching
from hookwright.core.samples import merge, sample
from hookwright.core.validators import compile_validators
from hookwright.core.view import View
from hookwright.errors import FieldError, FilterError
from matching.builders import CREATED, config, expression

BITS = [str(number) for number in range(64)]


def document(**data: Any) -> dict[str, Any]:
    """The sample event with more data."""
    return merge(sample("RequestCreated"), {"data": data})


def several(operator: str, path: str, count: int = 16) -> list[Any]:
    """So many filters of different paths."""
    return [expression(path.replace("#", str(number)), operator, "never") for number in range(count)]


WIDE = document(items=[{"id": number, "tags": ["a", "b"]} for number in range(3_000)])
LONG = document(x="a" * 500_000, access_groups=[{"integration": {"name": "a" * 2_000}}] * 100)
DEEP: Any = "x" * 100_000
for _ in range(40):
    DEEP = [DEEP]
DEAR: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nodes counted for each node, sixteen times": (
        {"match_expressions": several("NotIn", "$..[?count($..*) > #]")}, CREATED.document
    ),
    "filters in filters": ({"match_expressions": several("NotIn", "$..[?@..[?@..[?@..x]]]", 1)}, WIDE),
    "large objects compared": (
        {"match_expressions": several("NotIn", "$.data.items[?$.data.items == $.data.items]", 1)}, WIDE
    ),
    "long texts compared": ({"match_expressions": several("NotIn", "$..[?$.data.x == $.data.x]", 1)}, LONG),
    "long texts put in order": ({"match_expressions": several("NotIn", "$..[?$.data.x <= $.data.x]", 1)}, LONG),
    "a slice a hundred times": (
        {"match_expressions": several("NotIn", f"$.data.items[{','.join(['::1'] * 100)}]", 1)}, WIDE
    ),
    "everything below everything": ({"match_expressions": several("NotIn", "$..*..*", 1)}, WIDE),
    "texts inside each other": ({"match_expressions": several("NotIn", "$..*", 1)}, document(deep=DEEP)),
    "very many numbers as text": ({"match_expressions": several("NotIn", "$.data.f", 1)}, document(f=[0.1] * 200_000)),
    "very many lists as text": ({"match_expressions": several("NotIn", "$", 1)}, document(e=[[]] * 300_000)),
    "beginnings of many texts": (
        {"match_expressions": [expression("$.data.s[*]", "Prefix", *BITS)]}, document(s=["ab"] * 6_000)
    ),
    "an automaton that does not fit": (
        {"match_expressions": [expression("$.data.x", "Matches", "[ab]*a[ab]{400}~")]}, document(x="a" * 3_000)
    ),
    "repetitions of what may be absent": (
        {"match_expressions": [expression("$.data.l[*]", "Matches", "(?:a?){300}~")]}, document(l=["a" * 30] * 2_000)
    ),
    "letters of any script": (
        {"match_expressions": [expression("$.data.x", "Matches", r"(?i)\pL+~")]}, document(x="é中ж" * 1_000)
    ),
    "a repetition of repetitions": (
        {"match_expressions": [expression("$.data.x", "Matches", "(?:(?:.?){10}){20}~")]}, document(x="a" * 1_000)
    ),
    "words in a long text": (
        {"match_expressions": [expression("$.data.x", "Matches", *(f"{'a' * 100}{n}" for n in range(64)))]}, LONG
    ),
    "globs of many stars on long names": ({"integrations": [f"{'*a' * 100}{n}" for n in range(64)]}, LONG),
    "globs on many names": (
        {"integrations": [f"*x{n}*" for n in range(64)]},
        document(access_groups=[{"integration": {"name": f"n{n}"}} for n in range(10_000)]),
    ),
    "very many people": (
        {"approvals": "Manual"}, document(approvals=[{"approver": {"id": n}} for n in range(20_000)])
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DEAR)
def test_a_webhook_whose_filters_are_too_dear_for_an_event_gets_an_error(name: str) -> None:
    """All filters share one budget, also in what they really do; the sentence has the field, the limit and a cure."""
    filters, event = DEAR[name]
    program = compile_filters(Filters(**filters))
    budget = Budget()

    def evaluated() -> None:
        with pytest.raises(
            FilterError, match=r"filters\.\w+(\[\d\])?: .* takes [\d,]+ steps .* have 16,000: \w+"
        ):
            program.passes(View(event), budget)

    lines(evaluated, most=20 * limits.MATCH_STEPS)
    compiling = 2 * limits.EXPRESSIONS_SIZE  # where they are not kept
    assert budget.made <= limits.MATCH_STEPS + limits.MATCH_LAST_STEPS + compiling


@pytest.mark.parametrize("name", DEAR)
def test_what_is_too_dear_takes_little_memory(name: str) -> None:
    """A few MiB at most, and nothing afterwards."""
    filters, event = DEAR[name]
    program = compile_filters(Filters(**filters))
    tracemalloc.start()
    try:
        with pytest.raises(FilterError):
            program.passes(View(event), Budget())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * limits.MIB


ORDINARY: list[dict[str, Any]] = [
    {"integrations": ["prod-*", "*db*"], "requesters": ["*@example.com"], "approvals": "Automatic"},
    {"match_expressions": [expression("$.data.access_groups[*].integration.name", "In", *BITS)]},
    {"match_expressions": [expression("$.data.access_groups[?@.integration.name == 'x'].id", "Exists")]},
    {"match_expressions": [expression("$..name", "Prefix", "prod", "test")] * 2},
    {"match_expressions": [expression("$.data.justification", "Matches", *(f"word {n}" for n in range(64)))] * 16},
    {"match_expressions": [expression("$.data.justification", "Matches", *(f"^(a|b)-{n:03}-.*$" for n in range(64)))]},
    {"match_expressions": [expression("$.data.requester.email", "Matches", r"^[a-z0-9._%+-]+@example\.(com|org)$")]},
    {"match_expressions": [expression("$", "Matches", "(?i)urgent|critical")]},
]  # fmt: skip


@pytest.mark.parametrize("filters", ORDINARY)
def test_ordinary_filters_take_a_part_of_the_budget(filters: dict[str, Any]) -> None:
    """The share is what `render` and `validate` show."""
    assert 0 <= compile_filters(Filters(**filters)).share(CREATED.document) < 0.5


def test_the_price_does_not_depend_on_other_webhooks() -> None:
    """A path that was looked up for another one costs the same, and a larger budget looks again."""
    view = View(WIDE)
    path = compile_filters(
        Filters(match_expressions=several("NotIn", "$.data.items[*].id", 1))
    ).clauses[0].path  # type: ignore[attr-defined]  # fmt: skip
    with pytest.raises(OverBudget):
        view.values(path, Budget(100))
    first, second = Budget(), Budget()
    assert len(view.values(path, first)) == len(view.values(path, second)) == 3_000
    assert first.used == second.used > 3_000
    assert second.made == 0


# --- expressions ------------------------------------------------------------------------------------

REFUSED = [
    ([rf"\pL{{300}}~{n}" for n in range(64)], 0, "takes more than 128 KiB of memory"),
    (["a", "(?:.?){1000}~"], 1, "takes more than 128 KiB of memory"),
    (["(?:[^~]|a){1000}~N"], 0, "takes more than 128 KiB of memory"),
    (["((a{10}){10}){10}"] * 64, 8, r"has a size of [\d,]+ or more with the expressions before it, where 8,192 are left"),
    (["|".join([r"[^\pL]"] * 68) + f"{n}" for n in range(64)], 0, "400 for a Unicode class"),
    ([rf"(?i)\pL{n}" for n in range(64)], 5, "write fewer or shorter ones"),
    (["x", "(?=b)"], 1, "is not an expression of RE2's syntax"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "index", "sentence"), REFUSED)
def test_expressions_too_large_are_refused_at_the_first_of_them(
    values: list[str], index: int, sentence: str
) -> None:
    """The sentence names the value, and no further one is compiled."""
    filters = Filters(match_expressions=[expression("$", "Matches", *values)])
    with pytest.raises(FieldError, match=sentence) as refused:
        compile_filters(filters)
    assert refused.value.field == f"filters.matchExpressions[0].values[{index}]"


def test_the_expressions_of_all_filters_count_together() -> None:
    """What one filter may have, sixteen may not have each."""
    filter_ = expression("$.data.x", "Matches", *(f"(?:[^~]|a){{20}}{n}" for n in range(10)))
    compile_filters(Filters(match_expressions=[filter_]))
    with pytest.raises(FieldError, match="with the expressions before it") as refused:
        compile_filters(Filters(match_expressions=[filter_] * 16))
    assert refused.value.field.startswith("filters.matchExpressions[")


def test_the_paths_of_all_filters_count_together() -> None:
    """Compiled paths take memory for each of their words and signs."""
    path = "$[?" + "||".join(f"@.a{number}==1" for number in range(40)) + "]"
    with pytest.raises(FieldError, match="words and signs with the paths before it") as refused:
        compile_filters(Filters(match_expressions=several("In", path, 16)))
    assert refused.value.field.startswith("filters.matchExpressions[")


VALUES = ["a|b", "^c", "d$", "(?i)e", r"\Qf.g", "h.i", r"\Qj\E.", "k", "l.*m|", ".+n", "(o", "p)"]


@pytest.mark.parametrize(
    "text", ["", "a", "c", "xc", "dx", "E", "f.g", "f.g)", "fxg", "hzi", "j.", "kk", "lm", "nn"]
)
def test_expressions_found_together_are_those_found_alone(text: str) -> None:
    """One pattern is made of a filter's values, whatever they leave open; brackets are never joined over two."""
    values = [value for value in VALUES if value.count("(") == value.count(")")]
    for left in values:
        for right in values:
            made = compile_expressions([left, right], limits.EXPRESSIONS_SIZE)
            expected = any(re2.search(value, text) for value in (left, right))
            assert made.found_in(text, Budget()) is expected, (left, right)


def test_compiled_expressions_are_kept_up_to_a_bound() -> None:
    """Thousands of large ones never take more than their share together; they are compiled again when they are asked."""
    for number in range(600):
        made = compile_expressions([f"(?:[^~]|a){{80}}{number}~"], limits.EXPRESSIONS_SIZE)
        assert made.found_in(f"{'b' * 80}{number}~", Budget())
    kept = sum(weight for _, weight in expressions._kept.values())
    assert 0.9 * limits.EXPRESSIONS_KEPT_BYTES < kept <= limits.EXPRESSIONS_KEPT_BYTES


# --- very many webhooks -----------------------------------------------------------------------------


def slices(matcher: Matcher, event: Event) -> tuple[list[Matched], list[int]]:
    """What matches, and the steps of each slice."""
    work = matcher.matching(event, None)
    steps = [work.made if isinstance(work, Matching) else 0]
    matching = work
    while isinstance(work, Matching):
        matching, before = work, work.made
        work = work.go_on()
        steps.append(matching.made - before)
    return work, steps


def event_of(document: dict[str, Any]) -> Event:
    """A RequestCreated."""
    return Event("AccessRequestCreated", "RequestCreated", document, b"{}")


@pytest.mark.parametrize("operator", ["NotIn", "In"])
def test_many_dear_webhooks_are_matched_in_slices_and_within_their_namespace_s_share(operator: str) -> None:
    """A thousand that use their budget each: no slice is longer than one webhook, others match, the rest gets an error."""
    dear = [
        config(f"w{n}", namespace="theirs", match_expressions=several(operator, f"$..[?count($..*) > {n}]", 1))
        for n in range(1_000)
    ]  # fmt: skip
    ours = [config("w", namespace="ours", match_expressions=[expression("$.data.id", "NotIn", "x")])]
    found, steps = slices(Matcher([*dear, *ours]), event_of(WIDE))
    assert [each.route for each in found if each.error is None] == ["ours/w"]
    assert len(found) == 1_001
    assert max(steps) <= limits.MATCH_SLICE_STEPS + limits.MATCH_STEPS + limits.MATCH_LAST_STEPS
    assert sum(steps) <= limits.MATCH_NAMESPACE_STEPS + 5 * limits.MATCH_STEPS
    over = [each.error for each in found if each.error and "of namespace theirs take more than" in each.error]
    assert len(over) > 900


def test_dear_paths_of_others_do_not_end_the_index_of_what_is_not_dear() -> None:
    """Webhooks that ask for a name are not evaluated because of those that ask for everything."""
    dear = [
        config(f"d{n}", match_expressions=several("In", f"$..[?count($..*) > {n}]", 1)) for n in range(50)
    ]
    plain = [config(f"p{n}", requesters=[f"person-{n}"]) for n in range(5_000)]
    work = Matcher([*dear, *plain]).matching(event_of(WIDE), None)
    assert isinstance(work, Matching)
    assert len(work._groups) <= 50


def test_an_ordinary_event_is_matched_in_one_slice() -> None:
    """However many webhooks there are."""
    configs = [config(f"w{n}", requesters=[f"person-{n}"]) for n in range(1_000)]
    assert slices(Matcher(configs), CREATED)[1] == [0]


def test_a_namespace_without_webhooks_has_no_index() -> None:
    """Made-up namespaces neither build one nor drop those of others."""
    matcher = Matcher([config("w", namespace="a")])
    index = matcher.prepare(frozenset({"a"}))
    for number in range(500):
        assert matcher.match(CREATED, frozenset({f"unknown-{number}"})) == []
    assert matcher.prepare(frozenset({"x"})) is matcher.prepare(frozenset({"y"}))
    assert matcher._indexes == {frozenset({"a"}): index}


def test_expressions_of_any_size_have_an_index_of_bounded_size() -> None:
    """Those that are too many for it are tried one by one."""
    large = [rf"^\pL+-word-{n:04}$" for n in range(1_000)]
    configs = [
        config(f"w{n}", match_expressions=[expression("$.data.justification", "Matches", each)])
        for n, each in enumerate(large)
    ]
    matcher = Matcher(configs)
    ((_, search),) = matcher._searches.items()
    assert len(search.selective) < limits.EXPRESSIONS_INDEX_SIZE // 1_200


# --- validators -------------------------------------------------------------------------------------

ANSWER = compact({"b": {"x": ["y" * 100] * 500}, "c": [[1, 2, 3]] * 4_000}).encode()
VALIDATORS = [
    ["$[" + ",".join(["*"] * 70) + "]['x'," + ",".join(["'x'"] * 69) + "]"],
    ["$..*"] * 16,
    [f"$.c[?@[0] != {n}]" for n in range(16)],
    ["$..[?$.c == $.c]"],
]


@pytest.mark.parametrize("paths", VALIDATORS)
def test_all_validators_of_an_answer_share_a_budget(paths: list[str]) -> None:
    """An object that is selected thousands of times is paid for each time, before it is written; little is held."""
    compiled = compile_validators([ResponseValidator(path=path, values=["never"]) for path in paths])
    tracemalloc.start()
    try:
        results = compiled.check(ANSWER)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not any(result.passed for result in results)
    assert (
        "steps or more, the validators before it included, and all of a webhook have 16,000; make the path"
        in str(results[-1].problem)
    )
    assert peak < 8 * limits.MIB


def test_a_value_that_fits_is_found_before_the_budget_ends() -> None:
    """Texts are compared as they are written, not collected first."""
    compiled = compile_validators([ResponseValidator(path="$.b.*[*]", values=["y" * 100])])
    assert compiled.check(ANSWER)[0].passed


def test_text_is_paid_for_before_it_is_written() -> None:
    """By nodes and characters, keys included, however deep."""
    for value in ([[]] * 40_000, {"k" * 5_000_000: 1}, ["v" * 5_000_000], [0.1] * 40_000, DEEP * 50):
        with pytest.raises(OverBudget):
            pay_for_text(value, Budget())
    budget = Budget()
    pay_for_text(CREATED.document, budget)
    assert budget.used < 200
