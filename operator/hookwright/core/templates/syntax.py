"""A syntax error of Jinja led back to its tag, with the line to write instead.

Jinja knows a line and its own words; each tag is read again alone to find the one that is meant.
Must not: be called unless the template does not parse.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from jinja2.exceptions import TemplateSyntaxError

from hookwright.core.templates import handlebars
from hookwright.core.templates.source import Tag
from hookwright.errors import TemplateError

_ROUND_TAG: Final = {
    "if": ("", "{% endif %}"),
    "elif": ("{% if 1 %}", "{% endif %}"),
    "for": ("", "{% endfor %}"),
    "with": ("", "{% endwith %}"),
}
# an unclosed text runs to the end, or each quote in it would look for one anew
_TEXT: Final = re.compile(r""""(?:\\.|[^"\\])*+(?:"|\Z)|'(?:\\.|[^'\\])*+(?:'|\Z)""")
_TERNARY: Final = re.compile(r"\{\{[-+]?\s*([^?]+?)\s*\?\s*([^:?]+?)\s*:\s*([^:?]+?)\s*[-+]?\}\}")
_SIGNS: Final = (
    ("&&", "write and"),
    ("||", "write or"),
    ("===", "compare with =="),
    ("??", 'write | default("", true) for what may be missing'),
    ("=>", "there are no functions here; filters such as map and select do it"),
    ("!", "write not"),
    ("`", "texts stand in quotes"),
)
_SHOWN: Final = 200
_GOT: Final = re.compile(r"expected token 'end of (?:print statement|statement block)', got '(.+)'")

Parse = Callable[[str], object]


def located(error: TemplateSyntaxError, tags: list[Tag], parse: Parse) -> TemplateError:
    """The error with the line and the tag that it is about."""
    for tag in tags:
        wrong = _wrong_alone(tag, parse)
        if wrong is not None:
            return tag.error(_sentence(tag, wrong))
    return _unbalanced(tags) or TemplateError(_words(error), line=error.lineno)


def _wrong_alone(tag: Tag, parse: Parse) -> TemplateSyntaxError | None:
    before, after = _ROUND_TAG.get(tag.word, ("", ""))
    if tag.word != "{{" and not after and tag.word != "set":
        return None
    try:
        parse(before + tag.jinja + after)
    except TemplateSyntaxError as error:
        if tag.word == "set" and "=" not in tag.jinja:
            return None  # it begins a block
        return error
    return None


def _unbalanced(tags: list[Tag]) -> TemplateError | None:
    """The tag that has no partner."""
    opened: list[Tag] = []
    for tag in tags:
        if tag.word in ("if", "for", "with") or (tag.word == "set" and "=" not in tag.text):
            opened.append(tag)
        elif tag.word.startswith("end") and opened and opened[-1].word == tag.word[3:]:
            opened.pop()
        elif tag.word.startswith("end") or (tag.word in ("else", "elif") and not opened):
            beside = f"; {opened[-1].text[:_SHOWN]} is open" if opened else ""
            return tag.error(f"this belongs to nothing that is open here{beside}")
    if not opened:
        return None
    tag = opened[-1]
    return tag.error(f"this is not closed; write {{% end{tag.word} %}} where it ends")


def _sentence(tag: Tag, error: TemplateSyntaxError) -> str:
    if cure := handlebars.helper(tag.text):
        return cure
    text = " ".join(tag.text.split())  # a run of blanks would be tried at each of its places, thrice
    plain = _TEXT.sub('""', text)
    if len(text) <= _SHOWN and (found := _TERNARY.fullmatch(text)):
        return f"write {{{{ {found[2]} if {found[1]} else {found[3]} }}}}"
    for sign, instead in _SIGNS:
        if sign in plain.replace("!=", ""):
            return f"{sign} is not understood; {instead}"
    if tag.word in ("if", "elif") and re.search(r"[^=!<>]=[^=]", plain):
        return "= is not understood in a condition; compare with =="
    return _words(error)


def _words(error: TemplateSyntaxError) -> str:
    words = (error.message or "this is not a template").rstrip(".")[:_SHOWN]
    if found := _GOT.fullmatch(words):
        return f"{found[1]} cannot stand here; a filter follows |, texts are put together with ~"
    return words
