"""The source of a template, read once before Jinja reads it: its tags, and Handlebars paths in Jinja's words.

`{{data.access_groups.[0].[integration].name}}` becomes `{{data.access_groups[0]["integration"].name}}`; a
Handlebars block is refused with the Jinja line to write instead. Comments and `{% raw %}` are left alone.
Must not: decide what is allowed (`core.templates.rewrite` does, on the syntax tree).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from hookwright import limits
from hookwright.core.templates import handlebars
from hookwright.errors import TemplateError

_OPEN: Final = re.compile(r"\{\{|\{%|\{#")
_RAW: Final = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}.*?(?:\{%[-+]?\s*endraw\s*[-+]?%\}|\Z)", re.DOTALL)
_INSIDE: Final = re.compile(
    r"""
    "(?:\\.|[^"\\])*+(?:"|\Z)   # an unclosed string runs to the end, or each quote would look anew
    | '(?:\\.|[^'\\])*+(?:'|\Z)
    | \.\[[^\]\[\n]{0,256}\]    # a Handlebars segment
    | %\} | \}\} | [{}]
    """,
    re.VERBOSE | re.DOTALL,
)
_TOKEN: Final = re.compile(r"""\w+|"(?:\\.|[^"\\])*+"?|'(?:\\.|[^'\\])*+'?|\S""", re.DOTALL)
_KEYWORD: Final = re.compile(r"\{%[-+]?\s*(\w+)")


@dataclass(frozen=True, slots=True)
class Tag:
    """One `{{ … }}` or `{% … %}`: where it begins (from 1), its text as written and for Jinja, `{{` or its word."""

    line: int
    column: int
    text: str
    word: str
    jinja: str

    def error(self, sentence: str) -> TemplateError:
        """That something is wrong with it."""
        return TemplateError(
            sentence, line=self.line, column=self.column, length=len(self.text), expression=self.text
        )


def read(source: str) -> tuple[str, list[Tag]]:
    """A template in Jinja's syntax and its tags in order.

    Raises TemplateError for one that is too long or too dense, and for Handlebars blocks.
    """
    source = source.removeprefix("\ufeff")  # a byte order mark: editors on Windows put one there
    if len(source) > limits.TEMPLATE_CHARACTERS:
        raise TemplateError(
            f"a template may have {limits.TEMPLATE_CHARACTERS:,} characters, this one has {len(source):,}"
        )
    out: list[str] = []
    tags: list[Tag] = []
    position, line, inside, tokens = 0, 1, 0, 0
    while opening := _OPEN.search(source, position):
        start = opening.start()
        out.append(source[position:start])
        line += source.count("\n", position, start)
        end, translated = _tag(source, start)
        text = source[start:end]
        read_by_jinja = not text.startswith("{#") and not _RAW.match(text)
        inside += len(text) if read_by_jinja else 0
        tokens += len(_TOKEN.findall(text[: limits.TEMPLATE_TAG_CHARACTERS])) if read_by_jinja else 1
        if tokens > limits.TEMPLATE_TOKENS or inside > limits.TEMPLATE_TAG_CHARACTERS:
            raise _too_dense(line)
        if read_by_jinja:
            word = _KEYWORD.match(text)
            column = start - source.rfind("\n", 0, start)
            tag = Tag(line, column, text, word[1] if word else "{{", translated)
            tags.append(tag)
            if refusal := handlebars.refusal(text):
                raise tag.error(refusal)
        out.append(translated)
        line += text.count("\n")
        position = end
    out.append(source[position:])
    return "".join(out), tags


def words(source: str) -> int:
    """How many words and signs stand in the tags of a template, which is what compiling it takes; 0: it cannot be read."""
    try:
        return sum(len(_TOKEN.findall(tag.text)) for tag in read(source)[1])
    except TemplateError:
        return 0


def _too_dense(line: int) -> TemplateError:
    return TemplateError(
        f"all {{{{ }}}} and {{% %}} together may have {limits.TEMPLATE_TOKENS:,} words and signs in "
        f"{limits.TEMPLATE_TAG_CHARACTERS:,} characters; use a loop for what repeats",
        line=line,
    )


def _tag(source: str, start: int) -> tuple[int, str]:
    """Where the tag at `start` ends, and its text for Jinja."""
    opening = source[start : start + 2]
    if opening == "{#":
        end = source.find("#}", start + 2)
        end = len(source) if end < 0 else end + 2
        return end, source[start:end]
    if opening == "{%" and (raw := _RAW.match(source, start)):
        return raw.end(), raw[0]
    ends = "}}" if opening == "{{" else "%}"
    out: list[str] = [opening]
    position, braces = start + 2, 0
    for found in _INSIDE.finditer(source, position):
        part = found[0]
        out += (source[position : found.start()], _segment(part) if part.startswith(".[") else part)
        position = found.end()
        if position - start > limits.TEMPLATE_TAG_CHARACTERS:
            break
        if part == ends and not braces:
            return position, "".join(out)
        braces = max(0, braces + part.count("{") - part.count("}") if part in ("{", "}", "}}") else braces)
    return len(source), source[start:]


def _segment(token: str) -> str:
    name = token[2:-1].strip()
    return f"[{name}]" if name.isascii() and name.isdecimal() else f"[{json.dumps(name)}]"
