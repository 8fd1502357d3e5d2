"""The index of matching against plain evaluation, with more webhooks than are tried one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import Filters, MatchExpression
from hookwright.core.budget import Budget
from hookwright.core.event import Event
from hookwright.core.filters import compile_filters
from hookwright.core.match_index import Group
from hookwright.core.matching import Matched, Matcher
from hookwright.core.view import View
from hookwright.errors import FilterError

CHECKED = settings(max_examples=200)

WORDS = [
    "prod",
    "Prod db",
    "test",
    "team-07",
    "straße",
    "İzmir",
    "K9-kelvin",
    "",
    "a\nb",
    "prod test team-07",
]
TEXTS = st.sampled_from(WORDS) | st.sampled_from([5, None, True, {"prod": "test"}])
GLOBS = [
    "prod",
    "*",
    "*rod*",
    "prod*",
    "*db",
    "p*d*b",
    "*team*07*",
    "*traß*",
    "*İ*",
    "te*t",
    "**test",
    "*od t*7",
]
PATTERNS = [
    *("prod", "^prod$", "(?i)PROD", "prod|test", "(prod|team).*07", "tes?t", "[pt]rod", "straße", "STRASSE"),
    *(
        "(?i)STRAßE",
        "(?i)i̇zmir",
        "(?i)k9-KELVIN",
        r"\bdb\b",
        "^$",
        "a.b",
        "(?s)a.b",
        r"\d+",
        "x{3,}prod",
        ".*",
    ),
    *("(?:prod)?test", "team-(?:07)+", r"\x{130}zmir", "never-there", "[^p]rod", "null", '"prod":"te'),
]
PATHS = [
    *("$.data.x", "$.data.x.prod", "$.data.l", "$.data.l[0]", "$.data.l[-2]", "$.data.l[7]", "$.data.l[*]"),
    *("$.data.o.a", "$.data.o.b", "$.data.o[*]", "$.data.o.a.b", "$.data.l[?@ == 'prod']", "$", "$.none"),
    *("$.data['x','y']", "$..x", "$.none[*].a", "$.data.requester.name", "$.data.l[0:2]", "$.data.wide..*"),
]
OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist", "Prefix", "Suffix", "Matches"]


def expression(path: str, operator: str, words: list[str], patterns: list[str]) -> MatchExpression:
    """A match expression with the values that its operator takes."""
    values = {"Exists": None, "DoesNotExist": None, "Matches": patterns}.get(operator, words)
    return MatchExpression(path=path, operator=operator, values=values)


EXPRESSIONS = st.builds(
    expression,
    st.sampled_from(PATHS),
    st.sampled_from(OPERATORS),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2),
    st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2),
)
FILTERS = st.builds(
    Filters,
    integrations=st.none() | st.lists(st.sampled_from(GLOBS), min_size=1, max_size=2),
    requesters=st.none() | st.lists(st.sampled_from(GLOBS), min_size=1, max_size=2),
    approvals=st.sampled_from([None, None, None, "Automatic"]),
    match_expressions=st.none() | st.lists(EXPRESSIONS, min_size=1, max_size=3),
)
DATA = st.fixed_dictionaries(
    {},
    optional={
        "access_groups": st.lists(
            st.fixed_dictionaries({"integration": st.fixed_dictionaries({"name": TEXTS})})
        ),
        "requester": st.fixed_dictionaries({"name": TEXTS}),
        "approvals": st.just([]),
        "x": TEXTS,
        "l": st.lists(TEXTS, max_size=3) | TEXTS,
        "o": st.dictionaries(st.sampled_from("ab"), TEXTS) | TEXTS,
        "wide": st.just([[0] * 100] * 200),
    },
)


def plainly(route: RouteConfig, view: View) -> Matched | None:
    """What a webhook's filters say one by one: no; or that one cannot say; or yes."""
    try:
        passes = compile_filters(route.filters).passes(view, Budget())
    except FilterError as error:
        return Matched(route.key, str(error))
    return Matched(route.key) if passes else None


