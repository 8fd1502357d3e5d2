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
    """One set of trust and identity; without a CA of its own the roots belong to it."""

    def __init__(self, settings: TlsSettings, roots: Roots) -> None:
        self._settings = settings
        self._roots = roots if settings.ca is None else None
        self._context = _own(settings)
        self._issue: int | None = None

    @property
    def issue(self) -> int:
        """Another one after the roots have changed: what was connected under the former is not used again."""
        return 0 if self._roots is None else self._roots.issue

    async def context(self) -> ssl.SSLContext:
        """The context to connect with."""
        if self._roots is not None and self._issue != self._roots.issue:
            await asyncio.wrap_future(self._roots.thread.submit(self._add_roots, self._roots))
        return self._context

    def _add_roots(self, roots: Roots) -> None:
        if self._issue == roots.issue:  # by now
            return
        # a context forgets nobody whom it trusted: after a change there has to be another
        context = self._context if self._issue is None else _own(self._settings)
        roots.add_to(context)
        self._context, self._issue = context, roots.issue


class Roots:
    """Adds the system's roots and the administrator's `ca_files` to contexts, one after another in one thread.

    All at once would take processors from the loop, and threads from others. Raises ConfigurationError when a file
    cannot be used.
    """

    def __init__(self, ca_files: Sequence[Path]) -> None:
        self._ca_files = tuple(ca_files)
        self.thread = ThreadPoolExecutor(1, "tls-roots")
        self.issue = 0
        self._authorities = self._read()  # a wrong one stops the start

    def add_to(self, context: ssl.SSLContext) -> None:
        """Takes up to 0.1 s."""
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        for path, pem in zip(self._ca_files, self._authorities, strict=True):
            _trust_file(context, path, pem)

    def read_again(self) -> bool:
        """Whether the files have changed. Where one cannot be used, those before stay: ConfigurationError."""
        found = self._read()
        if found == self._authorities:
            return False
        self._authorities = found
        self.issue += 1
        return True

    def _read(self) -> tuple[bytes, ...]:
        found = []
        for path in self._ca_files:
            try:
                found.append(path.read_bytes())
            except OSError as error:
                raise _unusable(path) from error
            _trust_file(_bare(), path, found[-1])
        return tuple(found)


class TlsContexts:
    """Makes and shares contexts, in any thread. `ca_files` (PEM) are trusted beside the system's roots.

    Raises ConfigurationError when one of them cannot be used.
    """

    def __init__(self, ca_files: Sequence[Path] = ()) -> None:
        self._roots = Roots(ca_files)
        self._public = Tls(TlsSettings(), self._roots)
        # Weak: a context, and the private key in it, goes when the last pool that uses it goes.
        self._shared: WeakValueDictionary[TlsSettings, Tls] = WeakValueDictionary()

    def get(self, settings: TlsSettings) -> Tls:
        """What these settings come to. Raises SendError(TLS, not sent) when a PEM text cannot be used."""
        if settings == TlsSettings():
            return self._public
        tls = self._shared.get(settings)
        if tls is None:
            tls = self._shared[settings] = Tls(settings, self._roots)
        return tls

    async def read_again(self) -> bool:
        """Whether the `ca_files` have changed. Where one cannot be used, those before stay: ConfigurationError."""
        return await asyncio.wrap_future(self._roots.thread.submit(self._roots.read_again))


def _own(settings: TlsSettings) -> ssl.SSLContext:
    """A webhook's own trust and identity. Raises SendError(TLS, not sent) when a PEM text cannot be used."""
    context = _bare()
    if settings.ca is not None:
        _trust(context, settings.ca)
    if settings.cert is not None or settings.key is not None:
        _identify(context, settings.cert, settings.key)
    return context


def _bare() -> ssl.SSLContext:
    """Verifies chain and name, trusts nobody yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # Like curl and Python 3.13: a trusted intermediate or leaf is enough, its root need not be there.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context


def _trust_file(context: ssl.SSLContext, path: Path, pem: bytes) -> None:
    """`pem` is what was read there; as a file, since in a text ssl takes no comment beyond ASCII."""
    try:
        with _as_file(pem) as copy:
            context.load_verify_locations(cafile=copy)
    except OSError as error:  # ssl.SSLError is one
        raise _unusable(path) from error


def _unusable(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"The CA file {path} cannot be used: it must be readable and hold PEM certificates."
    )


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
        with _as_file(f"{cert}\n{key}\n".encode()) as path:
            context.load_cert_chain(path, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise failures.unusable_pem(_identity_problem(error)) from error


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """Path of a file that holds `content` during the block, as ssl reads identities from files only.

    It is in memory where the system can do that (Linux): a pod has no folder to write to. Elsewhere it is private
    (0600) and gone before anything else happens.
    """
    if hasattr(os, "memfd_create"):
        with open(os.memfd_create("pem"), "wb") as file:
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            file.write(content)
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
