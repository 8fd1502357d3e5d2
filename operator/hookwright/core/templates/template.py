"""Compiling templates of bodies, URLs and headers, and rendering them.

Compiling takes milliseconds and is done once per text (a bounded cache); rendering takes tens of microseconds
and is pure: same template and event, same bytes. Must not: read clock, files or environment, see a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any, Final

from jinja2 import Template as JinjaTemplate
from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError, UndefinedError

from hookwright import limits
from hookwright.core.templates import environment
from hookwright.core.templates.budget import RenderContext
from hookwright.core.templates.outline import Outline, outline
from hookwright.core.templates.places import Places
from hookwright.core.templates.rewrite import REFUSED_STATEMENTS, STATEMENTS, Rewriter, check_size
from hookwright.core.templates.source import Tag, read
from hookwright.core.templates.urls import check_rendered_url, dynamic_segments
from hookwright.errors import BudgetError, Cause, TemplateError

_FILE: Final = "<hookwright template>"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_EXPRESSION_SHOWN: Final = 120  # characters of an expression in an error

Finish = Callable[[str], str]


class Template:
    """A compiled template. Immutable; may be rendered from several threads at once."""

    __slots__ = ("_finish", "_root", "_tags", "constant")

    def __init__(self, root: Any, tags: tuple[Tag, ...], finish: Finish, constant: str | None) -> None:
        self._root = root
        self._tags = tags
        self._finish = finish
        self.constant = constant

    def render(self, context: Mapping[str, Any]) -> str:
        """The text for one delivery; `context` comes from `template_context`.

        Raises TemplateError (its cause tells a missing field from the rest) and BudgetError, with line and expression.
        """
        if self.constant is not None:
            return self.constant
        try:
            parts = list(self._root(RenderContext(environment.ENVIRONMENT, context)))
            if sum(map(len, parts)) > limits.RENDERED_BYTES:
                raise _too_long()
            text = "".join(parts)
            if not text.isascii() and len(text.encode()) > limits.RENDERED_BYTES:
                raise _too_long()
            return self._finish(text)
        except Exception as error:
            raise _explained(error, self._tags) from None


def _too_long() -> BudgetError:
    return BudgetError(f"the rendered text is longer than {limits.RENDERED_BYTES // limits.KIB} KiB")


@lru_cache(maxsize=limits.TEMPLATE_CACHE)
def compile_body(source: str) -> Template:
    """Compiles a body. Raises TemplateError where it is no template, or not JSON around its expressions."""
    return _compile(source, lambda tree, found: _body_writers(tree, found), _whole_body, _whole_body)


@lru_cache(maxsize=limits.TEMPLATE_CACHE)
def compile_url(source: str) -> Template:
    """Compiles a URL: expressions after the host only, each percent-encoded. Raises TemplateError.

    A path segment that comes out empty, `.` or `..`, also when decoded, is a TemplateError at render (SPEC 2).
    """
    found = read(source)[1]
    if any(tag.word != "{{" for tag in found):
        raise TemplateError(
            "a URL may hold {{ }} but no {% %}", line=1, expression=source[:_EXPRESSION_SHOWN]
        )
    segments = dynamic_segments(source, [tag.text for tag in found])
    return _compile(
        source,
        lambda tree, _: lambda one: environment.URL,
        lambda text: check_rendered_url(text, segments),
        _same,
    )


@lru_cache(maxsize=limits.TEMPLATE_CACHE)
def compile_header(source: str) -> Template:
    """Compiles a header's value; the rendered value is stripped. Raises TemplateError."""
    return _compile(source, lambda tree, _: lambda one: environment.PLAIN, _header, _header)


def _same(text: str) -> str:
    return text


def _whole_body(text: str) -> str:
    if text.lstrip(" \t\r\n")[:1] not in ("{", "["):
        raise TemplateError("a body is a JSON object or list, this one renders to something else")
    return text


def _header(text: str) -> str:
    text = text.strip()
    if found := _CONTROL.search(text):
        raise TemplateError(
            f"the value of a header cannot hold the control character {found[0]!r}; a filter can replace it"
        )
    if len(text) > limits.RENDERED_HEADER_CHARACTERS:
        raise BudgetError(f"the value of a header may have {limits.RENDERED_HEADER_CHARACTERS:,} characters")
    return text


def _body_writers(tree: nodes.Template, found: Outline) -> Callable[[nodes.Expr], str]:
    writers = Places(tree, found).writers()
    return lambda expression: writers[id(expression)]


