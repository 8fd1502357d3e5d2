"""Match expressions: every operator of SPEC 2, what cannot be read, and the bounds on their work."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counting import calls
from hookwright import limits
from hookwright.api.v1alpha1.webhook import Filters, MatchExpression
from hookwright.core.filters import compile_filters
from hookwright.core.jsontext import compact
from hookwright.errors import FilterError
from matching.builders import mismatch
from rig import HANGS


def reason(document: dict[str, Any], **filters: Any) -> str | None:
    """Why the document does not pass filters named as in a manifest, None if it does."""
    return mismatch(Filters.model_validate(filters), document)


VALUES = {
    "s": "hello",
    "n": 5,
    "f": 1.0,
    "t": True,
    "z": None,
    "e": "",
    "o": {"b": [1, 2], "a": "ü"},
    "l": ["x", "y", 7],
}
OPERATORS = [
    # path below data, operator, values, passes
    ("s", "In", ["a", "hello"], True),
    ("s", "In", ["Hello"], False),
    ("s", "In", ['"hello"'], False),
    ("n", "In", ["5"], True),
    ("n", "In", ["5.0"], False),
    ("f", "In", ["1.0"], True),
    ("t", "In", ["true"], True),
    ("z", "In", ["null"], True),
    ("e", "In", [""], True),
    ("o", "In", ['{"b":[1,2],"a":"ü"}'], True),
    ("o", "In", ['{"b": [1, 2], "a": "ü"}'], False),
    ("l", "In", ['["x","y",7]'], True),
    ("l[*]", "In", ["y"], True),
    ("l[*]", "In", ["7"], True),
    ("l[*]", "In", ["z"], False),
    ("absent", "In", ["x"], False),
    ("s", "NotIn", ["hello"], False),
    ("s", "NotIn", ["x"], True),
    ("l[*]", "NotIn", ["y"], False),
    ("l[*]", "NotIn", ["z"], True),
    ("absent", "NotIn", ["x"], True),
    ("s", "Exists", None, True),
    ("z", "Exists", None, True),
    ("e", "Exists", None, True),
    ("absent", "Exists", None, False),
    ("l[?@ == 'q']", "Exists", None, False),
    ("s", "DoesNotExist", None, False),
    ("z", "DoesNotExist", None, False),
    ("absent", "DoesNotExist", None, True),
    ("s", "Prefix", ["x", "hel"], True),
    ("s", "Prefix", ["el"], False),
    ("n", "Prefix", ["5"], True),
    ("l[*]", "Prefix", ["y"], True),
    ("absent", "Prefix", [""], False),
    ("s", "Suffix", ["lo"], True),
    ("s", "Suffix", ["hel"], False),
    ("absent", "Suffix", [""], False),
    ("s", "Matches", ["l+"], True),
    ("s", "Matches", ["^l+"], False),
    ("s", "Matches", ["^h.*o$"], True),
    ("s", "Matches", ["(?i)HELLO"], True),
    ("s", "Matches", ["x", "e"], True),
    ("n", "Matches", ["^[0-9]+$"], True),
    ("o", "Matches", ["ü"], True),
    ("absent", "Matches", [""], False),
]


@pytest.mark.parametrize(("path", "operator", "values", "passes"), OPERATORS)
def test_operators(path: str, operator: str, values: list[str] | None, passes: bool) -> None:
    """Each operator on strings, other values by their JSON text, several results and absent paths."""
    expression = {"path": f"$.data.{path}", "operator": operator}
    if values is not None:
        expression["values"] = values  # type: ignore[assignment]
    document = {"event_type": "Manual", "data": VALUES}
    assert (reason(document, matchExpressions=[expression]) is None) is passes


@given(
    st.lists(st.sampled_from(["a", "b", "ab", 1, None]), max_size=3),
    st.lists(st.sampled_from(["a", "b", "ab", "1", "null"]), min_size=1, max_size=3),
)
def test_negations(found: list[Any], values: list[str]) -> None:
    """NotIn and DoesNotExist are the negations of In and Exists, whatever the path finds."""

    def passes(operator: str, values: list[str] | None) -> bool:
        expression = MatchExpression(path="$.data.x[*]", operator=operator, values=values)
        return mismatch(Filters(match_expressions=[expression]), {"data": {"x": found}}) is None

    assert passes("NotIn", values) is not passes("In", values)
    assert passes("DoesNotExist", None) is not passes("Exists", None)


def test_all_expressions_must_hold() -> None:
    """Expressions are joined by AND, with each other and with the other filters."""
    holds = {"path": "$.event_type", "operator": "Prefix", "values": ["Access"]}
    fails = {"path": "$.data.justification", "operator": "Exists"}
    document = {"event_type": "AccessRequestCreated", "data": {}}
    assert reason(document, matchExpressions=[holds]) is None
    assert reason(document, matchExpressions=[holds, fails]) == (
        "matchExpressions[1]: nothing is at $.data.justification, wanted Exists"
    )


UNREADABLE = [
    (
        "data",
        "Exists",
        None,
        "filters.matchExpressions[1].path: 'data' is not a JSONPath of RFC 9535: expected '$'",
    ),
    (
        "$[?match(@, 'a')]",
        "Exists",
        None,
        "path: \"$[?match(@, 'a')]\" is not a JSONPath of RFC 9535: match() is",
    ),
    (
        "$.x",
        "Matches",
        ["("],
        "filters.matchExpressions[1].values[0]: is not an expression of RE2's syntax: missing )",
    ),
    (
        "$.x",
        "Matches",
        ["a", "(?=b)"],
        "values[1]: is not an expression of RE2's syntax: invalid perl operator: (?=",
    ),
    ("$.x", "Matches", [r"(a)\1"], r"is not an expression of RE2's syntax: invalid escape sequence: \1"),
    (
        "$.x",
        "Matches",
        ["((a{100}){100}){100}"],
        "is not an expression of RE2's syntax: invalid repetition size",
    ),
]


@pytest.mark.parametrize(("path", "operator", "values", "sentence"), UNREADABLE)
def test_what_cannot_be_read(path: str, operator: str, values: list[str] | None, sentence: str) -> None:
    """A path or expression that cannot be read is a ValueError that begins with the field."""
    fine = MatchExpression(path="$", operator="Exists")
    wrong = MatchExpression.model_construct(path=path, operator=operator, values=values)
    with pytest.raises(ValueError, match=re.escape(sentence)) as error:
        compile_filters(Filters.model_construct(match_expressions=[fine, wrong]))
    assert str(error.value).startswith("filters.matchExpressions[1].")
    assert "\n" not in str(error.value)


def test_a_filter_over_its_budget_is_an_error_not_a_mismatch() -> None:
    """A path that looks at too many nodes raises FilterError, whatever the operator."""
    document = {"event_type": "Manual", "data": {"x": [[0] * 100] * 200}}
    for operator, values in [("Exists", None), ("DoesNotExist", None), ("In", ["a"]), ("NotIn", ["a"])]:
        expression = MatchExpression(path="$..*", operator=operator, values=values)
        with pytest.raises(FilterError, match="make the path more exact"):
            mismatch(Filters(match_expressions=[expression]), document)


def test_results_that_are_much_text_are_an_error() -> None:
    """A path whose results would be megabytes of JSON text, each inside the next, is stopped before they are written."""
    inner: Any = "x" * 200_000
    for _ in range(40):
        inner = [inner]
    filters = Filters(match_expressions=[MatchExpression(path="$..*", operator="In", values=["a"])])

    def refused() -> None:
        with pytest.raises(FilterError, match=r"\$\.\.\* takes 16,\d\d\d steps or more for this event"):
            mismatch(filters, {"data": inner})

    most = limits.MATCH_STEPS * 256 // 200_000  # a step for 256 characters
    assert calls(compact, refused) <= most


HOSTILE = """
from hookwright.api.v1alpha1.webhook import Filters, MatchExpression
from hookwright.core.budget import Budget
from hookwright.core.filters import compile_filters
from hookwright.core.view import View

expression = MatchExpression(path="$.data.x", operator="Matches", values=["^(a+)+$", "(a|a)*b", "(a*)*c"])
view = View({"data": {"x": "a" * 5_000 + "!"}})
print(next(compile_filters(Filters(match_expressions=[expression])).mismatches(view, Budget()), None))
"""


def test_a_hostile_expression_ends() -> None:
    """What would take a backtracking engine 2^5,000 steps is answered; in a process that can be stopped if not."""
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE], capture_output=True, text=True, timeout=HANGS, check=True
    )
    assert done.stdout.startswith("matchExpressions[0]: $.data.x is ")
