"""OAuth 2.0 client credentials (RFC 6749 section 4.4): one token for all deliveries of a webhook.

The token is cached, fetched anew in the background shortly before it expires, and by one request at a time:
whoever needs it while a fetch is under way waits for that one, and giving up does not end it for others.
A 401 of the target throws the token away, once for all who used it (`refresh`).
Must not: open connections (the fetcher goes over the one sender, so the egress policy holds here too), read
the clock (it is passed in), put a credential or anything but the OAuth error code into a message.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

from hookwright.core.lenient_json import UnreadableJson, read_json
from hookwright.core.outcome import SLOWED
from hookwright.core.redaction import placeholder
from hookwright.errors import Cause, SendError, Sent
from hookwright.limits import TOKEN_BYTES, TOKEN_LIFE_SECONDS, TOKEN_MARGIN_SECONDS, TOKEN_RETRY_SECONDS
from hookwright.outbound.auth.constant import Headers
from hookwright.outbound.port import Answer, Pool, Sender

# The registry "OAuth Extensions Error" and what RFC 6749 has itself. No other code is shown: a server may say in it what
# it was sent.
_REGISTERED_CODES: Final = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "authorization_pending",
        "consent_required",
        "expired_token",
        "insufficient_scope",
        "insufficient_user_authentication",
        "interaction_required",
        "invalid_authorization_details",
        "invalid_client",
        "invalid_client_metadata",
        "invalid_dpop_proof",
        "invalid_grant",
        "invalid_redirect_uri",
        "invalid_request",
        "invalid_request_object",
        "invalid_request_uri",
        "invalid_scope",
        "invalid_target",
        "invalid_token",
        "login_required",
        "registration_not_supported",
        "request_not_supported",
        "request_uri_not_supported",
        "server_error",
        "slow_down",
        "temporarily_unavailable",
        "unauthorized_client",
        "unmet_authentication_requirements",
        "unsupported_grant_type",
        "unsupported_response_type",
        "unsupported_token_type",
        "use_dpop_nonce",
    }
)
_OTHER_TYPES: Final = frozenset({"mac", "dpop", "pop"})  # a request with such a token is signed with a key
_ACCESS_TOKEN: Final = re.compile(r"[\x21-\x7e]+")  # RFC 6749 A.12, without the blank: it goes into a header
_REMEMBERED: Final = 4  # fetched tokens that answers are searched for: the present one and some before


class TokenFetcher(Protocol):
    """POSTs a form to a token endpoint: (url, form, headers) → answer. Raises SendError."""

    async def __call__(self, url: str, form: bytes, headers: Headers) -> Answer:
        """Bounded in time and size by itself."""


@dataclass(frozen=True, slots=True)
class SenderTokenFetcher:
    """The fetcher of production: a pool of the webhook for its token endpoint, `timeout` seconds in all."""

    sender: Sender
    pool: Pool
    timeout: float

    async def __call__(self, url: str, form: bytes, headers: Headers) -> Answer:
        """The answer, its body cut by the sender at `limits.ANSWER_BYTES`. Raises SendError."""
        return await self.sender.send(self.pool, "POST", url, headers, form, timeout=self.timeout)


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """What a token is asked for with. `in_body`: id and secret as form fields rather than HTTP basic."""

    token_url: str
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    audience: str | None = None
    in_body: bool = False

    def form(self) -> bytes:
        """The request's body, application/x-www-form-urlencoded."""
        fields = {"grant_type": "client_credentials"}
        if self.scopes:
            fields["scope"] = " ".join(self.scopes)
        if self.audience is not None:
            fields["audience"] = self.audience
        if self.in_body:
            fields |= {"client_id": self.client_id, "client_secret": self.client_secret}
        return "&".join(f"{name}={_encoded(value)}" for name, value in fields.items()).encode()

    def headers(self) -> Headers:
        """The request's headers (RFC 6749 section 2.3.1: id and secret are form-encoded, then basic)."""
        headers = (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"))
        if self.in_body:
            return headers
        return (*headers, ("authorization", f"Basic {self.basic()}"))

    def basic(self) -> str:
        """Id and secret as HTTP basic writes them."""
        pair = f"{_encoded(self.client_id)}:{_encoded(self.client_secret)}".encode()
        return b64encode(pair).decode()


@dataclass(frozen=True, slots=True)
class Token:
    """A fetched token as a header. `life`: seconds it is good for, counted from its arrival."""

    value: str = field(repr=False)
    life: float
    headers: Headers = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why there is no token, as one sentence; what the endpoint asks for by Retry-After, and by a 429 or 503."""

    sentence: str
    retry_after: str | None = None
    slow: bool = False


class OAuth2Credentials:
    """The cached token of one webhook."""

    constant: Headers | None = None

    def __init__(self, client: ClientCredentials, fetch: TokenFetcher, clock: Callable[[], float]) -> None:
        """`clock` gives monotonic seconds."""
        self._client = client
        self._fetch = fetch
        self._clock = clock
        self._host = urlsplit(client.token_url).hostname or client.token_url
        self._label = f"token of {self._host}"
        self.shown: Headers = (("authorization", f"Bearer {placeholder(self._label)}"),)
        self._token: Token | None = None
        self._expires = 0.0
        self._renew = 0.0
        self._fetching: asyncio.Task[Token | _Refusal] | None = None
        self._fetched: deque[str] = deque(maxlen=_REMEMBERED)

    async def headers(self, deadline_seconds: float) -> Headers:
        """The authorization header, waiting at most so long for a token. SendError(TOKEN, not sent)."""
        token = self._token
        now = self._clock()
        if token is None or now >= self._expires:
            return (await self._new_token(deadline_seconds)).headers
        if now >= self._renew and self._fetching is None:
            self._renew = (
                now + TOKEN_RETRY_SECONDS
            )  # the present token is still good: a failed renewal can wait
            self._start()
        return token.headers

    async def refresh(self, used: Headers, deadline_seconds: float) -> bool:
        """After a 401 to a request that carried `used`: whether there is another token to try with once more.

        Fetches only if nobody has replaced that token since. SendError(TOKEN, answered) if none can be had.
        """
        if self._token is not None and self._token.headers == used:
            self._token = None
        try:
            return await self.headers(deadline_seconds) != used
        except SendError as error:
            error.sent = Sent.ANSWERED
            raise

    def live_secrets(self) -> tuple[tuple[str, str], ...]:
        """(label, value) of the tokens fetched lately, for redaction."""
        return tuple((self._label, value) for value in self._fetched)

    async def _new_token(self, deadline_seconds: float) -> Token:
        """Join the fetch that is under way, or start one. Being cancelled ends only this caller's waiting."""
        fetching = self._fetching or self._start()
        await asyncio.wait({fetching}, timeout=deadline_seconds)
        if not fetching.done():
            raise _error(
                _Refusal(f"The token endpoint {self._host} gave no token within the delivery's timeout.")
            )
        outcome = fetching.result()
        if isinstance(outcome, _Refusal):
            raise _error(outcome)
        return outcome

    def _start(self) -> asyncio.Task[Token | _Refusal]:
        """One fetch in the background, for all who wait."""
        self._fetching = asyncio.create_task(self._fetch_token())
        return self._fetching

    async def _fetch_token(self) -> Token | _Refusal:
        """Fetch, read and keep a token. A refusal is a value: each waiting caller raises its own error."""
        try:
            answer = await self._fetch(self._client.token_url, self._client.form(), self._client.headers())
        except SendError as error:
            return _Refusal(f"The token endpoint {self._host} could not be asked: {error}")
        finally:
            self._fetching = None
        try:
            token = read_answer(answer)
        except ValueError as error:
            wait = next((value for name, value in answer.headers if name == "retry-after"), None)
            sentence = f"The token endpoint {self._host} {error}."
            return _Refusal(sentence, wait, answer.status in SLOWED)
        self._keep(token)
        return token

    def _keep(self, token: Token) -> None:
        self._token = token
        self._expires = self._clock() + token.life
        self._renew = self._expires - min(TOKEN_MARGIN_SECONDS, token.life / 4)
        self._fetched.append(token.value)


def _error(refusal: _Refusal) -> SendError:
    return SendError(
        refusal.sentence,
        cause=Cause.TOKEN,
        sent=Sent.NOT_SENT,
        retry_after=refusal.retry_after,
        slow=refusal.slow,
    )


def read_answer(answer: Answer) -> Token:
    """The token in an answer (RFC 6749 section 5.1), sent as Bearer whatever type it says but those that need more.

    ValueError: the end of a sentence that says why there is none, without a word of the server's own.
    """
    status = answer.status
    if len(answer.body) > TOKEN_BYTES:
        raise ValueError(f"answered more than {TOKEN_BYTES // 1024} KiB")
    document, unread = _document(answer)
    code = document.get("error")
    if isinstance(code, str) and code:
        known = (
            f"the error {code}" if code in _REGISTERED_CODES else "an error code that is not in the standard"
        )
        raise ValueError(f"answered {status} with {known}")
    if not 200 <= status < 300:
        raise ValueError(f"answered {status}")
    value = document.get("access_token")
    if not isinstance(value, str) or not _ACCESS_TOKEN.fullmatch(value):
        raise ValueError(f"answered {status} without a usable access_token in a JSON object{unread}")
    kind = document.get("token_type")
    if isinstance(kind, str) and kind.strip().lower() in _OTHER_TYPES:
        raise ValueError(f"gave a token of type {kind.strip()}, which is not sent as Bearer")
    return Token(value, _life(document.get("expires_in")), (("authorization", f"Bearer {value}"),))


def _document(answer: Answer) -> tuple[dict[str, Any], str]:
    """The JSON object of an answer, or an empty one and why it cannot be read, to be put behind a sentence."""
    try:
        document = read_json(answer.body)
    except UnreadableJson as error:
        return {}, f": its answer {answer.cut or error}"
    return (document, "") if isinstance(document, dict) else ({}, "")


def _life(expires_in: object) -> float:
    """Seconds; some servers send them as text, some not at all."""
    if isinstance(expires_in, str) and expires_in.isascii() and expires_in.isdigit():
        return float(expires_in)
    if isinstance(expires_in, int | float) and not isinstance(expires_in, bool):
        return max(0.0, float(expires_in))
    return TOKEN_LIFE_SECONDS


def _encoded(value: str) -> str:
    """Form-encoded; a blank as %20 rather than +, which servers that only decode percents read as well."""
    return quote(value, safe="")
