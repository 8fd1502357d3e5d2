"""Which statements answer a question, alike in every database: forms by name, and what each is asked. Must not: know SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from hookwright.core.expectations import SUCCESSFUL
from hookwright.core.records import FAILURES
from hookwright.store.port import AttemptSelector, ReplaySelector

STATUSES: Final = (0, 999)
"""All of them; 0: there was no answer."""
_FAILED_FROM: Final = 300
"""Statuses from here on are never those of a Delivered attempt."""


def chosen(selector: ReplaySelector) -> str:
    """The form, by what is selected beside times; statements are named `…_with_keys`, `…_of_route` and so on."""
    if selector.keys:
        return "with_keys"
    if selector.route is not None:
        return "of_route" if selector.reason is None else "of_route_and_reason"
    return "of_all" if selector.reason is None else "of_reason"


def to_count(selector: ReplaySelector, oldest: int, newest: int) -> tuple[bool, list[ReplaySelector]]:
    """What is read to count dead letters, one after the other: those of the selector's time, or those before and after it,
    whichever are fewer if they died evenly between `oldest` and `newest` (milliseconds). True: those of another time.
    """
    since, until = selector.since, selector.until
    begin, end = max(since or 0, oldest), newest if until is None else min(until, newest)
    if 2 * (end - begin) < newest - oldest:
        return False, [selector]
    before = [] if since is None else [replace(selector, since=None, until=since)]
    return True, before + ([] if until is None else [replace(selector, since=until, until=None)])


def pieces(selector: AttemptSelector) -> Iterator[tuple[str, AttemptSelector]]:
    """Statements that together find the attempts: more than one where each has its part of an index."""
    lowest, highest = selector.statuses or STATUSES
    result = selector.result
    if selector.delivery is not None:
        yield "of_delivery", selector
    elif selector.friendly_id is not None:
        yield "of_friendly_id", selector
    elif selector.kind not in (None, "Delivery"):
        yield "of_kind", selector
    elif selector.route is None and lowest >= _FAILED_FROM:
        for status in range(lowest, highest + 1):
            yield "of_status", selector._replace(statuses=(status, status))
    elif result is None and (selector.failed or lowest >= _FAILED_FROM):
        for each in FAILURES if selector.failed else (*FAILURES, SUCCESSFUL):
            yield _of_result(selector), selector._replace(result=each)
    elif result not in (None, "Delivered"):
        yield _of_result(selector), selector
    else:
        yield "every" if selector.route is None else "of_route", selector


def _of_result(selector: AttemptSelector) -> str:
    return "of_result" if selector.route is None else "of_route_and_result"
