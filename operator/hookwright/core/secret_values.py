"""What the value of a Secret or ConfigMap must be for the place that uses it.

One function per use. Each answers None or what is wrong: the second half of a sentence that begins with the
reference, and never the value itself. Must not: resolve references (`core.references` does).
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from hookwright.api.rules import url_problem
from hookwright.limits import TEMPLATE_CHARACTERS

SIGNING_PREFIX: Final = "whsec_"
SIGNING_KEY_BYTES: Final = (24, 64)  # the bounds of the Standard Webhooks specification
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_TOKEN: Final = re.compile(r"[!-~]+")
_CERTIFICATE: Final = "-----BEGIN CERTIFICATE-----"
_CERTIFICATES: Final = re.compile(
    r"(?:\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----)+\s*"
)
_PRIVATE_KEY: Final = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )?PRIVATE KEY-----")


def any_text(value: str) -> str | None:
    """Any text will do."""
    return None


def url(value: str) -> str | None:
    """A URL from a Secret obeys the rules of `url`, of which the first broken one is named."""
    problem = url_problem(value)
    return None if problem is None else f"is not usable: {problem}"


def header(value: str) -> str | None:
    """A header value holds no control character (RFC 9110 section 5.5)."""
    if _CONTROL.search(value):
        return "holds a line break or another control character, which a header cannot: store the value alone"
    return None


def token(value: str) -> str | None:
    """A bearer token is visible ASCII without blanks (RFC 6750 section 2.1)."""
    if _TOKEN.fullmatch(value):
        return None
    return "holds a blank, a line break or a character beyond ASCII: store the token alone, without Bearer"


def user_name(value: str) -> str | None:
    """HTTP basic divides user name and password by a colon (RFC 7617 section 2)."""
    return "holds a colon, which HTTP basic cannot send in a user name" if ":" in value else header(value)


def password(value: str) -> str | None:
    """A password of HTTP basic is as any header value is."""
    return header(value)


MAY_BE_EMPTY: Final = frozenset({user_name, password})
"""Many APIs take a key as user name or as password, and nothing as the other."""


def signing_secret(value: str) -> str | None:
    """A signing secret is `whsec_` and a key in base64 (Standard Webhooks)."""
    try:
        signing_key(value)
    except ValueError as error:
        return str(error)
    return None


def signing_key(secret: str) -> bytes:
    """The key inside a `whsec_…` text; its padding may be missing. ValueError with what is wrong."""
    cure = f"make one with: echo {SIGNING_PREFIX}$(openssl rand -base64 32)"
    if not secret.startswith(SIGNING_PREFIX):
        raise ValueError(f"must begin with {SIGNING_PREFIX}; {cure}")
    encoded = secret.removeprefix(SIGNING_PREFIX).rstrip("=")
    try:
        key = binascii.a2b_base64(encoded + "=" * (-len(encoded) % 4), strict_mode=True)
    except ValueError:
        raise ValueError(f"must be base64 after {SIGNING_PREFIX}; {cure}") from None
    low, high = SIGNING_KEY_BYTES
    if not low <= len(key) <= high:
        raise ValueError(f"must hold {low} to {high} bytes, and holds {len(key)}; {cure}")
    return key


def certificate(value: str) -> str | None:
    """PEM with a certificate; the TLS library has the last word."""
    return None if _CERTIFICATE in value else f"holds no certificate in PEM form ({_CERTIFICATE})"


def is_public(value: str) -> bool:
    """Whether it is nothing but certificates, which are shown to whoever connects."""
    return _CERTIFICATES.fullmatch(value) is not None


def private_key(value: str) -> str | None:
    """PEM with a private key that is not encrypted."""
    if "ENCRYPTED" in value:
        return "holds an encrypted private key, and its password cannot be given: store it decrypted"
    if not _PRIVATE_KEY.search(value):
        return "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)"
    return None


def template(value: str) -> str | None:
    """A body template from a ConfigMap is as long as one in the spec may be."""
    if len(value) > TEMPLATE_CHARACTERS:
        return f"holds {len(value):,} characters, and a template may have {TEMPLATE_CHARACTERS:,}"
    return None
