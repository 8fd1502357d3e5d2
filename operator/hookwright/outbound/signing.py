"""Signatures of Standard Webhooks (HMAC-SHA256), with one or two secrets at once.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: what is signed is
`id.timestamp.body`; the header `webhook-signature` holds one `v1,<base64>` per secret, divided by blanks.
While receivers change over, both the current and the previous secret sign.
Must not: read the clock (the caller's timestamp is both header and signed), name a secret in a message.
"""

from __future__ import annotations

import binascii
import hmac
from collections.abc import Sequence

from hookwright.core.secret_values import signing_key


class Signer:
    """Signs for one webhook. Keyed once, then each signature copies the keyed state."""

    __slots__ = ("_keyed",)

    def __init__(self, secrets: Sequence[str]) -> None:
        """`secrets`: `whsec_…` texts, the current first. ValueError: what is wrong with a malformed one."""
        self._keyed = tuple(hmac.new(signing_key(secret), digestmod="sha256") for secret in secrets)

    def sign(self, message_id: str, timestamp: int, body: bytes) -> str:
        """The `webhook-signature` for this `webhook-id`, `webhook-timestamp` (epoch seconds) and body."""
        head = f"{message_id}.{timestamp}.".encode()
        signatures = []
        for keyed in self._keyed:
            mac = keyed.copy()
            mac.update(head)
            mac.update(body)
            signatures.append("v1," + binascii.b2a_base64(mac.digest(), newline=False).decode())
        return " ".join(signatures)
