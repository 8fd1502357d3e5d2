"""Response validators: the value at the path, as a string or JSON text, must be one of the allowed."""

from __future__ import annotations

import re

import pytest

from hookwright.api.admin import ValidatorResult
from hookwright.api.v1alpha1.webhook import ResponseValidator
from hookwright.core.validators import compile_validators

LONG = "123456789012345678901234567890"


def check(body: bytes, *validators: tuple[str, list[str]]) -> list[tuple[bool, str | None]]:
    """Passed and actual of each validator."""
    compiled = compile_validators(
        [ResponseValidator(path=path, values=values) for path, values in validators]
    )
    return [(result.passed, result.actual) for result in compiled.check(body)]


@pytest.mark.parametrize(
    ("body", "path", "values", "passed", "actual"),
    [
        (b'{"status":"ok"}', "$.status", ["ok"], True, "ok"),
        (b'{"status":"ok"}', "$.status", ["done", "ok"], True, "ok"),
        (b'{"status":"OK"}', "$.status", ["ok"], False, "OK"),
        (b'{"status":"ok"}', "$.status", ['"ok"'], False, "ok"),
        (b'{"ok":true}', "$.ok", ["true"], True, "true"),
        (b'{"ok":false}', "$.ok", ["true"], False, "false"),
        (b'{"code":0}', "$.code", ["0"], True, "0"),
        (b'{"code":0.0}', "$.code", ["0"], False, "0.0"),
        (b'{"error":null}', "$.error", ["null"], True, "null"),
        (b'{"error":{ "a" : [ ] }}', "$.error", ['{"a":[]}'], True, '{"a":[]}'),
        (b'{"error":""}', "$.error", [""], True, ""),
        (b"{}", "$.error", [""], False, None),
        (b'{"r":[{"s":"a"},{"s":"b"}]}', "$.r[*].s", ["b"], True, "b"),
        (b'{"r":[{"s":"a"},{"s":"b"}]}', "$.r[*].s", ["c"], False, "a"),
        (b'"ok"', "$", ["ok"], True, "ok"),
        (b" [1] ", "$[0]", ["1"], True, "1"),
        (b"ok", "$", ["ok"], False, None),
        (b"", "$", [""], False, None),
        (b"<html>", "$", ["<html>"], False, None),
        (b'{"status":"ok"', "$.status", ["ok"], False, None),
        (b'{"status":"\xff"}', "$.status", ["ok"], False, None),
        (b'{"id":123456789012345678901234567890}', "$.id", ["123456789012345678901234567890"], True, LONG),
        (b'{"id":-123456789012345678901234567890}', "$.id", ["1.2345678901234568e+29"], False, f"-{LONG}"),
        (b'{"ids":[123456789012345678901234567890,1]}', "$.ids", [f"[{LONG},1]"], True, f"[{LONG},1]"),
        (b'{"big":123456789012345678901234567890,"s":"ok"}', "$.s", ["ok"], True, "ok"),
        (b'\xef\xbb\xbf{"status":"ok"}', "$.status", ["ok"], True, "ok"),
        (b'{"status":"ok","echo":"cut \\ud83d"}', "$.status", ["ok"], True, "ok"),
        (b'{"status":"ok","echo":"cut \\ud83d"}', "$.echo", ["cut \ufffd"], True, "cut \ufffd"),
        ('{"status":"grün"}'.encode("utf-16"), "$.status", ["grün"], True, "grün"),
        (b"[" * 65 + b"]" * 65, "$", ["[]"], False, None),
        (b"[" * 5000 + b"]" * 5000, "$", ["[]"], False, None),
    ],
)
def test_one_validator(body: bytes, path: str, values: list[str], passed: bool, actual: str | None) -> None:
    """Strings as they are, other values by JSON text, one of several results; what is no JSON fails."""
    assert check(body, (path, values)) == [(passed, actual)]


