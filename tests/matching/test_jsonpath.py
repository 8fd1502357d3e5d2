"""JSONPath as RFC 9535 has it, held against its examples and a second implementation, and its budget.

The documents are those of the RFC's sections 1.5 and 2.3 to 2.6, the results its tables.
"""

from __future__ import annotations

from typing import Any

import jsonpath_rfc9535
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counting import lines
from hookwright import limits
from hookwright.core.budget import Budget, OverBudget
from hookwright.core.jsonpath import compile_path

BOOKS = [
    {"category": "reference", "author": "Nigel Rees", "title": "Sayings", "price": 8.95},
    {"category": "fiction", "author": "Evelyn Waugh", "title": "Sword", "price": 12.99},
    {
        "category": "fiction",
        "author": "Herman Melville",
        "title": "Moby Dick",
        "isbn": "0-553",
        "price": 8.99,
    },
    {
        "category": "fiction",
        "author": "J. R. R. Tolkien",
        "title": "The Lord",
        "isbn": "0-395",
        "price": 22.99,
    },
]
BICYCLE = {"color": "red", "price": 399}
STORE = {"store": {"book": BOOKS, "bicycle": BICYCLE}}
NAMES = {"o": {"j j": {"k.k": 3}}, "'": {"@": 2}}
WILD = {"o": {"j": 1, "k": 2}, "a": [5, 3]}
LETTERS = ["a", "b", "c", "d", "e", "f", "g"]
FILTER: dict[str, Any] = {
    "a": [3, 5, 1, 2, 4, 6, {"b": "j"}, {"b": "k"}, {"b": {}}, {"b": "kilo"}],
    "o": {"p": 1, "q": 2, "r": 3, "s": 5, "t": {"u": 6}},
    "e": "f",
}
DESCENT = {"o": {"j": 1, "k": 2}, "a": [5, 3, [{"j": 4}, {"k": 6}]]}
NULLS: dict[str, Any] = {"a": None, "b": [None], "c": [{}], "null": 1}
COMPARED = {"obj": {"x": "y"}, "arr": [2, 3]}

