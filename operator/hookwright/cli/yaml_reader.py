"""YAML and JSON text → JSON values with the line of each, as kubectl reads them.

The scalar rules are those of `sigs.k8s.io/yaml` (go-yaml v2: YAML 1.1 with octal `0o17` and without base 60),
which kubectl uses; `tests/cli/yaml_truth` holds what the real one answers. Stricter in one thing: a key that
stands twice is an error. Built over parser events, as PyYAML's composer recurses in C without a bound
(100,000 brackets end the process); depth and size are bounded here, aliases counted at what they expand to.
Must not: read files, know Kubernetes.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml
from yaml._yaml import CParser

from hookwright.errors import ManifestError
from hookwright.limits import MANIFEST_DEPTH, MANIFEST_NODES

_TAG_PREFIX: Final = "tag:yaml.org,2002:"
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_INTEGER: Final = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES: Final = (16, 2, 8, 10)
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_FORBIDDEN: Final = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATES: Final = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE
)


class BlockLine(int):
    """The line of a literal block's `|`: line n of its text stands n lines further down."""


Lines = int | tuple[int, "dict[str, Lines] | list[Lines]"]
"""Where a value stands: a scalar's line, or a container's line with that of each child. From 1."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document as a JSON value."""

    value: Any
    lines: Lines


