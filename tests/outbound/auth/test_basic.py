"""HTTP basic from a Secret, judged by Authlib's parser."""

import pytest
from authlib.oauth2.rfc6749.util import extract_basic_authorization

from hookwright.outbound.auth.constant import basic


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("api", "s3cret-password"),
        ("api", "with:colon and blank"),
        ("jürgen", "größe✓"),
        ("token", ""),
        ("", "key"),
    ],
)
async def test_a_server_reads_the_user_name_and_password(username: str, password: str) -> None:
    """A foreign parser reads what stands in the Secrets, UTF-8 and colons in passwords included."""
    credentials = basic(username, password, "jira/user", "jira/password")
    assert await credentials.headers(15.0) == credentials.constant
    ((name, value),) = credentials.constant
    assert name == "authorization"
    assert extract_basic_authorization({"Authorization": value}) == (username, password)


def test_what_is_shown_names_both_secrets() -> None:
    """The shown header holds the names and keys of both Secrets, not their values in any form."""
    credentials = basic("api", "s3cret-password", "jira/user", "jira/password")
    assert credentials.shown == (("authorization", "Basic ‹secret jira/user›:‹secret jira/password›"),)


async def test_a_401_has_no_other_password_to_try() -> None:
    """A constant password cannot be refreshed, and nothing was fetched that would have to be redacted."""
    credentials = basic("api", "s3cret-password", "jira/user", "jira/password")
    assert await credentials.refresh(credentials.constant, 15.0) is False
    assert credentials.live_secrets() == ()


@pytest.mark.parametrize(
    ("username", "password", "sentence"),
    [
        ("a:b", "s3cret-password", "user name in Secret jira/user holds a colon"),
        ("api\n", "s3cret-password", "Secret jira/user holds a line break"),
        ("api", "s3cret-password\r\n", "Secret jira/password holds a line break"),
        ("api", "s3cret\x7fpassword", "Secret jira/password holds a line break or another control character"),
    ],
)
def test_what_http_basic_cannot_send_is_refused(username: str, password: str, sentence: str) -> None:
    """RFC 7617 forbids a colon in the user name and control characters in both."""
    with pytest.raises(ValueError, match=sentence) as refused:
        basic(username, password, "jira/user", "jira/password")
    assert "s3cret" not in str(refused.value)
