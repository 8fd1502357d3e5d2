"""The admin port of every dispatcher replica: what it runs, what happened last, and runs of tests.

A look asks for what changed since the one before, so that one at rest costs next to nothing, however many webhooks
there are. Every failure becomes a ClusterError and says which replica; a replica that does not answer is left out of
the reports. Must not: decide what a report means, show the token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import httpx
import orjson
from pydantic import ValidationError

from hookwright.api.admin import Answer, RunRequest, Summary, TestRun, WebhookChanges, WebhookView
from hookwright.api.fields import seconds
from hookwright.controller.plan import Report
from hookwright.core.addresses import write_address
from hookwright.errors import ClusterError
from hookwright.limits import (
    ADMIN_PAGE_MAX,
    DISPATCHER_ANSWER_BYTES,
    DISPATCHER_ANSWER_SECONDS,
    DISPATCHER_CONNECT_SECONDS,
)

Said = TypeVar("Said", bound=Answer)


class _Known(NamedTuple):
    """What a replica told so far, and what it is to be asked with."""

    views: Mapping[str, WebhookView]
    since: str


_NOTHING: Final = _Known({}, "")


class Dispatchers:
    """`token`: gives the admin token in force; `reports`: of those that answered the last look, as asked."""

    def __init__(self, port: int, token: Callable[[], str]) -> None:
        self._port, self._token = port, token
        self.reports: Sequence[Report] = ()
        self.changed = False
        """Whether the last look found anything else than the one before."""
        self._known: dict[str, _Known] = {}
        timeout = httpx.Timeout(DISPATCHER_ANSWER_SECONDS, connect=DISPATCHER_CONNECT_SECONDS)
        self._client = httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False)

    async def look(self, addresses: Sequence[str]) -> list[ClusterError]:
        """Ask them all for their reports; why some have none."""
        answers = await asyncio.gather(
            *(self._report(address) for address in addresses), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, ClusterError):
                raise answer
        before = self.reports
        self.reports = [answer for answer in answers if isinstance(answer, Report)]
        self.changed = self.reports != before
        self._known = {key: known for key, known in self._known.items() if key in addresses}
        return [answer for answer in answers if isinstance(answer, ClusterError)]

    async def _report(self, address: str) -> Report:
        # the summary first: a configuration that is loaded in between is seen with the next report
        said = await self._asked(Summary, address, "/admin/v1/summary")
        known, told = self._known.get(address, _NOTHING), 0
        while True:
            path = f"/admin/v1/webhooks?since={known.since}&limit={ADMIN_PAGE_MAX}"
            changes = await self._asked(WebhookChanges, address, path)
            known = _known_then(known, changes)
            told += len(changes.items)
            if changes.next is None or (not changes.anew and told > said.webhooks):
                break  # what goes on changing meanwhile is found by the next look
        self._known[address] = known
        return Report(address, said.config_hash, known.views, said.config_problem)

    async def _asked(self, model: type[Said], address: str, path: str) -> Said:
        answer = await self._ask("GET", address, path)
        try:
            return model.model_validate(answer)
        except ValidationError as error:
            raise ClusterError(
                f"The dispatcher at {address} does not answer as this release does."
            ) from error

    async def test(self, address: str, request: RunRequest) -> TestRun:
        """Run a test to its end on one replica."""
        body = request.model_dump_json(by_alias=True, exclude_none=True).encode()
        timeout = seconds(request.spec.timeout) + DISPATCHER_ANSWER_SECONDS
        answer = await self._ask("POST", address, "/admin/v1/tests", content=body, timeout=timeout)
        try:
            return TestRun.model_validate(answer)
        except ValidationError as error:
            raise ClusterError(
                f"The dispatcher at {address} does not answer as this release does."
            ) from error

    async def _ask(
        self,
        method: str,
        address: str,
        path: str,
        *,
        content: bytes | None = None,
        timeout: float | None = None,
    ) -> Any:
        headers = {"authorization": f"Bearer {self._token()}"}
        if content is not None:
            headers["content-type"] = "application/json"
        request = self._client.build_request(
            method, f"http://{write_address(address, self._port)}{path}", content=content, headers=headers
        )
        if timeout is not None:
            request.extensions["timeout"] = httpx.Timeout(
                timeout, connect=DISPATCHER_CONNECT_SECONDS
            ).as_dict()
        try:
            response = await self._client.send(request, stream=True)
            try:
                answer = await _read(response, address)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise ClusterError(
                f"The dispatcher at {address} does not answer: {type(error).__name__} {error}"
            ) from error
        if response.status_code != 200:
            raise ClusterError(
                f"The dispatcher at {address} answered {response.status_code} to {path.partition('?')[0]}.",
                status=response.status_code,
            )
        try:
            return orjson.loads(answer)
        except orjson.JSONDecodeError as error:
            raise ClusterError(f"The dispatcher at {address} did not answer in JSON.") from error

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()


def _known_then(known: _Known, changes: WebhookChanges) -> _Known:
    """What is known after an answer; the same mapping where nothing changed, and none that was handed out changes."""
    if not (changes.anew or changes.items or changes.removed):
        return known._replace(since=changes.since or "")
    views = {} if changes.anew else dict(known.views)
    views |= {view.webhook: view for view in changes.items}
    for key in changes.removed:
        views.pop(key, None)
    return _Known(views, changes.since or "")


async def _read(response: httpx.Response, address: str) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > DISPATCHER_ANSWER_BYTES:
            raise ClusterError(f"The answer of the dispatcher at {address} is too large.")
    return bytes(body)