EXAMPLES: list[tuple[str, Any, list[Any]]] = [
    # 1.5, the bookstore
    ("$.store.book[*].author", STORE, [book["author"] for book in BOOKS]),
    ("$..author", STORE, [book["author"] for book in BOOKS]),
    ("$.store.*", STORE, [BOOKS, BICYCLE]),
    ("$.store..price", STORE, [8.95, 12.99, 8.99, 22.99, 399]),
    ("$..book[2]", STORE, [BOOKS[2]]),
    ("$..book[2].author", STORE, ["Herman Melville"]),
    ("$..book[2].publisher", STORE, []),
    ("$..book[-1]", STORE, [BOOKS[3]]),
    ("$..book[0,1]", STORE, BOOKS[:2]),
    ("$..book[:2]", STORE, BOOKS[:2]),
    ("$..book[?@.isbn]", STORE, BOOKS[2:]),
    ("$..book[?@.price<10]", STORE, [BOOKS[0], BOOKS[2]]),
    ("$.store.book[?@.category=='fiction' && @.price>20].title", STORE, ["The Lord"]),
    # 2.2 root, 2.3.1 names
    ("$", {"k": "v"}, [{"k": "v"}]),
    ("$.o['j j']", NAMES, [{"k.k": 3}]),
    ("$.o['j j']['k.k']", NAMES, [3]),
    ('$.o["j j"]["k.k"]', NAMES, [3]),
    ('$["\'"]["@"]', NAMES, [2]),
    (r"$['\'']['@']", NAMES, [2]),
    (r"$.o['\u006a j']", NAMES, [{"k.k": 3}]),
    # 2.3.2 wildcard, 2.3.3 index
    ("$[*]", WILD, [{"j": 1, "k": 2}, [5, 3]]),
    ("$.o[*]", WILD, [1, 2]),
    ("$.o[*, *]", WILD, [1, 2, 1, 2]),
    ("$.a[*]", WILD, [5, 3]),
    ("$[1]", ["a", "b"], ["b"]),
    ("$[-2]", ["a", "b"], ["a"]),
    ("$[2]", ["a", "b"], []),
    ("$[0]", {"0": "a"}, []),
    ("$['0']", ["a"], []),
    # 2.3.4 slices
    ("$[1:3]", LETTERS, ["b", "c"]),
    ("$[5:]", LETTERS, ["f", "g"]),
    ("$[1:5:2]", LETTERS, ["b", "d"]),
    ("$[5:1:-2]", LETTERS, ["f", "d"]),
    ("$[::-1]", LETTERS, LETTERS[::-1]),
    ("$[::0]", LETTERS, []),
    # 2.3.5 filters
    ("$.a[?@.b == 'kilo']", FILTER, [{"b": "kilo"}]),
    ("$.a[?(@.b == 'kilo')]", FILTER, [{"b": "kilo"}]),
    ("$.a[?@>3.5]", FILTER, [5, 4, 6]),
    ("$.a[?@.b]", FILTER, [{"b": "j"}, {"b": "k"}, {"b": {}}, {"b": "kilo"}]),
    ("$[?@.*]", FILTER, [FILTER["a"], FILTER["o"]]),
    ("$[?@[?@.b]]", FILTER, [FILTER["a"]]),
    ("$.o[?@<3, ?@<3]", FILTER, [1, 2, 1, 2]),
    ("$.a[?@<2 || @.b == 'k']", FILTER, [1, {"b": "k"}]),
    ("$.o[?@>1 && @<4]", FILTER, [2, 3]),
    ("$.o[?@.u || @.x]", FILTER, [{"u": 6}]),
    ("$.a[?@.b == $.x]", FILTER, [3, 5, 1, 2, 4, 6]),
    ("$.a[?@ == @]", FILTER, FILTER["a"]),
    ("$.a[?!@.b]", FILTER, [3, 5, 1, 2, 4, 6]),
    # 2.3.5.2.2 comparisons
    ("$[?$.absent1 == $.absent2]", COMPARED, list(COMPARED.values())),
    ("$[?$.absent1 <= $.absent2]", COMPARED, list(COMPARED.values())),
    ("$[?$.absent == 'g']", COMPARED, []),
    ("$[?$.absent1 != $.absent2]", COMPARED, []),
    ("$[?$.absent != 'g']", COMPARED, list(COMPARED.values())),
    ("$[?1 <= 2]", COMPARED, list(COMPARED.values())),
    ("$[?1 > 2]", COMPARED, []),
    ("$[?13 == '13']", COMPARED, []),
    ("$[?'a' <= 'b']", COMPARED, list(COMPARED.values())),
    ("$[?$.obj == $.arr]", COMPARED, []),
    ("$[?$.obj == $.obj]", COMPARED, list(COMPARED.values())),
    ("$[?$.arr != $.arr]", COMPARED, []),
    ("$[?$.obj == 17]", COMPARED, []),
    ("$[?$.obj <= $.arr]", COMPARED, []),
    ("$[?1 <= $.arr]", COMPARED, []),
    ("$[?true <= true]", COMPARED, list(COMPARED.values())),
    ("$[?true > true]", COMPARED, []),
    # 2.4 functions
    ("$[?length(@) < 3]", ["ab", "abc", [1], {"a": 1, "b": 2, "c": 3}, 7], ["ab", [1]]),
    ("$[?length(@.a) == 2]", [{"a": "ßß"}, {"a": "🚀"}, {}], [{"a": "ßß"}]),
    ("$[?count(@.*) == 1]", [[1], [1, 2], {"a": 1}, 1], [[1], {"a": 1}]),
    ("$[?value(@..c) == 'r']", [{"c": "r"}, {"c": "r", "x": {"c": "r"}}], [{"c": "r"}]),
    # 2.5 segments
    ("$[0, 3]", LETTERS, ["a", "d"]),
    ("$[0:2, 5]", LETTERS, ["a", "b", "f"]),
    ("$[0, 0]", LETTERS, ["a", "a"]),
    ("$..j", DESCENT, [1, 4]),
    ("$..[0]", DESCENT, [5, {"j": 4}]),
    ("$..o", DESCENT, [{"j": 1, "k": 2}]),
    ("$.o..[*, *]", DESCENT, [1, 2, 1, 2]),
    ("$.a..[0, 1]", DESCENT, [5, 3, {"j": 4}, {"k": 6}]),
    # 2.6 null
    ("$.a", NULLS, [None]),
    ("$.a[0]", NULLS, []),
    ("$.a.d", NULLS, []),
    ("$.b[0]", NULLS, [None]),
    ("$.b[?@]", NULLS, [None]),
    ("$.b[?@==null]", NULLS, [None]),
    ("$.c[?@.d==null]", NULLS, []),
    ("$.null", NULLS, [1]),
    # whitespace, and the places in between
    ("$ .store .bicycle [ 'color' ]", STORE, ["red"]),
    ("$.a[?@.b=='j'||@.b=='k'].b", FILTER, ["j", "k"]),
]  # fmt: skip


