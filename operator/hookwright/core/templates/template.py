"""Compiling templates of bodies, URLs and headers, and rendering them.

Compiling takes milliseconds and is done once per text (a bounded cache); rendering takes tens of microseconds
and is pure: same template and event, same text. Must not: read clock, files or environment, see a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson
from jinja2 import Template as JinjaTemplate
from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError

from hookwright import limits
from hookwright.core.templates import environment, urls
from hookwright.core.templates.budget import Budget, RenderContext
from hookwright.core.templates.explain import CODE_FILE, explain, tags_by_code_line
from hookwright.core.templates.outline import Outline, outline
from hookwright.core.templates.places import Places
from hookwright.core.templates.rewrite import REFUSED_STATEMENTS, STATEMENTS, Rewriter, check_depth
from hookwright.core.templates.source import Tag, read
from hookwright.core.templates.syntax import located
from hookwright.errors import BudgetError, TemplateError

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

Finish = Callable[[str], str]
WriterOf = Callable[[nodes.Expr], str]


class Template:
    """A compiled template. Immutable; may be rendered from several threads at once.

    `constant` is the text where the template holds no expression (then `render` is free), else None.
    """

    __slots__ = ("_finish", "_root", "_tags", "constant")

    def __init__(self, root: Any, tags: tuple[Tag | None, ...], finish: Finish, constant: str | None) -> None:
        self._root = root
        self._tags = tags
        self._finish = finish
        self.constant = constant

    def __del__(self) -> None:
        """Compiled code refers to itself, and would be freed by nothing but a search through all objects there are."""
        if self._root is not None:
            self._root.__globals__.clear()

    def render(self, context: Mapping[str, Any], budget: Budget | None = None) -> str:
        """The text for one attempt; `context` comes from `template_context`, `budget` is what the delivery has left.

        Raises TemplateError (its cause tells a missing field from the rest) and BudgetError, both with line,
        expression and what to write instead.
        """
        if self.constant is not None:
            return self.constant
        budget = budget or Budget()
        run = RenderContext(environment.ENVIRONMENT, context)
        run.steps = budget.steps
        try:
            return self._finish(budget.text(list(self._root(run))))
        except Exception as error:
            raise explain(error, self._tags) from None
        finally:
            budget.steps = run.steps


@dataclass(frozen=True, slots=True)
class _Kind:
    """What bodies, URLs and headers differ in: who writes an expression, and what the whole text must be."""

    statements: bool
    writers: Callable[[nodes.Template, Outline], WriterOf]
    finish: Callable[[nodes.Template, Outline], Finish]


@lru_cache(maxsize=limits.TEMPLATE_CACHE)
def compile_body(source: str) -> Template:
    """Compiles a body. Raises TemplateError where it is no template, or not JSON around its expressions."""
    return _compile(source, _BODY)


@lru_cache(maxsize=limits.TEMPLATE_CACHE)
def compile_url(source: str) -> Template:
    """Compiles a URL: expressions after the host only, each percent-encoded. Raises TemplateError.

    A path segment that comes out empty, `.` or `..`, even encoded, is a TemplateError at render (SPEC 2).
    """
    return _compile(source, _URL)


@lru_cache(maxsize=limits.TEMPLATE_CACHE)
def compile_header(source: str) -> Template:
    """Compiles a header's value; what it renders to is stripped. Raises TemplateError.

    A control character in the rendered value is a TemplateError at render (SPEC 2).
    """
    return _compile(source, _HEADER)


def _compile(source: str, kind: _Kind) -> Template:
    try:
        translated, tags = read(source)
        for tag in tags:
            _check_statement(tag, kind)
        tree = _parsed(translated, tags)
        check_depth(tree)
        found = outline(tree, tags, source.count("\n") + 1)
        finish = kind.finish(tree, found)
        if not tags:
            return Template(None, (), finish, finish(_constant(tree)))
        Rewriter(found, kind.writers(tree, found)).rewrite(tree)
        code = environment.ENVIRONMENT.compile(tree, filename=CODE_FILE)
        jinja = JinjaTemplate.from_code(environment.ENVIRONMENT, code, {})
        return Template(jinja.root_render_func, tags_by_code_line(jinja, found.numbered), finish, None)
    except Exception as error:
        raise explain(error) from None


def _parsed(translated: str, tags: list[Tag]) -> nodes.Template:
    try:
        return environment.ENVIRONMENT.parse(translated)
    except TemplateSyntaxError as error:
        raise located(error, tags, environment.ENVIRONMENT.parse) from None


def _check_statement(tag: Tag, kind: _Kind) -> None:
    if tag.word == "{{":
        return
    if not kind.statements:
        raise tag.error("a URL may hold {{ }} but no {% %}")
    if tag.word not in STATEMENTS:
        cure = REFUSED_STATEMENTS.get(tag.word, "there are if, for, set and with")
        raise tag.error(f"{{% {tag.word[:64]} %}} is not understood; {cure}")


def _constant(tree: nodes.Template) -> str:
    return "".join(
        part.data
        for output in tree.find_all(nodes.Output)
        for part in output.nodes
        if isinstance(part, nodes.TemplateData)
    )


def _body_writers(tree: nodes.Template, found: Outline) -> WriterOf:
    writers = Places(tree, found).writers()
    return lambda expression: writers[id(expression)]


def _body_finish(tree: nodes.Template, found: Outline) -> Finish:
    if not found.tags:
        _check_json(tree, found)
    return _body


def _check_json(tree: nodes.Template, found: Outline) -> None:
    """A body without expressions: orjson judges it quickly, the walk finds the better sentence."""
    try:
        orjson.loads(_constant(tree))
    except orjson.JSONDecodeError as error:
        Places(tree, found)
        raise TemplateError(
            f"this is not JSON: {error.msg}", line=error.lineno, column=error.colno, length=1
        ) from None


def _body(text: str) -> str:
    if text.lstrip(" \t\r\n")[:1] not in ("{", "["):
        raise TemplateError("a body is a JSON object or list; this one comes out as something else")
    return text


def _header(text: str) -> str:
    text = text.strip()
    if found := _CONTROL.search(text):
        raise TemplateError(
            f"the value of a header cannot hold the control character {found[0]!r}; "
            "take it out with replace, as in {{ data.justification | replace('\\n', ' ') }}"
        )
    if len(text) > limits.RENDERED_HEADER_CHARACTERS:
        raise BudgetError(
            f"the value of a header is longer than {limits.RENDERED_HEADER_CHARACTERS:,} characters"
        )
    return text


_BODY: Final = _Kind(True, _body_writers, _body_finish)
_URL: Final = _Kind(False, lambda tree, found: lambda one: environment.URL, urls.finish)
_HEADER: Final = _Kind(True, lambda tree, found: lambda one: environment.PLAIN, lambda tree, found: _header)


def template_context(
    document: Mapping[str, Any],
    *,
    trigger: str | None,
    webhook_name: str,
    webhook_namespace: str,
    delivery_id: str,
    attempt: int,
) -> dict[str, Any]:
    """What a template sees of one attempt (SPEC 4): the event and what carries it, no secret."""
    context: dict[str, Any] = {
        "event": document,
        "trigger": trigger,
        "webhook": {"name": webhook_name, "namespace": webhook_namespace},
        "delivery": {"id": delivery_id, "attempt": attempt},
    }
    for name in ("event_type", "event_time", "data", "cloudevent"):
        if name in document:
            context[name] = document[name]
    return context
