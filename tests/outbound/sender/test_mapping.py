"""No exception of a lower layer gets out of the sender: every class that there is, is mapped."""

import inspect
import socket
import ssl

import httptools
import pytest

from hookwright.errors import Cause, SendError, Sent
from hookwright.outbound import failures


def classes(module: object) -> list[type[Exception]]:
    """The exception classes that a module offers."""
    members = inspect.getmembers(module, inspect.isclass)
    return [cls for name, cls in members if issubclass(cls, Exception) and not name.startswith("_")]


def subclasses(root: type[Exception]) -> list[type[Exception]]:
    return [root, *(below for cls in root.__subclasses__() for below in subclasses(cls))]


OS_ERRORS = [cls for cls in subclasses(OSError) if cls.__module__ in ("builtins", "socket", "ssl", "_ssl")]


def test_the_errors_of_ssl_and_socket_are_os_errors() -> None:
    """This is what the connector and the connection rely on; a new kind would show here."""
    assert {cls for cls in [*classes(ssl), *classes(socket)] if not issubclass(cls, OSError)} == set()


def test_the_errors_of_httptools_are_the_two_known() -> None:
    """The connection catches HttpParserError and HttpParserUpgrade; URLs are not parsed by httptools."""
    known = (httptools.HttpParserError, httptools.HttpParserUpgrade)
    assert [cls for cls in classes(httptools) if not issubclass(cls, known)] == []


@pytest.mark.parametrize("cls", OS_ERRORS, ids=lambda cls: cls.__qualname__)
def test_every_os_error_has_a_sentence_at_every_stage(cls: type[OSError]) -> None:
    """Connecting, securing, losing: a cause and a sentence with the host, whatever the arguments."""
    for error in (cls(), cls(111, "refused ('10.0.0.1', 443)"), cls("text only")):
        found = [
            failures.resolving("target.example", error),
            failures.connecting("target.example", error),
            failures.securing("target.example", error),
            failures.losing("target.example", error, answering=False),
            failures.losing("target.example", error, answering=True),
        ]
        for mapped in found:
            assert isinstance(mapped, SendError)
            assert "target.example" in str(mapped)
            assert str(mapped).endswith(".")
            assert "None" not in str(mapped)
        assert [mapped.sent for mapped in found] == [Sent.NOT_SENT] * 3 + [Sent.MAYBE_SENT] * 2
        assert [mapped.cause for mapped in found[:2]] == [Cause.DNS, Cause.CONNECT]


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (62, Cause.TLS_NAME),
        (64, Cause.TLS_NAME),
        (10, Cause.TLS_EXPIRED),
        (9, Cause.TLS_EXPIRED),
        (18, Cause.TLS_UNTRUSTED),
        (19, Cause.TLS_UNTRUSTED),
        (20, Cause.TLS_UNTRUSTED),
        (21, Cause.TLS_UNTRUSTED),
        (68, Cause.TLS),
        (0, Cause.TLS),
    ],
)
def test_a_verify_code_decides_the_cause(code: int, cause: Cause) -> None:
    """Codes of OpenSSL's x509_vfy.h; those nobody meets in a test server included."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    error.verify_message = "CA signature digest algorithm too weak"
    assert failures.securing("target.example", error).cause == cause
