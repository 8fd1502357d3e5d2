"""A pasted command → its words, as the shell it was copied for reads them: bash, or the Windows prompt (`^`).

Browsers copy requests in both forms, with `$'…'` strings in the first. Nothing is expanded or run.
"""

from __future__ import annotations

import re
import shlex
from typing import Final

from hookwright.errors import UsageError

_ANSI_C: Final = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE: Final = re.compile(
    r"\\(u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL
)
_NAMED: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}


def words_of(text: str) -> list[str]:
    """The words of one command. UsageError for a quote that does not end."""
    if re.search(r"\^\r?\n|\^\"", text):
        text = _without_carets(text)
    text = re.sub(r"\\\r?\n", " ", text)
    lexer = shlex.shlex(_ANSI_C.sub(_quoted, text), posix=True, punctuation_chars=";|&")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        raise UsageError("A quote of the command does not end: copy it whole.") from None
    for at, word in enumerate(words):
        if word in {";", "|", "||", "&&", "&"}:
            return words[:at]  # what follows handles the answer
    return words


def _quoted(found: re.Match[str]) -> str:
    return shlex.quote(_ESCAPE.sub(_character, found[1]))


def _character(found: re.Match[str]) -> str:
    escaped = found[1]
    if len(escaped) > 1 and escaped[0] in "uUx":
        return chr(int(escaped[1:], 16))
    if escaped[0] in "01234567":
        return chr(int(escaped, 8))
    return _NAMED.get(escaped, escaped)


def _without_carets(text: str) -> str:
    r"""The Windows prompt's escapes away: `^` before a character or a line's end, `\"` within quotes stays."""
    return re.sub(r"\^(\r?\n|.)", lambda found: "" if found[1].strip() == "" else found[1], text)
