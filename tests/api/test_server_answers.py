"""How answers of an API server are judged; the answers are those of Kubernetes 1.34."""

from __future__ import annotations

from typing import Any

import pytest

from api.cases import BAD, GOOD
from api.cases.case import Bad
from api.cases.server import difference


def row(name: str) -> Bad:
    """A bad row of the table."""
    return next(row for row in BAD if row.name == name)


def refusal(*causes: tuple[str, str], message: str = "") -> dict[str, Any]:
    """A `Status` with field and message of each cause."""
    return {
        "message": message,
        "details": {"causes": [{"field": field, "message": text} for field, text in causes]},
    }


METHOD = 'Invalid value: "string": method must be POST, PUT or DELETE'
TYPE = 'Invalid value: "integer": spec.method in body must be of type string: "integer"'
REST = "some validation rules were not checked because the object was invalid; correct the existing errors"
STRICT = 'strict decoding error: unknown field "spec.colour"'


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("method GET", refusal(("spec.method", METHOD))),
        ("method as a number", refusal(("spec.method", TYPE), ("<nil>", f"Invalid value: null: {REST}"))),
        ("unknown field like nothing", refusal(message=STRICT)),
    ],
)
def test_answer_of_the_right_words_is_right(name: str, answer: dict[str, Any]) -> None:
    """Our sentence, Kubernetes' words and a strict decoding error are known, each at its place."""
    assert difference(row(name), 422, answer) is None


@pytest.mark.parametrize(
    "answer",
    [
        refusal(("spec.url", METHOD)),
        refusal(("spec.method", "Invalid value")),
        refusal(("spec.method", METHOD), ("spec.url", "Forbidden: x")),
        refusal(),
    ],
)
def test_answer_with_another_mistake_is_wrong(answer: dict[str, Any]) -> None:
    """Another field, other words, or more than one sentence for one mistake is told."""
    assert difference(row("method GET"), 422, answer) is not None


def test_good_row_must_be_created_and_bad_row_must_not() -> None:
    """The status code decides first."""
    assert difference(GOOD[0], 201, {}) is None
    assert difference(GOOD[0], 422, {"message": "x"}) == "refused: x"
    assert difference(BAD[0], 201, {}) == "accepted"
