"""What a WebhookTest expects, held against what happened."""

from typing import Any

import pytest

from hookwright.api.admin import RequestRecord, ResponseRecord, ValidatorResult
from hookwright.api.v1alpha1.webhooktest import Expect
from hookwright.core.expectations import judge_test
from hookwright.limits import TEST_VALUE_CHARACTERS

REQUEST = RequestRecord(
    method="POST",
    url="https://api.example.com/tickets?team=a",
    headers={"content-type": "application/json", "X-Api-Key": "‹secret api/key›"},
    body='{"id": "AR-1", "count": 2, "open": true, "tags": ["a", "b"]}',
)
HOLDS = ValidatorResult(path="$.ok", passed=True, actual="true")
FAILS = ValidatorResult(path="$.state", passed=False, actual="queued")


def judged(
    expect: dict[str, Any] | None = None,
    *,
    mode: str = "Send",
    reasons: list[str] | None = None,
    status: int | None = 200,
    body: str | None = '{"ok": true}',
    validators: list[ValidatorResult] | None = None,
    error: str | None = None,
    request: RequestRecord | None = REQUEST,
) -> tuple[bool, str, dict[str, tuple[bool, str | None, str | None]]]:
    """Verdict, message, and the assertions by name."""
    passed, message, assertions = judge_test(
        None if expect is None else Expect.model_validate(expect),
        mode,
        matched=not reasons,
        reasons=reasons or [],
        request=request,
        response=None if status is None else ResponseRecord(status_code=status, body=body),
        validators=validators or [],
        error=error,
    )
    return passed, message, {each.name: (each.passed, each.expected, each.actual) for each in assertions}


@pytest.mark.parametrize("expect", [None, {}, {"response": {}}, {"request": {}}])
@pytest.mark.parametrize(
    ("status", "passes"), [(200, True), (204, True), (299, True), (300, False), (404, False)]
)
def test_without_wishes_a_2xx_passes(expect: dict[str, Any] | None, status: int, passes: bool) -> None:
    """The default expectation is any 2xx."""
    passed, message, assertions = judged(expect, status=status)
    assert passed is passes
    assert assertions == {"response.statusCode": (passes, "2xx", str(status))}
    wanted = (
        f"The target answered {status}." if passes else f"response.statusCode: expected 2xx, found {status}."
    )
    assert message == wanted


def test_without_wishes_every_validator_must_hold() -> None:
    """A 2xx with a failed validator is a failed test that names the place and the value."""
    passed, message, assertions = judged(validators=[HOLDS, FAILS])
    assert not passed
    assert message == "response.validators $.state: expected an allowed value, found queued."
    assert assertions["response.validators $.ok"] == (True, "an allowed value", "true")
    assert judged(validators=[HOLDS])[:2] == (True, "The target answered 200, and all 2 assertions hold.")


@pytest.mark.parametrize(
    ("status", "passes"),
    [(409, True), (404, True), (200, False)],
    ids=["one", "the other", "2xx but not named"],
)
def test_named_status_codes_take_the_place_of_2xx(status: int, passes: bool) -> None:
    """A test may expect a refusal."""
    passed, message, _ = judged({"response": {"statusCodes": [409, 404]}}, status=status)
    assert passed is passes
    assert passes or message == "response.statusCode: expected 409 or 404, found 200."


@pytest.mark.parametrize(
    ("validators", "passes", "actual"),
    [
        ([HOLDS, FAILS], True, "failed at $.state"),
        ([HOLDS], False, "all hold"),
        ([], False, "no validators"),
    ],
)
def test_validators_may_be_expected_to_fail(
    validators: list[ValidatorResult], passes: bool, actual: str
) -> None:
    """validatorsPass false passes when one of them fails, and not when there are none."""
    passed, _, assertions = judged({"response": {"validatorsPass": False}}, validators=validators)
    assert passed is passes
    assert assertions["response.validatorsPass"] == (passes, "a validator that fails", actual)


