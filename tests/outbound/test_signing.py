"""Signatures, judged by the official Standard Webhooks library."""

import base64
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from hookwright.outbound.signing import Signer

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PREVIOUS = "whsec_" + base64.b64encode(bytes(range(100, 124))).decode()
BODY = '{"id": "AR-1", "note": "größer ✓"}'.encode()


def headers(
    signer: Signer, body: bytes = BODY, message_id: str = "dlv_1", at: int | None = None
) -> dict[str, str]:
    """The three headers of one message."""
    timestamp = int(time.time()) if at is None else at
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signer.sign(message_id, timestamp, body),
    }


def test_official_library_verifies_the_signature() -> None:
    """A receiver that uses the official library accepts what we sign."""
    assert Webhook(SECRET).verify(BODY, headers(Signer([SECRET]))) == {"id": "AR-1", "note": "größer ✓"}


@given(
    key=st.binary(min_size=24, max_size=64),
    message_id=st.text("abcdefghijklmnop_0123456789", min_size=1),
    body=st.text().map(str.encode),
)
def test_official_library_verifies_any_key_id_and_body(key: bytes, message_id: str, body: bytes) -> None:
    """Every key length of the specification, any id and any text body verify."""
    secret = "whsec_" + base64.b64encode(key).decode()
    Webhook(secret).verify(body, headers(Signer([secret]), body, message_id), json_parse=False)


@pytest.mark.parametrize("secret", [SECRET, PREVIOUS])
def test_both_secrets_sign_while_receivers_change_over(secret: str) -> None:
    """With two secrets a receiver that knows either one of them accepts."""
    signed = headers(Signer([SECRET, PREVIOUS]))
    assert len(signed["webhook-signature"].split(" ")) == 2
    Webhook(secret).verify(BODY, signed)


@pytest.mark.parametrize(
    ("header", "change"),
    [("webhook-id", lambda _: "dlv_2"), ("webhook-timestamp", lambda signed: str(int(signed) + 60))],
    ids=["id", "timestamp"],
)
def test_a_changed_id_or_timestamp_is_refused(header: str, change: Callable[[str], str]) -> None:
    """Id and timestamp are signed, not only the body."""
    signed = headers(Signer([SECRET]))
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(SECRET).verify(BODY, signed | {header: change(signed[header])})


def test_a_changed_body_or_another_secret_is_refused() -> None:
    """A body that was changed on its way, or a secret nobody gave us, does not verify."""
    signed = headers(Signer([SECRET]))
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(SECRET).verify(BODY + b" ", signed)
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(PREVIOUS).verify(BODY, signed)


def test_one_signer_signs_many_messages() -> None:
    """A signature leaves no trace in the next one."""
    signer = Signer([SECRET])
    first = headers(signer, at=1_700_000_000)
    headers(signer, b"another", "dlv_2")
    assert headers(signer, at=1_700_000_000) == first


def test_missing_padding_is_accepted() -> None:
    """A secret whose base64 padding was lost in copying is the same secret."""
    assert headers(Signer([SECRET.rstrip("=")]), at=1) == headers(Signer([SECRET]), at=1)


@pytest.mark.parametrize(
    ("secret", "sentence"),
    [
        (base64.b64encode(KEY).decode(), "must begin with whsec_"),
        ("", "must begin with whsec_"),
        ("whsec_", "must hold 24 to 64 bytes, and holds 0"),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), "must hold 24 to 64 bytes, and holds 23"),
        ("whsec_" + base64.b64encode(bytes(65)).decode(), "must hold 24 to 64 bytes, and holds 65"),
        ("whsec_hunter2-hunter2-hunter2-hunter2-é", "must be base64"),
        (SECRET[:20] + "\n" + SECRET[20:], "must be base64"),
        (SECRET[:20] + "=" + SECRET[20:], "must be base64"),
    ],
)
def test_a_malformed_secret_is_refused_with_a_cure(secret: str, sentence: str) -> None:
    """A secret of the wrong form is refused with a sentence that says how to make one and never shows it."""
    with pytest.raises(ValueError, match=sentence) as refused:
        Signer([SECRET, secret])
    assert "openssl rand" in str(refused.value)
    assert secret in ("", "whsec_") or secret.removeprefix("whsec_") not in str(refused.value)
