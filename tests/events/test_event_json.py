"""The reader of events: what others read is taken, what two readers read differently is refused."""

from __future__ import annotations

import json
import sys
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counting import lines
from hookwright.core.decode import decode, decode_any, decoding
from hookwright.core.event_json import read_json, sorted_json, split_array
from hookwright.core.jsontext import check_depth, check_text_depth, weight
from hookwright.errors import EventError
from hookwright.limits import EVENT_BYTES, REPEATED_KEY_BYTES

BOM = b"\xef\xbb\xbf"
JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}
STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCHED = {"content-type": "application/cloudevents-batch+json"}
BINARY = {**JSON, "ce-specversion": "1.0", "ce-type": "a.b", "ce-source": "/s", "ce-id": "1"}
EVENT = b'{"event_type":"Manual","data":{"x":1}}'
CLOUD = b'{"specversion":"1.0","id":"1","source":"/s","type":"a.b","data":{"x":1}}'


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (JSON, EVENT),
        (JSON, b"\n " + EVENT),
        (JSON, b"[%s]" % EVENT),
        (NDJSON, EVENT + b"\n" + EVENT),
        (NDJSON, EVENT + b"\r\n" + BOM + EVENT),
        (STRUCTURED, CLOUD),
        (BATCHED, b"[%s]" % CLOUD),
        (BINARY, b'{"x":1}'),
    ],
)
def test_a_byte_order_mark_is_skipped_in_every_shape(headers: dict[str, str], body: bytes) -> None:
    """Editors and .NET write it (RFC 8259, section 8.1); no target gets it."""
    for event in decode(headers, BOM + body):
        assert event.document["data"] == {"x": 1}
        assert BOM not in event.raw


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (rb"cut \ud83d", "cut \ufffd"),
        (rb"\uDE00 cut", "\ufffd cut"),
        (rb"\ud83d\ud83d\ude00", "\ufffd😀"),
        (rb"\ude00\ud83d", "\ufffd\ufffd"),
        (rb"\ud83d\n\u00fc", "\ufffd\nü"),
        (rb"\\ud83d\ud83d", "\\ud83d\ufffd"),
        (rb"\\\ud83d\\", "\\\ufffd\\"),
        (rb"\ud83d\\ude00", "\ufffd\\ude00"),
        (rb"\\ud83d\ude00", "\\ud83d\ufffd"),
    ],
)
def test_half_a_pair_becomes_a_replacement_character(sent: bytes, meant: str) -> None:
    """JavaScript cuts texts in the middle of an emoji; whole pairs and backslashes beside it stay."""
    (event,) = decode(JSON, b'{"event_type": "Manual", "data": {"%s": "%s"}}' % (sent, sent))
    assert event.document["data"] == orjson.loads(event.raw)["data"] == {meant: meant}
    (event,) = decode(BINARY, b'"%s"' % sent)
    assert event.document["data"] == meant


@pytest.mark.parametrize(
    "digits",
    [b"12345678901234567890123", b"18446744073709551616", b"-9223372036854775809", b"9" * 300],
)
def test_a_long_integer_is_a_double_and_keeps_its_digits_in_the_text(digits: bytes) -> None:
    """Nobody may have asked about it: templates and filters see a double, a target without template the digits."""
    body = b'{"event_type":"Manual","data":{"x":%s}}' % digits
    (event,) = decode(JSON, body)
    assert (event.document["data"], event.raw) == ({"x": float(digits)}, body)
    assert decode(NDJSON, body)[0].raw == body
    for spliced in (decode_any({}, body, "a.b", now_ms=0), *decode(BINARY, body)):
        assert body in spliced.raw
        assert orjson.loads(spliced.raw) == spliced.document
    (member,) = decode(JSON, b"[%s]" % body)
    assert member.document == orjson.loads(member.raw) == event.document


