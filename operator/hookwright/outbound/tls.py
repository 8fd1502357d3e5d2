"""TLS contexts: one per set of trust and identity, shared by all webhooks that have the same.

Making a context costs milliseconds: never one per request. Reading the system's roots costs up to 0.1 s and a
megabyte: in a thread, and not before the first connection that needs them. TLS 1.2 is the oldest version. Must not:
turn verification off in any case, or show a PEM text in an error.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

from hookwright.errors import ConfigurationError
from hookwright.outbound import failures
from hookwright.outbound.port import TlsSettings


class Tls:
    """One set of trust and identity; without a CA of its own the system's roots belong to it."""

    def __init__(self, context: ssl.SSLContext, roots: Roots | None) -> None:
        self._context = context
        self._roots = roots

    async def context(self) -> ssl.SSLContext:
        """The context to connect with. Raises SendError(TLS, not sent) when a CA file cannot be read any more."""
        if self._roots is not None:
            await asyncio.wrap_future(self._roots.thread.submit(self._add_roots))
        return self._context

    def _add_roots(self) -> None:
        if self._roots is not None:
            self._roots.add_to(self._context)
            self._roots = None


class Roots:
    """Adds the system's roots and the administrator's `ca_files` to contexts, one after another in one thread.

    All at once would take processors from the loop, and threads from others. Raises ConfigurationError when a file
    cannot be used.
    """

    def __init__(self, ca_files: Sequence[Path]) -> None:
        self._ca_files = tuple(ca_files)
        self.thread = ThreadPoolExecutor(1, "tls-roots")
        for path in self._ca_files:
            _trust_file(_bare(), path)  # a wrong one stops the start

    def add_to(self, context: ssl.SSLContext) -> None:
        """Takes up to 0.1 s. Raises SendError."""
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        try:
            for path in self._ca_files:
                _trust_file(context, path)
        except ConfigurationError as error:
            raise failures.unusable_pem(str(error)) from error


class TlsContexts:
    """Makes and shares contexts, in any thread. `ca_files` (PEM) are trusted beside the system's roots.

    Raises ConfigurationError when one of them cannot be used.
    """

    def __init__(self, ca_files: Sequence[Path] = ()) -> None:
        self._roots = Roots(ca_files)
        self._public = Tls(_bare(), self._roots)
        # Weak: a context, and the private key in it, goes when the last pool that uses it goes.
        self._shared: WeakValueDictionary[TlsSettings, Tls] = WeakValueDictionary()

    def get(self, settings: TlsSettings) -> Tls:
        """What these settings come to. Raises SendError(TLS, not sent) when a PEM text cannot be used."""
        if settings == TlsSettings():
            return self._public
        tls = self._shared.get(settings)
        if tls is None:
            tls = self._make(settings)
            self._shared[settings] = tls
        return tls

    def _make(self, settings: TlsSettings) -> Tls:
        context = _bare()
        if settings.ca is not None:
            _trust(context, settings.ca)
        if settings.cert is not None or settings.key is not None:
            _identify(context, settings.cert, settings.key)
        return Tls(context, self._roots if settings.ca is None else None)


def _bare() -> ssl.SSLContext:
    """Verifies chain and name, trusts nobody yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # Like curl and Python 3.13: a trusted intermediate or leaf is enough, its root need not be there.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context


def _trust_file(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(
            f"The CA file {path} cannot be used: it must be readable and hold PEM certificates."
        ) from error


def _trust(context: ssl.SSLContext, ca: str) -> None:
    try:
        context.load_verify_locations(cadata=ca)
    except (ssl.SSLError, ValueError, TypeError) as error:
        raise failures.unusable_pem(
            "The CA of spec.tls.ca holds no usable PEM certificate (-----BEGIN CERTIFICATE-----)."
        ) from error


def _identify(context: ssl.SSLContext, cert: str | None, key: str | None) -> None:
    if not cert or not key:
        raise failures.unusable_pem(
            "The Secret of spec.tls.clientCertSecretRef must hold both tls.crt and tls.key."
        )
    try:
        with _as_file(f"{cert}\n{key}\n") as path:
            context.load_cert_chain(path, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise failures.unusable_pem(_identity_problem(error)) from error


@contextmanager
def _as_file(text: str) -> Iterator[str]:
    """Path of a file that holds `text` during the block, as ssl reads identities from files only.

    It is in memory where the system can do that (Linux): a pod has no folder to write to. Elsewhere it is private
    (0600) and gone before anything else happens.
    """
    if hasattr(os, "memfd_create"):
        with open(os.memfd_create("identity"), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".pem") as file:
            file.write(text)
            file.flush()
            yield file.name


class _EncryptedKeyError(ValueError):
    pass


def _no_password() -> str:
    raise _EncryptedKeyError  # without this OpenSSL would ask on the terminal


def _identity_problem(error: Exception) -> str:
    if isinstance(error, _EncryptedKeyError):
        return "The tls.key of spec.tls.clientCertSecretRef is encrypted; store it without a password."
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return "The tls.key of spec.tls.clientCertSecretRef does not belong to its tls.crt."
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        return f"The client certificate of spec.tls cannot be handed to OpenSSL: {error.strerror or error}."
    return "The tls.crt or tls.key of spec.tls.clientCertSecretRef is not usable PEM."
