"""Which part of the syntax tree belongs to which tag, so that errors can name line and expression.

Jinja's tree knows lines only. Tags and nodes come in the same order, and each tag of one of these kinds
makes one node, so they are paired by counting. Must not: change the tree, but for its line numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jinja2 import nodes

from hookwright.core.templates.source import Tag
from hookwright.errors import TemplateError

PAIRED: Final = frozenset(("{{", "if", "elif", "for", "set", "with"))


@dataclass(frozen=True, slots=True)
class Outline:
    """`tags`: node id → tag; `numbered`: the same, by number; `lines`: id of a piece of text → its line."""

    tags: dict[int, Tag]
    numbered: tuple[Tag, ...]
    lines: dict[int, int]
    last_line: int


def outline(tree: nodes.Template, tags: list[Tag], last_line: int) -> Outline:
    """Pairs the nodes of a tree with the tags of its source.

    Each node's line number becomes the number of its tag (from 1), so that a traceback leads to the tag.
    Raises TemplateError where tags and nodes do not fit together.
    """
    lines: dict[int, int] = {}
    found = list(_walk(tree.body, lines))
    paired = [tag for tag in tags if tag.word in PAIRED]
    if len(found) != len(paired):
        raise TemplateError(
            "the ends of the template's {{ }} and {% %} cannot be told; look for quotes inside them"
        )
    for number, node in enumerate(found, 1):
        node.set_lineno(number, override=True)
    return Outline(
        {id(node): tag for node, tag in zip(found, paired, strict=True)}, tuple(paired), lines, last_line
    )


def _walk(body: list[nodes.Node], lines: dict[int, int]) -> Iterator[nodes.Node]:
    for node in body:
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                if isinstance(part, nodes.TemplateData):
                    lines[id(part)] = part.lineno
                else:
                    yield part
            continue
        yield node
        if isinstance(node, nodes.If):
            yield from _walk(node.body, lines)
            for other in node.elif_:
                yield other
                yield from _walk(other.body, lines)
            yield from _walk(node.else_, lines)
        elif isinstance(node, nodes.For):
            yield from _walk(node.body, lines)
            yield from _walk(node.else_, lines)
        elif isinstance(node, nodes.With | nodes.AssignBlock):
            yield from _walk(node.body, lines)
