"""The HTTP client of the commands: the event port (`--to`) and the admin port (`--admin`) of a dispatcher.

Knows addresses, tokens, timeouts and how a refusal is said: no connection and refused credentials are
mistakes of use (exit code 2), other refusals are the answer to the command (exit code 1). Environment proxies
are ignored. Must not: print, or show a token.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from hookwright.cli.cluster import Cluster
from hookwright.core.objects import full_name
from hookwright.core.tokens import read_tokens
from hookwright.errors import HookwrightError, UsageError
from hookwright.limits import ADMIN_PAGE_MAX, CLIENT_ANSWER_BYTES, CLIENT_CONNECT_SECONDS, CLIENT_READ_SECONDS

EVENTS_URL: Final = "http://127.0.0.1:8080"
ADMIN_URL: Final = "http://127.0.0.1:8081"
JSON: Final = "application/json"
_TOKEN_BYTES: Final = 65_536
_MISUSE: Final = frozenset({401, 403, 404, 405, 421})


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: its status and JSON (None: the body is not JSON)."""

    status: int
    document: Any

    @property
    def detail(self) -> str:
        """What a refusal says: the sentence of its problem document."""
        said = self.document.get("detail") if isinstance(self.document, Mapping) else None
        return said if isinstance(said, str) else f"The answer was {self.status} without an explanation."


@dataclass(frozen=True, slots=True)
class Client:
    """One port of a dispatcher. `flag` and `token_flag` are the options by which it was given.

    `cluster`: the one whose port-forward leads there, with the `token` that its Secret holds.
    """

    url: str
    token_file: Path | None
    flag: str
    token_flag: str
    cluster: Cluster | None = None
    token: str | None = field(default=None, repr=False)

    @classmethod
    def events(cls, url: str, token_file: Path | None) -> Client:
        """The event port."""
        return cls(_checked(url, "--to"), token_file, "--to", "--token-file")

    @classmethod
    def admin(cls, url: str, token_file: Path | None) -> Client:
        """The admin port."""
        return cls(_checked(url, "--admin"), token_file, "--admin", "--admin-token-file")

    def through(self, cluster: Cluster, token: str | None) -> Client:
        """The same port at the end of a port-forward of a cluster."""
        return replace(self, cluster=cluster, token=token)

    def full_name(self, name: str) -> str:
        """`[NS/]NAME` → `NS/NAME`. UsageError for what cannot be a name."""
        if self.cluster is None or "/" in name:
            return full_name(name)
        return full_name(name, self.cluster.namespace)  # a call of kubectl

    def bearer(self) -> str | None:
        """The token that is sent. UsageError: its file cannot be read."""
        return self.token if self.token_file is None else _token(self.token_file)

    def command(self, words: str) -> str:
        """A command to paste that reaches the same admin port."""
        if self.cluster is not None:
            said = self.cluster.command(words)
        else:
            said = f"hookwright {words}" + (
                "" if self.url == ADMIN_URL else f" --admin {shlex.quote(self.url)}"
            )
        if self.token_file is not None:
            said += f" --admin-token-file {shlex.quote(str(self.token_file))}"
        return said

    def get(self, path: str, **parameters: str | int | None) -> Any:
        """The JSON at a path; parameters that are None are left out. Errors as `done`."""
        given = {name: value for name, value in parameters.items() if value is not None}
        return self.done(self.ask("GET", path, parameters=given))

    def post(self, path: str, document: Any) -> Any:
        """The JSON that answers a JSON body. Errors as `done`."""
        return self.done(self.ask("POST", path, content=json.dumps(document).encode()))

    def pages(self, path: str, mark: str = "before", **parameters: str | int | None) -> Iterator[list[Any]]:
        """All pages of a list in its order; `mark`: the parameter that takes the `next` of the page before."""
        begins: dict[str, str] = {}
        while True:
            page = self.get(path, limit=ADMIN_PAGE_MAX, **begins, **parameters)
            yield page["items"]
            if page["next"] is None:
                return
            begins = {mark: page["next"]}

    def done(self, answer: Answer) -> Any:
        """The JSON of a 2xx answer. UsageError: not let in or not there; HookwrightError: refused."""
        if 200 <= answer.status < 300:
            if answer.document is None:
                raise UsageError(f"{self.url} does not answer in JSON; is it a dispatcher ({self.flag})?")
            return answer.document
        if answer.status == 401:
            raise UsageError(f"{self.url}: {answer.detail} Name a file that holds it with {self.token_flag}.")
        raise (UsageError if answer.status in _MISUSE else HookwrightError)(answer.detail)

    def ask(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str | int] | None = None,
        content: bytes = b"",
        content_type: str = JSON,
    ) -> Answer:
        """Send a request and read the answer whatever its status. UsageError: no token file, or no answer."""
        headers = {"content-type": content_type} if content else {}
        if (token := self.bearer()) is not None:
            headers["authorization"] = f"Bearer {token}"
        timeout = httpx.Timeout(CLIENT_READ_SECONDS, connect=CLIENT_CONNECT_SECONDS)
        try:
            with (
                httpx.Client(trust_env=False, verify=_trust(), timeout=timeout) as http,
                http.stream(
                    method, self.url + path, params=parameters, content=content, headers=headers
                ) as answer,
            ):
                return Answer(answer.status_code, _json(self._bounded(answer)))
        except httpx.ConnectError as error:
            if self.cluster is not None:
                raise UsageError("The port-forward to the dispatcher has ended; try again.") from None
            raise UsageError(
                f"Nothing answers at {self.url} ({error}); start it with `hookwright dev DIR`, or say with "
                f"{self.flag} where it is."
            ) from None
        except httpx.TimeoutException:
            raise UsageError(
                f"{self.url} did not answer in time; say with {self.flag} where it is."
            ) from None
        except httpx.HTTPError as error:
            raise UsageError(f"{self.url} gave no complete answer ({error}); try again.") from None

    def _bounded(self, answer: httpx.Response) -> bytes:
        body = bytearray()
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > CLIENT_ANSWER_BYTES:
                raise UsageError(
                    f"{self.url} answers more than {CLIENT_ANSWER_BYTES:,} bytes; say less at once."
                )
        return bytes(body)


def _checked(url: str, flag: str) -> str:
    """A base URL without its trailing slash. UsageError for what is none."""
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
        )
        usable = bool(usable) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{flag} {url}: write it as http://HOST:PORT.")
    return url.rstrip("/")


@cache
def _trust() -> Any:
    """The system's roots, read once: reading them takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)


def _token(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            tokens = read_tokens(opened.read(_TOKEN_BYTES).decode("ascii"))
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: holds no token; a token is ASCII text.") from None
    if not tokens:
        raise UsageError(f"{file}: is empty; write the token into it.")
    return tokens[0][1]


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
