"""Webhooks and expressions of the tests of matching."""

from __future__ import annotations

from typing import Any

from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import Filters, MatchExpression
from hookwright.core.budget import Budget
from hookwright.core.filters import compile_filters
from hookwright.core.match_index import Group, Index
from hookwright.core.samples import sample_event
from hookwright.core.view import View

CREATED = sample_event("RequestCreated")


def config(
    name: str, *triggers: str, namespace: str = "ns", active: bool = True, **filters: Any
) -> RouteConfig:
    """A webhook for these triggers (RequestCreated if none is given), filters named as in Python."""
    return RouteConfig(
        namespace=namespace,
        name=name,
        hash="h",
        active=active,
        triggers=list(triggers) or ["RequestCreated"],
        filters=Filters(**filters) if filters else None,
    )


def mismatch(filters: Filters | None, document: dict[str, Any]) -> str | None:
    """The first reason why a document does not pass filters, None if it does. Raises FilterError."""
    return next(compile_filters(filters).mismatches(View(document), Budget()), None)


def groups(index: Index, view: View) -> set[Group]:
    """What an index leads a sample event to, done to the end."""
    found: set[Group] = set()
    for bucket in index.buckets("RequestCreated"):
        for _ in bucket.search(view, found):
            pass
    return found


def expression(path: str, operator: str, *values: str) -> MatchExpression:
    """One match expression."""
    return MatchExpression(path=path, operator=operator, values=list(values) or None)
