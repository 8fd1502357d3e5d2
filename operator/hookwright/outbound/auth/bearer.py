"""Bearer token: `Authorization: Bearer …` (RFC 6750 section 2.1) with a token from a Secret.

Must not: fetch anything, show the token.
"""

from __future__ import annotations


class BearerCredentials:
    """A constant header."""

    __slots__ = ("constant", "shown")

    def __init__(self, token: str, label: str) -> None:
        """`label`: `name/key` of the Secret. ValueError: one sentence about a token unfit for a header."""
        if not token or not all("!" <= character <= "~" for character in token):
            raise ValueError(
                f"the bearer token in Secret {label} is empty or holds a blank, a line break or a character"
                " beyond ASCII: store the token alone, without the word Bearer"
            )
        self.constant: tuple[tuple[str, str], ...] = (("authorization", f"Bearer {token}"),)
        self.shown: tuple[tuple[str, str], ...] = (("authorization", f"Bearer ‹secret {label}›"),)

    async def headers(self, deadline_seconds: float) -> tuple[tuple[str, str], ...]:
        """The constant header, at once."""
        return self.constant

    async def refresh(self, used: tuple[tuple[str, str], ...], deadline_seconds: float) -> bool:
        """There is no other token to try."""
        return False

    def live_secrets(self) -> tuple[tuple[str, str], ...]:
        """Nothing is fetched."""
        return ()
