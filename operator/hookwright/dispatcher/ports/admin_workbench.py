"""The admin port's part for the template workbench: definition, preview, the event's schema and samples.

Handlers parse, call once and print the model. Must not: decide anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hookwright.api.admin_workbench import Definition, Preview, PreviewRequest
from hookwright.api.event_schema import event_schema
from hookwright.core.samples import SAMPLE_TRIGGERS, sample
from hookwright.dispatcher.ports.admin_http import answered, only_known, read_model, webhook_key
from hookwright.limits import PREVIEW_BYTES


class Workbench(Protocol):
    """What answers (`dispatcher.workbench`)."""

    def definition(self, key: str) -> Definition: ...

    async def preview(self, wanted: PreviewRequest) -> Preview: ...


def routes(workbench: Workbench, key_of: Callable[[Request], str]) -> list[Route]:
    """The paths below `/admin/v1`. `key_of`: the webhook in a path."""

    async def definition(request: Request) -> Response:
        only_known(request.query_params)
        return answered(workbench.definition(key_of(request)))

    async def preview(request: Request) -> Response:
        only_known(request.query_params)
        wanted = await read_model(request, PreviewRequest, PREVIEW_BYTES)
        webhook_key(wanted.webhook)
        return answered(await workbench.preview(wanted))

    return [
        Route("/admin/v1/webhooks/{namespace}/{name}/definition", definition),
        Route("/admin/v1/preview", preview, methods=["POST"]),
        Route("/admin/v1/schema", _schema),
        Route("/admin/v1/samples/{trigger}", _sample),
    ]


async def _schema(request: Request) -> Response:
    only_known(request.query_params)
    return Response(orjson.dumps(event_schema()), media_type="application/json")


async def _sample(request: Request) -> Response:
    only_known(request.query_params)
    trigger = request.path_params["trigger"]
    if trigger not in SAMPLE_TRIGGERS:
        raise HTTPException(404, f"There is a sample of {', '.join(SAMPLE_TRIGGERS)} only.")
    return Response(orjson.dumps(sample(trigger)), media_type="application/json")
