"""Handlebars blocks and other Handlebars words, each refused with the Jinja line to write instead.

Must not: translate them. A block changes what `this` means inside it, and guessing would send wrong bodies.
"""

from __future__ import annotations

import re
from typing import Final

from hookwright.errors import TemplateError

_BLOCK: Final = re.compile(r"\{\{[~-]?\s*[#^]\s*(\w+)\s*([^}]*?)\s*(?:as\s*\|\s*([\w ]+?)\s*\|)?\s*[~-]?\}\}")
_CLOSE: Final = re.compile(r"\{\{[~-]?\s*/\s*(\w+)")
_ELSE: Final = re.compile(r"\{\{[~-]?\s*(?:else|\^)\s*(?:if\s+([^}]*?))?\s*[~-]?\}\}")
_TRIPLE: Final = re.compile(r"\{\{(?:\{|&)\s*([^}]*?)\s*\}+")
_COMMENT: Final = re.compile(r"\{\{!(?:--)?\s*(.*?)\s*(?:--)?\}\}", re.DOTALL)
_TILDE: Final = re.compile(r"\{\{~|~\}\}")
_THIS: Final = re.compile(r"\{\{\s*(?:this\b|\.\s*\}|\.\./|\.\.\.|@)")
_HELPER: Final = re.compile(r"\{\{\s*(\w+)\s+([A-Za-z_][\w.\[\]]*)\s*\}\}")
_SEGMENT: Final = re.compile(r"\.\[(\w+)\]")

_CLOSERS: Final = {
    "each": "{% endfor %}",
    "if": "{% endif %}",
    "unless": "{% endif %}",
    "with": "{% endwith %}",
}


def refuse(tag: str, line: int) -> None:
    """Raises TemplateError if a tag is Handlebars and more than a path."""
    sentence = _cure(tag)
    if sentence:
        raise TemplateError(sentence, line=line, expression=tag)


def _cure(tag: str) -> str | None:
    if not tag.startswith("{{"):
        return None
    if comment := _COMMENT.match(tag):
        return f"a comment is written {{# {comment[1][:60]} #}} here"
    if other := _ELSE.fullmatch(tag):
        return "this is Handlebars; write " + (f"{{% elif {other[1]} %}}" if other[1] else "{% else %}")
    if block := _BLOCK.fullmatch(tag):
        return f"this is Handlebars; write {_block(block[1], _path(block[2]), block[3])}"
    if close := _CLOSE.match(tag):
        return f"this is Handlebars; write {_CLOSERS.get(close[1], 'the end of the Jinja statement')}"
    if re.match(r"\{\{[~-]?\s*>", tag):
        return "this is a Handlebars partial; write its text here, a body is one template"
    if triple := _TRIPLE.match(tag):
        return f"escaping follows the place, so write {{{{ {_path(triple[1])} }}}} with two braces"
    if _TILDE.search(tag):
        return f"this is Handlebars; write {tag.replace('{{~', '{{-').replace('~}}', '-}}')}"
    if _THIS.match(tag):
        return "this is Handlebars; name the loop's own variable, as in {% for item in … %}{{ item }}{% endfor %}"
    if helper := _HELPER.fullmatch(tag):
        if helper[1] != "not":
            return f"this calls a Handlebars helper; write {{{{ {helper[2]} | {helper[1]} }}}} if there is such a filter"
    return None


def _path(text: str) -> str:
    return _SEGMENT.sub(lambda m: f"[{m[1]}]" if m[1].isdecimal() else f".{m[1]}", text)


def _block(word: str, path: str, names: str | None) -> str:
    variables = names.split() if names else []
    item = variables[0] if variables else "item"
    if word == "each":
        return f"{{% for {item} in {path} %}} … {{% endfor %}}, and {{{{ {item}.name }}}} for a field of each"
    if word == "if":
        return f"{{% if {path} %}} … {{% endif %}}, or {{% if {path} is defined %}} where it may be missing"
    if word == "unless":
        return f"{{% if not {path} %}} … {{% endif %}}"
    if word == "with":
        return f"{{% with {item} = {path} %}} … {{% endwith %}}, and {{{{ {item}.name }}}} for a field of it"
    return "what it does with Jinja's own statements and filters; there are no helpers"
