"""Who asks the admin port, as the page wants to know before it asks for anything else.

Without it the page would have to provoke a 401, which a browser logs as an error. Must not: tell more than that.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hookwright import __version__
from hookwright.api.admin import Session
from hookwright.dispatcher.ports.admin_http import Caller, answered, only_known


def routes(*, asked: bool) -> list[Route]:
    """`asked`: whether a token is."""

    async def session(request: Request) -> Response:
        only_known(request.query_params)
        caller: Caller | None = request.state.caller
        found = Session(
            version=__version__,
            token_asked=asked,
            read_only=caller is Caller.READER,
            authenticated=caller is not None,
        )
        return answered(found)

    return [Route("/admin/v1/session", session)]
