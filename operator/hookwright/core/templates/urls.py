"""The rules of a URL template (SPEC 2): where expressions may stand, and what a path segment may come out as.

A `DELETE /tickets/{{ data.ticket }}` whose ticket is empty would hit the whole collection, and `..` another
resource, so both are refused, and with them what some servers read as such: `..;v=1`, `%09..`, `x\\..`.
Must not: send, or judge the host (`api` and `core.egress` do).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from jinja2 import nodes

from hookwright import limits
from hookwright.core.invisible import INVISIBLE
from hookwright.core.templates.outline import Outline
from hookwright.core.templates.source import Tag
from hookwright.errors import BudgetError

_HEAD: Final = re.compile(r"https://[^/?#]+[/?]")
_STEPS: Final = re.compile(r"[/\\]")
_EXPRESSION: Final = "\0"  # stands for an expression, which is never rendered to / or ?


def finish(tree: nodes.Template, found: Outline) -> Callable[[str], str]:
    """What checks a rendered URL. Raises TemplateError for an expression in or before the host."""
    shape = ""
    for output in tree.find_all(nodes.Output):
        for part in output.nodes:
            shape += part.data if isinstance(part, nodes.TemplateData) else _EXPRESSION
    if _EXPRESSION in shape and not _HEAD.match(shape.partition(_EXPRESSION)[0]):
        tag = found.numbered[0]
        raise tag.error("an expression may stand in the path or the query of a URL, not in its host")
    path = shape.partition("?")[0]
    dynamic: list[tuple[int, Tag]] = []
    before = 0
    for number, segment in enumerate(path.split("/")):
        if _EXPRESSION in segment:
            dynamic.append((number, found.numbered[before]))
        before += segment.count(_EXPRESSION)
    return lambda url: _checked(url, dynamic)


def _checked(url: str, dynamic: list[tuple[int, Tag]]) -> str:
    """`dynamic`: the numbers of the segments that hold expressions, each with the first of its expressions."""
    if len(url) > limits.RENDERED_URL_CHARACTERS:
        raise BudgetError(f"the rendered URL is longer than {limits.RENDERED_URL_CHARACTERS:,} characters")
    if not dynamic:
        return url
    segments = url.partition("?")[0].split("/")
    for number, tag in dynamic:
        fault = _fault(segments[number])
        if fault is None:
            continue
        raise tag.error(f"a part of the URL's path comes out {fault}, and that would address something else")
    return url


def _fault(segment: str) -> str | None:
    """What is wrong with a segment as any server may read it: without blanks, unseen characters and `;` parameters."""
    for step in _STEPS.split(unquote(segment)):
        bare = "".join(INVISIBLE.sub("", step.partition(";")[0]).split())
        if not bare:
            return "empty"
        if bare in (".", ".."):
            return "as . or .."
    return None
