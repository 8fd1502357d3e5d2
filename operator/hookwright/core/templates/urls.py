"""The rules of a URL template (SPEC 2): where expressions may stand, and what a path segment may come out as.

A `DELETE /tickets/{{ data.ticket }}` whose ticket is empty would hit the whole collection, and `..` another
resource, so both are refused. Must not: send, or judge the host (`api` and `core.egress` do).
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from hookwright import limits
from hookwright.errors import BudgetError, TemplateError

_HEAD: Final = re.compile(r"https://[^/?#]+[/?]")
_STEPS: Final = re.compile(r"[/\\]")


def dynamic_segments(source: str, tags: list[str]) -> frozenset[int]:
    """Which segments of the path (from 0, scheme and host counted) hold an expression.

    Raises TemplateError for an expression in or before the host.
    """
    for tag in tags:
        source = source.replace(tag, "\0", 1)
    head, _, _ = source.partition("\0")
    if tags and not _HEAD.match(head):
        raise TemplateError(
            "an expression may stand in the path or the query of a URL, not in its host",
            line=1,
            expression=tags[0],
        )
    path = source.partition("?")[0]
    return frozenset(number for number, segment in enumerate(path.split("/")) if "\0" in segment)


def check_rendered_url(url: str, dynamic: frozenset[int]) -> str:
    """The URL, if its segments are safe. Raises TemplateError or BudgetError."""
    if len(url) > limits.RENDERED_URL_CHARACTERS:
        raise BudgetError(f"the rendered URL is longer than {limits.RENDERED_URL_CHARACTERS:,} characters")
    if dynamic:
        segments = url.partition("?")[0].split("/")
        for number in dynamic:
            segment = unquote(segments[number])
            if not segment.strip():
                raise TemplateError(
                    "a part of the URL's path comes out empty, which would address something else"
                )
            if any(step in (".", "..") for step in _STEPS.split(segment)):
                raise TemplateError(
                    "a part of the URL's path comes out as . or .., which would address something else"
                )
    return url
