"""The YAML reader against what kubectl's own answers (`yaml_truth/truth.jsonl`), and its bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hookwright.cli.yaml_reader import BlockLine, documents, line_of
from hookwright.errors import ManifestError


def api_number(digits: str) -> int | float:
    """An integer as the API server reads it from JSON: beyond 64 bits it is a double."""
    return int(digits) if -(2**63) <= int(digits) < 2**63 else float(digits)


TRUTH = [
    json.loads(line, parse_int=api_number)
    for line in (Path(__file__).parent / "yaml_truth/truth.jsonl").read_text("utf-8").rstrip("\n").split("\n")
]

# kubectl takes what we refuse on purpose: a key that stands twice.
STRICTER = {"1: a\n'1': b", "yes: 1\ntrue: 2", "a: 1\na: 2", "a: {b: 1, b: 2}"}
# We take what go-yaml refuses; libyaml's newer release reads it, and nothing is read differently.
LAXER = {"%YAML 1.2\n---\na: yes", 'a: "\\u0041\\x41\\/"', 'a: "\\ud83d\\ude00"'}


def read(text: str) -> Any:
    """The one document of `text`."""
    found = list(documents(text))
    assert len(found) <= 1
    return found[0].value if found else None


@pytest.mark.parametrize("case", TRUTH, ids=[repr(case["in"]) for case in TRUTH])
def test_reads_what_kubectl_reads(case: dict[str, Any]) -> None:
    """A text becomes the value that kubectl would send, and what kubectl cannot read is refused."""
    if case["in"] in STRICTER or ("error" in case and case["in"] not in LAXER):
        with pytest.raises(ManifestError):
            read(case["in"])
    elif "json" in case:
        value = read(case["in"])
        assert value == case["json"]
        assert kinds(value) == kinds(case["json"])


def kinds(value: Any) -> Any:
    """The JSON types of a value, as `1 == 1.0 == True` to Python."""
    if isinstance(value, dict):
        return {key: kinds(item) for key, item in value.items()}
    if isinstance(value, list):
        return [kinds(item) for item in value]
    return type(value).__name__


def test_json_surrogates_are_one_character() -> None:
    """An emoji that JSON writes as two escapes is read, an escaped backslash before a u is left alone."""
    assert read('{"a": "\\ud83d\\ude00 \\\\ud83d\\\\ude00"}') == {"a": "\U0001f600 \\ud83d\\ude00"}


def test_several_documents_and_empty_ones() -> None:
    """Documents come one after the other, empty ones are left out, lines count through the whole text."""
    found = list(documents("---\n# nothing\n---\na: 1\n---\n\nb: 2\n...\n"))
    assert [document.value for document in found] == [{"a": 1}, {"b": 2}]
    assert [line_of(document.lines, [])[0] for document in found] == [4, 7]


def test_lines_of_fields() -> None:
    """A field is found at its key, a list item at its dash, what is missing at its nearest parent."""
    (document,) = documents("spec:\n  url:\n    x\n  headers:\n    - name: a\n      value: b\n    - name: c")
    places = {
        "spec.url": ["spec", "url"],
        "second header": ["spec", "headers", 1],
        "value": ["spec", "headers", 0, "value"],
        "no such field": ["spec", "headers", 1, "value"],
    }
    found = {name: line_of(document.lines, path)[0] for name, path in places.items()}
    assert found == {"spec.url": 2, "second header": 7, "value": 6, "no such field": 7}


def test_a_literal_block_is_known_as_one() -> None:
    """The line of a literal block's bar is told apart, as its text's lines can be counted from there."""
    (document,) = documents("a: |\n  {\n  }\nb: >\n  x\n")
    assert line_of(document.lines, ["a"]) == (1, True)
    assert line_of(document.lines, ["b"]) == (4, False)
    assert isinstance(document.lines, tuple)
    assert isinstance(document.lines[1]["a"], BlockLine)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("a: 1\n\tb: 2\n", 2, "a tab indents this line, and YAML wants blanks"),
        ("a:\n\t- b\n", 2, "a tab indents this line, and YAML wants blanks"),
        ("a: [1, 2\n", 2, "this is not YAML: did not find expected ',' or ']'"),
        ("a: b: c\n", 1, "this is not YAML: mapping values are not allowed in this context"),
        ("a:\n  b: 1\n  c: 2\n  b: 3\n", 4, 'the key "b" stands twice (first in line 2)'),
        ("x: ok\ny: \x07\n", 2, "the control character '\\x07' is not allowed in YAML"),
        ("a: .nan\n", 1, ".nan is not a number that JSON has: quote it, if it is a text"),
        ("a: *b\n", 1, "* names an anchor that is not defined above: quote it, if it is a text"),
        ("a: &a [*a]\n", 1, "the anchor *a holds itself"),
        ("a:\n  <<: 1\n", 2, "the merge key << wants a mapping or a list of mappings"),
        ("? [a]\n: b\n", 1, "a key must be a text"),
        ("a: !!int x\n", 1, "this cannot be read as !!int"),
        ("[" * 200_000, 1, "nested deeper than 100 levels"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_line(text: str, line: int, sentence: str) -> None:
    """A broken text gives a line and a plain sentence."""
    with pytest.raises(ManifestError) as caught:
        list(documents(text))
    assert (caught.value.line, caught.value.message) == (line, sentence)


def test_a_billion_laughs_are_refused() -> None:
    """Aliases count as what they expand to, so a small text cannot become a huge object."""
    text = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        text += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    with pytest.raises(ManifestError, match="more than 1,000,000 values, aliases expanded"):
        list(documents(text))


def test_the_documents_before_a_broken_one_are_good() -> None:
    """A syntax error in the second document does not take the first one away."""
    reader = documents("a: 1\n---\nb: [\n")
    assert next(reader).value == {"a": 1}
    with pytest.raises(ManifestError):
        next(reader)
