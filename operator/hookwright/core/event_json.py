"""The JSON of an event as the world sends it → value, and a text of it that every later reader can read (SPEC 3).

What others read is taken: a byte order mark, half a surrogate pair (U+FFFD stands for it), integers of more than 64
bits (a double in the value, their digits in the text). What two readers would read differently is not: repeated keys.
Must not: know envelopes, CloudEvents or HTTP.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any, Final

import orjson

from hookwright.limits import DECODE_STEP_BYTES, EVENT_BYTES, EVENT_DEPTH, REPEATED_KEY_BYTES

_HIGH: Final = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW: Final = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF: Final = re.compile(rb"%b(?!%b)|(?<!%b)%b" % (_HIGH, _LOW, _HIGH, _LOW))
_BACKSLASH: Final = rb"\\"
_SEVERAL: Final = "; several events are a JSON array, or stand one a line as application/x-ndjson"
_SHOWN: Final = 64  # characters of a key
_OPENS: Final = re.compile(r"[ \t\r\n]*\[[ \t\r\n]*(?:(\])[ \t\r\n]*)?")
_GOES_ON: Final = re.compile(r"[ \t\r\n]*(?:,[ \t\r\n]*|(\])[ \t\r\n]*)")
_READER: Final = json.JSONDecoder(parse_float=str)  # where a number ends is asked, not what it is
_DIGITS_READER: Final = json.JSONDecoder(
    parse_int=str
)  # for an integer of more digits than Python would convert
_LONGEST_WORD: Final = 16  # a word, an escape or a pair of them that is cut is told at its first character


def read_json(text: bytes) -> tuple[Any, bytes]:
    """JSON text in UTF-8 → its value, and the text itself, mended where orjson could not read it.

    Raises ValueError, a phrase that follows a noun (`is not valid JSON: …`). Depth is bounded only by orjson's 1,024
    here: `jsontext.check_depth` follows once it is known what part of the text is an event.
    """
    value, text = load_json(text)
    check_keys(value, text)
    return value, text


def load_json(text: bytes) -> tuple[Any, bytes]:
    """`read_json` without a look for repeated keys: `check_keys` is to follow."""
    text = text.removeprefix(BOM_UTF8)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        mended = _mended(text, error)
        try:
            value = orjson.loads(mended)
        except orjson.JSONDecodeError as problem:
            raise ValueError(_phrase(problem, mended)) from None
        text = mended
    return value, text


def split_array(text: bytes) -> Iterator[bytes]:
    """The members of a JSON array as they stand in its text, one by one: no two of them need be in memory at once.

    Where one ends is found by another reader; whether it is JSON is for `load_json` to say. One that is larger than an
    event comes cut, a byte longer than an event may be. Raises ValueError, a phrase as above.
    """
    try:
        whole = text.decode()
    except UnicodeDecodeError:
        raise ValueError(f"is not valid JSON: it is not valid UTF-8{_first_foreign(text)}") from None
    found = _OPENS.match(whole)
    while found is not None and found[1] != "]":
        end = _end_of_value(whole, found.end())
        yield whole[found.end() : end].encode()
        found = _GOES_ON.match(whole, end)
    if found is None or found.end() < len(whole):
        at = end if found is None else found.end()
        raise ValueError(_phrase(json.JSONDecodeError("unexpected character", whole, at), text))


def _end_of_value(whole: str, start: int) -> int:
    for size in (DECODE_STEP_BYTES, EVENT_BYTES + 1):
        window = whole[start : start + size]
        try:
            return start + _value_length(window)
        except json.JSONDecodeError as error:
            near = error.pos > size - _LONGEST_WORD or error.msg.startswith("Unterminated")
            if len(window) < size or not near:
                shown = json.JSONDecodeError(error.msg, whole, start + error.pos)
                raise ValueError(_phrase(shown, whole.encode())) from None
        except RecursionError:
            raise ValueError(f"is nested deeper than {EVENT_DEPTH} levels") from None
    return start + size


def _value_length(text: str) -> int:
    try:
        return _READER.raw_decode(text)[1]
    except json.JSONDecodeError:
        raise
    except ValueError:
        return _DIGITS_READER.raw_decode(text)[1]


def _mended(text: bytes, error: orjson.JSONDecodeError) -> bytes:
    """With U+FFFD for each half of a surrogate pair, if it was one that orjson fell over."""
    if "surrogate in string" not in error.msg or b"\0" in text:
        return text
    plain = text.replace(_BACKSLASH, b"\0\0")  # so that every backslash left begins an escape
    return _HALF.sub(rb"\\ufffd", plain).replace(b"\0\0", _BACKSLASH)


def _phrase(error: json.JSONDecodeError, text: bytes) -> str:
    """What is wrong and where; in a text of one line the line says nothing."""
    if "depth limit" in error.msg:
        return f"is nested deeper than {EVENT_DEPTH} levels"
    if not text.strip():
        return "is not valid JSON: it is empty"
    if error.msg.startswith("str is not valid UTF-8"):
        return f"is not valid JSON: it is not valid UTF-8{_first_foreign(text)}"
    line = "" if error.lineno == 1 else f"line {error.lineno}, "
    cure = _SEVERAL if error.msg.startswith("unexpected content after") else ""
    return f"is not valid JSON: {error.msg} at {line}character {error.colno}{cure}"


def _first_foreign(text: bytes) -> str:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return f" at byte {error.start + 1}; send it in UTF-8"
    return ""  # orjson's word against Python's


def check_keys(value: Any, text: bytes) -> None:
    """ValueError if an object of `text` has a key twice.

    Written anew, a value has as many quotes as its text, and as many more as quotes were written `\\u0022` there;
    a pair with the key of another is lost in reading, and its quotes with it.
    """
    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError:
        return  # more than 254 levels: the depth is refused by all who call
    if written == text:
        return
    missing = text.count(b'"') - written.count(b'"')
    if b"\\" in text:
        missing += text.replace(_BACKSLASH, b"").count(rb"\u0022")
    if not missing:
        return
    if len(text) > REPEATED_KEY_BYTES:
        raise ValueError("has a key twice in one object: send it once")
    json.loads(text, object_pairs_hook=_refuse_repeated, parse_int=str, parse_float=str)


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> None:
    known: set[str] = set()
    for key, _ in pairs:
        if key in known:
            shown = json.dumps(key if len(key) <= _SHOWN else key[:_SHOWN] + "…", ensure_ascii=False)
            raise ValueError(f"has the key {shown} twice in one object: send it once")
        known.add(key)


def sorted_json(value: Any) -> bytes:
    """A value as JSON text that is the same for every layout and order of keys."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