def test_a_mended_text_keeps_everything_else() -> None:
    """Layout, order and long numbers beside half a pair are those that were sent."""
    body = rb'{ "data": {"n": 12345678901234567890123, "t": "cut \ud83d"}, "event_type": "Manual" }'
    assert decode(JSON, BOM + body)[0].raw == body.replace(rb"\ud83d", rb"\ufffd")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (rb'{"a":1,"a":1}', '"a"'),
        (rb'{"x":[{"y":{"b":1,"c":2,"b":{}}}]}', '"b"'),
        (rb'{"a":1,"\u0061":2}', '"a"'),
        (rb'{"\"":1,"\u0022":2}', r'"\""'),
        (rb'{"q":"\u0022\u0022\u0022\u0022","a":1,"a":2}', '"a"'),
        (rb'{"q":"\\u0022","a":1,"a":2}', '"a"'),
        (rb'{"":1,"":2}', '""'),
        (b'{"%s":1,"%s":2}' % (b"k" * 200, b"k" * 200), f'"{"k" * 64}…"'),
        (b'{"a":9%s,"a":1}' % (b"0" * 200), '"a"'),
    ],
)
def test_a_key_that_stands_twice_is_named(text: bytes, key: str) -> None:
    """Which of two counts is a matter of taste: what was checked would not be what the target reads."""
    with pytest.raises(ValueError, match="twice in one object: send it once") as refusal:
        read_json(text)
    assert f"has the key {key} twice" in str(refusal.value)


def test_in_a_large_text_a_repeated_key_is_not_looked_for() -> None:
    """It is refused all the same."""
    with pytest.raises(ValueError, match="has a key twice in one object"):
        read_json(b'{"a":1,"a":"%s"}' % (b"x" * REPEATED_KEY_BYTES))


@pytest.mark.parametrize(
    "text",
    [
        rb'{"a":{"a":1},"b":{"a":1}}',
        rb'[{"a":1},{"a":1}]',
        rb'{"a":"a","A":"\"a\":"}',
        rb'{"q":"\u0022\\u0022\""}',
    ],
)
def test_the_same_key_in_two_objects_is_no_repeat(text: bytes) -> None:
    """Nor quotes in values, however they are written."""
    assert read_json(text) == (orjson.loads(text), text)


PIECES = [r"\ud83d", r"\uDE00", r"\\", r"\"", r"\n", "ud83d", "a", r"\u0022", "0022", "u", "é"]


@given(st.lists(st.tuples(*[st.lists(st.sampled_from(PIECES), max_size=5).map("".join)] * 2), max_size=4))
def test_any_escapes_are_read_as_python_reads_them(pairs: list[tuple[str, str]]) -> None:
    """Beside a second reader: the same value with U+FFFD for each half, or refused for a repeated key."""
    text = "{" + ",".join(f'"{key}": "{value}"' for key, value in pairs) + "}"
    try:
        read: Any = [(whole(key), whole(value)) for key, value in json.loads(text, object_pairs_hook=list)]
    except ValueError:
        return
    if len(dict(read)) < len(read):
        with pytest.raises(ValueError, match="twice"):
            read_json(text.encode())
    else:
        assert read_json(text.encode())[0] == dict(read)


