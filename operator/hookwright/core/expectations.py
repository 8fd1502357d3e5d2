"""What a WebhookTest expects, held against what happened (SPEC 6): assertions, a verdict, one sentence.

Without `expect` a test passes when the target answers 2xx and all validators of the webhook hold; in Render mode,
when the request renders. Compared are the texts that may be shown: secrets stand as ‹secret name/key›.
Must not: run anything, hold a secret, give an assertion more than `limits.TEST_VALUE_CHARACTERS` of a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

import orjson

from hookwright.api.admin import Assertion, RequestRecord, ResponseRecord, ValidatorResult
from hookwright.api.v1alpha1.webhooktest import Expect, ExpectBody, ExpectRequest, ExpectResponse
from hookwright.core.jsontext import compact
from hookwright.core.redaction import printable
from hookwright.limits import EVENT_DEPTH, TEST_VALUE_CHARACTERS

RENDER: Final = "Render"
_NOTHING: Final = object()
_URL_PARTS: Final = re.compile(r"(https?://[^/?]+)(.*)", re.DOTALL | re.IGNORECASE)


SUCCESSFUL: Final = "Test successful"
FAILED: Final = "Test failed"


def judge_test(
    expect: Expect | None,
    mode: str,
    *,
    matched: bool,
    reasons: list[str],
    request: RequestRecord | None,
    response: ResponseRecord | None,
    validators: list[ValidatorResult],
    error: str | None,
) -> tuple[bool, str, list[Assertion]]:
    """Whether the test passed, one sentence (the first thing that failed), and every assertion that was made.

    `matched`, `reasons`: whether the event matches triggers and filters, and why not; `request`, `response`: what
    was built and answered, None where it did not come to that; `error`: why, in one sentence.
    """
    wanted = expect or Expect()
    checks: list[_Check] = []
    if wanted.matched is not None:
        checks.append(_matched(wanted.matched, matched, reasons))
    if wanted.matched is False or not matched:
        return _verdict(checks, None, f"The event does not match, as expected: {'; '.join(reasons)}")
    if wanted.request is not None and request is not None:
        checks.extend(_request(wanted.request, request))
    if mode == RENDER:
        return _verdict(checks, error, "The request renders")
    checks.extend(_response(wanted.response or ExpectResponse(), response, validators))
    answered = f"The target answered {response.status_code}" if response is not None else ""
    return _verdict(checks, error, answered)


@dataclass(frozen=True, slots=True)
class _Check:
    """One thing that was expected. `place`: where the values differ, if that helps."""

    name: str
    passed: bool
    expected: str
    actual: str
    place: str = ""

    def assertion(self) -> Assertion:
        return Assertion(
            name=self.name, passed=self.passed, expected=_cut(self.expected), actual=_cut(self.actual)
        )

    def sentence(self) -> str:
        return f"{self.name}{self.place}: expected {_cut(self.expected)}, found {_cut(self.actual)}."


def _verdict(checks: Sequence[_Check], error: str | None, success: str) -> tuple[bool, str, list[Assertion]]:
    """An error comes before any assertion: it says why there is nothing to compare."""
    failed = next((check for check in checks if not check.passed), None)
    if error is not None:
        message = _cut(error)
    elif failed is not None:
        message = failed.sentence()
    else:
        message = f"{_cut(success).removesuffix('.')}{_also(len(checks))}."
    return error is None and failed is None, message, [check.assertion() for check in checks]


def _also(count: int) -> str:
    return f", and all {count} assertions hold" if count > 1 else ""


def _matched(expected: bool, matched: bool, reasons: Sequence[str]) -> _Check:
    actual = "true" if matched else "; ".join(["false", *reasons])
    return _Check("matched", expected == matched, _json(expected), actual)


def _request(expect: ExpectRequest, request: RequestRecord) -> Iterator[_Check]:
    if expect.method is not None:
        yield _Check("request.method", expect.method == request.method, expect.method, request.method)
    if expect.url is not None:
        yield _Check("request.url", _url(expect.url) == _url(request.url), expect.url, request.url)
    sent = {name.lower(): value for name, value in request.headers.items()}
    for name, value in (expect.headers or {}).items():
        actual = sent.get(name.lower())
        yield _Check(
            f"request.headers.{name}", actual == value, value, "no such header" if actual is None else actual
        )
    if expect.body is not None:
        yield from _body(expect.body, request.body or "")


def _body(expect: ExpectBody, body: str) -> Iterator[_Check]:
    if expect.json_ is not None:
        yield _json_body(expect.json_, body)
    for index, text in enumerate(expect.contains or []):
        yield _Check(f"request.body.contains[{index}]", text in body, text, body)


def _json_body(expected: Any, body: str) -> _Check:
    name = "request.body.json"
    try:
        actual = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _Check(name, False, _json(expected), f"no JSON: {body}" if body else "no body")
    difference = _difference(expected, actual, "$")
    if difference is None:
        return _Check(name, True, _json(expected), body)
    place, wanted, found = difference
    return _Check(name, False, wanted, found, f" at {place}")


def _response(
    expect: ExpectResponse, response: ResponseRecord | None, validators: Sequence[ValidatorResult]
) -> Iterator[_Check]:
    codes = expect.status_codes
    wanted = " or ".join(map(str, codes)) if codes else "2xx"
    if response is None:
        yield _Check("response.statusCode", False, wanted, "no answer")
        return
    status = response.status_code
    yield _Check(
        "response.statusCode", status in codes if codes else 200 <= status <= 299, wanted, str(status)
    )
    yield from _validators(expect.validators_pass is not False, validators)
    if expect.body_contains is not None:
        body = response.body
        yield _Check(
            "response.body",
            body is not None and expect.body_contains in body,
            f"a text with {expect.body_contains}",
            "no body kept" if body is None else body,
        )


def _validators(must_hold: bool, validators: Sequence[ValidatorResult]) -> Iterator[_Check]:
    """One check each where they must hold; one in all where some must fail."""
    if must_hold:
        for result in validators:
            actual = result.actual
            if actual is None:
                actual = "nothing" if result.problem is None else f"the answer {result.problem}"
            yield _Check(f"response.validators {result.path}", result.passed, "an allowed value", actual)
        return
    failed = [result.path for result in validators if not result.passed]
    actual = f"failed at {', '.join(failed)}" if failed else "all hold" if validators else "no validators"
    yield _Check("response.validatorsPass", bool(failed), "a validator that fails", actual)


def _difference(expected: Any, actual: Any, place: str, depth: int = 0) -> tuple[str, str, str] | None:
    """Where two JSON values differ first: (path, expected, actual). 1 is 1.0, but true is not 1."""
    if depth > EVENT_DEPTH:
        return place, f"at most {EVENT_DEPTH} levels", "more"
    if isinstance(expected, dict) and isinstance(actual, dict):
        pairs = [
            (f"{place}.{key}", expected.get(key, _NOTHING), actual.get(key, _NOTHING))
            for key in {**expected, **actual}
        ]
    elif isinstance(expected, list) and isinstance(actual, list):
        pairs = [
            (f"{place}[{index}]", left, right)
            for index, (left, right) in enumerate(zip_longest(expected, actual, fillvalue=_NOTHING))
        ]
    elif expected == actual and isinstance(expected, bool) == isinstance(actual, bool):
        return None
    else:
        return place, _json(expected), _json(actual)
    found = (_difference(left, right, where, depth + 1) for where, left, right in pairs)
    return next((difference for difference in found if difference), None)


def _url(url: str) -> str:
    """What makes two URLs the same: case of the host and an empty path do not count."""
    parts = _URL_PARTS.fullmatch(url)
    if parts is None:
        return url
    behind_host = parts[2] if parts[2].startswith("/") else f"/{parts[2]}"
    return parts[1].lower() + behind_host


def _json(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    try:
        return compact(value)
    except orjson.JSONEncodeError:
        return "a value too deep or large to be shown"


def _cut(text: str) -> str:
    text = printable(text)
    return text if len(text) <= TEST_VALUE_CHARACTERS else text[: TEST_VALUE_CHARACTERS - 1] + "…"
