"""Handlebars blocks and other Handlebars words, each refused with the Jinja line to write instead.

Must not: translate them. A block changes what `this` means inside it, and guessing would send wrong bodies.
"""

from __future__ import annotations

import re
from typing import Final

from hookwright.errors import TemplateError

_READ_CHARACTERS: Final = 200  # of a tag; Handlebars tags are short
_SEGMENT: Final = re.compile(r"\.\[(\w+)\]")
_THIS: Final = re.compile(r"this\b|\.\.?(?:/|$)|@")
_HELPER: Final = re.compile(r"(\w+) ([A-Za-z_][\w.\[\]]*)")

_CLOSERS: Final = {
    "each": "{% endfor %}",
    "if": "{% endif %}",
    "unless": "{% endif %}",
    "with": "{% endwith %}",
}


def refuse(tag: str, line: int) -> None:
    """Raises TemplateError if a `{{ }}` is Handlebars and more than a path."""
    if len(tag) > _READ_CHARACTERS or not tag.startswith("{{"):
        return
    sentence = _triple(tag) or _cure(" ".join(tag[2:].rstrip("}").split()))
    if sentence:
        raise TemplateError(sentence, line=line, expression=tag)


def _triple(tag: str) -> str | None:
    if tag[2:3] not in ("{", "&"):
        return None
    return f"escaping follows the place, so write {{{{ {_path(tag[3:].partition('}')[0].strip())} }}}} with two braces"


def _cure(words: str) -> str | None:
    if words.startswith("~") or words.endswith("~"):
        inner = words.strip("~ ")
        return _cure(inner) or f"blanks are trimmed with -, so write {{{{- {inner} -}}}}"
    words = words.strip("-+ ")
    sign, rest = words[:1], words[1:].strip()
    if sign == "!":
        return f"a comment is written {{# {rest.strip('- ')} #}} here"
    if sign in ("#", "^") and rest:
        return f"this is a Handlebars block; write {_block(*_parts(rest))}"
    if sign == "/":
        return f"this ends a Handlebars block; write {_CLOSERS.get(rest, '{% endif %} or {% endfor %}')}"
    if sign == ">":
        return "this is a Handlebars partial; a body is one template, so write its text here"
    if words in ("else", "^"):
        return "this is Handlebars; write {% else %}"
    if words.startswith("else if "):
        return f"this is Handlebars; write {{% elif {_path(words[8:])} %}}"
    if _THIS.match(words):
        return "this is Handlebars; a loop names its own: {% for item in list %}{{ item.name }}{% endfor %}"
    if (helper := _HELPER.fullmatch(words)) and helper[1] != "not":
        filtered = f"{{{{ {_path(helper[2])} | {helper[1]} }}}}"
        return f"Handlebars helpers are not understood; a filter is written {filtered}"
    return None


def _path(text: str) -> str:
    return _SEGMENT.sub(lambda found: f"[{found[1]}]" if found[1].isdecimal() else f".{found[1]}", text)


def _parts(text: str) -> tuple[str, str, str]:
    """`each data.xs as |x|` → (each, data.xs, x)."""
    word, _, rest = text.partition(" ")
    path, _, names = rest.partition(" as ")
    return word, _path(path.strip()), next(iter(names.strip("| ").split()), "item")


def _block(word: str, path: str, item: str) -> str:
    if word == "each":
        return f"{{% for {item} in {path} %}} … {{% endfor %}}, and {{{{ {item}.name }}}} for a field of each"
    if word == "if":
        return f"{{% if {path} %}} … {{% endif %}}, or {{% if {path} is defined %}} where it may be missing"
    if word == "unless":
        return f"{{% if not {path} %}} … {{% endif %}}"
    if word == "with":
        return f"{{% with {item} = {path} %}} … {{% endwith %}}, and {{{{ {item}.name }}}} for a field of it"
    return "{% for %}, {% if %} or a filter for what it does; there are no helpers"
