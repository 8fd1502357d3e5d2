"""A reader of JSON text that can stop anywhere and says where it stands: which value, which string, how deep.

A string may itself hold JSON (`"{\\"id\\": 1}"`), so the reader keeps one level per string it is in, each
reading what the level above decodes. A string that starts like an object or list is read as JSON until it
breaks JSON's rules; what each string turned out to be is told to `heard`. States are plain tuples: two
paths through a template that stand at the same place have equal states. Must not: know templates.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

Verdict = Literal["json", "plain"]
StringID = tuple[int, int, int]
Heard = Callable[[StringID, Verdict], None]

LEVELS: Final = 4  # JSON in a string in a string in a string, and the string that may stand in that

_BLANK: Final = " \t\n\r"
_WORDS: Final = {"t": "rue", "f": "alse", "n": "ull"}
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ORDINARY: Final = re.compile(r'[^"\\\x00-\x1f]+')
_BLANKS: Final = re.compile(r"[ \t\r\n]+")
_PLAIN_STRING: Final = re.compile(r'"(?![ \t\r\n]*[{\[])[^"\\\x00-\x1f]*"')
_SCALAR: Final = re.compile(
    r"(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?=[,\]} \t\r\n])"
)
_NUMBER: Final = {  # state → what may follow, and the state it leads to (d: any digit)
    "-": {"0": "0", "d": "d"},
    "0": {".": ".", "e": "e"},
    "d": {"d": "d", "0": "d", ".": ".", "e": "e"},
    ".": {"d": "f", "0": "f"},
    "f": {"d": "f", "0": "f", "e": "e"},
    "e": {"+": "s", "-": "s", "d": "x", "0": "x"},
    "s": {"d": "x", "0": "x"},
    "x": {"d": "x", "0": "x"},
}
_NUMBER_ENDS: Final = frozenset("0dfx")
_NESTING_MAX: Final = 128
_NO_BODY: Final = "a body is an object or a list, so it starts with { or ["
_COMMA: Final = "write {% if not loop.last %},{% endif %}"


class Level(NamedTuple):
    """Where one JSON text stands.

    `mode`: start (of a string that may be JSON), value, first (value or `]`), key, firstkey (key or `}`),
    colon, after (a value), string, keystring, number, word. `stack` holds the open `{` and `[`, `part` what is
    half read (an escape, number or word), `string` the string it is in, `quoted` whether it had any.
    """

    mode: str
    stack: str = ""
    part: str = ""
    string: StringID | None = None
    quoted: bool = False


State = tuple[Level, ...]

START: Final[State] = (Level("value"),)


class NotJsonError(Exception):
    """The text breaks JSON's rules; the text is a sentence, `offset` where.

    `level` and `char` tell what could not stand where, None: anything else was wrong.
    """

    def __init__(self, sentence: str, offset: int = 0, *, level: Level | None = None, char: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.offset = offset
        self.level = level
        self.char = char

    @property
    def fault(self) -> str:
        """The sentence without its cure."""
        return self.sentence.partition(";")[0]


def in_string(level: Level) -> bool:
    """Whether a level stands inside one of its strings."""
    return level.mode in ("string", "keystring")


def settled(level: Level) -> Level:
    """A number that may end here counts as a value that has ended."""
    if level.mode == "number" and level.part in _NUMBER_ENDS:
        return level._replace(mode="after", part="")
    return level


def complete(level: Level) -> bool:
    """Whether the text may end here."""
    return settled(level).mode == "after" and not level.stack


def after_value(level: Level) -> Level:
    """The level once a value has been written at it. Raises NotJsonError where none can stand."""
    if level.mode in ("value", "first"):
        return level._replace(mode="after")
    raise _unexpected(settled(level), "")


def read(state: State, text: str, source: int, heard: Heard, most: int) -> tuple[State, int]:
    """The state after `text`, and the steps that took, at most `most`; `source` numbers the text's strings.

    Raises NotJsonError with the offset where the outermost text is not JSON.
    """
    position, steps = 0, 0
    while position < len(text):
        steps += 1
        if steps > most:
            raise NotJsonError(
                "there are too many paths through this template, or too much JSON around them", position
            )
        skipped = _skip(state, text, position)
        if skipped:
            state, position = skipped
            continue
        try:
            state = _step(state, 0, text[position], (source, position), heard)
        except NotJsonError as error:
            error.offset = position
            raise
        position += 1
    return state, steps


def _skip(state: State, text: str, position: int) -> tuple[State, int] | None:
    """Several characters at once, where no level but the deepest can care."""
    deepest = state[-1]
    if in_string(deepest):
        run = _ORDINARY.match(text, position)
        return (state, run.end()) if run and not any(level.part for level in state) else None
    if len(state) > 1:
        return None
    if run := _BLANKS.match(text, position):
        return ((settled(deepest),), run.end()) if deepest.mode != "word" else None
    if deepest.mode in ("value", "first") and deepest.stack:
        if run := _PLAIN_STRING.match(text, position):
            return (deepest._replace(mode="after", quoted=True),), run.end()
        if run := _SCALAR.match(text, position):
            return (deepest._replace(mode="after"),), run.end()
    if deepest.mode in ("key", "firstkey") and (run := _PLAIN_STRING.match(text, position)):
        return (deepest._replace(mode="colon", quoted=True),), run.end()
    return None


def close_plain(state: State, heard: Heard) -> State:
    """At an expression right at the start of a string: that string is plain text."""
    if state[-1].mode != "start":
        return state
    _tell(state[-2], "plain", heard)
    return state[:-1]


def _tell(level: Level, verdict: Verdict, heard: Heard) -> None:
    assert level.string is not None
    heard(level.string, verdict)


def _step(state: State, at: int, char: str, place: tuple[int, int], heard: Heard) -> State:
    """One character, read at level `at`."""
    level = state[at]
    if in_string(level):
        return _in_string(state, at, char, place, heard)
    if level.mode == "number":
        following = _NUMBER[level.part].get(_digit(char))
        if following:
            return (*state[:at], level._replace(part=following))
        level = settled(level)
    if level.mode == "word":
        if char != level.part[0]:
            raise _unexpected(level, char)
        rest = level.part[1:]
        return (*state[:at], level._replace(mode="word" if rest else "after", part=rest))
    if char in _BLANK:
        return (*state[:at], level)
    if char == '"':
        return _open_string(state[:at], level, (*place, at))
    return (*state[:at], _punctuation(level, char))


def _digit(char: str) -> str:
    if char in "123456789":
        return "d"
    return "e" if char == "E" else char


def _open_string(above: State, level: Level, name: StringID) -> State:
    if level.mode in ("value", "first") and level.stack:
        level = level._replace(mode="string", string=name, quoted=True)
    elif level.mode in ("key", "firstkey"):
        level = level._replace(mode="keystring", string=name, quoted=True)
    else:
        raise _unexpected(level, '"') if level.stack or level.mode == "after" else NotJsonError(_NO_BODY)
    return (*above, level, Level("start")) if len(above) + 1 < LEVELS else (*above, level)


def _in_string(state: State, at: int, char: str, place: tuple[int, int], heard: Heard) -> State:
    level = state[at]
    if level.part:
        part, decoded = _escape(level.part + char)
        state = (*state[:at], level._replace(part=part), *state[at + 1 :])
        return _decoded(state, at, decoded, place, heard) if decoded else state
    if char == '"':
        deeper = state[at + 1] if at + 1 < len(state) else None
        if deeper is not None and deeper.mode != "start":
            whole = len(state) == at + 2 and complete(deeper)
            if deeper.quoted or not whole:  # else it may be either: an empty list, or words in brackets
                _tell(level, "json" if whole else "plain", heard)
        ended = level._replace(mode="after" if level.mode == "string" else "colon", string=None)
        return (*state[:at], ended)
    if char == "\\":
        return (*state[:at], level._replace(part="\\"), *state[at + 1 :])
    if char < " ":
        cure = {"\n": r"write \n", "\t": r"write \t", "\r": r"write \r"}.get(
            char, rf"write \u{ord(char):04x}"
        )
        what = "a line break" if char in "\r\n" else "a control character"
        raise NotJsonError(f"{what} stands inside a JSON string; {cure}")
    return _decoded(state, at, char, place, heard)


def _escape(part: str) -> tuple[str, str]:
    """(what is still half read, what it stands for)."""
    if part[1] in _ESCAPES:
        return "", _ESCAPES[part[1]]
    if part[1] != "u" or (len(part) > 2 and part[-1] not in "0123456789abcdefABCDEF"):
        raise NotJsonError(rf"{part} is no escape of JSON; a backslash is written \\")
    return (part, "") if len(part) < 6 else ("", chr(int(part[2:], 16)))


def _decoded(state: State, at: int, char: str, place: tuple[int, int], heard: Heard) -> State:
    """A character of the string at level `at`, handed to the JSON that may be in it."""
    if at + 1 >= len(state):
        return state
    try:
        if state[at + 1].mode == "start" and char not in _BLANK:
            if char not in "{[":
                raise NotJsonError("plain text")
            state = (*state[: at + 1], Level("value"))
        elif state[at + 1].mode == "start":
            return state
        return _step(state, at + 1, char, place, heard)
    except NotJsonError:
        _tell(state[at], "plain", heard)
        return state[: at + 1]


def _punctuation(level: Level, char: str) -> Level:
    mode, stack = level.mode, level.stack
    if mode in ("value", "first"):
        if char in "{[":
            if len(stack) >= _NESTING_MAX:
                raise NotJsonError(f"the body is nested more than {_NESTING_MAX} deep")
            return level._replace(mode="firstkey" if char == "{" else "first", stack=stack + char)
        if not stack:
            raise NotJsonError(_NO_BODY)
        if char in _WORDS:
            return level._replace(mode="word", part=_WORDS[char])
        if char in "-0123456789":
            return level._replace(mode="number", part=_digit(char))
    if mode == "colon" and char == ":":
        return level._replace(mode="value")
    if mode == "after" and stack and char == ",":
        return level._replace(mode="key" if stack[-1] == "{" else "value")
    if char == "}" and mode in ("after", "firstkey") and stack[-1:] == "{":
        return level._replace(mode="after", stack=stack[:-1])
    if char == "]" and mode in ("after", "first") and stack[-1:] == "[":
        return level._replace(mode="after", stack=stack[:-1])
    raise _unexpected(level, char)


def _unexpected(level: Level, char: str) -> NotJsonError:
    """That `char` (or an expression, if empty) cannot stand at a level, why, and what to write."""
    return NotJsonError(_reason(level, char), level=level, char=char)


def _reason(level: Level, char: str) -> str:
    what = char or "an expression"
    if char == "'":
        return 'JSON takes double quotes, as in "name"'
    if char and char in ",}" and level.mode == "value" and level.stack[-1:] == "{":
        return f"a value is missing before {char}"
    if char and char in "]}" and level.mode in ("value", "key"):
        return f"a comma stands right before {char}; take it away, or in a loop {_COMMA}"
    if level.mode == "after" and not level.stack:
        return f"{what} stands after the end of the body; a body is one object or one list"
    if level.mode == "after" and (not char or char not in "]}:"):
        return f"a comma is missing before {what}; in a loop {_COMMA} before {{% endfor %}}"
    if level.mode in ("key", "firstkey"):
        cure = 'put it in quotes, as in "{{ data.id }}": 1' if not char else "names stand in double quotes"
        return f"the name of a field must stand here, not {what}; {cure}"
    if level.mode == "colon":
        return f"a colon must stand after the name of a field, not {what}"
    if level.mode in ("number", "word"):
        return f"{what} stands in the middle of a number or word; put the whole value into one expression"
    return f"{what} is not JSON here"
