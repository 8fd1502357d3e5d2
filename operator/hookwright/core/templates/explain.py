"""Any exception of compiling or rendering as the sentence a user reads, with its line and expression.

A traceback's line of generated code leads to the tag of the source (`tags_by_code_line`).
Must not: let an exception of Jinja or Python out.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final

from jinja2 import Template as JinjaTemplate
from jinja2.exceptions import UndefinedError

from hookwright.core.templates.missing import Lacking
from hookwright.core.templates.source import Tag
from hookwright.errors import BudgetError, Cause, TemplateError

CODE_FILE: Final = "<hookwright template>"
_EXPRESSION_SHOWN: Final = 120  # characters of an expression in an error
_DETAIL_SHOWN: Final = 200


def tags_by_code_line(jinja: JinjaTemplate, tags: tuple[Tag, ...]) -> tuple[Tag | None, ...]:
    """Index: line of the generated code → the tag it belongs to."""
    by_line: list[Tag | None] = [None]
    for number, code_line in jinja.debug_info:
        by_line += [by_line[-1]] * (code_line - len(by_line))
        by_line.append(tags[number - 1])
    return tuple(by_line)


def explain(error: Exception, tags: tuple[Tag | None, ...] = ()) -> TemplateError:
    """The TemplateError (or BudgetError) that tells what went wrong, where, and what to write instead."""
    place = _place(error, tags)
    expression = shortened(place.expression)
    where = f"line {place.line}" if place.line else ""
    where = f"{where}, {expression}" if where and expression else where or expression
    message = f"{where}: {_sentence(error)}" if where else _sentence(error)
    found: dict[str, Any] = {
        "line": place.line,
        "column": place.column,
        "length": place.length,
        "expression": expression,
    }
    if isinstance(error, BudgetError):
        return BudgetError(message, **found)
    cause = Cause.UNDEFINED_FIELD if isinstance(error, UndefinedError) else Cause.TEMPLATE
    lacking = isinstance(error, UndefinedError) and isinstance(error.args[0], Lacking)
    return TemplateError(message, cause=cause, lacking=lacking, **found)


def _place(error: Exception, tags: tuple[Tag | None, ...]) -> TemplateError:
    """An error that knows the place, if any does."""
    if isinstance(error, TemplateError) and error.line:
        return error
    tag = _tag_of(error.__traceback__, tags)
    return TemplateError("") if tag is None else tag.error("")


def _tag_of(traceback: TracebackType | None, tags: tuple[Tag | None, ...]) -> Tag | None:
    found = None
    while traceback is not None:
        if tags and traceback.tb_frame.f_code.co_filename == CODE_FILE:
            found = tags[min(traceback.tb_lineno, len(tags) - 1)]
        traceback = traceback.tb_next
    return found


def shortened(expression: str) -> str:
    """A tag as it stands in a sentence: on one line, not too long."""
    words = " ".join(expression[: 2 * _EXPRESSION_SHOWN].split())
    return words if len(words) <= _EXPRESSION_SHOWN else words[: _EXPRESSION_SHOWN - 1] + "…"


def _sentence(error: Exception) -> str:
    if isinstance(error, TemplateError | UndefinedError):
        return str(error)
    if isinstance(error, RecursionError | MemoryError):
        return "this is nested too deeply"
    if isinstance(error, ZeroDivisionError):
        return "this divides by zero"
    if isinstance(error, UnicodeEncodeError):
        return "this text holds half of a surrogate pair, which is no character"
    if isinstance(error, TypeError):  # the operators are Python's own
        return "a text and a number, or other unlike values, cannot be compared; | string and | int make them alike"
    return f"this does not work with these values: {str(error)[:_DETAIL_SHOWN]}"