def routes(filters: list[Filters]) -> list[RouteConfig]:
    """A webhook for each."""
    return [
        RouteConfig(
            namespace="n", name=f"w{number}", hash="h", active=True, triggers=["Manual"], filters=each
        )
        for number, each in enumerate(filters)
    ]


def check(configs: list[RouteConfig], *documents: dict[str, Any]) -> None:
    """The matcher says what plain evaluation says of each."""
    matcher = Matcher(configs)
    for data in documents:
        event = Event("Manual", "Manual", {"event_type": "Manual", "data": data}, b"{}")
        view = View(event.document)
        expected = [plainly(route, view) for route in configs]
        assert matcher.match(event, None) == [each for each in expected if each is not None]


@CHECKED
@given(st.lists(FILTERS, min_size=1, max_size=40), st.lists(DATA, min_size=1, max_size=4))
def test_webhooks_of_every_kind_match_as_if_evaluated_one_by_one(
    filters: list[Filters], documents: list[dict[str, Any]]
) -> None:
    """Any mixture of filters and events: no webhook is lost or added, and no error either."""
    check(routes(filters), *documents)


@pytest.mark.parametrize("operator", OPERATORS)
@settings(max_examples=3)
@given(st.lists(DATA, min_size=8, max_size=8))
def test_many_webhooks_of_one_operator_match_as_if_evaluated_one_by_one(
    operator: str, documents: list[dict[str, Any]]
) -> None:
    """Every path with every value at once, so that trees and sets are as full as they get."""
    values = PATTERNS if operator == "Matches" else WORDS
    configs = routes(
        [
            Filters(match_expressions=[expression(path, operator, [value], [value])])
            for path in PATHS
            for value in (["x"] if "Exist" in operator else values)
        ]
    )
    check(configs, *documents)


def test_webhooks_with_the_same_filters_are_evaluated_once_and_all_match() -> None:
    """One group leads to all of them, in the configuration's order."""
    same = Filters(match_expressions=[expression("$.data.x", "NotIn", ["test"], [])])
    other = Filters(match_expressions=[expression("$.data.x", "NotIn", ["prod"], [])])
    configs = routes([same, other, same, same])
    event = Event("Manual", "Manual", {"event_type": "Manual", "data": {"x": "prod"}}, b"{}")
    matcher = Matcher(configs)
    assert [match.route for match in matcher.match(event, None)] == ["n/w0", "n/w2", "n/w3"]
    (bucket,) = matcher.prepare(None).buckets("Manual")
    found: set[Group] = set()
    assert list(bucket.search(View(event.document), found)) == []
    assert len(found) == 2


def test_a_filter_over_its_budget_stays_an_error_whatever_leads_to_the_webhook() -> None:
    """With enough webhooks for a tree of paths, each that asks the wide path gets an error."""
    wide = routes(
        [
            Filters(match_expressions=[expression("$.data.wide..*", operator, [f"v{n}"], [f"word{n}"])])
            for n in range(12)
            for operator in OPERATORS
        ]
    )
    check(wide, {"wide": [[0] * 100] * 200}, {})


def test_another_filter_that_says_no_comes_before_a_budget() -> None:
    """Before or after the wide path: a filter that does not fit keeps the event from the webhook."""
    wide = expression("$.data.wide..*", "NotIn", ["never"], [])
    small = expression("$.data.wide", "DoesNotExist", [], [])
    configs = routes([Filters(match_expressions=each) for each in ([wide, small], [small, wide], [wide])])
    event = Event("Manual", "Manual", {"event_type": "Manual", "data": {"wide": [[0] * 100] * 200}}, b"{}")
    assert [(match.route, bool(match.error)) for match in Matcher(configs).match(event, None)] == [
        ("n/w2", True)
    ]
