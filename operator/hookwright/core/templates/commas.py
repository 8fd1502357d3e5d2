"""Where JSON's commas and the tags around them do not fit together: the line to write, with the template's names.

Only proposes; that the text is not JSON has been found by `core.templates.places`. Must not: change the tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from jinja2 import nodes

from hookwright.core.templates.json_scan import Level, State, settled
from hookwright.core.templates.outline import Outline
from hookwright.core.templates.rounds import Rounds, truth

NOT_FIRST: Final = "{% if not loop.first %},{% endif %}"
NOT_LAST: Final = "{% if not loop.last %},{% endif %}"
_FOR: Final = re.compile(r"\{%[-+]?\s*for\s+(.+?)\s+in\s+(.+?)\s*[-+]?%\}", re.DOTALL)
_IF: Final = re.compile(r"\{%[-+]?\s*if\s+(.+?)\s*[-+]?%\}", re.DOTALL)
_SHOWN: Final = 120  # characters of a piece of the template in its own cure


class Frame(NamedTuple):
    """A list of statements being followed: whose it is, where it stands, what it began with, in which round."""

    owner: nodes.Node
    body: list[nodes.Node]
    at: int
    entry: State
    rounds: Rounds | None


def cure(frames: Sequence[Frame], level: Level, char: str, at_start: bool, outline: Outline) -> str | None:
    """What to write where `char` (an expression, if empty) cannot stand at a level; None: nothing special.

    `at_start`: nothing but blanks stands between it and the tag before.
    """
    level = settled(level)
    before = _before(frames[-1]) if at_start else None
    extra = (char == "," and level.mode in ("first", "firstkey", "value", "key")) or (
        char in ("]", "}") and level.mode in ("value", "key")
    )
    missing = level.mode == "after" and bool(level.stack) and (not char or char not in "]}:")
    if isinstance(before, nodes.If) and extra and level.mode == "value" and level.stack[-1:] == "{":
        return f"{_tag(before, outline)} writes no value otherwise; add {{% else %}}null before its {{% endif %}}"
    if not extra and not missing:
        return None
    return _in_loop(frames, before, level, char, outline) or _beside_if(
        frames, before, level, missing, outline
    )


def empty_body(tree: nodes.Template, outline: Outline) -> str | None:
    """What to write where a whole body hangs on an `if`."""
    lone = next((each for each in tree.body if isinstance(each, nodes.If) and not each.else_), None)
    if lone is None:
        return None
    tag = _tag(lone, outline)
    return f"the template is empty where {tag} does not hold; add {{% else %}}{{}} before its {{% endif %}}"


def _in_loop(
    frames: Sequence[Frame], before: nodes.Node | None, level: Level, char: str, outline: Outline
) -> str | None:
    loops = [frame for frame in frames if isinstance(frame.owner, nodes.For)]
    around = loops[-1].owner if loops else before if isinstance(before, nodes.For) else None
    if not isinstance(around, nodes.For):
        return None
    inside = _statements(around.body)
    if inner := next((each for each in inside if isinstance(each, nodes.For)), None):
        return _one_list(around, inner, outline)
    if len(loops) > 1 and _stack(loops[-1]) == _stack(loops[-2]):
        outer = loops[-2].owner
        return _one_list(outer, around, outline) if isinstance(outer, nodes.For) else None
    choosing = next((each for each in inside if _chooses(each)), None)
    if isinstance(choosing, nodes.If):
        return _filtered(around, choosing, outline)
    return _round_the_loop(frames, around, level, char, outline)


def _round_the_loop(
    frames: Sequence[Frame], loop: nodes.For, level: Level, char: str, outline: Outline
) -> str | None:
    """A comma between a loop, which may have no round, and what stands before or after it."""
    here = frames[-1]
    inside = any(frame.owner is loop for frame in frames)
    if not inside and char == ",":
        return "the loop may be empty, so leave this comma away and end each of its items with one: ,{% endfor %}"
    follows = here.owner is loop and here.rounds is not None and here.rounds.first
    if (follows and level.mode == "after" and settled(here.entry[-1]).mode == "after") or (
        not inside and here.at > 1 and _ends_in_comma(here.body[here.at - 2])
    ):
        line = f"{_tag(loop, outline)},"
        return (
            f"the loop may be empty, so put no comma before it and begin each of its items with one: {line}"
        )
    if char == "," and level.mode == "first":
        return f"before an item write {NOT_FIRST}"
    return None


def _ends_in_comma(node: nodes.Node) -> bool:
    last = node.nodes[-1] if isinstance(node, nodes.Output) else None
    return isinstance(last, nodes.TemplateData) and last.data.rstrip().endswith(",")


def _one_list(outer: nodes.For, inner: nodes.For, outline: Outline) -> str | None:
    """Two loops that fill one list, each of which may be empty."""
    found, within = _FOR.fullmatch(_tag(outer, outline)), _FOR.fullmatch(_tag(inner, outline))
    if found is None or within is None or not within[2].startswith(f"{found[1]}."):
        return None
    path = within[2].removeprefix(f"{found[1]}.")
    if not re.fullmatch(r"[\w.]+", path):
        return None
    one = f'{{% for {within[1]} in {found[2]} | sum(attribute="{path}", start=[]) %}}'
    return f"a list may be empty, so make one loop of the two: {one}"


def _filtered(loop: nodes.For, choosing: nodes.If, outline: Outline) -> str | None:
    """An `if` in a loop leaves items out, and the commas do not know of it."""
    found, condition = _FOR.fullmatch(_tag(loop, outline)), _IF.fullmatch(_tag(choosing, outline))
    if found is None or condition is None or re.search(r"\bif\b", found[2]):
        return None
    return (
        f"an item that {_tag(choosing, outline)} leaves out leaves its comma; choose in the loop, "
        f"{{% for {found[1]} in {found[2]} if {condition[1]} %}}, and write {NOT_LAST} after each item"
    )


def _beside_if(
    frames: Sequence[Frame], before: nodes.Node | None, level: Level, missing: bool, outline: Outline
) -> str | None:
    if missing and isinstance(frames[-1].owner, nodes.If):
        return _with_comma(frames[-1].owner, outline, leads=True)
    if isinstance(before, nodes.If) and not before.else_ and not missing:
        return _with_comma(before, outline, leads=level.mode in ("value", "key"))
    return None


def _with_comma(node: nodes.If, outline: Outline, leads: bool) -> str | None:
    body = _source(node.body, outline)
    if body is None:
        return (
            f"the comma belongs into {_tag(node, outline)}, {'before' if leads else 'after'} what it writes"
        )
    written = f", {body.lstrip()}" if leads else f"{body.rstrip()},"
    return f"the comma belongs into the if: {_tag(node, outline)}{written}{{% endif %}}"


def _source(body: list[nodes.Node], outline: Outline) -> str | None:
    """A piece without statements as it is written, if it is short."""
    parts: list[str] = []
    for node in body:
        if not isinstance(node, nodes.Output):
            return None
        for part in node.nodes:
            parts.append(part.data if isinstance(part, nodes.TemplateData) else outline.tags[id(part)].text)
    text = "".join(parts)
    return text if len(text) <= _SHOWN else None


def _tag(node: nodes.Node, outline: Outline) -> str:
    return outline.tags[id(node)].text[:_SHOWN]


def _before(frame: Frame) -> nodes.Node | None:
    """The statement before the one that is being followed, blank text left out."""
    if frame.at == 0:
        return None
    if not isinstance(frame.body[frame.at], nodes.Output):
        return None
    return frame.body[frame.at - 1]


def _statements(body: Iterable[nodes.Node]) -> list[nodes.Node]:
    return [node for node in body if isinstance(node, nodes.For | nodes.If)]


def _chooses(node: nodes.Node) -> bool:
    """Whether it is an `if` on the item itself, not on the round."""
    if not isinstance(node, nodes.If) or node.else_ or truth(node.test, Rounds(True, True)) is not None:
        return False
    return not _only_comma(node.body)


def _only_comma(body: list[nodes.Node]) -> bool:
    parts = [part for node in body if isinstance(node, nodes.Output) for part in node.nodes]
    return len(parts) == 1 and isinstance(parts[0], nodes.TemplateData) and parts[0].data.strip() == ","


def _stack(frame: Frame) -> tuple[str, ...]:
    return tuple(level.stack for level in frame.entry)
