"""What to write for a tag that does not render an event which lacks a field, has null there or an empty list.

Only proposes: whoever asks tries the lines in their order and shows the first that renders.
Must not: know which event it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hookwright.core.templates.explain import shortened
from hookwright.core.templates.source import Tag, read
from hookwright.errors import TemplateError

_TEXT: Final = r""""(?:\\.|[^"\\])*+(?:"|\Z)|'(?:\\.|[^'\\])*+(?:'|\Z)"""
_PATH: Final = re.compile(
    rf"""{_TEXT} | (?<![\w.\]|])(?P<path>[A-Za-z_]\w*(?:\.\w+(?!\w*\()|\.?\[[^\]\[\n]{{1,64}}\])+)""",
    re.VERBOSE,
)
_PARTS: Final = re.compile(r"(\{[{%][-+]?\s*+(?:(?:if|elif)\b)?)(.*?)([-+]?[%}]\})", re.DOTALL)
_PATHS_MAX: Final = 4


def tag_of(source: str, error: TemplateError) -> str | None:
    """The text of the tag that an error names."""
    found: list[Tag] = read(source)[1]
    tags = (tag.text for tag in found if tag.line == error.line and shortened(tag.text) == error.expression)
    return next(tags, None)


def cures(tag: str) -> Iterator[str]:
    """Lines to write instead of `tag`, the likeliest first."""
    paths = list(dict.fromkeys(found["path"] for found in _PATH.finditer(tag) if found["path"]))[:_PATHS_MAX]
    instead = "[]" if tag.startswith("{%") and re.match(r"\{%[-+]?\s*for\b", tag) else '""'
    for chosen in (*([path] for path in paths), paths):
        yield _with_default(tag, chosen, instead)
    whole = _PARTS.fullmatch(tag)
    if whole is not None and tag.startswith("{{"):
        for path in paths:
            yield f'{{{{ ({whole[2].strip()}) if {path} else "" }}}}'
    elif whole is not None and whole[1].endswith("if"):
        for path in paths:
            yield f"{whole[1]} {path} and ({whole[2].strip()}) {whole[3]}"
    yield _with_default(tag, paths, '"none"')  # a part of a URL's path must not be empty


def _with_default(tag: str, paths: list[str], instead: str) -> str:
    def replaced(found: re.Match[str]) -> str:
        return f"{found[0]} | default({instead}, true)" if found["path"] in paths else found[0]

    return _PATH.sub(replaced, tag)
