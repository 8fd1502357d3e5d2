"""Every failure of the sender as a SendError: the cause, how far the request came, one sentence.

The exceptions of sockets, ssl and httptools stop here, chained by the caller; a test walks their classes and
fails when one is not mapped. A sentence names the host and never path, query or headers, which may hold a
secret.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl

from hookwright.errors import Cause, SendError, Sent

_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_CLOSED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)  # the peer closed, with or without saying so

# X509_V_ERR_* of OpenSSL's x509_vfy.h
_NOT_YET_VALID = 9
_EXPIRED = 10
_NAME_CODES = frozenset({62, 63, 64})
_UNTRUSTED_CODES = frozenset({2, 18, 19, 20, 21, 24, 27, 79})

# What the alerts and errors of OpenSSL mean for the one who set the webhook up; `ssl.SSLError.reason` →
# words.
_TLS_REASONS = {
    "WRONG_VERSION_NUMBER": "does not speak TLS on this port",
    "HTTP_REQUEST": "does not speak TLS on this port",
    "UNSUPPORTED_PROTOCOL": "offers no TLS version from 1.2 on",
    "TLSV1_ALERT_PROTOCOL_VERSION": "accepts no TLS version from 1.2 on",
    "TLSV1_UNRECOGNIZED_NAME": "does not know this host name",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "refused the TLS handshake; it may want a client certificate (spec.tls)",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "asks for a client certificate; set spec.tls.clientCertSecretRef",
    "SSLV3_ALERT_BAD_CERTIFICATE": "refused the client certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "refused the client certificate as expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "refused the client certificate as revoked",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "refused the client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "refused the client certificate, as it does not know its CA",
    "TLSV1_ALERT_ACCESS_DENIED": "refused the client certificate",
}


def refused(message: str) -> SendError:
    """The egress policy refuses the URL, the name or an address of it."""
    return SendError(message, cause=Cause.REFUSED_ADDRESS, sent=Sent.NOT_SENT)


def resolving(host: str, error: Exception) -> SendError:
    """The name could not be resolved. `error` is whatever the lookup raised."""
    if isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME:
        text = f"The host name {host} does not exist in DNS."
    elif isinstance(error, UnicodeError):
        text = f"The host name {host} is not valid: a part is empty or longer than 63 characters."
    elif isinstance(error, OSError) and error.strerror:
        text = f"The host name {host} could not be resolved: {error.strerror}."
    else:
        text = f"The host name {host} could not be resolved ({type(error).__name__})."
    return SendError(text, cause=Cause.DNS, sent=Sent.NOT_SENT)


def connecting(host: str, error: OSError) -> SendError:
    """No TCP connection came about."""
    return SendError(
        f"{host} could not be connected to: {_words(error)}.", cause=Cause.CONNECT, sent=Sent.NOT_SENT
    )


def securing(host: str, error: Exception | None) -> SendError:
    """The TLS handshake failed. `error` None: the peer closed the connection in it."""
    return _tls(host, error, Sent.NOT_SENT)


def losing(host: str, error: Exception | None, *, answering: bool) -> SendError:
    """The connection ended with a request on it. `answering`: a part of the answer had come."""
    if isinstance(error, ssl.SSLError) and not isinstance(error, _CLOSED):
        # With TLS 1.3 a server judges the client certificate after our side of the handshake is done.
        return _tls(host, error, Sent.MAYBE_SENT)
    when = "in the middle of its answer" if answering else "without an answer"
    how = "reset" if isinstance(error, OSError) and not isinstance(error, _CLOSED) else "closed"
    return SendError(f"{host} {how} the connection {when}.", cause=Cause.RESET, sent=Sent.MAYBE_SENT)


def closing(host: str) -> SendError:
    """Our own side closed the connection: the process ends."""
    return SendError(
        f"The connection to {host} was closed as the sender stops.", cause=Cause.RESET, sent=Sent.MAYBE_SENT
    )


def protocol(host: str, problem: str) -> SendError:
    """What came is not an HTTP/1.1 answer, or over a limit. `problem` goes on after `The answer of HOST`."""
    return SendError(f"The answer of {host} {problem}.", cause=Cause.PROTOCOL, sent=Sent.MAYBE_SENT)


def unsendable(problem: str) -> SendError:
    """The request cannot be written as HTTP/1.1."""
    return SendError(f"The request cannot be sent: {problem}.", cause=Cause.PROTOCOL, sent=Sent.NOT_SENT)


def out_of_time(host: str, stage: str, sent: Sent) -> SendError:
    """The deadline came. `stage` goes on after `The time for HOST was over`."""
    text = f"The time for {host} was over {stage}; spec.timeout can give it more."
    return SendError(text, cause=Cause.TIMEOUT, sent=sent)


def unusable_pem(problem: str) -> SendError:
    """The PEM texts of a webhook cannot be used; `problem` is the whole sentence."""
    return SendError(problem, cause=Cause.TLS, sent=Sent.NOT_SENT)


def _tls(host: str, error: Exception | None, sent: Sent) -> SendError:
    cause, text = Cause.TLS, f"{host} closed the connection in the TLS handshake."
    if isinstance(error, ssl.SSLCertVerificationError):
        cause, text = _certificate(host, error)
    elif isinstance(error, ssl.SSLError) and not isinstance(error, _CLOSED):
        reason = getattr(error, "reason", None) or "unknown error"
        words = _TLS_REASONS.get(reason)
        plain = reason.replace("_", " ").lower()
        text = f"{host} {words}." if words else f"The TLS handshake with {host} failed: {plain}."
    elif isinstance(error, ValueError):
        text = f"The host name {host} is not valid in a certificate."
    return SendError(text, cause=cause, sent=sent)


def _certificate(host: str, error: ssl.SSLCertVerificationError) -> tuple[Cause, str]:
    code = getattr(error, "verify_code", 0)  # absent when raised by Python's own checks
    if code in _NAME_CODES:
        return Cause.TLS_NAME, f"The certificate of {host} is for another name."
    if code == _EXPIRED:
        return Cause.TLS_EXPIRED, f"The certificate of {host} has expired."
    if code == _NOT_YET_VALID:
        return Cause.TLS_EXPIRED, f"The certificate of {host} is not valid yet; check the clocks."
    if code in _UNTRUSTED_CODES:
        return (
            Cause.TLS_UNTRUSTED,
            f"The certificate of {host} is not signed by a trusted CA; a private CA goes into spec.tls.ca.",
        )
    words = getattr(error, "verify_message", "") or "verification failed"
    return Cause.TLS, f"The certificate of {host} is refused: {words}."


def _words(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return "there is no route to it"
    if error.errno == errno.EMFILE:
        return "this process has too many open files"
    # The system's words, without the address that asyncio adds to them.
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__
