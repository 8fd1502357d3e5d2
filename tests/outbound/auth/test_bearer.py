"""Bearer tokens from a Secret."""

import pytest

from hookwright.outbound.auth.constant import bearer

TOKEN = "xoxb-1234567890-abcdef~+/="


async def test_the_token_stands_in_the_authorization_header() -> None:
    """The header is the same for every attempt, and ready without waiting."""
    credentials = bearer(TOKEN, "chat/token")
    assert credentials.constant == (("authorization", f"Bearer {TOKEN}"),)
    assert await credentials.headers(15.0) == credentials.constant


def test_what_is_shown_names_the_secret_and_not_its_value() -> None:
    """The shown header holds the Secret's name and key."""
    assert bearer(TOKEN, "chat/token").shown == (("authorization", "Bearer ‹secret chat/token›"),)


async def test_a_401_has_no_other_token_to_try() -> None:
    """A constant token cannot be refreshed, and nothing was fetched that would have to be redacted."""
    credentials = bearer(TOKEN, "chat/token")
    assert await credentials.refresh(credentials.constant, 15.0) is False
    assert credentials.live_secrets() == ()


@pytest.mark.parametrize(
    "token", ["", "Bearer abcdefgh", "abc\r\nx-evil: 1", "geheim\x7f", "größe-token", "abc "]
)
def test_a_token_unfit_for_a_header_is_refused(token: str) -> None:
    """Empty, with a blank, a line break or beyond ASCII: the sentence names the Secret and shows no value."""
    with pytest.raises(ValueError, match=r"Secret chat/token .*store the token alone") as refused:
        bearer(token, "chat/token")
    assert not token or token not in str(refused.value)
