"""The admin port of every dispatcher replica: what it runs, what happened last, and runs of tests.

Every failure becomes a ClusterError and says which replica; a replica that does not answer is left out of the
reports. Must not: decide what a report means, show the token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import orjson
from pydantic import ValidationError

from hookwright.api.admin import RunRequest, Summary, TestRun, WebhookView
from hookwright.api.fields import seconds
from hookwright.controller.plan import Report
from hookwright.errors import ClusterError
from hookwright.limits import DISPATCHER_ANSWER_BYTES, DISPATCHER_ANSWER_SECONDS, DISPATCHER_CONNECT_SECONDS


class Dispatchers:
    """`token`: gives the admin token in force; `reports`: of those that answered the last look, as asked."""

    def __init__(self, port: int, token: Callable[[], str]) -> None:
        self._port, self._token = port, token
        self.reports: Sequence[Report] = ()
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
        self.reports = [answer for answer in answers if isinstance(answer, Report)]
        return [answer for answer in answers if isinstance(answer, ClusterError)]

    async def _report(self, address: str) -> Report:
        # the summary first: a configuration that is loaded in between is seen with the next report
        summary = await self._ask("GET", address, "/admin/v1/summary")
        page = await self._ask("GET", address, "/admin/v1/webhooks")
        try:
            views = [WebhookView.model_validate(each) for each in page["items"]]
            said = Summary.model_validate(summary)
        except (ValidationError, KeyError, TypeError) as error:
            raise ClusterError(
                f"The dispatcher at {address} does not answer as this release does."
            ) from error
        return Report(address, said.config_hash, {view.webhook: view for view in views}, said.config_problem)

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
        host = f"[{address}]" if ":" in address else address
        headers = {"authorization": f"Bearer {self._token()}"}
        if content is not None:
            headers["content-type"] = "application/json"
        request = self._client.build_request(
            method, f"http://{host}:{self._port}{path}", content=content, headers=headers
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
                f"The dispatcher at {address} answered {response.status_code} to {path}.",
                status=response.status_code,
            )
        try:
            return orjson.loads(answer)
        except orjson.JSONDecodeError as error:
            raise ClusterError(f"The dispatcher at {address} did not answer in JSON.") from error

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()


async def _read(response: httpx.Response, address: str) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > DISPATCHER_ANSWER_BYTES:
            raise ClusterError(f"The answer of the dispatcher at {address} is too large.")
    return bytes(body)
