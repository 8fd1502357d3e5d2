"""Known helpers of Handlebars and functions of Go templates, each with its Jinja line: one table.

`translated` reads `name argument …`, pipes and parentheses. Must not: guess; what is not in the table is None.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_TOKEN: Final = re.compile(
    r"""\s*(?: (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*') | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<path>\$?\.?[@A-Za-z_](?:[\w-]|\.(?=[\w\[])|\[[\w ]+\]|/)*) | (?P<sign>[()|]) )""",
    re.VERBOSE,
)
VARIABLES: Final = frozenset(
    ["event", "event_type", "event_time", "data", "cloudevent", "webhook", "delivery", "trigger"]
)
"""What a template has without having made it."""

_SEGMENT: Final = re.compile(r"\.?\[(\w+)\]")
_LOOP: Final = {
    "@index": "loop.index0",
    "@first": "loop.first",
    "@last": "loop.last",
    "true": "true",
    "false": "false",
    "null": "none",
    "nil": "none",
    "undefined": "none",
}
_MOMENTS: Final = (
    ("YYYY", "%Y"), ("yyyy", "%Y"), ("2006", "%Y"), ("MMMM", "%B"), ("January", "%B"), ("MMM", "%b"), ("Jan", "%b"),
    ("MM", "%m"), ("DD", "%d"), ("dd", "%d"), ("HH", "%H"), ("hh", "%I"), ("mm", "%M"), ("ss", "%S"),
    ("01", "%m"), ("02", "%d"), ("15", "%H"), ("04", "%M"), ("05", "%S"), ("Z07:00", "Z"),
)  # fmt: skip


class UnknownError(Exception):
    """A word that is not in the table."""


def translated(words: str) -> str | None:
    """An expression of Handlebars or a Go template in Jinja, None: not all of it is known."""
    tokens: list[tuple[str, str]] = []
    position = 0
    words = words.strip()
    while position < len(words):
        found = _TOKEN.match(words, position)
        if found is None:
            return None
        tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
        position = found.end()
    try:
        made = _pipeline(tokens)
    except (UnknownError, IndexError):
        return None
    if tokens:
        return None
    whole = re.fullmatch(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)", made)
    return whole[1] if whole else made


def _pipeline(tokens: list[tuple[str, str]]) -> str:
    value = _call(tokens, None)
    while tokens and tokens[0] == ("sign", "|"):
        del tokens[0]
        value = _call(tokens, value)
    return value


def _call(tokens: list[tuple[str, str]], piped: str | None) -> str:
    """`name argument …`, or one value; what is piped in is the last argument."""
    kind, name = tokens[0]
    alone = len(tokens) == 1 or tokens[1] in (("sign", "|"), ("sign", ")"))
    if kind == "path" and (not alone or piped is not None):
        del tokens[0]
        arguments: list[str] = []
        while tokens and tokens[0] not in (("sign", "|"), ("sign", ")")):
            arguments.append(_value(tokens))
        if piped is not None:
            arguments.append(piped)
        return _helper(name, arguments)
    return _value(tokens)


def _value(tokens: list[tuple[str, str]]) -> str:
    kind, text = tokens.pop(0)
    if kind == "sign" and text == "(":
        inner = _pipeline(tokens)
        if not tokens or tokens.pop(0) != ("sign", ")"):
            raise UnknownError
        return f"({inner})" if " " in inner else inner
    if kind == "sign":
        raise UnknownError
    return path(text) if kind == "path" else text


def path(text: str) -> str:
    """A path in Jinja: no leading dot, numbers and names in brackets as Jinja has them."""
    if text in _LOOP:
        return _LOOP[text]
    rooted, text = text.startswith((".", "$.")), text.removeprefix("$").removeprefix(".")
    made = _SEGMENT.sub(lambda found: f"[{found[1]}]" if found[1].isdecimal() else f".{found[1]}", text)
    if not re.fullmatch(r"[A-Za-z_]\w*(?:\.\w+|\[\d+\])*", made):
        raise UnknownError
    first = re.split(r"[.\[]", made)[0]
    return f"event.{made}" if rooted and first not in VARIABLES else made


def filter_for(name: str) -> str | None:
    """The filter that does what a helper or function of that name does."""
    made = translated(f"x | {name}") or translated(f"{name} x 1") or translated(f"{name} x 1 1")
    return made.rpartition(" | ")[2].partition("(")[0] if made and made.startswith("x | ") else None


def _helper(name: str, arguments: list[str]) -> str:
    make = HELPERS.get(name.removeprefix("must").lower().replace("-", "").replace("_", ""))
    if make is None:
        raise UnknownError
    taken = _ordered(arguments)[: make.__code__.co_argcount]
    if len(taken) < make.__code__.co_argcount - len(make.__defaults__ or ()):
        raise UnknownError
    return make(*taken)


def _literal(text: str) -> bool:
    return text[:1] in ("'", '"') or text.lstrip("-").replace(".", "").isdigit()


def _ordered(arguments: list[str]) -> list[str]:
    """The value first: Go's functions take it last, behind what is written out."""
    if len(arguments) > 1 and _literal(arguments[0]) and not _literal(arguments[-1]):
        return [arguments[-1], *arguments[:-1]]
    return arguments


def _filter(name: str) -> Callable[[str], str]:
    return lambda value: f"{value} | {name}"


def _with(name: str) -> Callable[..., str]:
    return lambda value, argument: f"{value} | {name}({argument})"


def _between(sign: str) -> Callable[..., str]:
    return lambda left, right: f"{left} {sign} {right}"


def _moment(value: str, form: str = "") -> str:
    text = form[1:-1]
    for theirs, ours in _MOMENTS:
        text = text.replace(theirs, ours)
    if not form or re.search(
        r"[A-Za-z0-9]", re.sub(r"%[A-Za-z]", "", text).replace("T", "").replace("Z", "")
    ):
        return f"{value} | datetime"
    return f'{value} | datetime("{text}")'


def _contains(whole: str, part: str) -> str:
    return f"{part} in {whole}"


def _chosen(condition: str, then: str, otherwise: str) -> str:
    return f"{then} if {condition} else {otherwise}"


def _default(value: str, instead: str) -> str:
    return f"{value} | default({instead}, true)"


def _replaced(value: str, old: str, new: str) -> str:
    return f"{value} | replace({old}, {new})"


_NAMES: Final[dict[str, Callable[..., str]]] = {
    "lower lowercase tolower tolowercase downcase": _filter("lower"),
    "upper uppercase toupper touppercase upcase": _filter("upper"),
    "capitalize capitalizefirst upperfirst": _filter("capitalize"),
    "title titlecase titleize capitalizeall capitalizewords": _filter("title"),
    "trim trimspace strip": _filter("trim"),
    "json tojson jsonstringify stringify tojsonstring toprettyjson torawjson jsonencode quote": _filter(
        "json"
    ),
    "string tostring str": _filter("string"),
    "length len size count": _filter("length"),
    "first head": _filter("first"),
    "last": _filter("last"),
    "reverse": _filter("reverse"),
    "unique uniq": _filter("unique"),
    "sort sortalpha": _filter("sort"),
    "int toint atoi parseint number": _filter("int"),
    "float float64 tofloat parsefloat": _filter("float"),
    "round": _filter("round"),
    "urlencode encodeuri encodeuricomponent urlquery pathescape queryescape urlescape": _filter("urlencode"),
    "escape html htmlescape escapehtml": _filter("escape"),
    "eq equals equal is isequal ifequals ifeq": _between("=="),
    "ne neq noteq notequals isnt ifnoteq": _between("!="),
    "gt ifgt": _between(">"),
    "gte ge": _between(">="),
    "lt iflt": _between("<"),
    "lte le": _between("<="),
    "and": _between("and"),
    "or": _between("or"),
    "add plus": _between("+"),
    "sub subtract minus": _between("-"),
    "mul multiply times": _between("*"),
    "div divide": _between("/"),
    "mod modulo": _between("%"),
    "concat cat": _between("~"),
    "not isempty empty": lambda value: f"not {value}",
    "default defaultto fallback coalesce ifempty": _default,
    "date formatdate dateformat datetime formattime formatdatetime moment": _moment,
    "join": _with("join"),
    "split splitlist": lambda value, by: f"{value}.split({by})",
    "truncate trunc ellipsis abbrev": _with("truncate"),
    "replace replaceall": _replaced,
    "contains includes has": _contains,
    "lookup index get": lambda value, at: f"{value}[{at}]",
    "ternary": lambda condition, then, otherwise: _chosen(condition, then, otherwise),
}
HELPERS: Final = {name: make for names, make in _NAMES.items() for name in names.split()}
"""Name in small letters → what makes the Jinja line of its arguments, the value first."""
