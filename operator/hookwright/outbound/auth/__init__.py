"""Credentials of a request, made once per webhook from its spec and its Secrets.

A new scheme is a function or class here, one line in `credentials` and one test file.
Must not: look at the request, decide what a 401 means (the attempt asks `refresh` and sends once more).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from hookwright.api.v1alpha1.webhook import OAuth2, WebhookSpec
from hookwright.outbound.auth.constant import Headers, basic, bearer
from hookwright.outbound.auth.oauth2 import ClientCredentials, OAuth2Credentials, TokenFetcher


class Credentials(Protocol):
    """What adds credentials to a request."""

    @property
    def constant(self) -> Headers | None:
        """The headers, if they are the same for every attempt: then nothing has to be awaited."""

    @property
    def shown(self) -> Headers:
        """The same headers as they may be stored and shown, with ‹secret name/key› in place of values."""

    async def headers(self, deadline_seconds: float) -> Headers:
        """Headers to add now. A token fetch counts against the delivery's own deadline.

        `deadline_seconds`: what is left of it, from now; the caller takes the time used here off what it
        gives to the sender. Raises SendError(TOKEN, not sent) if nothing can be had by then.
        """

    async def refresh(self, used: Headers, deadline_seconds: float) -> bool:
        """After a 401 to a request that carried `used` (what `headers` gave): is there something else to try?

        True: ask `headers` again and send once more. One refresh serves all who used the same token.
        Raises SendError(TOKEN, answered): the 401 was an answer.
        """

    def live_secrets(self) -> tuple[tuple[str, str], ...]:
        """(label, value) of secrets that were fetched, for redaction of answers and errors."""


def credentials(
    spec: WebhookSpec, secrets: Mapping[str, str], *, fetch: TokenFetcher, clock: Callable[[], float]
) -> Credentials | None:
    """The credentials of a webhook, None if it has none.

    `secrets`: `name/key` → value, complete (a webhook with a missing one is held before it comes here);
    `clock`: monotonic seconds. Raises ValueError with one sentence about a value that its scheme cannot send.
    """
    auth = spec.auth
    if auth is None:
        return None
    if auth.bearer is not None:
        label = auth.bearer.token_secret_ref.label
        return bearer(secrets[label], label)
    if auth.basic is not None:
        username = auth.basic.username_secret_ref.label
        password = auth.basic.password_secret_ref.label
        return basic(secrets[username], secrets[password], username, password)
    if auth.oauth2 is not None:
        return OAuth2Credentials(_client(auth.oauth2, secrets), fetch, clock)
    return None


def _client(spec: OAuth2, secrets: Mapping[str, str]) -> ClientCredentials:
    reference = spec.client_id_secret_ref
    return ClientCredentials(
        token_url=spec.token_url,
        client_id=secrets[reference.label] if reference is not None else spec.client_id or "",
        client_secret=secrets[spec.client_secret_ref.label],
        scopes=tuple(spec.scopes or ()),
        audience=spec.audience,
        in_body=spec.auth_style == "Body",
    )
