"""Sets of expressions: they may name an expression that is not found, and never leave out one that is."""

from __future__ import annotations

import sys

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from hookwright.core.expression_set import _MARK, FILTER_BYTES, ExpressionSet, _Filter

LETTERS = st.sampled_from("abcAkKsSſKßẞéÉ中-0 ")
ATOMS = (
    LETTERS.map(re2.escape)
    | st.sampled_from([".", r"\d", r"\w", "[a-c]", "[^a]", r"\b", "^", "$", r"\pL", "[ſs]", r"\x{e9}"])
    | st.text(LETTERS, min_size=2, max_size=5).map(re2.escape)
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4).map("".join)
        | st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})")
        | st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}"])).map(
            lambda p: f"(?:{p[0]}){p[1]}"
        )
        | inner.map(lambda text: f"(?i:{text})")
    ),
    max_leaves=8,
)
TEXTS = st.text(LETTERS, max_size=12)


@settings(max_examples=500)
@given(st.lists(EXPRESSIONS, min_size=1, max_size=12), st.lists(TEXTS, min_size=1, max_size=3))
def test_no_expression_that_is_found_is_left_out(expressions: list[str], texts: list[str]) -> None:
    """Whatever the expressions and texts, every selective one that RE2 finds is possible."""
    these = ExpressionSet(expressions)
    found = {each for each in expressions if any(re2.search(each, text) for text in texts)}
    assert found & these.selective <= set(these.possible(texts))


def test_no_letter_is_lost_through_upper_and_lower_case() -> None:
    """Words are compared without regard to case; that must not lose a letter with an unusual other case."""
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    cased = [
        letter for letter in letters if len({letter, letter.lower(), letter.upper(), letter.casefold()}) > 1
    ]
    assert len(cased) > 2500
    these = ExpressionSet(f"<{letter}>" for letter in cased)
    folded = ExpressionSet(f"(?i)<{letter}>" for letter in cased)
    for letter in cased:
        assert f"<{letter}>" in set(these.possible([f"<{letter}>"]))
        for other in {letter, letter.lower(), letter.upper()}:
            if re2.search(f"(?i)<{letter}>", f"<{other}>"):
                assert f"(?i)<{letter}>" in set(folded.possible([f"<{other}>"]))


def test_few_of_many_are_possible() -> None:
    """Among thousands, in several filters, a text names hardly more than what is found in it."""
    expressions = [f"^team-{number:05} .*(deploy|release)$" for number in range(5000)]
    assert sum(map(len, expressions)) > 2 * FILTER_BYTES
    these = ExpressionSet(expressions)
    assert these.selective == set(expressions)
    possible = set(these.possible(["team-01234 wants a release"]))
    assert expressions[1234] in possible
    assert len(possible) < 10


@pytest.mark.parametrize("length", [100, 500])
def test_expressions_too_many_for_one_filter_are_spread(length: int) -> None:
    """Letters outside ASCII fill a filter sooner; nothing is left out."""
    expressions = [f"{number:04}{'é中ж' * (length // 3)}{number:04}" for number in range(200)]
    these = ExpressionSet(expressions)
    assert these.selective == set(expressions)
    assert all(each in set(these.possible([each])) for each in expressions)


def test_an_answer_without_the_mark_rules_nothing_out() -> None:
    """When the pass gives up it answers as if nothing were there: then all are possible."""
    filter_ = _Filter(["prod", "test"])
    assert {"prod", "test"} <= set(filter_.possible("a text that does not end in the mark"))
    assert "prod" not in filter_.possible("a text that does" + _MARK)


def test_what_needs_no_word_is_not_selective() -> None:
    """Expressions that any text could hold, and too short words, are left to evaluation."""
    these = ExpressionSet(["", ".*", r"^\d+$", "prod|", "prod", "P1"])
    assert these.selective == {"prod"}
