"""User name and password: `Authorization: Basic …` (RFC 7617, UTF-8) from a Secret.

Must not: fetch anything, show user name or password.
"""

from __future__ import annotations

from base64 import b64encode


class BasicCredentials:
    """A constant header."""

    __slots__ = ("constant", "shown")

    def __init__(self, username: str, password: str, username_label: str, password_label: str) -> None:
        """Labels are `name/key` of the Secrets. ValueError: one sentence about what RFC 7617 forbids."""
        if ":" in username:
            raise ValueError(
                f"the user name in Secret {username_label} holds a colon, which HTTP basic cannot send"
            )
        for value, label in ((username, username_label), (password, password_label)):
            if any(character < " " or character == "\x7f" for character in value):
                raise ValueError(
                    f"the value in Secret {label} holds a line break or another control character,"
                    " which HTTP basic cannot send: store the value alone"
                )
        pair = b64encode(f"{username}:{password}".encode()).decode()
        shown = f"Basic ‹secret {username_label}›:‹secret {password_label}›"
        self.constant: tuple[tuple[str, str], ...] = (("authorization", f"Basic {pair}"),)
        self.shown: tuple[tuple[str, str], ...] = (("authorization", shown),)

    async def headers(self, deadline_seconds: float) -> tuple[tuple[str, str], ...]:
        """The constant header, at once."""
        return self.constant

    async def refresh(self, used: tuple[tuple[str, str], ...], deadline_seconds: float) -> bool:
        """There is no other password to try."""
        return False

    def live_secrets(self) -> tuple[tuple[str, str], ...]:
        """Nothing is fetched."""
        return ()