@pytest.mark.parametrize(("query", "document", "expected"), EXAMPLES)
def test_examples_of_the_rfc(query: str, document: Any, expected: list[Any]) -> None:
    """Each query of the RFC's tables finds what the RFC says, in its order."""
    assert compile_path(query).find(document, Budget()) == expected


@pytest.mark.parametrize(
    ("query", "document", "expected"),
    [
        ("$[?@ == true]", [1, True, 1.0, "true"], [True]),
        ("$[?@ == 1]", [1, True, 1.0, "1"], [1, 1.0]),
        ("$[?@ == $[0]]", [[1, [True]], [1, [1]], [1.0, [True]]], [[1, [True]], [1.0, [True]]]),
        ("$[?@ == $[0]]", [{"a": True}, {"a": 1}, {"a": True, "b": 1}], [{"a": True}]),
        ("$[?@ < 2]", [1, True, False, None, "1"], [1]),
        ("$[?@ == false]", [0, False, None, ""], [False]),
    ],
)  # fmt: skip
def test_true_is_not_one(query: str, document: Any, expected: list[Any]) -> None:
    """Booleans are no numbers, also deep inside of what is compared."""
    found = compile_path(query).find(document, Budget())
    assert [repr(value) for value in found] == [repr(value) for value in expected]


@pytest.mark.parametrize("query", ["$[?@]", "$[?count(@) == 1]", "$[?value(@) == @]"])
def test_a_value_is_there_whatever_it_is(query: str) -> None:
    """The current node exists, and is one node, also where its value is false, zero, empty or null."""
    document = [False, 0, "", None, [], {}, "a", 1]
    assert compile_path(query).find(document, Budget()) == document


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "is not a JSONPath"),
        ("data.id", "expected '$'"),
        ("$.", "is not a JSONPath"),
        ("$.a[", "is not a JSONPath"),
        ("$.a]", "is not a JSONPath"),
        ("$ ", "is not a JSONPath"),
        ("$[01]", "is not a JSONPath"),
        ("$['a", "is not a JSONPath"),
        (r"$['\ud800']", "is not a JSONPath"),
        ("$[?@.a = 1]", "is not a JSONPath"),
        ("$[?@.* == 1]", "is not a JSONPath"),
        ("$[?1]", "is not a JSONPath"),
        ("$[?4 > 1 > 1]", "it compares something that is no value"),
        ("$[?nope(@)]", "'nope'"),
        ("$[?length(@.*) == 1]", "is not a JSONPath"),
        ("$[?value(@.a)]", "is not a JSONPath"),
        ("$[9007199254740993]", "index out of range"),
        ("$[?@.a == 1e400]", "is not a JSONPath"),
        ("$[?match(@.a, 'x')]", "match() is not offered, use the operator Matches"),
        ("$[?search(@.a, 'x')]", "search() is not offered, use the operator Matches"),
        ("$" + "[?@" * 9 + "]" * 9, "filters are nested deeper than 8"),
        ("$[?" + "(" * 240 + "@" + ")" * 240 + "]", ""),
        ("$" + "[?@" * 100 + "]" * 100, "nested"),
    ],
)
def test_what_is_no_query(query: str, sentence: str) -> None:
    """What cannot be read, or is not offered, is a ValueError of one line; deep brackets break nothing."""
    try:
        compile_path(query)
    except ValueError as error:
        message = str(error)
    else:
        message = ""
    assert sentence in message
    assert "\n" not in message


