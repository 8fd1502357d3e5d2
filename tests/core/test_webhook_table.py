"""The table of webhooks: what a search finds, what is counted, and pages in every order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookwright.api.admin import WEBHOOK_SORTS
from hookwright.core.lifecycle import RouteState
from hookwright.core.webhook_table import Found, Row, Wanted, find, namespaces, row

FINE: dict[str, Any] = {
    "display_name": "", "host": "api.example.com", "active": True, "state": RouteState.RUNNING, "circuit_open": False,
    "failing": False, "result": "", "time": 0, "waiting": 0, "dead": 0,
}  # fmt: skip


def hook(key: str, **otherwise: Any) -> Row:
    """A webhook with which all is well."""
    return row(key, **(FINE | otherwise))


ROWS = [
    hook("ops/a-fine"),
    hook("ops/b-off", active=False),
    hook("ops/c-dead", dead=3),
    hook("ops/d-failing", failing=True, result="Retrying", time=5),
    hook("ops/e-open", failing=True, circuit_open=True, waiting=9),
    hook("shop/f-gone", state=RouteState.GONE, dead=7),
    hook("shop/g-held", state=RouteState.HELD, waiting=2, display_name="Straße 7", host="hooks.test"),
]


def keys(**wanted: Any) -> list[str]:
    """The names found, without their namespaces."""
    return [key.partition("/")[2] for key in find(ROWS, Wanted(**wanted)).keys]


def test_who_needs_attention_stands_first() -> None:
    """Held, gone, open, failing, dead letters, then those with which all is well, inactive ones last."""
    assert keys(sort="attention") == [
        "g-held", "f-gone", "e-open", "d-failing", "c-dead", "a-fine", "b-off",
    ]  # fmt: skip
    off = [
        hook("ops/off", active=False, dead=3),
        hook("ops/on"),
        hook("ops/off-held", active=False, state=RouteState.HELD),
    ]
    assert find(off, Wanted(sort="attention")).keys == ["ops/off-held", "ops/on", "ops/off"]
    assert keys() == ["a-fine", "b-off", "c-dead", "d-failing", "e-open", "f-gone", "g-held"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"query": "G-HE"}, ["g-held"]),
        ({"query": "shop/f"}, ["f-gone"]),
        ({"query": "hooks.TEST"}, ["g-held"]),
        ({"query": "STRASSE"}, ["g-held"]),
        ({"query": " held "}, ["g-held"]),
        ({"query": "nothing"}, []),
        ({"namespace": "shop"}, ["f-gone", "g-held"]),
        ({"active": False}, ["b-off"]),
        ({"active": True, "namespace": "ops"}, ["a-fine", "c-dead", "d-failing", "e-open"]),
        ({"state": "failing"}, ["d-failing", "e-open"]),
        ({"state": "open"}, ["e-open"]),
        ({"state": "dead"}, ["c-dead", "f-gone"]),
        ({"state": "inactive"}, ["b-off"]),
    ],
)
def test_what_is_looked_for(wanted: dict[str, Any], found: list[str]) -> None:
    """In key, host and display name, whatever the case; by namespace and state."""
    assert keys(**wanted) == found


def test_counts_say_what_each_state_would_find() -> None:
    """Of those that fit the rest of the question, whatever state is chosen now."""
    found = find(ROWS, Wanted(namespace="ops", state="dead"))
    assert found.total == 1
    assert found.counts == {
        "all": 5, "failing": 2, "open": 1, "held": 0, "gone": 0, "dead": 1, "inactive": 1,
    }  # fmt: skip
    assert namespaces(ROWS) == {"ops": 5, "shop": 2}


def test_equal_ones_stand_by_key_in_either_order() -> None:
    """Whoever turns the order round still finds names from A to Z."""
    assert keys(sort="dead")[:2] == ["a-fine", "b-off"]
    assert keys(sort="dead", descending=True)[:4] == ["f-gone", "c-dead", "a-fine", "b-off"]
    assert keys(sort="time", descending=True)[0] == "d-failing"
    assert keys(sort="host")[-1] == "g-held"


def test_pages_know_where_they_stand() -> None:
    """How many are before it, how to go on and back; the first page is asked for without a mark."""
    first = find(ROWS, Wanted(sort="attention", limit=3))
    second = find(ROWS, Wanted(sort="attention", limit=3, after=first.next))
    third = find(ROWS, Wanted(sort="attention", limit=3, after=second.next))
    assert [first.skipped, second.skipped, third.skipped] == [0, 3, 6]
    assert (first.previous, second.previous, third.next) == (None, "", None)
    assert find(ROWS, Wanted(sort="attention", limit=3, after=third.previous)) == second


def test_a_page_goes_on_where_the_one_before_ended_whatever_changed() -> None:
    """Its last row may have gone, or have a place elsewhere now."""
    first = find(ROWS, Wanted(sort="dead", descending=True, limit=2))
    assert first.next == "3~ops/c-dead"
    left = [each for each in ROWS if each.key != "ops/c-dead"]
    assert find(left, Wanted(sort="dead", descending=True, limit=2, after=first.next)).keys[0] == "ops/a-fine"


@pytest.mark.parametrize("mark", ["", "~", "x~ops/a", "3", "3~ops", "²~ops/a", "-1~ops/a", "3~ops/a~b"])
def test_a_mark_of_another_order_is_refused(mark: str) -> None:
    """It would begin anywhere."""
    with pytest.raises(ValueError, match="after is the next"):
        find(ROWS, Wanted(sort="dead", after=mark))


@st.composite
def tables(draw: st.DrawFn) -> list[Row]:
    """Some webhooks, many alike."""
    names = sorted(draw(st.sets(st.sampled_from([f"{ns}/w{n}" for ns in "ab" for n in range(6)]))))
    return [
        hook(
            name, dead=draw(st.integers(0, 2)), waiting=draw(st.integers(0, 12)), time=draw(st.integers(0, 2)),
            result=draw(st.sampled_from(["", "Delivered", "Gone"])), host=draw(st.sampled_from("ab")),
            failing=draw(st.booleans()), active=draw(st.booleans()),
        )
        for name in names
    ]  # fmt: skip


@given(tables(), st.sampled_from(WEBHOOK_SORTS), st.booleans(), st.integers(1, 4))
def test_pages_together_are_the_whole(rows: list[Row], sort: str, descending: bool, limit: int) -> None:
    """In every order, forwards and backwards, each row once."""
    wanted = Wanted(sort=sort, descending=descending, limit=limit)
    pages = [find(rows, wanted)]
    while pages[-1].next is not None:
        pages.append(find(rows, wanted._replace(after=pages[-1].next)))
    whole = find(rows, wanted._replace(limit=100))
    assert [key for page in pages for key in page.keys] == whole.keys
    _go_back(rows, wanted, pages)


def _go_back(rows: list[Row], wanted: Wanted, pages: list[Found]) -> None:
    for page, before in zip(pages[:0:-1], pages[-2::-1], strict=True):
        assert page.previous is not None
        assert find(rows, wanted._replace(after=page.previous or None)) == before
