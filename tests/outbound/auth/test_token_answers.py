"""What a token endpoint answers, and what is made of it."""

import orjson
import pytest

from hookwright.errors import SendError
from hookwright.limits import TOKEN_BYTES
from hookwright.outbound.auth.oauth2 import ClientCredentials, OAuth2Credentials, read_answer
from hookwright.outbound.port import Answer

DEADLINE = 10.0


@pytest.mark.parametrize(
    ("answer", "life"),
    [
        (b'{"access_token": "t", "token_type": "bearer", "expires_in": 3600}', 3600),
        (b'{"access_token": "t", "token_type": "BEARER", "expires_in": "3599"}', 3599),
        (b'{"access_token": "t", "token_type": "Bearer", "expires_in": 59.5}', 59.5),
        (b'{"access_token": "t", "expires_in": -5}', 0),
        (b'{"access_token": "t", "expires_in": "soon"}', 300),
        (b'{"access_token": "t", "expires_in": true}', 300),
        (b'{"access_token": "t", "expires_in": null}', 300),
    ],
)
def test_how_long_a_token_is_good_for(answer: bytes, life: float) -> None:
    """Numbers and numbers as text are taken, anything else is 300 s; the token type in any case."""
    token = read_answer(Answer(200, [], answer))
    assert (token.value, token.life) == ("t", life)


@pytest.mark.parametrize(
    "kind",
    [
        "BearerToken",
        "bearer_token",
        "access_token",
        "Bearer ",
        "",
        "jwt",
        "urn:ietf:params:oauth:x",
        None,
        7,
        ["x"],
    ],
)
def test_a_token_is_sent_as_bearer_whatever_its_type_says(kind: object) -> None:
    """A target that wants something else would say so with a 401."""
    body = orjson.dumps({"access_token": "t", "token_type": kind})
    assert read_answer(Answer(200, [], body)).headers == (("authorization", "Bearer t"),)


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"access_token": "t"}',
        '{"access_token": "t"}'.encode("utf-16"),
        b'{"access_token": "t", "echo": "cut \\ud83d", "big": 12345678901234567890123}',
    ],
)
def test_a_token_answer_is_read_as_others_read_it(body: bytes) -> None:
    """A mark, half an emoji or a long number beside the token harm nobody."""
    assert read_answer(Answer(200, [], body)).value == "t"


def test_a_token_in_an_answer_that_broke_off_behind_it_is_taken() -> None:
    """And where it is not whole, the sentence says what became of the answer."""
    assert read_answer(Answer(200, [], b'{"access_token": "t"}', "ended early")).value == "t"
    with pytest.raises(ValueError, match=r"in a JSON object: its answer ended early$"):
        read_answer(Answer(200, [], b'{"access_token": "t"', "ended early"))


@pytest.mark.parametrize("client_id", ["client", "cli", "invalid_client", "i"])
@pytest.mark.parametrize("secret", ["client-secret", "client", "e"])
async def test_a_registered_error_code_is_named_whatever_id_and_secret_are(
    client_id: str, secret: str
) -> None:
    """Ids of quick starts are parts of the codes; the codes of RFC 6749 tell nothing about anybody."""

    async def fetch(url: str, form: bytes, headers: tuple[tuple[str, str], ...]) -> Answer:
        return Answer(401, [], b'{"error": "invalid_client"}')

    client = ClientCredentials("https://idp.example/token", client_id, secret)
    with pytest.raises(SendError, match="answered 401 with the error invalid_client"):
        await OAuth2Credentials(client, fetch, lambda: 0.0).headers(DEADLINE)


@pytest.mark.parametrize(
    ("status", "headers", "retry_after", "slow"),
    [
        (429, [("retry-after", "6")], "6", True),
        (503, [("retry-after", "6.5"), ("retry-after", "9")], "6.5", True),
        (503, [], None, True),
        (500, [("retry-after", "6")], "6", False),
        (401, [], None, False),
    ],
)
async def test_what_a_token_endpoint_asks_for_is_handed_on(
    status: int, headers: list[tuple[str, str]], retry_after: str | None, slow: bool
) -> None:
    """Its Retry-After counts for the delivery that wanted the token."""

    async def fetch(url: str, form: bytes, fields: tuple[tuple[str, str], ...]) -> Answer:
        return Answer(status, headers, b"{}")

    client = ClientCredentials("https://idp.example/token", "id", "client-secret")
    with pytest.raises(SendError) as caught:
        await OAuth2Credentials(client, fetch, lambda: 0.0).headers(DEADLINE)
    assert (caught.value.retry_after, caught.value.slow) == (retry_after, slow)


WITHOUT = "answered 200 without a usable access_token in a JSON object"
UNKNOWN = "an error code that is not in the standard"
NO_VALUE = "unexpected character, expected a JSON value"


@pytest.mark.parametrize(
    ("status", "answer", "sentence"),
    [
        (200, b"<html>Sign in</html>", f"{WITHOUT}: its answer is not JSON: {NO_VALUE} at character 1"),
        (200, b"", f"{WITHOUT}: its answer is empty"),
        (200, b'{"access_token": "t\xfc"}', f"{WITHOUT}: its answer is not UTF-8 (byte 20 cannot be read)"),
        (200, b'["access_token"]', WITHOUT),
        (200, b'{"access_token": ""}', WITHOUT),
        (200, b'{"access_token": "a b"}', WITHOUT),
        (
            200,
            b'{"access_token": "a\\r\\nx: y"}',
            WITHOUT,
        ),
        (
            200,
            b'{"access_token": "t", "token_type": "MAC"}',
            "gave a token of type MAC, which is not sent as Bearer",
        ),
        (
            200,
            b'{"access_token": "t", "token_type": "DPoP"}',
            "gave a token of type DPoP, which is not sent as Bearer",
        ),
        (200, b'{"ok": false, "error": "invalid_auth"}', f"answered 200 with {UNKNOWN}"),
        (302, b"", "answered 302"),
        (503, b"upstream down", "answered 503"),
        (400, b'{"error": {"message": "no"}}', "answered 400"),
        (400, b'{"error": "two words"}', f"answered 400 with {UNKNOWN}"),
        (400, b'{"error": "sk_live_Q7xW"}', f"answered 400 with {UNKNOWN}"),
        (400, b'{"error": ""}', "answered 400"),
        (400, b'{"error": "client-secret"}', f"answered 400 with {UNKNOWN}"),
        (400, b'{"error": "slow_down"}', "answered 400 with the error slow_down"),
        (401, b'{"error": "insufficient_scope"}', "answered 401 with the error insufficient_scope"),
        (200, b'{"access_token": "' + b"t" * TOKEN_BYTES + b'"}', "answered more than 16 KiB"),
        (200, b"[" * 5000, f"{WITHOUT}: its answer is nested too deeply"),
    ],
)
def test_an_answer_without_a_usable_token_is_one_sentence(status: int, answer: bytes, sentence: str) -> None:
    """Whatever a server answers becomes the end of a sentence, with a code of the standard but no word of its own."""
    with pytest.raises(ValueError, match=r"^(answered|gave)") as refused:
        read_answer(Answer(status, [], answer))
    assert str(refused.value) == sentence