def whole(text: str) -> str:
    """U+FFFD for each half of a pair."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


@pytest.mark.parametrize("again", [b'{ "data":{"x":1.5,"y":[1,2]},"event_type":"Manual"}\n', BOM])
def test_another_layout_is_the_same_content(again: bytes) -> None:
    """A repeat under one key may be written by another writer; another value, or order of a list, is another event."""
    headers = {**JSON, "idempotency-key": "k"}
    body = b'{"event_type":"Manual","data":{"y":[1,2],"x":1.5}}'
    (first,), (second,) = decode(headers, body), decode(headers, again if again != BOM else BOM + body)
    assert first.content == second.content
    for other in (
        body.replace(b"1.5", b"1.6"),
        body.replace(b"1,2", b"2,1"),
        body.replace(b"Manual", b"x.y"),
    ):
        assert decode(headers, other)[0].content != first.content


def test_sorted_text_is_the_same_for_every_order() -> None:
    """At every depth."""
    assert sorted_json({"b": {"d": 1, "c": 2}, "a": 3}) == b'{"a":3,"b":{"c":2,"d":1}}'


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 10**30)
    | st.floats(allow_nan=False)
    | st.text('[]{}"\\,: é😀', max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text('[]{}"\\', max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=5), st.sampled_from([None, 2]), st.booleans())
def test_an_array_is_split_where_its_members_end(
    members: list[Any], indent: int | None, ascii_: bool
) -> None:
    """Whatever stands in their strings, and however it is laid out."""
    text = json.dumps(members, indent=indent, ensure_ascii=ascii_).encode()
    assert [json.loads(member) for member in split_array(b" " + text + b"\n")] == members


@pytest.mark.parametrize(
    ("text", "count", "says"),
    [
        (b"[{} {}]", 1, "at character 4"),
        (b"[{},]", 1, "Expecting value at character 5"),
        (b"[{}", 1, "at character 4"),
        (b"[{}]]", 1, "at character 5"),
        (b"[{},\n{'a'}]", 1, "at line 2, character 2"),
        (b"[\xff]", 0, "not valid UTF-8 at byte 2"),
        (b"[{},%s]" % (b"[" * 100_000), 1, "deeper than 64 levels"),
    ],
)
def test_an_array_that_cannot_be_split_says_where(text: bytes, count: int, says: str) -> None:
    """The members before it are given all the same: who reads them hears of the rest in time."""
    members = split_array(text)
    assert [next(members) for _ in range(count)] == [b"{}"] * count
    with pytest.raises(ValueError, match=says):
        next(members)


def test_a_member_that_is_larger_than_an_event_comes_cut() -> None:
    """Who reads it refuses it for its size: no more of it is looked at. Digits are as many as there are."""
    long = b'{"a":"%s"}' % (b"x" * EVENT_BYTES)
    assert next(split_array(b"[%s]" % long)) == long[: EVENT_BYTES + 1]
    digits = b'{"a":%s}' % (b"9" * 100_000)
    assert list(split_array(b"[%s,%s]" % (digits, digits))) == [digits] * 2


@given(VALUES, st.integers(55, 70), st.sampled_from(["[", "{", "[{"]))
def test_the_depth_of_a_text_is_that_of_its_value(value: Any, depth: int, kind: str) -> None:
    """Brackets in strings are none, escaped quotes end none."""
    for level in range(depth):
        value = [value, "]"] if kind[level % len(kind)] == "[" else {'"{': 0, "k": value, "}": [[]]}
    text = json.dumps(value).encode()
    try:
        check_depth(value, text)
    except ValueError:
        with pytest.raises(ValueError, match="deeper than 64 levels"):
            check_text_depth(text)
    else:
        check_text_depth(text)


@pytest.mark.parametrize("kind", [JSON, NDJSON, BATCHED])
def test_a_large_batch_is_decoded_in_steps(kind: dict[str, str]) -> None:
    """The same events as if each were sent by itself, and time for others between any two of them."""
    one = CLOUD if kind is BATCHED else EVENT
    event = one.replace(b'"x":1', b'"x":"%s"' % (b"y" * 2_000))
    body = b"\n".join([event] * 500) if kind is NDJSON else b"[%s]" % b",\n".join([event] * 500)
    steps = list(decoding({**kind, "idempotency-key": "k"}, body))
    events = [each for each in steps if each is not None]
    assert len(events) == 500
    assert [each.document["data"] for each in events] == [{"x": "y" * 2_000}] * 500
    if kind is not BATCHED:
        assert events[499].identity == ("key", "k", "499")


@pytest.mark.parametrize("headers", [JSON, STRUCTURED, BINARY])
def test_a_large_event_is_decoded_in_steps(headers: dict[str, str]) -> None:
    """Reading its text is one, looking for repeated keys another, and making an event of it the third."""
    body = (CLOUD if headers is STRUCTURED else EVENT).replace(b'"x":1', b'"x":[%s1]' % (b"1," * 100_000))
    *between, event = decoding(headers, body)
    assert between == [None, None]
    assert event is not None
    assert len(event.document["data"]["x"]) == 100_001


@pytest.mark.parametrize("text", [b"\n" * 4_000_000, b"\r\n" * 2_000_000, b" " * 4_000_000])
def test_blank_lines_cost_next_to_nothing(text: bytes) -> None:
    """However many there are."""
    assert lines(lambda: decode(NDJSON, text), 200)


def test_the_lines_of_a_batch_are_counted_before_any_is_read() -> None:
    """A batch of too many is told so at once."""
    body = b"{}\n" * 1_000_000
    with pytest.raises(EventError, match="more than 1,000 events"):
        lines(lambda: decode(NDJSON, body), 5_000)


@pytest.mark.parametrize(
    "text",
    ["[" * 60 + "]" * 60, "[],", '{"":[]},', '"a",', '"\\ud83d\\ude00",', '"ä😀",', "123,", "[[],[]],"],
)
def test_what_a_value_takes_is_not_more_than_its_weight(text: str) -> None:
    """Judged by the text before it is read: the memory that all requests share is counted by it."""
    joined = f"[{text.removesuffix(',')}{(',' + text.removesuffix(',')) * 199}]".encode()

    def size(value: Any) -> int:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return sys.getsizeof(value) + sum(map(size, inner))

    assert size(orjson.loads(joined)) < weight(joined) < 100 * len(joined)
