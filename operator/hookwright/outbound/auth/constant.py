"""Credentials that are the same for every attempt: a bearer token, or user name and password, from Secrets.

Must not: fetch anything, show a value.
"""

from __future__ import annotations

from base64 import b64encode

from hookwright.core import secret_values
from hookwright.core.redaction import placeholder

Headers = tuple[tuple[str, str], ...]


class ConstantCredentials:
    """A constant header; `shown` is its value as it may be stored and shown."""

    __slots__ = ("constant", "shown")

    def __init__(self, value: str, shown: str) -> None:
        self.constant: Headers = (("authorization", value),)
        self.shown: Headers = (("authorization", shown),)

    async def headers(self, deadline_seconds: float) -> Headers:
        """The constant header, at once."""
        return self.constant

    async def refresh(self, used: Headers, deadline_seconds: float) -> bool:
        """There is nothing else to try."""
        return False

    def live_secrets(self) -> Headers:
        """Nothing is fetched."""
        return ()


def bearer(token: str, label: str) -> ConstantCredentials:
    """`Authorization: Bearer …` (RFC 6750 section 2.1). `label`: `name/key` of the Secret.

    ValueError: one sentence about a token unfit for a header.
    """
    if problem := secret_values.token(token):
        raise ValueError(f"the bearer token in Secret {label} {problem}")
    return ConstantCredentials(f"Bearer {token}", f"Bearer {placeholder(label)}")


def basic(username: str, password: str, username_label: str, password_label: str) -> ConstantCredentials:
    """`Authorization: Basic …` (RFC 7617, UTF-8). Labels are `name/key` of the Secrets.

    ValueError: one sentence about what RFC 7617 forbids.
    """
    if problem := secret_values.user_name(username):
        raise ValueError(f"the user name in Secret {username_label} {problem}")
    if problem := secret_values.password(password):
        raise ValueError(f"the password in Secret {password_label} {problem}")
    pair = b64encode(f"{username}:{password}".encode()).decode()
    shown = f"Basic {placeholder(username_label)}:{placeholder(password_label)}"
    return ConstantCredentials(f"Basic {pair}", shown)