def test_each_validator_has_a_result_in_order() -> None:
    """Every validator is judged, with its path, so that the first failure does not hide the others."""
    validators = [ResponseValidator(path="$.a", values=["1"]), ResponseValidator(path="$.b", values=["2"])]
    assert compile_validators(validators).check(b'{"a":1,"b":3}') == [
        ValidatorResult(path="$.a", passed=True, actual="1"),
        ValidatorResult(path="$.b", passed=False, actual="3"),
    ]
    assert [result.passed for result in compile_validators(validators).check(b"no")] == [False, False]


@pytest.mark.parametrize("validators", [None, []])
def test_no_validators_no_results(validators: list[ResponseValidator] | None) -> None:
    """Without validators nothing is read, not even whether the answer is JSON."""
    assert compile_validators(validators).check(b"not JSON") == []


@pytest.mark.parametrize(
    ("body", "cut", "problem"),
    [
        (b"<html>", None, "is not JSON: unexpected character, expected a JSON value at character 1"),
        (b'{"v":NaN}', None, "is not JSON: unexpected character, expected a JSON value at character 6"),
        (b'{"v":"gr\xfcn"}', None, "is not UTF-8 (byte 9 cannot be read)"),
        (b"", None, "is empty"),
        (b'{"v":1}', "was cut at 64 KiB", "was cut at 64 KiB"),
        (b'{"v":1', "ended early, as the connection was closed", "ended early, as the connection was closed"),
        (b'{"v":' + b"[" * 65 + b"]" * 65 + b"}", None, "is nested deeper than 64 levels"),
        (b'{"v":1}', None, None),
    ],
)
def test_why_an_answer_could_not_be_looked_at(body: bytes, cut: str | None, problem: str | None) -> None:
    """Cut, not UTF-8, not JSON at a character: all validators fail, and it is told."""
    (result,) = compile_validators([ResponseValidator(path="$.v", values=["1"])]).check(body, cut=cut)
    assert (result.passed, result.problem) == (problem is None, problem)


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=ISO-8859-1", 'text/plain;Charset="iso-8859-1"; a=b']
)
def test_the_charset_of_an_answer_counts(content_type: str) -> None:
    """Old servers send single bytes and say so."""
    compiled = compile_validators([ResponseValidator(path="$.v", values=["grün"])])
    body = '{"v":"grün"}'.encode("latin-1")
    assert compiled.check(body, headers=[("Content-Type", content_type)])[0].passed
    assert not compiled.check(body, headers=[("content-type", "application/json")])[0].passed


def test_the_actual_value_is_whole() -> None:
    """A long value is compared in full; it is cut where it is shown, once secrets are out of it."""
    body = b'{"v":"%s"}' % (b"x" * 2000)
    assert check(body, ("$.v", ["y"])) == [(False, "x" * 2000)]
    assert check(body, ("$.v", ["x" * 512])) == [(False, "x" * 2000)]


def test_a_path_over_its_budget_fails() -> None:
    """A path that would look at too many nodes of an answer fails instead of taking long."""
    body = b"[%s]" % b",".join([b"[2,2,3]"] * 4000)
    assert check(body, ("$[0][0]", ["2"]), ("$..*", ["1"]), ("$[0]", ["1"])) == [
        (True, "2"),
        (False, None),
        (False, None),
    ]
    (result,) = compile_validators([ResponseValidator(path="$..*", values=["1"])]).check(body)
    assert str(result.problem).startswith("has too many parts for $..*: it takes 16,")


@pytest.mark.parametrize(
    ("path", "sentence"), [("$.a[", "'$.a[' is not a JSONPath"), ("$[?search(@, 'a')]", "search()")]
)
def test_a_path_that_cannot_be_read(path: str, sentence: str) -> None:
    """A path that is no JSONPath is a ValueError that begins with the field."""
    validators = [ResponseValidator(path="$", values=["a"]), ResponseValidator(path=path, values=["a"])]
    with pytest.raises(ValueError, match=re.escape(sentence)) as error:
        compile_validators(validators)
    assert str(error.value).startswith("responseValidators[1].path: ")
