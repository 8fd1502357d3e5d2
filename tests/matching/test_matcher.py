"""Which webhooks an event is for: triggers, reach, activity, and an index that changes no decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import Filters
from hookwright.core.budget import Budget
from hookwright.core.event import Event
from hookwright.core.filters import FilterProgram, compile_filters
from hookwright.core.matching import Matched, Matcher, trigger_matches
from hookwright.core.samples import merge, sample
from hookwright.core.view import View
from matching.builders import CREATED, config, expression, groups, mismatch

CHECKED = settings(max_examples=300)


def cloud_event(event_type: str) -> Event:
    """An event of a CloudEvents type."""
    return Event(event_type, event_type, {"event_type": event_type, "data": {}}, b"{}")


def matched(configs: list[RouteConfig], event: Event, namespaces: frozenset[str] | None = None) -> list[str]:
    """Names of the webhooks that match without error."""
    found = Matcher(configs).match(event, namespaces)
    assert all(match.error is None for match in found)
    return [match.route.partition("/")[2] for match in found]


@pytest.mark.parametrize(
    ("pattern", "trigger", "matches"),
    [
        ("RequestCreated", "RequestCreated", True),
        ("RequestCreated", "RequestFailed", False),
        ("Manual", "Manual", True),
        ("com.example.a", "com.example.a", True),
        ("com.example.a", "com.example.a.b", False),
        ("com.example.*", "com.example.a", True),
        ("com.example.*", "com.example.a.b", True),
        ("com.example.*", "com.example", False),
        ("com.example.*", "com.examples.a", False),
        ("com.example.*", "org.com.example.a", False),
        ("com.*", "com.example.a", True),
        ("RequestCreated", None, False),
        ("com.*", None, False),
    ],
)
def test_triggers(pattern: str, trigger: str | None, matches: bool) -> None:
    """A trigger is exact, or a CloudEvents type with everything below it; the matcher decides the same."""
    assert trigger_matches(pattern, trigger) is matches
    event = Event("x", trigger, {"event_type": "x", "data": {}}, b"{}")
    assert matched([config("w", pattern)], event) == (["w"] if matches else [])


def test_a_webhook_matches_once() -> None:
    """Several triggers, patterns and values that fit make one match, in the order of the webhooks."""
    configs = [
        config("z", "a.b.c", "a.*", "a.b.*", "a.b.c"),
        config("y", "RequestCreated", integrations=["prod db", "integration-1", "prod*", "*db"]),
        config("x", "RequestCreated", "a.b.*"),
    ]
    assert matched(configs, cloud_event("a.b.c")) == ["z", "x"]
    assert matched(configs, CREATED) == ["y", "x"]


def test_an_unknown_event_type_matches_nothing() -> None:
    """An event without a trigger is for nobody."""
    event = Event("AccessRequestRevoked", None, {"event_type": "AccessRequestRevoked", "data": {}}, b"{}")
    assert matched([config("w"), config("v", "a.*")], event) == []


def test_inactive_webhooks_match_nothing() -> None:
    """An inactive webhook takes no event."""
    assert matched([config("on"), config("off", active=False)], CREATED) == ["on"]


@pytest.mark.parametrize(
    ("namespaces", "names"),
    [
        (None, ["a1", "b1", "a2"]),
        (frozenset({"a"}), ["a1", "a2"]),
        (frozenset({"a", "b"}), ["a1", "b1", "a2"]),
        (frozenset({"b", "unknown"}), ["b1"]),
        (frozenset({"unknown"}), []),
        (frozenset(), []),
    ],
)
def test_reach(namespaces: frozenset[str] | None, names: list[str]) -> None:
    """Only webhooks in the namespaces that an event reaches match; None reaches all."""
    configs = [config("a1", namespace="a"), config("b1", namespace="b"), config("a2", namespace="a")]
    assert matched(configs, CREATED, namespaces) == names


def test_ever_new_reaches_do_not_fill_the_memory() -> None:
    """What is kept for each reach is bounded, and the answers stay right."""
    matcher = Matcher([config("w", namespace="a")])
    for number in range(500):
        assert matcher.match(CREATED, frozenset({f"unknown-{number}"})) == []
        assert matcher.match(CREATED, frozenset({"a"})) == [Matched("a/w")]
    assert len(matcher._indexes) < 100


def test_filters_that_cannot_be_read_match_nothing_and_say_why() -> None:
    """A webhook whose filters cannot be read matches nothing, the others go on."""
    configs = [config("bad", match_expressions=[expression("$[", "Exists")]), config("good")]
    matcher = Matcher(configs)
    assert matcher.match(CREATED, None) == [Matched("ns/good")]
    assert matcher.unreadable.keys() == {"ns/bad"}
    assert matcher.unreadable["ns/bad"].startswith("filters.matchExpressions[0].path: '$[' is not a JSONPath")
    assert matcher.explain(CREATED, "ns/bad", None) == [matcher.unreadable["ns/bad"]]


def test_a_configuration_without_triggers_is_unreadable() -> None:
    """A webhook whose triggers or filters broke a rule comes without triggers, and says why it is held."""
    held = config("w").model_copy(update={"triggers": [], "held": "spec.filters: is wrong"})
    assert Matcher([held]).unreadable == {"ns/w": "spec.filters: is wrong"}


def test_a_filter_over_its_budget_is_a_match_with_an_error() -> None:
    """A path over its budget makes an error for each webhook that asks it, unless another filter says no."""
    document = merge(sample("RequestCreated"), {"data": {"x": [[0] * 100] * 200}})
    event = Event("AccessRequestCreated", "RequestCreated", document, b"{}")
    wide = expression("$..*", "In", "never")
    configs = [
        config("looked-up", match_expressions=[wide]),
        config("evaluated", match_expressions=[expression("$..*", "NotIn", "never")]),
        config("after-a-mismatch", match_expressions=[wide], requesters=["*nobody*"]),
        config("plain"),
    ]
    found = {match.route: match.error for match in Matcher(configs).match(event, None)}
    assert found.keys() == {"ns/looked-up", "ns/evaluated", "ns/plain"}
    assert found["ns/plain"] is None
    for name in ("ns/looked-up", "ns/evaluated"):
        assert str(found[name]).startswith("filters.matchExpressions[0]: $..* takes 16,")


KINDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "other integrations": lambda n: {"integrations": [f"db {n}", "elsewhere"]},
    "other requesters of the same integration": lambda n: {
        "integrations": ["prod db"],
        "requesters": [f"person{n}@example.com"],
    },
    "globs with another beginning": lambda n: {"integrations": [f"team{n}-*", "prod-*"]},
    "globs with another end": lambda n: {"resources": [f"*-x{n}"]},
    "other approvals": lambda n: {"approvals": "Manual"},
    "another value at the same path": lambda n: {
        "match_expressions": [expression("$.data.justification", "In", f"reason {n}")]
    },
    "another beginning at the same path": lambda n: {
        "match_expressions": [expression("$.data.friendly_id", "Prefix", f"XY-{n}")]
    },
    "a value at another path": lambda n: {
        "match_expressions": [expression(f"$.data.requester.own{n}", "In", "x")]
    },
    "an end at another path below an index": lambda n: {
        "match_expressions": [expression(f"$.data.access_groups[0].own{n}", "Suffix", "x")]
    },
    "a value at another path with a wildcard": lambda n: {
        "match_expressions": [expression(f"$.data.own{n}[*].name", "In", "x")]
    },
    "anything at another path": lambda n: {
        "match_expressions": [expression(f"$.data.requester.own{n}", "Exists")]
    },
    "an expression at another path": lambda n: {
        "match_expressions": [expression(f"$.data.own{n}", "Matches", "^[a-z]+$")]
    },
    "another expression at the same path": lambda n: {
        "match_expressions": [expression("$.data.justification", "Matches", f"^(reason|cause).* {n:03}$")]
    },
    "the same expression without a word": lambda n: {
        "match_expressions": [expression("$.data.justification", "Matches", "^[0-9]+$")]
    },
    "globs with another middle": lambda n: {"integrations": [f"*team{n:03}*"]},
    "globs with the same beginning and another middle": lambda n: {"integrations": [f"prod*-{n:03}-*"]},
    "nothing at a path that is there": lambda n: {
        "match_expressions": [expression("$.data.justification", "DoesNotExist")]
    },
    "not the value that is there": lambda n: {
        "match_expressions": [expression("$.data.friendly_id", "NotIn", "AR-123", f"AR-{n}000")]
    },
    "not the value that is there, and others": lambda n: {
        "match_expressions": [
            expression("$.data.friendly_id", "NotIn", "AR-123"),
            expression("$.data.justification", "NotIn", f"reason {n}"),
        ]
    },
    "a value that many share, and anything at another path": lambda n: {
        "integrations": ["prod db"],
        "match_expressions": [expression(f"$.data.own{n}", "Exists")],
    },
    "two filters that many share, and a negation": lambda n: {
        "integrations": ["prod db"],
        "approvals": "Manual",
        "match_expressions": [expression("$.data.friendly_id", "NotIn", f"AR-{n}000")],
    },
    "an expression without a word that many share, and a negation": lambda n: {
        "match_expressions": [
            expression("$.data.justification", "Matches", "^[0-9]+$"),
            expression("$.data.friendly_id", "NotIn", f"AR-{n}000"),
        ]
    },
    "a value that many share, and another expression": lambda n: {
        "integrations": ["prod db"],
        "match_expressions": [expression("$.data.justification", "Matches", f"reason {n:03}")],
    },
}
FITTING: dict[str, dict[str, Any]] = {
    "exact": {"integrations": ["x", "prod db"]},
    "beginning": {"integrations": ["x*", "prod*"]},
    "end": {"resources": ["*x", "* 1"]},
    "both ends": {"requesters": ["user@*.com"]},
    "longer end": {"requesters": ["u*@example.com"]},
    "middle": {"requesters": ["*@*"]},
    "the whole name and a star": {"integration_types": ["Postgresql*"]},
    "In": {"match_expressions": [expression("$..name", "In", "x", "Flow 1")]},
    "Prefix": {"match_expressions": [expression("$.data.justification", "Prefix", "x", "I need ")]},
    "Suffix": {"match_expressions": [expression("$.data.justification", "Suffix", "x", " this")]},
    "empty beginning": {"match_expressions": [expression("$.data.justification", "Prefix", "")]},
    "empty end": {"match_expressions": [expression("$.data.justification", "Suffix", "")]},
    "two filters": {"bundles": ["Bundle*"], "grantees": ["*user-1"]},
    "middle with its ends": {"requesters": ["u*@*com"]},
    "Exists": {"match_expressions": [expression("$.data.requester.name", "Exists")]},
    "Matches": {"match_expressions": [expression("$.data.justification", "Matches", "(?i)^i NEED")]},
    "NotIn": {"match_expressions": [expression("$.data.friendly_id", "NotIn", "AR-1")]},
    "NotIn nothing": {"match_expressions": [expression("$.data.own1", "NotIn", "x")]},
    "DoesNotExist": {"match_expressions": [expression("$.data.own1", "DoesNotExist")]},
}


@pytest.mark.parametrize("filters", FITTING.values(), ids=FITTING)
def test_each_way_into_the_index_leads_to_the_webhook(filters: dict[str, Any]) -> None:
    """A webhook that fits by value, beginning or end is found among others that do not."""
    others = [config(f"other{n}-{kind}", **KINDS[kind](n)) for n in range(12) for kind in KINDS]
    assert matched([*others, config("w", **filters)], CREATED) == ["w"]


# --- the index decides as full evaluation does ------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "ab", "abc", "", "ba"])
PATTERNS = st.sampled_from(["a", "b", "ab", "x", "a*", "*b", "*", "a*c", "ab*", "*a*", "*bc"])
LISTS = st.none() | st.lists(PATTERNS, min_size=1, max_size=3)
EXPRESSIONS = st.builds(
    lambda path, operator, values: expression(path, operator, *(() if "Exist" in operator else values)),
    st.sampled_from(["$.data.x", "$.data.l[*]", "$.data.requester.name"]),
    st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist", "Prefix", "Suffix", "Matches"]),
    st.lists(st.sampled_from(["a", "b", "ab", "1"]), min_size=1, max_size=2),
)
FILTERS = st.builds(
    Filters,
    integrations=LISTS,
    requesters=LISTS,
    bundles=LISTS,
    approvals=st.sampled_from([None, None, "Manual", "Automatic"]),
    match_expressions=st.none() | st.lists(EXPRESSIONS, min_size=1, max_size=2),
)
TRIGGERS = st.lists(
    st.sampled_from(["RequestCreated", "Manual", "a.b", "a.*", "a.b.*", "b.*"]), min_size=1, max_size=3
)
CONFIGS = st.lists(st.tuples(TRIGGERS, FILTERS, st.sampled_from("pq"), st.booleans()), max_size=8)
DATA = st.fixed_dictionaries(
    {},
    optional={
        "access_groups": st.lists(
            st.fixed_dictionaries({"integration": st.fixed_dictionaries({"id": NAMES, "name": NAMES})}),
            max_size=2,
        ),
        "requester": st.fixed_dictionaries({"name": NAMES}),
        "access_bundle": st.fixed_dictionaries({"id": NAMES}),
        "approvals": st.lists(
            st.fixed_dictionaries(
                {
                    "status": st.sampled_from(["Approved", "Pending"]),
                    "approver": st.sampled_from([None, {"id": "u"}]),
                }
            ),
            max_size=2,
        ),
        "x": NAMES | st.just(1),
        "l": st.lists(NAMES, max_size=2),
    },
)


@CHECKED
@given(
    CONFIGS,
    st.sampled_from(["RequestCreated", "Manual", "a.b", "a.b.c", "a", "b.c"]),
    DATA,
    st.sampled_from([None, frozenset("p"), frozenset("pq"), frozenset("r")]),
)
def test_the_index_changes_no_decision(
    rows: list[Any], trigger: str, data: dict[str, Any], namespaces: frozenset[str] | None
) -> None:
    """For any webhooks and event, what matches is what triggers, reach and all filters say, one by one."""
    configs = [
        RouteConfig(namespace=ns, name=f"w{n}", hash="h", active=active, triggers=triggers, filters=filters)
        for n, (triggers, filters, ns, active) in enumerate(rows)
    ]
    event = Event(trigger, trigger, {"event_type": trigger, "data": data}, b"{}")
    expected = [
        Matched(each.key)
        for each in configs
        if each.active
        and (namespaces is None or each.namespace in namespaces)
        and any(trigger_matches(pattern, trigger) for pattern in each.triggers)
        and mismatch(each.filters, event.document) is None
    ]
    matcher = Matcher(configs)
    assert matcher.match(event, namespaces) == expected
    for each in configs:
        assert (matcher.explain(event, each.key, namespaces) == []) is (Matched(each.key) in expected)


# --- cost: webhooks that do not match are not looked at ----------------------------------------------


class CountedView(View):
    """Counts the questions asked of an event."""

    asked = 0

    def quick(self, source: Any) -> Any:
        """As ever, counted."""
        self.asked += 1
        return super().quick(source)

    def finds(self, path: Any, budget: Budget) -> bool:
        """As ever, counted."""
        self.asked += 1
        return super().finds(path, budget)


@pytest.mark.parametrize("kind", KINDS)
def test_webhooks_that_do_not_match_are_not_evaluated(kind: str) -> None:
    """With ten and with a thousand webhooks that do not match, the event is asked the same few questions."""
    asked = []
    for count in (10, 1000):
        index = Matcher([config(f"w{n}", **KINDS[kind](n)) for n in range(count)]).prepare(None)
        view = CountedView(CREATED.document)
        assert len(groups(index, view)) <= 1  # webhooks with the same filters are one
        asked.append(view.asked)
    assert asked[0] == asked[1] <= 2


def test_a_place_is_looked_up_once_for_all_webhooks() -> None:
    """However many programs ask, a path runs once for one event."""
    view = View(CREATED.document)
    programs: list[FilterProgram] = [
        compile_filters(Filters(match_expressions=[expression("$..name", "NotIn", f"name {n}")]))
        for n in range(50)
    ]
    assert all(program.passes(view, Budget()) for program in programs)
    assert len(view._found) == 1
