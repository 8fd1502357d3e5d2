"""The admin port's table of webhooks: `/admin/v1/webhooks`, all, a page of those looked for, or what changed.

The handler parses, calls once and prints. Must not: know how they are found.
"""

from __future__ import annotations

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hookwright.api.admin import WEBHOOK_SORTS, WEBHOOK_STATES
from hookwright.core.hosts import is_label
from hookwright.core.webhook_table import Wanted
from hookwright.dispatcher.ports.admin_http import choice, listed, only_known, page_limit, webhook_key
from hookwright.dispatcher.views import Views
from hookwright.limits import TABLE_QUERY_CHARACTERS

_SEARCH = frozenset({"q", "namespace", "state", "active", "sort", "order", "after"})


def routes(admin: str, views: Views) -> list[Route]:
    """What is served below the path `admin`."""

    async def webhooks(request: Request) -> Response:
        query = request.query_params
        only_known(query, _SEARCH | {"limit", "since"})
        if not query:  # how they were asked for before there were pages
            return listed(views.webhooks().items, next=None)
        return _changes(views, query) if "since" in query else await _page(views, query)

    return [Route(f"{admin}/webhooks", webhooks)]


def _changes(views: Views, query: QueryParams) -> Response:
    if set(query) & _SEARCH:
        raise HTTPException(400, "since tells what changed, of all webhooks: only limit goes with it.")
    found = views.changes(query["since"], page_limit(query))
    return listed(found.items, next=found.next, since=found.since, removed=found.removed, anew=found.anew)


async def _page(views: Views, query: QueryParams) -> Response:
    found = await views.search(_wanted(query))
    return listed(
        found.items, next=found.next, previous=found.previous, total=found.total, skipped=found.skipped,
        counts=found.counts, namespaces=found.namespaces,
    )  # fmt: skip


def _wanted(query: QueryParams) -> Wanted:
    """HTTPException 400 naming the parameter that cannot be read."""
    text, namespace = query.get("q", ""), query.get("namespace")
    if len(text) > TABLE_QUERY_CHARACTERS:
        raise HTTPException(400, f"q has at most {TABLE_QUERY_CHARACTERS} characters.")
    if namespace is not None and not is_label(namespace):
        raise HTTPException(400, "namespace is a DNS label, the name of a namespace.")
    active = choice(query, "active", frozenset({"true", "false"}))
    sort = choice(query, "sort", frozenset(WEBHOOK_SORTS)) or "name"
    after = query.get("after") or None
    return Wanted(
        text,
        namespace,
        choice(query, "state", frozenset(WEBHOOK_STATES)),
        None if active is None else active == "true",
        sort,
        choice(query, "order", frozenset({"asc", "desc"})) == "desc",
        webhook_key(after, "after") if sort == "name" else after,
        page_limit(query),
    )