SCALARS = st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from([0.5, 1.0, "", "a", "b", "ab"])
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner),
    max_leaves=15,
)
SINGULAR = st.sampled_from(["@.a", "@.b[0]", "@[-1]", "@['c']", "$.a", "$", "$.b.a"])
NODES = SINGULAR | st.sampled_from(["@.*", "@..a", "@[0:2]", "$..b", "@[?@>0]", "@[?@.a]"])
VALUES = (
    SINGULAR
    | st.just("@")  # only compared: as a test or counted, the library takes its value for a list of nodes
    | st.sampled_from(["1", "1.0", "'a'", "true", "null", "-1", "''"])
    | st.builds("length({})".format, SINGULAR)
    | st.builds("count({})".format, NODES)
    | st.builds("value({})".format, NODES)
)
COMPARISONS = st.builds(
    "{} {} {}".format, VALUES, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), VALUES
)
TESTS = st.recursive(
    COMPARISONS | NODES,
    lambda inner: (
        st.builds("({} && {})".format, inner, inner)
        | st.builds("({} || {})".format, inner, inner)
        | st.builds("!({})".format, inner)
    ),
    max_leaves=4,
)
SELECTORS = st.sampled_from(["'a'", "'b'", "*", "0", "-1", "1", "0:2", "::-1", "1::2"]) | TESTS.map(
    "?{}".format
)
SEGMENTS = st.builds("{}[{}]".format, st.sampled_from(["", "", ".."]), SELECTORS)
QUERIES = st.lists(SEGMENTS, max_size=3).map(lambda segments: "$" + "".join(segments))


def plain(value: Any) -> bool:
    """Whether it holds no boolean: the other implementation takes true for 1 inside of objects and arrays."""
    if isinstance(value, dict):
        return all(map(plain, value.values()))
    return all(map(plain, value)) if isinstance(value, list) else not isinstance(value, bool)


@given(QUERIES, DOCUMENTS.filter(plain))
def test_agrees_with_the_library(query: str, document: Any) -> None:
    """Any query finds in any document what the library's own evaluation finds, in the same order."""
    theirs = [repr(node.value) for node in jsonpath_rfc9535.find(query, document)]
    assert [repr(value) for value in compile_path(query).find(document, Budget(10**6))] == theirs


@given(st.text(alphabet="$.[]?@*'\"ab01:,()!=<>&| \\u-", max_size=20).map("${}".format))
def test_no_text_breaks_the_compiler(query: str) -> None:
    """Any text is a query or a ValueError, and a query can be run on any document."""
    try:
        path = compile_path(query)
    except ValueError:
        return
    assert isinstance(path.find({"a": [1, {"b": "0"}], "b": "a"}, Budget()), list)


WIDE = {"data": {"items": [{"id": number, "tags": ["a", "b"]} for number in range(3000)]}}


@pytest.mark.parametrize(
    "query",
    [
        "$..*",
        "$..*..*..*..*",
        "$.data.items[?count($..*) > 0]",
        "$.data.items[*].tags[*]",
        "$.data.items[?$.data.items == $.data.items]",
        "$.data.items[?@.id != -1 && @.tags[?@ == 'x']]",
        "$..[?@..[?@..[?@..x]]]",
    ],
)
def test_a_query_over_its_budget_is_stopped(query: str) -> None:
    """A query that would look at more nodes than it may ends, few lines of Python for each node."""
    path = compile_path(query)

    def refused() -> None:
        with pytest.raises(OverBudget) as over:
            path.find(WIDE, Budget())
        assert over.value.needed > limits.MATCH_STEPS

    lines(refused, most=20 * limits.MATCH_STEPS)


def test_the_budget_counts_nodes() -> None:
    """A query within its budget is not stopped, and the same query with a smaller one is."""
    path = compile_path("$[*]")
    assert path.find(list(range(50)), Budget(60)) == list(range(50))
    with pytest.raises(OverBudget):
        path.find(list(range(50)), Budget(40))


def test_a_query_is_unchanged_by_an_earlier_run() -> None:
    """Each run has the whole budget for itself."""
    path = compile_path("$..*")
    for _ in range(3):
        assert len(path.find([[1], [2]], Budget(30))) == 4
