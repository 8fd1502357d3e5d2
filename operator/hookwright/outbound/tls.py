"""TLS contexts: one per set of trust and identity, shared by all webhooks that have the same.

Making a context costs milliseconds and, with the system's roots, up to a megabyte: never one per request. TLS
1.2 is the oldest version. Must not: turn verification off in any case, or show a PEM text in an error.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from weakref import WeakValueDictionary

from hookwright.errors import ConfigurationError
from hookwright.outbound import failures
from hookwright.outbound.port import TlsSettings


class TlsContexts:
    """Makes and shares contexts. `ca_files` (PEM) are trusted beside the system's roots.

    Raises ConfigurationError when one of them cannot be used.
    """

    def __init__(self, ca_files: Sequence[Path] = ()) -> None:
        self._ca_files = tuple(ca_files)
        for path in self._ca_files:
            _trust_file(_bare(), path)  # a wrong one stops the start
        # Weak: a context, and the private key in it, goes when the last pool that uses it goes.
        self._shared: WeakValueDictionary[TlsSettings, ssl.SSLContext] = WeakValueDictionary()

    def get(self, settings: TlsSettings) -> ssl.SSLContext:
        """The context for these settings. Raises SendError(TLS, not sent) when a PEM text cannot be used."""
        if settings == TlsSettings():
            return self._public
        context = self._shared.get(settings)
        if context is None:
            context = self._make(settings)
            self._shared[settings] = context
        return context

    @cached_property
    def _public(self) -> ssl.SSLContext:
        return self._with_system_roots()

    def _make(self, settings: TlsSettings) -> ssl.SSLContext:
        if settings.ca is None:
            context = self._with_system_roots()
        else:
            context = _bare()
            _trust(context, settings.ca)
        if settings.cert is not None or settings.key is not None:
            _identify(context, settings.cert, settings.key)
        return context

    def _with_system_roots(self) -> ssl.SSLContext:
        context = _bare()
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        for path in self._ca_files:
            _trust_file(context, path)
        return context


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
        # ssl reads identities from files only. The file is private (0600) and gone before anything else
        # happens.
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(f"{cert}\n{key}\n")
            file.flush()
            context.load_cert_chain(file.name, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise failures.unusable_pem(_identity_problem(error)) from error


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
        return "The client certificate of spec.tls cannot be loaded, as the temporary folder is not writable."
    return "The tls.crt or tls.key of spec.tls.clientCertSecretRef is not usable PEM."
