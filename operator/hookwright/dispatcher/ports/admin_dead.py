"""The admin port's paths of dead letters, replays, and trying a webhook now.

Must not: decide anything about deliveries.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hookwright.api.admin import ReplayRequest
from hookwright.core.records import DeadReason
from hookwright.dispatcher.dead_letters import DeadLetters
from hookwright.dispatcher.direct import Direct
from hookwright.dispatcher.ports.admin_http import (
    answered,
    listed,
    only_known,
    page_limit,
    page_position,
    path_key,
    read_body,
    read_model,
    time_ms,
    webhook_key,
)
from hookwright.dispatcher.views import Views
from hookwright.limits import ADMIN_BODY_BYTES
from hookwright.store.port import ReplaySelector

_ADMIN: Final = "/admin/v1"
_GROUPS: Final = frozenset({"webhook", "reason", "before", "limit"})
_LETTERS: Final = _GROUPS | {"since", "until"}


def routes(letters: DeadLetters, views: Views, actions: Direct) -> list[Route]:
    """All of them."""

    async def dead_letters(request: Request) -> Response:
        query = request.query_params
        only_known(query, _LETTERS)
        page = await letters.dead_letters(
            _selector(query), before=page_position(query), limit=page_limit(query)
        )
        return listed(page.items, next=page.next)

    async def groups(request: Request) -> Response:
        query = request.query_params
        only_known(query, _GROUPS)
        page = await letters.dead_groups(
            webhook=webhook_key(query.get("webhook")),
            reason=_reason(query.get("reason")),
            before=page_position(query),
            limit=page_limit(query),
        )
        return listed(page.items, next=page.next)

    async def replays(request: Request) -> Response:
        only_known(request.query_params)
        wanted = await read_model(request, ReplayRequest, ADMIN_BODY_BYTES)
        selector = _selector(wanted.model_dump(include={"webhook", "reason", "since", "until"}))
        if not wanted.ids and selector == ReplaySelector():
            raise HTTPException(400, "Say what to replay: ids, webhook, reason, since or until.")
        return answered(
            await letters.replay(selector, ids=wanted.ids, limit=wanted.limit, dry_run=wanted.dry_run)
        )

    async def probe(request: Request) -> Response:
        only_known(request.query_params)
        await read_body(request, ADMIN_BODY_BYTES, optional=True)
        key = path_key(request)
        await actions.retry(key)
        view = views.webhook(key)
        assert view is not None
        return answered(view)

    return [
        Route(f"{_ADMIN}/dead-letters", dead_letters),
        Route(f"{_ADMIN}/dead-letters/groups", groups),
        Route(f"{_ADMIN}/replays", replays, methods=["POST"]),
        Route(f"{_ADMIN}/webhooks/{{namespace}}/{{name}}/probe", probe, methods=["POST"]),
    ]


def _selector(given: QueryParams | dict[str, str | None]) -> ReplaySelector:
    """What a query or a body selects. HTTPException 400 naming the field."""
    return ReplaySelector(
        route=webhook_key(given.get("webhook")),
        reason=_reason(given.get("reason")),
        since=time_ms("since", given.get("since")),
        until=time_ms("until", given.get("until")),
    )


def _reason(text: str | None) -> DeadReason | None:
    try:
        return None if text is None else DeadReason(text)
    except ValueError:
        raise HTTPException(400, f"reason must be one of {', '.join(sorted(DeadReason))}.") from None
