"""A real OAuth 2.0 authorization server: Authlib's logic, served by uvicorn over TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import trustme
import uvicorn
from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request, ResourceProtector
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator, BearerTokenValidator
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hookwright.outbound.port import Answer as TargetAnswer


@dataclass
class Client(ClientMixin):
    """A registered client."""

    client_id: str
    secret: str
    method: str
    scopes: frozenset[str] = frozenset()

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        asked = set((scope or "").split())
        return scope or "" if asked <= self.scopes else None

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.method

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


@dataclass
class IssuedToken(TokenMixin):
    """A token the server has given out."""

    scope: str
    revoked: bool = False

    def get_scope(self) -> str:
        return self.scope

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return self.revoked


class FormRequest(OAuth2Request):  # type: ignore[misc]
    """What Authlib wants to know of a request."""

    def __init__(self, request: Request, form: Mapping[str, str]) -> None:
        super().__init__(request.method, str(request.url), headers=request.headers)
        self.payload = BasicOAuth2Payload(dict(form))
        self.fields = form

    @property
    def form(self) -> Mapping[str, str]:
        return self.fields


class Grant(ClientCredentialsGrant):  # type: ignore[misc]
    """Client credentials, in both styles."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]  # noqa: RUF012


@dataclass
class Server(AuthorizationServer, BearerTokenValidator):  # type: ignore[misc]
    """The server, what it was asked, and how a test may hold it up.

    `open` lets token requests pass; `asked` and `fetched` are set when one came and when its answer arrived;
    `expires_in` 0 leaves the field out.
    """

    clients: dict[str, Client]
    expires_in: int = 3600
    fetches: int = 0
    forms: list[dict[str, str]] = field(default_factory=list)
    issued: dict[str, IssuedToken] = field(default_factory=dict)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    fetched: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    http: httpx.AsyncClient = field(init=False)
    ca_file: Path = Path()

    def __post_init__(self) -> None:
        AuthorizationServer.__init__(self)
        BearerTokenValidator.__init__(self)
        self.open.set()
        self.register_grant(Grant)
        self.register_token_generator(
            "default",
            BearerTokenGenerator(self.new_token, expires_generator=lambda client, grant: self.expires_in),
        )
        self.protector = ResourceProtector()
        self.protector.register_token_validator(self)

    def new_token(self, **_: Any) -> str:
        return f"issued-token-{len(self.issued) + 1:04}"

    def query_client(self, client_id: str) -> Client | None:
        return self.clients.get(client_id)

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        self.issued[token["access_token"]] = IssuedToken(token.get("scope", ""))

    def authenticate_token(self, token_string: str) -> IssuedToken | None:
        return self.issued.get(token_string)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        return JSONResponse(body, status, dict(headers))

    async def token(self, request: Request) -> Response:
        """The token endpoint."""
        form = dict(parse_qsl((await request.body()).decode(), strict_parsing=True))
        self.forms.append(form)
        self.asked.set()
        await self.open.wait()
        return self.create_token_response(FormRequest(request, form))

    async def resource(self, request: Request) -> Response:
        """A webhook target that wants a live token."""
        try:
            self.protector.validate_request([], FormRequest(request, {}))
        except OAuth2Error as error:
            return self.handle_error_response(None, error)
        return JSONResponse({"ok": True})

    async def fetch(self, url: str, form: bytes, headers: tuple[tuple[str, str], ...]) -> TargetAnswer:
        """A TokenFetcher over TLS."""
        self.fetches += 1
        answer = await self.http.post(url, content=form, headers=list(headers))
        self.fetched.set()
        return TargetAnswer(answer.status_code, answer.headers.multi_items(), answer.content)

    async def call(self, headers: tuple[tuple[str, str], ...]) -> int:
        """Status of a request to the resource."""
        return (await self.http.post(self.url + "/resource", headers=list(headers))).status_code


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """The authorization server on a free port of localhost, with a client for each style."""
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "idp.example").configure_cert(tls)
    clients = [
        Client(
            "header client/+ü", "header secret: %/+ü", "client_secret_basic", frozenset({"read", "write"})
        ),
        Client("body client/+ü", "body secret&=%+ü", "client_secret_post"),
    ]
    server = Server({client.client_id: client for client in clients})
    routes = [
        Route("/token", server.token, methods=["POST"]),
        Route("/resource", server.resource, methods=["POST"]),
    ]
    config = uvicorn.Config(
        Starlette(routes=routes), port=0, ssl_context_factory=lambda config, default: tls, log_config=None
    )
    config.load()
    process = uvicorn.Server(config)
    process.lifespan = config.lifespan_class(config)
    await process.startup()
    server.url = f"https://localhost:{process.servers[0].sockets[0].getsockname()[1]}"
    server.ca_file = tmp_path / "ca.crt"
    authority.cert_pem.write_to_path(str(server.ca_file))
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    async with httpx.AsyncClient(verify=trust, trust_env=False) as server.http:
        yield server
    server.open.set()
    await process.shutdown()