def documents(text: str) -> Iterator[Document]:
    """The documents of `text`, one after the other; empty ones are left out.

    Raises ManifestError with the line of what is not YAML, has no JSON form or is over a bound; the documents
    before that one are good.
    """
    if bad := _FORBIDDEN.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        raise ManifestError(f"the control character {bad.group()!a} is not allowed in YAML", line=line)
    if text.lstrip().startswith("{"):
        # JSON writes a character beyond 16 bits as two escapes, which YAML does not know
        text = _SURROGATES.sub(_join_surrogates, text)
    parser = CParser(text)
    try:
        while not isinstance(event := parser.get_event(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                document = _Builder(parser).document()
                if document.value is not None:
                    yield document
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(text, error) from None
    finally:
        parser.dispose()


def line_of(lines: Lines, path: list[str | int]) -> tuple[int, bool]:
    """The line of the value at `path`, or of its nearest parent; and whether it begins a literal block."""
    for step in path:
        if isinstance(lines, int):
            break
        try:
            lines = lines[1][step]  # type: ignore[index]  # a wrong kind of step is a TypeError
        except (KeyError, IndexError, TypeError):
            break
    return (lines if isinstance(lines, int) else lines[0]), isinstance(lines, BlockLine)


def resolve(text: str) -> str | int | float | bool | None:
    """A plain scalar as kubectl reads it. Raises ValueError for a number that JSON does not have."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a number that JSON has: quote it, if it is a text")
    digits = text if text[0] == "." else text.replace("_", "")
    if match := _INTEGER.fullmatch(digits):
        number = _integer(match)
        if number is not None:
            return number
    if _FLOAT.fullmatch(digits):
        return _float(digits, text)
    return text


def _integer(match: re.Match[str]) -> int | float | None:
    sign, *forms = match.groups()
    base, digits = next((base, form) for base, form in zip(_BASES, forms, strict=True) if form)
    if len(digits) > 64:
        return None
    number = int(sign + digits, base)
    if -(2**63) <= number < 2**63:
        return number
    return float(number) if not sign and number < 2**64 else None  # the API server makes a double of it


def _float(digits: str, text: str) -> int | float | str:
    number = float(digits)
    if not math.isfinite(number):
        return text
    # JSON has one kind of number: 1e3 and 1000.0 arrive as the integer 1000 at the API server
    return int(number) if number.is_integer() and abs(number) < 2**63 else number


def _join_surrogates(match: re.Match[str]) -> str:
    high, low = int(match[2], 16), int(match[3], 16)
    return f"{match[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _syntax_error(text: str, error: yaml.MarkedYAMLError) -> ManifestError:
    mark = error.problem_mark
    if mark is None:
        return ManifestError(f"this is not YAML: {error.problem}")
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if line[: mark.column + 1].strip(" ").startswith("\t"):
        return ManifestError("a tab indents this line, and YAML wants blanks", line=mark.line + 1)
    return ManifestError(f"this is not YAML: {error.problem}", line=mark.line + 1)


@dataclass(frozen=True, slots=True)
class _Built:
    """A finished value, its lines, and how many values it is with all aliases expanded."""

    value: Any
    lines: Lines
    nodes: int


class _Builder:
    """Builds one document from the parser's events."""

    def __init__(self, parser: CParser) -> None:
        self._next: Callable[[], Any] = parser.get_event
        self._anchors: dict[str, _Built | None] = {}  # None: still being built

    def document(self) -> Document:
        built = self._build(self._next(), 0)
        self._next()  # the document's end
        return Document(built.value, built.lines)

    def _build(self, event: Any, depth: int) -> _Built:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor, line)
        if depth > MANIFEST_DEPTH:
            raise ManifestError(f"nested deeper than {MANIFEST_DEPTH} levels", line=line)
        anchor: str | None = event.anchor
        if anchor is not None:
            self._anchors[anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            place = BlockLine(line) if event.style == "|" else line
            built = _Built(_scalar(event, line), place, 1)
        elif isinstance(event, yaml.MappingStartEvent):
            built = self._mapping(line, depth)
        else:
            built = self._sequence(line, depth)
        if anchor is not None:
            self._anchors[anchor] = built
        return built

    def _alias(self, anchor: Any, line: int) -> _Built:
        if anchor not in self._anchors:
            # the name may be a password that should have been quoted
            sentence = "* names an anchor that is not defined above: quote it, if it is a text"
            raise ManifestError(sentence, line=line)
        built = self._anchors[anchor]
        if built is None:
            raise ManifestError(f"the anchor *{anchor} holds itself", line=line)
        return built

    def _sequence(self, line: int, depth: int) -> _Built:
        values: list[Any] = []
        lines: list[Lines] = []
        nodes = 1
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            item = self._build(event, depth + 1)
            values.append(item.value)
            lines.append(item.lines)
            nodes = _counted(nodes + item.nodes, line)
        return _Built(values, (line, lines), nodes)

    def _mapping(self, line: int, depth: int) -> _Built:
        values: dict[str, Any] = {}
        lines: dict[str, Lines] = {}
        own: dict[str, int] = {}  # lines of the keys that stand here themselves: merged ones may be replaced
        nodes = 1
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key_line = event.start_mark.line + 1
            merge = isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]
            key = "<<" if merge else _key(self._build(event, depth + 1).value, key_line)
            item = self._build(self._next(), depth + 1)
            nodes = _counted(nodes + item.nodes, line)
            if merge:
                _merge(values, lines, item, key_line)
                continue
            if key in own:
                raise ManifestError(f'the key "{key}" stands twice (first in line {own[key]})', line=key_line)
            own[key] = key_line
            values[key] = item.value
            lines[key] = item.lines if isinstance(item.lines, BlockLine) else _at(item.lines, key_line)
        return _Built(values, (line, lines), nodes)


def _at(lines: Lines, key_line: int) -> Lines:
    """A field is best shown at its key: a value in block style begins a line later."""
    return key_line if isinstance(lines, int) else (key_line, lines[1])


def _counted(nodes: int, line: int) -> int:
    if nodes > MANIFEST_NODES:
        sentence = f"more than {MANIFEST_NODES:,} values, aliases expanded: split the file"
        raise ManifestError(sentence, line=line)
    return nodes


def _merge(values: dict[str, Any], lines: dict[str, Lines], item: _Built, line: int) -> None:
    """`<<`: later entries replace earlier ones, of a list of mappings the first wins, as in go-yaml."""
    sources = item.value if isinstance(item.value, list) else [item.value]
    if not all(isinstance(source, dict) for source in sources):
        raise ManifestError("the merge key << wants a mapping or a list of mappings", line=line)
    for source in reversed(sources):
        values.update(source)
        lines.update(dict.fromkeys(source, line))


def _key(value: Any, line: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ManifestError("a key must be a text", line=line)


def _scalar(event: yaml.ScalarEvent, line: int) -> Any:
    if event.tag is None and not event.implicit[0]:
        return event.value  # quoted or a block
    try:
        return _tagged(event.tag, event.value) if event.tag else resolve(event.value)
    except ValueError as error:
        raise ManifestError(str(error), line=line) from None


def _tagged(tag: str, text: str) -> Any:
    """An explicit tag: those of JSON's types must fit the text, any other one leaves it a text."""
    name = tag.removeprefix(_TAG_PREFIX)
    if name == "binary":
        return _binary(text)
    types = _TYPES.get(name)
    if types is None:
        return text
    value = resolve(text)
    if isinstance(value, bool) != (name == "bool") or not isinstance(value, types):
        raise ValueError(f"this cannot be read as !!{name}")
    return value


_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
}


def _binary(text: str) -> str:
    try:
        return base64.b64decode(text, validate=False).decode("utf-8", "replace")
    except binascii.Error:
        raise ValueError("!!binary wants base64") from None
