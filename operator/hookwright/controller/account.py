"""The service account of the pod: where the API server is, whom to trust there, and the token to show.

Both clients, the official one and kopf's, take all of it from here: the address from the environment, so that no name is
resolved; token and authority from their files at each request, as kubelet renews them; no proxy. Must not: ask anything.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import aiohttp
import structlog

from hookwright.core.addresses import write_address
from hookwright.errors import ClusterError
from hookwright.limits import CONTROLLER_RETRY_SECONDS

FOLDER: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_log = structlog.get_logger()


class Account:
    """`server`: the API server's URL. Raises OSError when a file of `folder` cannot be read."""

    def __init__(self, server: str, folder: Path) -> None:
        self.server = server
        self.authority_file: Final = folder / "ca.crt"
        self._token_file: Final = folder / "token"
        self._token = self._token_file.read_text(encoding="ascii")
        self._authority = self._read = self.authority_file.read_text()
        self._logged_in: tuple[str, str] | None = None

    def token(self) -> str:
        """The one in force; while its file cannot be read, the one before."""
        with suppress(OSError):
            self._token = self._token_file.read_text(encoding="ascii")
        return self._token.strip()

    def authority(self) -> str:
        """Certificates (PEM) to trust, as they stand in the file; while those are unusable, the ones before."""
        with suppress(OSError):
            read, self._read = self._read, self.authority_file.read_text()
            if self._read != read and _usable(self._read):
                self._authority = self._read
                _log.info("account", message="The API server's authority was read anew.")
            elif self._read != read:
                _log.error("account", message=f"{self.authority_file} holds no usable certificate.")
        return self._authority

    async def session(self) -> aiohttp.ClientSession:
        """A session for kopf. With the first request after the authority has changed it is closed.

        kopf asks for another one then, as it does when it was refused; if nothing is new, it has to wait for it.
        """
        authority = self.authority()
        logged_in, self._logged_in = self._logged_in, (self.token(), authority)
        if logged_in == self._logged_in:
            await asyncio.sleep(CONTROLLER_RETRY_SECONDS)

        async def prove(
            request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            if self.authority() != authority:
                await request.session.close()
                raise RuntimeError("Session is closed")  # as aiohttp says it
            request.headers["authorization"] = f"Bearer {self.token()}"
            return await send(request)

        connector = aiohttp.TCPConnector(limit=0, ssl=_trusting(authority))
        return aiohttp.ClientSession(connector=connector, middlewares=[prove])


def _trusting(authority: str) -> ssl.SSLContext:
    """Nobody else: `ssl.create_default_context` trusts the system's roots where there is no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority)
    return context


def _usable(authority: str) -> bool:
    try:
        _trusting(authority)
    except (ssl.SSLError, ValueError):
        return False
    return True


def find_account(folder: Path = FOLDER, environment: Mapping[str, str] = os.environ) -> Account | None:
    """None: this process is in no pod with a service account. ClusterError: its files cannot be read."""
    host, port = (environment.get(f"KUBERNETES_SERVICE_{each}") for each in ("HOST", "PORT"))
    if not host or not port or not (folder / "token").exists():
        return None
    try:
        return Account(f"https://{write_address(host, int(port))}", folder)
    except OSError as error:
        raise ClusterError(f"The service account cannot be read: {error}") from error
