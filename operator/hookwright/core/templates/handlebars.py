"""Handlebars and Go templates, beyond plain paths: each refused with the Jinja line to write instead.

Must not: translate them in place. A block changes what `this` means inside it, and guessing would send wrong
bodies.
"""

from __future__ import annotations

import re
from typing import Final

from hookwright.core.templates.helpers import HELPERS, path, translated

_READ_CHARACTERS: Final = 200  # of a tag; Handlebars tags are short
_THIS: Final = re.compile(r"this\b|\.\.?(?:/|$)|@")
_TEXT: Final = re.compile(r""""(?:\\.|[^"\\])*+"|'(?:\\.|[^'\\])*+'""")
_LEADING_DOT: Final = re.compile(r"(?:^|(?<=[ (|,!]))(?:\$?\.(?=[A-Za-z_])|\$\w+\.)")
_GO_BLOCK: Final = re.compile(r"(if|range|with) +(?!else\b)(.+)")
_GO_NAMES: Final = re.compile(r"(?:\$\w+ *, *)?\$(\w+) *:= *(.+)")
_EXAMPLE: Final = "{{ data.friendly_id | lower }}"

_CLOSERS: Final = {
    "each": "{% endfor %}",
    "if": "{% endif %}",
    "unless": "{% endif %}",
    "with": "{% endwith %}",
}


def refusal(tag: str) -> str | None:
    """What to write instead of a tag that is Handlebars and more than a path, or of a Go template; None: it is not."""
    if len(tag) > _READ_CHARACTERS:
        return None
    return _triple(tag) or _cure(_words(tag)) if tag.startswith("{{") else _statement(tag)


def helper(tag: str) -> str | None:
    """What to write for a tag that is no Jinja and may call a helper."""
    if len(tag) > _READ_CHARACTERS:
        return None
    words = re.sub(r"^(if|elif) ", "", _words(tag))
    made = translated(words)
    if made is not None and re.search(r"[ (\[]", made):
        shown = (
            f"{{{{ {made} }}}}" if tag.startswith("{{") else f"{tag[:2]} {_words(tag).split()[0]} {made} %}}"
        )
        return f"Handlebars helpers are not understood; a filter is written {shown}"
    if tag.startswith("{{") and re.match(r"[A-Za-z]\w* [\w.\[\]\"'$(]+", words) and words.split()[0] != "not":
        known = words.split()[0].lower() in HELPERS
        return None if known else f"there are no helpers here; a filter is written {_EXAMPLE}"
    return None


def _words(tag: str) -> str:
    return " ".join(tag[2:].rstrip("}").rstrip("%").strip("-+ \n\t").split())


def _triple(tag: str) -> str | None:
    if tag[2:3] not in ("{", "&"):
        return None
    inner = tag[3:].partition("}")[0].strip()
    return f"escaping follows the place, so write {{{{ {_jinja(inner)} }}}} with two braces"


def _cure(words: str) -> str | None:
    if words.startswith("~") or words.endswith("~"):
        inner = words.strip("~ ")
        return _cure(inner) or f"blanks are trimmed with -, so write {{{{- {inner} -}}}}"
    sign, rest = words[:1], words[1:].strip()
    if sign == "!":
        return f"a comment is written {{# {rest.strip('- ')} #}} here"
    if words.startswith("/*"):
        return f"a comment is written {{# {words.strip('/* ')} #}} here"
    if sign in ("#", "^") and rest:
        return f"this is a Handlebars block; write {_block(*_parts(rest))}"
    if sign == "/":
        return f"this ends a Handlebars block; write {_CLOSERS.get(rest, '{% endif %} or {% endfor %}')}"
    if sign == ">":
        return "this is a Handlebars partial; a body is one template, so write its text here"
    if words in ("else", "^"):
        return "this is Handlebars; write {% else %}"
    if words == "end":
        return "this is a Go template; write {% endif %} or {% endfor %}, whichever it ends"
    if words.startswith("else if "):
        return f"this is Handlebars; write {{% elif {_jinja(words[8:])} %}}"
    if block := _GO_BLOCK.fullmatch(words):
        return f"this is a Go template; write {_go_block(block[1], block[2])}"
    if words in ("@index", "@first", "@last"):
        return f"this is Handlebars; in a loop write {{{{ {path(words)} }}}}"
    if _THIS.match(words):
        return (
            "this is Handlebars; a loop names its own: "
            "{% for item in data.access_groups %}{{ item.integration.name }}{% endfor %}"
        )
    return _go(words)


def _go(words: str) -> str | None:
    """An expression of a Go template, told by a path that begins with a dot."""
    if not _LEADING_DOT.search(_TEXT.sub('""', words)):
        return None
    made = translated(words)
    if made is None:
        return f"this is a Go template; leave out the dot before a path, and write functions as filters: {_EXAMPLE}"
    if re.fullmatch(r"[\w.\[\]]+", made):
        return f"a path begins with its name, so leave out the dot: {{{{ {made} }}}}"
    return f"this is a Go template; write {{{{ {made} }}}}"


def _statement(tag: str) -> str | None:
    """A `{% %}` with the paths of a Go template."""
    words = _words(tag)
    if not _LEADING_DOT.search(_TEXT.sub('""', words)):
        return None
    word, _, rest = words.partition(" ")
    made = translated(rest)
    if made is None:
        return "a path begins with its name, so leave out the dot before it"
    return f"a path begins with its name, so leave out the dot: {{% {word} {made} %}}"


def _go_block(word: str, rest: str) -> str:
    if word == "if":
        return f"{{% if {_jinja(rest)} %}} … {{% endif %}}"
    named = _GO_NAMES.fullmatch(rest)
    item, values = (named[1], named[2]) if named else ("item", rest)
    if word == "range":
        return f"{{% for {item} in {_jinja(values)} %}} … {{% endfor %}}"
    return f"{{% with {item} = {_jinja(values)} %}} … {{% endwith %}}"


def _jinja(words: str) -> str:
    """An expression in Jinja; of one that is not known an example."""
    return translated(words) or "data.friendly_id"


def _parts(text: str) -> tuple[str, str, str]:
    """`each data.xs as |x|` → (each, data.xs, x)."""
    word, _, rest = text.partition(" ")
    what, _, names = rest.partition(" as ")
    return word, what.strip(), next(iter(names.strip("| ").split()), "item")


def _block(word: str, what: str, item: str) -> str:
    if word == "each":
        return f"{{% for {item} in {_jinja(what)} %}} … {{% endfor %}}, and {{{{ {item}.name }}}} for a field of each"
    if word == "if":
        return f"{{% if {_jinja(what)} %}} … {{% endif %}}"
    if word == "unless":
        condition = _jinja(what)
        return f"{{% if not {f'({condition})' if ' ' in condition else condition} %}} … {{% endif %}}"
    if word == "with":
        return f"{{% with {item} = {_jinja(what)} %}} … {{% endwith %}}, and {{{{ {item}.name }}}} for a field of it"
    if made := translated(f"{word} {what}"):
        return f"{{% if {made} %}} … {{% endif %}}"
    return "{% for %}, {% if %} or a filter for what it does; there are no helpers"
