"""Every list of names and its places, approvals, and the sentence for each mismatch (SPEC 2)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookwright.api.v1alpha1.webhook import Filters
from hookwright.core.filters import glob_matches
from hookwright.core.samples import merge, sample
from matching.builders import mismatch

EVENT = sample("RequestApproved")


def reason(document: dict[str, Any], **filters: Any) -> str | None:
    """Why the document does not pass filters named as in a manifest, None if it does."""
    return mismatch(Filters.model_validate(filters), document)


def with_data(**data: Any) -> dict[str, Any]:
    """The sample event, with other data laid over it."""
    merged: dict[str, Any] = merge(EVENT, {"data": data})
    return merged


PLACES = [
    # field, every text that stands at its places in the sample
    ("integrations", ["integration-1", "prod db"]),
    ("integrationTypes", ["Postgresql"]),
    ("resourceTypes", ["postgresql-database", "Database"]),
    ("resources", ["res-1", "DB 1"]),
    ("permissions", ["permission-1", "ReadOnly"]),
    ("requesters", ["user-1", "User", "user@example.com"]),
    ("grantees", ["user-1", "source-user-1", "User"]),
    ("accessFlows", ["flow-1", "Flow 1"]),
    ("bundles", ["bundle-1", "Bundle 1"]),
]


@pytest.mark.parametrize(("field", "texts"), PLACES)
def test_each_text_of_a_place_matches(field: str, texts: list[str]) -> None:
    """Ids, names and e-mails match alone, beside others, and by a glob."""
    for text in texts:
        assert reason(EVENT, **{field: [text]}) is None
        assert reason(EVENT, **{field: ["other", text]}) is None
        assert reason(EVENT, **{field: [text[:3] + "*"]}) is None
        assert reason(EVENT, **{field: ["*" + text[-3:]]}) is None


@pytest.mark.parametrize(("field", "texts"), PLACES)
def test_names_compare_exactly(field: str, texts: list[str]) -> None:
    """Another case, a part of the name or the name and more do not match."""
    for text in texts:
        for other in (text.swapcase(), text[:-1], text + "x", " " + text, text[:-1] + "?"):
            assert reason(EVENT, **{field: [other]}) is not None


@pytest.mark.parametrize(("field", "_"), PLACES)
@pytest.mark.parametrize(
    "data",
    [
        {},
        {
            "access_groups": None,
            "requester": None,
            "grantee": None,
            "access_flow": None,
            "access_bundle": None,
        },
        {"access_groups": "x", "requester": 7, "grantee": [], "access_flow": "flow-1", "access_bundle": True},
        {
            "access_groups": [
                None,
                "x",
                {},
                {"integration": None, "resource_types": 7, "access_units": [None, {}]},
            ]
        },
        {
            "requester": {"id": None, "name": "", "email": []},
            "grantee": {"id": ""},
            "access_flow": {"id": {}},
        },
        {
            "access_groups": [
                {"access_units": [{"resource": "x", "permission": 1}, {"resource": {"type": []}}]}
            ]
        },
    ],
)
def test_a_place_that_the_event_lacks_does_not_match(field: str, _: list[str], data: dict[str, Any]) -> None:
    """Missing, null, empty and misshapen places match nothing, not even every name, and break nothing."""
    document = {"event_type": "Manual", "data": data}
    assert reason(document, **{field: ["*"]}) == f"{field}: the event names none, wanted one of [*]"


@pytest.mark.parametrize("data", [["a"], "text", 7, None])
def test_data_of_another_shape(data: Any) -> None:
    """A CloudEvent whose data is no object lacks every place."""
    document = {"event_type": "a.b", "data": data}
    assert reason(document, integrations=["*"]) is not None
    assert reason(document, approvals="Automatic") is not None


def test_every_group_and_unit_is_looked_at() -> None:
    """What stands in the last access group or unit matches like the first; resource types have two places."""
    groups = [
        {"integration": {"id": "i-1", "name": "one"}, "access_units": []},
        {
            "integration": {"id": "i-2", "name": "two", "type": "AWS"},
            "resource_types": [{"id": "rt-1"}, {"name": "Bucket"}],
            "access_units": [
                {"resource": {"id": "r-1", "type": {"id": "rt-3"}}, "permission": {"name": "Read"}},
                {"resource": {"name": "R 2", "type": {"name": "Queue"}}, "permission": {"id": "p-2"}},
            ],
        },
    ]
    document = with_data(access_groups=groups)
    for name in ("rt-1", "Bucket", "rt-3", "Queue"):
        assert reason(document, resourceTypes=[name]) is None
    for field, name in [("integrations", "two"), ("integrationTypes", "AWS"), ("resources", "R 2")]:
        assert reason(document, **{field: [name]}) is None
    for name in ("Read", "p-2"):
        assert reason(document, permissions=[name]) is None


def test_ids_may_be_numbers() -> None:
    """A number at a place is compared by its JSON text."""
    assert reason(with_data(requester={"id": 4711}), requesters=["4711"]) is None


def test_and_across_or_inside() -> None:
    """One value of a list is enough, but every filter must hold."""
    assert reason(EVENT, integrations=["x", "prod db"], requesters=["user@*", "y"]) is None
    assert reason(EVENT, integrations=["prod db"], requesters=["y"]) == (
        'requesters: none of "User", "user@example.com", "user-1" is in [y]'
    )


def test_no_filters_match_everything() -> None:
    """Without filters, or with an empty object of them, every event passes."""
    assert mismatch(None, EVENT) is None
    assert mismatch(Filters(), {}) is None


@pytest.mark.parametrize(
    ("glob", "text", "fits"),
    [
        ("*", "", True),
        ("*", "anything", True),
        ("prod-*", "prod-", True),
        ("prod-*", "prod-db", True),
        ("prod-*", "prod", False),
        ("prod-*", "my-prod-db", False),
        ("*-prod", "db-prod", True),
        ("*-prod", "db-prod-2", False),
        ("*prod*", "my prod db", True),
        ("a*b*c", "abc", True),
        ("a*b*c", "a--b--c", True),
        ("a*b*c", "acb", False),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("a*ba*a", "aba", False),
        ("a**b", "ab", True),
        ("a.c", "abc", False),
        ("[ab]*", "[ab]x", True),
        ("a?*", "ab", False),
        ("line*", "line\nbreak", True),
    ],
)
def test_globs(glob: str, text: str, fits: bool) -> None:
    """A star stands for any characters, none included; everything else only for itself."""
    assert glob_matches(glob, text) is fits


@given(st.text("ab*", max_size=6), st.text("ab", max_size=8))
def test_globs_agree_with_a_plain_definition(glob: str, text: str) -> None:
    """The linear search decides as the recursive definition of a glob does."""

    def fits(rest: str, tail: str) -> bool:
        if not rest:
            return not tail
        if rest[0] == "*":
            return any(fits(rest[1:], tail[cut:]) for cut in range(len(tail) + 1))
        return tail[:1] == rest[0] and fits(rest[1:], tail[1:])

    assert glob_matches(glob, text) is fits(glob, text)


PERSON = {"id": "u"}
APPROVALS = [
    # approvals, passes Manual, passes Automatic
    ([{"status": "Approved", "approver": {"id": "u"}}], True, False),
    ([{"status": "APPROVED", "approver": {"name": "N"}}], True, False),
    ([{"status": "approved", "approver": {"email": "e@example.com"}}], True, False),
    ([{"status": "Pending", "approver": PERSON}, {"status": "Approved", "approver": PERSON}], True, False),
    ([{"status": "Approved"}, {"status": "Approved", "approver": PERSON}], True, False),
    ([{"status": "Pending", "approver": PERSON}], False, False),
    ([{"status": "Rejected", "approver": PERSON}], False, False),
    ([{"status": None, "approver": PERSON}], False, False),
    ([{"approver": PERSON}], False, False),
    ([{"status": "Approved"}, {"status": "Pending", "approver": PERSON}], False, False),
    ([], False, True),
    (None, False, True),
    ([{"status": "Approved"}], False, True),
    ([{"status": "Approved", "approver": None}], False, True),
    ([{"status": "Approved", "approver": {}}], False, True),
    ([{"status": "Approved", "approver": {"id": "", "name": None, "email": ""}}], False, True),
    ([{"status": "Approved", "approver": {"type": "System"}}, None, "x"], False, True),
]


@pytest.mark.parametrize(("approvals", "manual", "automatic"), APPROVALS)
def test_approvals(approvals: Any, manual: bool, automatic: bool) -> None:
    """Manual: a person has approved. Automatic: no person stands there. One who waits makes it neither."""
    document = with_data(approvals=approvals)
    assert (reason(document, approvals="Manual") is None) is manual
    assert (reason(document, approvals="Automatic") is None) is automatic


def test_an_event_without_approvals_is_neither() -> None:
    """A place that the event lacks does not match."""
    document = {"event_type": "Manual", "data": {}}
    assert reason(document, approvals="Manual") == "approvals: wanted Manual, but no person has approved"
    assert reason(document, approvals="Automatic") == (
        "approvals: wanted Automatic, but a person stands among the approvals, or the event has none"
    )


REASONS = [
    (
        {"integrations": ["Datadog"]},
        'integrations: none of "prod db", "integration-1" is in [Datadog]',
    ),
    (
        {"integrationTypes": ["b", "a", "x*"]},
        'integrationTypes: none of "Postgresql" is in [a, b, x*]',
    ),
    (
        {"resources": [str(number) for number in range(9)]},
        'resources: none of "DB 1", "res-1" is in [0, 1, 2, 3, 4 and 4 more]',
    ),
    (
        {"matchExpressions": [{"path": "$.data.friendly_id", "operator": "In", "values": ["AR-1", "AR-2"]}]},
        'matchExpressions[0]: $.data.friendly_id is "AR-123", wanted In [AR-1, AR-2]',
    ),
    (
        {"matchExpressions": [{"path": "$.data.friendly_id", "operator": "DoesNotExist"}]},
        'matchExpressions[0]: $.data.friendly_id is "AR-123", wanted DoesNotExist',
    ),
    (
        {"approvals": "Automatic"},
        "approvals: wanted Automatic, but a person stands among the approvals, or the event has none",
    ),
]


@pytest.mark.parametrize(("filters", "sentence"), REASONS)
def test_reasons(filters: dict[str, Any], sentence: str) -> None:
    """A mismatch is told in one sentence: what the event has, and what was wanted."""
    assert reason(EVENT, **filters) == sentence


def test_a_reason_is_bounded_and_printable() -> None:
    """Long names are cut, many are counted, and control characters do not get through."""
    people = [{"resource": {"name": f"\x1b[31m{number}" + "x" * 500}} for number in range(100)]
    sentence = reason(with_data(access_groups=[{"access_units": people}]), resources=["y" * 256] * 64)
    assert sentence is not None
    assert len(sentence) < 1000
    assert "and 95 more" in sentence
    assert "\x1b" not in sentence
