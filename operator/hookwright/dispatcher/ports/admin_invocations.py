"""The admin port's answers about attempts and deliveries: `/admin/v1/invocations` and `/admin/v1/deliveries`.

Handlers parse, call once and print the model. Must not: know how they are found.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hookwright.dispatcher.invocation_views import InvocationViews
from hookwright.dispatcher.ports.admin_http import (
    answered,
    choice,
    listed,
    only_known,
    page_limit,
    page_position,
    time_ms,
    webhook_key,
)
from hookwright.store.port import AttemptSelector

RESULTS: Final = frozenset(
    {"Delivered", "Retrying", "Rejected", "Gone", "Exhausted", "Test successful", "Test failed"}
)
KINDS: Final = frozenset({"Delivery", "Manual", "Test"})
PARAMETERS: Final = frozenset({
    "webhook", "result", "friendlyID", "kind", "delivery", "failed", "status", "since", "until", "before", "after",
    "limit", "fields",
})  # fmt: skip
_STATUS: Final = re.compile(r"[1-9]([0-9]{2}|xx)")


def routes(admin: str, views: InvocationViews) -> list[Route]:
    """What is served below the path `admin`."""
    api = _Api(views)
    return [
        Route(f"{admin}/invocations", api.invocations),
        Route(f"{admin}/invocations/{{identifier}}", api.invocation),
        Route(f"{admin}/deliveries/{{identifier}}", api.delivery),
    ]


class _Api:
    def __init__(self, views: InvocationViews) -> None:
        self._views = views

    async def invocations(self, request: Request) -> Response:
        query = request.query_params
        only_known(query, PARAMETERS)
        page = await self._views.invocations(
            self._selector(query),
            before=page_position(query, "before"),
            after=page_position(query, "after"),
            limit=page_limit(query),
            short=choice(query, "fields", frozenset({"summary"})) is not None,
        )
        return listed(page.items, next=page.next)

    def _selector(self, query: QueryParams) -> AttemptSelector:
        return AttemptSelector(
            route=webhook_key(query.get("webhook")),
            result=choice(query, "result", RESULTS),
            friendly_id=query.get("friendlyID"),
            kind=choice(query, "kind", KINDS),
            delivery=self._delivery_key(query.get("delivery")),
            failed=choice(query, "failed", frozenset({"true", "false"})) == "true",
            statuses=_statuses(query.get("status")),
            since=time_ms("since", query.get("since")),
            until=time_ms("until", query.get("until")),
        )

    def _delivery_key(self, identifier: str | None) -> int | None:
        if identifier is None:
            return None
        key = self._views.delivery_key(identifier)
        if key is None:
            raise HTTPException(400, "delivery is the id of a delivery here: dlv_ and what follows.")
        return key

    async def invocation(self, request: Request) -> Response:
        only_known(request.query_params)
        invocation = await self._views.invocation(request.path_params["identifier"])
        if invocation is None:
            raise HTTPException(404, "There is no such invocation; the history keeps them for a time only.")
        return answered(invocation)

    async def delivery(self, request: Request) -> Response:
        only_known(request.query_params)
        delivery = await self._views.delivery(request.path_params["identifier"])
        if delivery is None:
            raise HTTPException(404, "There is no such delivery; one that is done is kept for a time only.")
        return answered(delivery)


def _statuses(text: str | None) -> tuple[int, int] | None:
    """`503` or `5xx`."""
    if text is None:
        return None
    if not _STATUS.fullmatch(text):
        raise HTTPException(400, "status is a number such as 503, or a hundred such as 5xx.")
    return int(text.replace("x", "0")), int(text.replace("x", "9"))
