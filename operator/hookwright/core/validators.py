"""Response validators (SPEC 2): what an answer must say to count as delivered.

The value at each path, a string as it is and anything else as its compact JSON text, must be one of the
allowed values; of several results one must fit. An answer that is cut, is not JSON, is nested too deeply or takes
more work than one budget for all validators (`core.budget`) fails, and why is told. Must not: judge the status code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import orjson

from hookwright.api.admin import ValidatorResult
from hookwright.api.v1alpha1.webhook import ResponseValidator
from hookwright.core.budget import Budget, OverBudget
from hookwright.core.jsonpath import JsonPath, compile_paths
from hookwright.core.jsontext import check_depth, pay_for_text
from hookwright.core.lenient_json import read_json

_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Validator:
    path: JsonPath
    values: frozenset[str]

    def check(self, answer: Any, budget: Budget) -> ValidatorResult:
        first = None
        try:
            for value in self.path.find(answer, budget):
                pay_for_text(value, budget)
                text = _text(value)
                if text in self.values:
                    return ValidatorResult(path=self.path.text, passed=True, actual=text)
                if first is None:
                    first = text
        except OverBudget as over:
            return self.failed(
                f"has too many parts for {self.path.text}: it takes {over.needed:,} steps or more, the validators "
                f"before it included, and all of a webhook have {budget.limit:,}; make the path more exact"
            )
        return ValidatorResult(path=self.path.text, passed=False, actual=first)

    def failed(self, problem: str) -> ValidatorResult:
        return ValidatorResult(path=self.path.text, passed=False, problem=problem)


@dataclass(frozen=True, slots=True)
class Validators:
    """All validators of one webhook; all must hold."""

    validators: tuple[_Validator, ...]

    def check(
        self, body: bytes, *, headers: Sequence[tuple[str, str]] = (), cut: str | None = None
    ) -> list[ValidatorResult]:
        """One result for each validator, in order; none where there are no validators.

        `headers` are the answer's, `cut` says what its body lacks, as `ValidatorResult.problem` does (None: nothing).
        `actual` is the text that fits, else the first one found, whole (it is redacted before it is cut);
        None: nothing is there, or nobody could look.
        """
        if not self.validators:
            return []
        try:
            if cut is not None:
                raise ValueError(cut)
            answer = read_json(body, charset=_charset(headers))
            check_depth(answer, body)
        except ValueError as error:
            return [validator.failed(str(error)) for validator in self.validators]
        budget = Budget()
        return [validator.check(answer, budget) for validator in self.validators]


def _charset(headers: Sequence[tuple[str, str]]) -> str | None:
    for name, value in headers:
        if name.lower() == "content-type" and (found := _CHARSET.search(value)):
            return found[1]
    return None


def _text(value: Any) -> str:
    """What a value is compared as (SPEC 2): a string as it is, any other as its compact JSON text, digits and all."""
    return value if isinstance(value, str) else orjson.dumps(value, default=_digits).decode()


def _digits(number: Decimal) -> orjson.Fragment:
    return orjson.Fragment(str(number))


def compile_validators(validators: Sequence[ResponseValidator] | None) -> Validators:
    """Compile a webhook's validators. Raises FieldError."""
    given = validators or ()
    paths = compile_paths([validator.path for validator in given], "responseValidators")
    return Validators(
        tuple(
            _Validator(path, frozenset(validator.values))
            for path, validator in zip(paths, given, strict=True)
        )
    )