def _compile(
    source: str,
    writers: Callable[[nodes.Template, Outline], Callable[[nodes.Expr], str]],
    finish: Finish,
    finish_constant: Finish,
) -> Template:
    tags: tuple[Tag, ...] = ()
    try:
        translated, all_tags = read(source)
        for tag in all_tags:
            _check_statement(tag)
        tree = environment.ENVIRONMENT.parse(translated)
        check_size(tree)
        found = outline(tree, all_tags, source.count("\n") + 1)
        tags = found.numbered
        Rewriter(found, writers(tree, found)).rewrite(tree)
        if not all_tags:
            return Template(None, (), finish, finish_constant(_constant(tree)))
        code = environment.ENVIRONMENT.compile(tree, filename=_FILE)
        jinja = JinjaTemplate.from_code(environment.ENVIRONMENT, code, {})
        return Template(jinja.root_render_func, _by_code_line(jinja, tags), finish, None)
    except Exception as error:
        raise _explained(error, ()) from None


def _constant(tree: nodes.Template) -> str:
    return "".join(part.data for output in tree.find_all(nodes.Output) for part in output.nodes)


def _check_statement(tag: Tag) -> None:
    if tag.word == "{{" or tag.word in STATEMENTS:
        return
    cure = REFUSED_STATEMENTS.get(tag.word, "there are if, for, set and with")
    raise TemplateError(
        f"{{% {tag.word[:64]} %}} is not understood; {cure}", line=tag.line, expression=tag.text
    )


def _by_code_line(jinja: JinjaTemplate, tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
    """Index: line of the generated code → the tag it belongs to."""
    by_line: list[Tag] = []
    nowhere = Tag(0, "", "")
    for number, code_line in jinja.debug_info:
        by_line.extend([by_line[-1] if by_line else nowhere] * (code_line - len(by_line)))
        by_line.append(tags[number - 1] if 0 < number <= len(tags) else nowhere)
    return tuple(by_line)


def _explained(error: Exception, tags: tuple[Tag, ...]) -> TemplateError:
    """Any exception of compiling or rendering as the sentence of a user, with line and expression."""
    line, expression = 0, ""
    if isinstance(error, TemplateError):
        line, expression = error.line, error.expression
    elif isinstance(error, TemplateSyntaxError):
        line = error.lineno
    if not line:
        place = _tag_of(error.__traceback__, tags)
        if place:
            line, expression = place.line, place.text
    sentence = _sentence(error)
    expression = " ".join(expression.split())
    if len(expression) > _EXPRESSION_SHOWN:
        expression = expression[: _EXPRESSION_SHOWN - 1] + "…"
    where = ", ".join(filter(None, (f"line {line}" if line else "", expression)))
    message = f"{where}: {sentence}" if where else sentence
    if isinstance(error, BudgetError):
        return BudgetError(message, line=line, expression=expression)
    cause = Cause.UNDEFINED_FIELD if isinstance(error, UndefinedError) else Cause.TEMPLATE
    return TemplateError(message, line=line, expression=expression, cause=cause)


def _tag_of(traceback: TracebackType | None, tags: tuple[Tag, ...]) -> Tag | None:
    found = None
    for line in _code_lines(traceback):
        found = tags[min(line, len(tags) - 1)] if tags else None
    return found


def _code_lines(traceback: TracebackType | None) -> Iterator[int]:
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == _FILE:
            yield traceback.tb_lineno
        traceback = traceback.tb_next


def _sentence(error: Exception) -> str:
    if isinstance(error, TemplateError | UndefinedError):
        return str(error)
    if isinstance(error, TemplateSyntaxError):
        return f"{(error.message or 'this is not a template').rstrip('.')}"
    if isinstance(error, RecursionError | MemoryError):
        return "this is nested too deeply or too large"
    if isinstance(error, ZeroDivisionError):
        return "this divides by zero"
    if isinstance(error, UnicodeEncodeError):
        return "this text holds half of a surrogate pair, which is no character"
    return f"this does not work on these values ({str(error)[:200]})"


def template_context(
    document: Mapping[str, Any],
    *,
    trigger: str | None,
    webhook_name: str,
    webhook_namespace: str,
    delivery_id: str,
    attempt: int,
) -> dict[str, Any]:
    """What a template sees of one attempt (SPEC 4): the event, and the names of what carries it. No secret."""
    context: dict[str, Any] = {
        name: document[name]
        for name in ("event_type", "event_time", "data", "cloudevent")
        if name in document
    }
    context["event"] = document
    context["trigger"] = trigger
    context["webhook"] = {"name": webhook_name, "namespace": webhook_namespace}
    context["delivery"] = {"id": delivery_id, "attempt": attempt}
    return context