def test_a_validator_that_could_not_look_says_why() -> None:
    """Not that it found nothing."""
    unseen = ValidatorResult(path="$.ok", passed=False, problem="was cut at 64 KiB")
    _, _, assertions = judged({}, validators=[unseen])
    assert assertions["response.validators $.ok"] == (
        False,
        "an allowed value",
        "the answer was cut at 64 KiB",
    )


@pytest.mark.parametrize(
    ("body", "passes"), [('{"ok": true}', True), ('{"ok": false}', False), ("", False), (None, False)]
)
def test_the_answer_may_have_to_contain_a_text(body: str | None, passes: bool) -> None:
    """A body that is not kept contains nothing."""
    passed, message, _ = judged({"response": {"bodyContains": '"ok": true'}}, body=body)
    assert passed is passes
    assert passes or message.startswith('response.body: expected a text with "ok": true, found ')


def test_an_event_that_should_not_match_and_does_not_passes() -> None:
    """Nothing was sent, nothing else is asked."""
    passed, message, assertions = judged(
        {"matched": False}, reasons=["requesters: not one of jo@example.com"], request=None, status=None
    )
    assert passed
    assert message == "The event does not match, as expected: requesters: not one of jo@example.com."
    assert assertions == {"matched": (True, "false", "false; requesters: not one of jo@example.com")}


def test_an_event_that_should_not_match_but_does_fails() -> None:
    """The only assertion is the one about matching."""
    passed, message, assertions = judged({"matched": False}, request=None, status=None)
    assert (passed, message) == (False, "matched: expected false, found true.")
    assert list(assertions) == ["matched"]


def test_an_event_that_should_match_but_does_not_fails_with_the_reason() -> None:
    """The reasons are those of the matcher."""
    passed, message, _ = judged(
        {"matched": True}, reasons=["the trigger is another"], request=None, status=None
    )
    assert (passed, message) == (False, "matched: expected true, found false; the trigger is another.")


def test_an_event_that_matches_as_it_should_is_judged_on() -> None:
    """Matching alone is not enough: the answer counts as well."""
    assert judged({"matched": True})[0]
    assert not judged({"matched": True}, status=500)[0]


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ({"method": "POST"}, None),
        ({"method": "PUT"}, "request.method"),
        ({"url": "https://api.example.com/tickets?team=a"}, None),
        ({"url": "https://API.example.com/tickets?team=a"}, None),
        ({"url": "https://api.example.com/tickets?team=b"}, "request.url"),
        ({"url": "https://api.example.com/Tickets?team=a"}, "request.url"),
        ({"url": "https://["}, "request.url"),
        ({"headers": {"Content-Type": "application/json", "x-api-key": "‹secret api/key›"}}, None),
        ({"headers": {"content-type": "text/plain"}}, "request.headers.content-type"),
        ({"headers": {"X-Other": "1"}}, "request.headers.X-Other"),
        ({"body": {"contains": ['"AR-1"', "tags"]}}, None),
        ({"body": {"contains": ['"AR-1"', "AR-2"]}}, "request.body.contains[1]"),
        ({"body": {"json": {"tags": ["a", "b"], "open": True, "count": 2.0, "id": "AR-1"}}}, None),
        ({"body": {"json": {"id": "AR-1"}}}, "request.body.json"),
    ],
)
def test_each_part_of_the_request_is_compared(request_: dict[str, Any], name: str | None) -> None:
    """Method, URL, headers whatever their case, body as JSON and as text; in both modes."""
    for mode in ("Send", "Render"):
        passed, message, assertions = judged({"request": request_}, mode=mode)
        failed = [each for each, (held, _, _) in assertions.items() if not held]
        assert passed is (name is None)
        assert failed == ([name] if name else [])
        assert name is None or message.startswith(name)


def test_an_empty_path_is_a_slash() -> None:
    """https://host and https://host/ are the same URL, with a query too."""
    for one, other in (
        ("https://a.example", "https://a.example/"),
        ("https://a.example?x=1", "https://a.example/?x=1"),
    ):
        assert judged({"request": {"url": one}}, request=RequestRecord(method="POST", url=other))[0]


