"""Response validators (SPEC 2): what an answer must say to count as delivered.

The value at each path, a string as it is and anything else as its compact JSON text, must be one of the
allowed values; of several results one must fit. An answer that is not JSON, is nested too deeply or goes over
a path's budget fails. Must not: judge the status code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hookwright.api.admin import ValidatorResult
from hookwright.api.v1alpha1.webhook import ResponseValidator
from hookwright.core.jsonpath import JsonPath, compile_path
from hookwright.core.jsontext import as_text, check_depth, parse_json
from hookwright.errors import FieldError, FilterError


@dataclass(frozen=True, slots=True)
class _Validator:
    path: JsonPath
    values: frozenset[str]

    def check(self, answer: Any) -> ValidatorResult:
        try:
            texts = [as_text(value) for value in self.path.find(answer)]
        except FilterError:
            return self.failed()
        fitting = next((text for text in texts if text in self.values), None)
        actual = fitting if fitting is not None else next(iter(texts), None)
        return ValidatorResult(
            path=self.path.text,
            passed=fitting is not None,
            actual=actual,
        )

    def failed(self) -> ValidatorResult:
        return ValidatorResult(path=self.path.text, passed=False, actual=None)


@dataclass(frozen=True, slots=True)
class Validators:
    """All validators of one webhook; all must hold."""

    validators: tuple[_Validator, ...]

    def check(self, body: bytes) -> list[ValidatorResult]:
        """One result for each validator, in order; none where there are no validators.

        `actual` is the text that fits, else the first one found, whole (it is redacted before it is cut);
        None: nothing is there, or the answer cannot be read as JSON.
        """
        if not self.validators:
            return []
        try:
            answer = parse_json(body)
            check_depth(answer, body)
        except ValueError:
            return [validator.failed() for validator in self.validators]
        return [validator.check(answer) for validator in self.validators]


def compile_validators(validators: Sequence[ResponseValidator] | None) -> Validators:
    """Compile a webhook's validators. Raises FieldError."""
    compiled = []
    for index, validator in enumerate(validators or ()):
        try:
            path = compile_path(validator.path)
        except ValueError as error:
            raise FieldError(f"responseValidators[{index}].path", str(error)) from None
        compiled.append(_Validator(path, frozenset(validator.values)))
    return Validators(tuple(compiled))