@pytest.mark.parametrize(
    ("expected", "sentence"),
    [
        ({"a": {"b": [1, 2]}}, "request.body.json at $.a.b[1]: expected 2, found 3."),
        ({"a": {"b": [1, 3, 4]}}, "request.body.json at $.a.b[2]: expected 4, found nothing."),
        ({"a": {"b": [1]}}, "request.body.json at $.a.b[1]: expected nothing, found 3."),
        ({"a": {"b": [1, 3]}, "c": None}, "request.body.json at $.c: expected null, found nothing."),
        ({}, 'request.body.json at $.a: expected nothing, found {"b":[1,3]}.'),
        ({"a": {"b": [True, 3]}}, "request.body.json at $.a.b[0]: expected true, found 1."),
        ({"a": "x"}, 'request.body.json at $.a: expected "x", found {"b":[1,3]}.'),
        ([], 'request.body.json at $: expected [], found {"a":{"b":[1,3]}}.'),
    ],
)
def test_the_first_difference_of_a_body_is_named_by_its_path(expected: Any, sentence: str) -> None:
    """Nobody has to compare two long bodies by eye."""
    request = RequestRecord(method="POST", url="https://a.example/", body='{"a": {"b": [1, 3]}}')
    assert judged({"request": {"body": {"json": expected}}}, request=request)[1] == sentence


@pytest.mark.parametrize(
    ("body", "actual"), [("{not json", "no JSON: {not json"), ("", "no body"), (None, "no body")]
)
def test_a_body_that_is_no_json_equals_nothing(body: str | None, actual: str) -> None:
    """What stands there instead is shown."""
    request = RequestRecord(method="DELETE", url="https://a.example/", body=body)
    passed, _, assertions = judged({"request": {"body": {"json": {}}}}, request=request)
    assert not passed
    assert assertions["request.body.json"] == (False, "{}", actual)


def test_a_body_of_absurd_depth_is_judged_all_the_same() -> None:
    """Deep nesting costs neither the stack nor the verdict."""
    deep = "[" * 900 + "]" * 900
    nested: Any = []
    for _ in range(200):
        nested = [nested]
    for expected in ({"a": 1}, nested):
        passed, message, _ = judged(
            {"request": {"body": {"json": expected}}},
            request=RequestRecord(method="POST", url="https://a.example/", body=deep),
        )
        assert not passed
        assert message.startswith("request.body.json at $")


def test_the_message_is_the_first_failing_assertion() -> None:
    """Request before response, in the order of the fields; all of them are listed."""
    passed, message, assertions = judged(
        {"request": {"method": "PUT", "url": "https://a.example/"}, "response": {"statusCodes": [201]}}
    )
    assert not passed
    assert message == "request.method: expected PUT, found POST."
    assert [held for held, _, _ in assertions.values()] == [False, False, False]


def test_without_an_answer_the_error_is_the_message() -> None:
    """Why nothing came back matters more than what was expected of it."""
    passed, message, assertions = judged(
        {"request": {"method": "PUT"}}, status=None, error="The host a.example has no address (not sent)."
    )
    assert (passed, message) == (False, "The host a.example has no address (not sent).")
    assert assertions["response.statusCode"] == (False, "2xx", "no answer")


def test_render_mode_passes_when_the_request_renders() -> None:
    """Nothing is sent, so no answer is asked for."""
    assert judged(mode="Render", status=None) == (True, "The request renders.", {})
    passed, message, _ = judged(
        mode="Render", status=None, request=None, error="Line 3: data.nope is undefined."
    )
    assert (passed, message) == (False, "Line 3: data.nope is undefined.")


def test_values_are_cut_and_cannot_steer_a_terminal() -> None:
    """Assertions and message stay within their limit, control characters are written out."""
    passed, message, assertions = judged(
        {"response": {"bodyContains": "x" * 3000}}, body="\x1b[2J" + "y" * 5000
    )
    assert not passed
    _, expected, actual = assertions["response.body"]
    assert expected is not None
    assert actual is not None
    assert len(expected) == len(actual) == TEST_VALUE_CHARACTERS
    assert actual.startswith("\\u001b[2Jyyy")
    assert actual.endswith("…")
    assert "\x1b" not in message
    assert len(message) < 3 * TEST_VALUE_CHARACTERS
